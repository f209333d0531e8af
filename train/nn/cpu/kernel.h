/* SPDX-License-Identifier: MIT */
/*
 * Our own loops over activations, each over one strip of a tensor on one thread; the parallel
 * loops over strips are in the callers.
 *
 * A tensor [N, C, H, W] lies in memory as [N][C/B][H*W][B]: B = C is NHWC, B = 1 NCHW, and B = 16
 * is what oneDNN's convolutions like best with AVX-512. A strip is up to 16 channels (lanes) of
 * all H*W places of one image: every B splits into such strips, so one set of kernels serves all
 * layouts. Lanes fill one AVX-512 register; the compiler lowers the same code for older
 * processors (target_clones).
 *
 * Numbers are f32 or bf16 (rounded to nearest even); arithmetic is f32, always in the same order.
 */
#ifndef TRAIN_NN_CPU_KERNEL_H
#define TRAIN_NN_CPU_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "train/nn/cpu/dnnl.h"

#define STRIP_LANES 16

/* Compiled for each of these instruction sets, chosen when the program is loaded. For static
 * functions: gcc and clang disagree about the symbols of others. By instruction set, not by name of
 * a processor, which newer ones do not match. (Under ThreadSanitizer the choice would be made before
 * its library is there.) */
#ifdef __SANITIZE_THREAD__
#define KERNEL
#else
#define KERNEL __attribute__((target_clones("avx512f", "avx2", "default")))
#endif

struct layout {
    int N, C, H, W; /* N counts images: locations times views */
    int B;          /* channels side by side; divides C */
    enum dtype type;
};

struct strip {
    size_t at;     /* first element */
    size_t rows;   /* H*W */
    size_t stride; /* elements from one place to the next: B */
    int c;         /* first channel */
    int lanes;     /* 1 .. STRIP_LANES */
    enum dtype type;
};

size_t layout_count(const struct layout *l); /* numbers */
size_t layout_bytes(const struct layout *l);
int layout_strips(const struct layout *l);                   /* per image */
struct strip layout_strip(const struct layout *l, size_t i); /* i: image * strips + strip */

/* strip_moments - per lane the mean and the sum of squared differences from it, over rows. */
void strip_moments(const struct strip *s, const void *x, float *mean, float *m2);

/* strip_affine - y = x a + b + res, clipped at zero if relu; res may be NULL, a and b [lanes]. */
void strip_affine(const struct strip *s, const void *x, const void *res, void *y, const float *a,
                  const float *b, bool relu);

/* strip_to_rows - place i of the strip to rows + i step, in f32; strip_from_rows - back, y = rows + b
 * + res (NULL: 0), clipped at zero if relu. */
void strip_to_rows(const struct strip *s, const void *x, float *rows, size_t step);
void strip_from_rows(const struct strip *s, const float *rows, size_t step, const float *b,
                     const void *res, void *y, bool relu);

/* What a normalisation's backward pass reads and writes at one strip. The incoming gradient is
 * d0 + d1 (d1 may be NULL), zero where the output was clipped: where y <= 0 if y is given, else,
 * if relu, where x a + b <= 0. */
struct back {
    const void *d0, *d1, *x, *y;
    void *out;
    const float *a, *b, *mean;
    bool relu;
};

/* strip_mask - out = the gradient that passes; x is not read if y is given or relu is false. */
void strip_mask(const struct strip *s, const struct back *k);

/* strip_back_sums - per lane the sums of g and of g (x - mean), g the gradient that passes; out,
 * if not NULL, gets g and may be d0. */
void strip_back_sums(const struct strip *s, const struct back *k, float *sum_g, float *sum_gx);

/* strip_back_data - out = g p + x q + r with p, q, r [lanes]; out may be d0. */
void strip_back_data(const struct strip *s, const struct back *k, const float *p, const float *q,
                     const float *r);

/* A pooling window over strips of x [H, W] and y [P, Q]. */
struct window {
    int H, W, P, Q, R, S, stride, pad;
};

/* strip_max_pool - y = the largest of each window, the first of equals, which: the place r S + s
 * in the window it came from (NULL: not wanted), laid out as y. */
void strip_max_pool(const struct strip *sx, const struct strip *sy, const struct window *w,
                    const void *x, void *y, uint8_t *which);
/* dx = the gradients dy of the windows that chose each place */
void strip_max_pool_back(const struct strip *sx, const struct strip *sy, const struct window *w,
                         void *dx, const void *dy, const uint8_t *which);

/* strip_mean - per lane the mean over rows, into f32 [lanes]. */
void strip_mean(const struct strip *s, const void *x, float *mean);
/* strip_spread - every row = v [lanes] times factor */
void strip_spread(const struct strip *s, void *x, const float *v, float factor);

/* Flat arrays. */
void flat_cast(size_t n, const void *from, enum dtype from_type, void *to, enum dtype to_type);
void flat_add(size_t n, const void *a, const void *b, void *sum, enum dtype t);

uint16_t bf16_of(float x);

#endif
