/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the network engine share: numbers from a hash that Python makes as well
 * (tests/reference/make_nn.py), small graphs that put one operation at a time under test, and one
 * forward and backward pass of a backend.
 */
#ifndef TESTS_UNIT_NN_SUPPORT_H
#define TESTS_UNIT_NN_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

#include "train/nn/backend.h"
#include "train/nn/build.h"
#include "train/nn/graph.h"

/* nn_stream - a stream's number: FNV-1a of its name, 32 bits. nn_hash - element i of a stream: fmix32
 * of MurmurHash3 (Appleby) over its number plus i times 2^32 / golden ratio. */
uint32_t nn_stream(const char *name);
uint32_t nn_hash(uint32_t stream, size_t i);

/* nn_uniform - element i of the stream called name in [-1, 1): a multiple of 2^-23, exact in f32. */
float nn_uniform(const char *name, size_t i);

/* nn_fill - values for every parameter and buffer: weights of convolutions and linear layers
 * uniform with variance 2 / fan in, batch norm weight 1 +- 0.25, running variance 1 +- 0.5, the
 * rest +- 0.1. */
void nn_fill(const struct graph *g, float *value);

/* nn_fill_far - the same, but batch norm (1-D weight and bias of the backbone) has weight 0.5 +- 0.125
 * and bias +-(1 .. 2), which keeps most of its outputs far from the kink of relu. */
void nn_fill_far(const struct graph *g, float *value);

/* One operation (or a few) between a convolution before it, so that its input's gradient shows in
 * pre.weight, and one after it over the whole remaining plane, so that its output's gradient
 * differs from place to place. Blocks: 0 pre, 1 the operation, 2 post, 3 head. */
struct nn_case {
    const char *name;
    int (*build)(struct builder *b, int x);
    int C; /* channels of x */
    int size_px, n_views;
    int n, max_n; /* locations in the batch and in the plan */
    int train_from;
    bool rgb; /* bytes go in */
};

extern const struct nn_case nn_cases[];
extern const size_t n_nn_cases;

/* nn_case_find - by name; NULL: none. */
const struct nn_case *nn_case_find(const char *name);

struct graph *nn_case_graph(const struct nn_case *c);

/* What one forward and (unless train_from is PLAN_INFER) backward pass leave. */
struct nn_result {
    float *out;      /* [n, n_out] */
    double *out_f64; /* the same before it was rounded; ref only, else zero */
    float *value;    /* [n_floats] with new running statistics */
    float *grad;     /* [n_floats] */
};

/* nn_run - dout is nn_uniform("dout"); 0, or -1 with *e (ERR_DEVICE: no such precision here).
 * Values come from value if given, else from nn_fill. */
int nn_run(const struct backend *b, const struct graph *g, const struct nn_case *c,
           const float *value, enum precision precision, struct nn_result *r, struct err *e);
void nn_result_release(struct nn_result *r);

/* nn_backend - the i-th backend that was built in, NULL after the last; ref is the first. */
const struct backend *nn_backend(size_t i);

/* nn_nmse - sum (a - b)^2 / sum b^2; 0 when both are zero, and never small when a is not a number. */
double nn_nmse(const float *a, const float *b, size_t n);

#endif
