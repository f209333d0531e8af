/* SPDX-License-Identifier: MIT */
/*
 * Antialiased resizing: a separable triangle filter whose support grows with the reduction.
 *
 * Weights as in Pillow's documentation of BILINEAR: the result pixel with centre c = (x + 1/2) s,
 * where s is the reduction, takes the source pixels i with |i + 1/2 - c| < max(s, 1), weighted by
 * 1 - |i + 1/2 - c| / max(s, 1) and normalised.
 *
 * Vertical first: whole source lines in 16-bit integer arithmetic, which compilers turn into
 * vector code; then each line horizontally in f32, where far fewer samples are left. No result
 * depends on the instruction set: integers are exact and the f32 sums have a fixed order.
 */
#include <stdlib.h>
#include <string.h>

#include "core/image.h"

#define WEIGHT_MAX     32767 /* of int16_t */
#define MAX_SHIFT      22    /* 255 << 22 fits an int32_t, and so does every partial sum */
#define MAX_SIDE       65535
#define LINE_CHANNELS  3
#define LINES          4 /* added in one go */
#define VECTOR_PADDING 1 /* the horizontal pass reads 4 floats for a pixel of 3 */

/* The filter along one axis: result i takes n[i] sources from first[i] on. */
struct filter {
    int *first; /* [n_out] */
    int *n;     /* [n_out] */
    float *w;   /* [n_out, n_max] */
    int16_t *q; /* [n_out, n_max] w in units of 2^-shift */
    int n_max;
    int shift;
};

static void filter_release(struct filter *f)
{
    free(f->first);
    free(f->n);
    free(f->w);
    free(f->q);
    *f = (struct filter){0};
}

static double triangle(double x)
{
    x = x < 0 ? -x : x;
    return x < 1 ? 1 - x : 0;
}

/* Fixed-point weights: the finest unit in which the largest weight fits, rounded so that running
 * sums are right and the whole is exactly one: a flat picture stays what it is. */
static void quantise(struct filter *f, int n_out)
{
    float largest = 0;
    size_t n_max = (size_t)f->n_max;
    for (size_t i = 0; i < (size_t)n_out * n_max; i++) {
        largest = f->w[i] > largest ? f->w[i] : largest;
    }
    f->shift = MAX_SHIFT;
    while (f->shift > 0 && (double)largest * (double)(1 << f->shift) >= WEIGHT_MAX - 1) {
        f->shift--;
    }
    for (size_t i = 0; i < (size_t)n_out; i++) {
        double sum = 0;
        int done = 0;
        for (size_t k = 0; k < (size_t)f->n[i]; k++) {
            sum += (double)f->w[i * n_max + k];
            int upto = k + 1 == (size_t)f->n[i] ? 1 << f->shift
                                                : (int)(sum * (double)(1 << f->shift) + 0.5);
            f->q[i * n_max + k] = (int16_t)(upto - done);
            done = upto;
        }
    }
}

static int filter_init(struct filter *f, int n_in, int n_out, struct err *e)
{
    double s = (double)n_in / n_out;
    double radius = s > 1 ? s : 1;
    *f = (struct filter){.n_max = 2 * (int)radius + 3};
    size_t n_max = (size_t)f->n_max;
    f->first = calloc((size_t)n_out, sizeof *f->first);
    f->n = calloc((size_t)n_out, sizeof *f->n);
    f->w = calloc((size_t)n_out * n_max, sizeof *f->w);
    f->q = calloc((size_t)n_out * n_max, sizeof *f->q);
    if (!f->first || !f->n || !f->w || !f->q) {
        filter_release(f);
        return err_nomem(e, "a resize filter");
    }
    for (int i = 0; i < n_out; i++) {
        double centre = (i + 0.5) * s;
        int lo = (int)(centre - radius + 0.5);
        int hi = (int)(centre + radius + 0.5);
        lo = centre - radius < 0 ? 0 : lo;
        hi = hi > n_in ? n_in : hi;
        double sum = 0;
        for (int k = lo; k < hi; k++) {
            sum += triangle((k + 0.5 - centre) / radius);
        }
        for (int k = lo; k < hi; k++) {
            f->w[(size_t)i * n_max + (size_t)(k - lo)] =
                (float)(triangle((k + 0.5 - centre) / radius) / sum);
        }
        f->first[i] = lo;
        f->n[i] = hi - lo;
    }
    quantise(f, n_out);
    return 0;
}

/* acc[i] = sum of the four lines p[0..3][i] times w[0..3], added to acc unless it is the first. */
static void add_lines(int32_t *restrict acc, const uint8_t *const p[LINES], const int16_t w[LINES],
                      size_t n)
{
    const uint8_t *restrict a = p[0];
    const uint8_t *restrict b = p[1];
    const uint8_t *restrict c = p[2];
    const uint8_t *restrict d = p[3];
    const int16_t wa = w[0];
    const int16_t wb = w[1];
    const int16_t wc = w[2];
    const int16_t wd = w[3];
    for (size_t i = 0; i < n; i++) {
        acc[i] += (int16_t)a[i] * wa + (int16_t)b[i] * wb + (int16_t)c[i] * wc + (int16_t)d[i] * wd;
    }
}

/* One line of the result's height: line[n] f32 0..255 from the source lines under the filter. */
static void resize_down(const struct filter *f, int y, const uint8_t *src, size_t stride,
                        int32_t *acc, float *line, size_t n)
{
    const uint8_t *first = src + (size_t)f->first[y] * stride;
    const int16_t *q = f->q + (size_t)y * (size_t)f->n_max;
    memset(acc, 0, n * sizeof *acc);
    for (int k = 0; k < f->n[y]; k += LINES) {
        const uint8_t *p[LINES];
        int16_t w[LINES];
        for (int j = 0; j < LINES; j++) { /* past the filter's end: any line, times nothing */
            bool in = k + j < f->n[y];
            p[j] = first + (in ? (size_t)(k + j) * stride : 0);
            w[j] = in ? q[k + j] : 0;
        }
        add_lines(acc, p, w, n);
    }
    float unit = 1.0f / (float)(1 << f->shift);
    for (size_t i = 0; i < n; i++) {
        line[i] = (float)acc[i] * unit;
    }
}

/* Four floats in one register, on any machine (gcc and clang). */
typedef float vec4 __attribute__((vector_size(16)));

/* line[n_in, 3] to dst[n_out, 3]; the fourth lane holds the next pixel's red and is dropped. */
static void resize_across(const struct filter *f, int n_out, const float *line, uint8_t *dst)
{
    for (int x = 0; x < n_out; x++) {
        const float *p = line + (size_t)f->first[x] * LINE_CHANNELS;
        const float *w = f->w + (size_t)x * (size_t)f->n_max;
        vec4 acc = {0.5f, 0.5f, 0.5f, 0.5f};
        for (int k = 0; k < f->n[x]; k++) {
            vec4 pixel;
            memcpy(&pixel, p, sizeof pixel);
            acc += w[k] * pixel;
            p += LINE_CHANNELS;
        }
        for (int c = 0; c < LINE_CHANNELS; c++) {
            float v = acc[c] < 255 ? acc[c] : 255; /* f32 weights may sum to 1 + 1e-7 */
            *dst++ = (uint8_t)v;
        }
    }
}

/* src: the top left pixel of the part to resize; stride: bytes from line to line. */
static int resize(const uint8_t *src, size_t stride, int w_in, int h_in, int w_out, int h_out,
                  uint8_t *dst, struct err *e)
{
    int rc = -1;
    struct filter down = {0};
    struct filter across = {0};
    int32_t *acc = NULL;
    float *line = NULL;
    size_t n = (size_t)w_in * LINE_CHANNELS;
    TRY(filter_init(&down, h_in, h_out, e));
    TRY(filter_init(&across, w_in, w_out, e));
    acc = malloc(n * sizeof *acc);
    line = calloc(n + VECTOR_PADDING, sizeof *line);
    if (!acc || !line) {
        rc = err_nomem(e, "an image line");
        goto out;
    }
    for (int y = 0; y < h_out; y++) {
        resize_down(&down, y, src, stride, acc, line, n);
        resize_across(&across, w_out, line, dst + (size_t)y * (size_t)w_out * LINE_CHANNELS);
    }
    rc = 0;
out:
    filter_release(&down);
    filter_release(&across);
    free(acc);
    free(line);
    return rc;
}

static int check_size(const struct image *src, int width, int height, struct err *e)
{
    if (!src->rgb || src->width < 1 || src->height < 1 || width < 1 || height < 1 ||
        width > MAX_SIDE || height > MAX_SIDE) {
        return err_set(e, ERR_INPUT, "cannot resize %d x %d pixels to %d x %d", src->width,
                       src->height, width, height);
    }
    return 0;
}

int image_resize(const struct image *src, int width, int height, uint8_t *dst, struct err *e)
{
    if (check_size(src, width, height, e) != 0) {
        return -1;
    }
    return resize(src->rgb, (size_t)src->width * LINE_CHANNELS, src->width, src->height, width,
                  height, dst, e);
}

int image_fit(const struct image *src, int size_px, uint8_t *dst, struct err *e)
{
    if (check_size(src, size_px, size_px, e) != 0) {
        return -1;
    }
    int side = src->width < src->height ? src->width : src->height;
    size_t x = (size_t)(src->width - side) / 2;
    size_t y = (size_t)(src->height - side) / 2;
    size_t stride = (size_t)src->width * LINE_CHANNELS;
    return resize(src->rgb + y * stride + x * LINE_CHANNELS, stride, side, side, size_px, size_px,
                  dst, e);
}
