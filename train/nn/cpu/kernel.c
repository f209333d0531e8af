/* SPDX-License-Identifier: MIT */
/*
 * Loops over strips: see kernel.h. Maximum pooling is in kernel_pool.c, what they are written with
 * in kernel_lanes.h.
 */
#include "train/nn/cpu/kernel.h"

#include <string.h>

#include "train/nn/cpu/kernel_lanes.h"

/* Rows whose sums are formed apart before they join the total: bounds rounding, and a strip's
 * block stays in the first cache for a second pass. */
#define BLOCK_ROWS 64

size_t layout_count(const struct layout *l)
{
    return (size_t)l->N * (size_t)l->C * (size_t)l->H * (size_t)l->W;
}

size_t layout_bytes(const struct layout *l)
{
    return layout_count(l) * dtype_size(l->type);
}

int layout_strips(const struct layout *l)
{
    return l->C / l->B * ((l->B + STRIP_LANES - 1) / STRIP_LANES);
}

struct strip layout_strip(const struct layout *l, size_t i)
{
    const size_t per_image = (size_t)layout_strips(l);
    const size_t per_block = (size_t)((l->B + STRIP_LANES - 1) / STRIP_LANES);
    const size_t image = i / per_image;
    const size_t block = i % per_image / per_block;
    const size_t lane = i % per_block * STRIP_LANES;
    const size_t rows = (size_t)l->H * (size_t)l->W;
    const size_t B = (size_t)l->B;
    const size_t left = B - lane;
    return (struct strip){
        .at = image * (size_t)l->C * rows + block * rows * B + lane,
        .rows = rows,
        .stride = B,
        .c = (int)(block * B + lane),
        .lanes = left < STRIP_LANES ? (int)left : STRIP_LANES,
        .type = l->type,
    };
}

uint16_t bf16_of(float x)
{
    uint32_t u = 0;
    memcpy(&u, &x, sizeof u);
    if ((u & 0x7fffffff) > 0x7f800000) {
        return 0x7fc0;
    }
    return (uint16_t)((u + 0x7fff + ((u >> 16) & 1)) >> 16);
}

/* --- normalisation, forward --------------------------------------------------------------------- */

/* The sum over rows i0 .. i1-1 of x - shift, or of its square. Four sums, so that one addition
 * need not wait for the one before. */
INLINE vec block_sum(const struct strip *s, const void *x, size_t i0, size_t i1, vec shift,
                     bool square, enum dtype t, int lanes)
{
    vec sum[4] = {{0}};
    size_t i = i0;
    for (; i + 4 <= i1; i += 4) {
        for (size_t j = 0; j < 4; j++) {
            const vec d = load(x, s->at + (i + j) * s->stride, t, lanes) - shift;
            sum[j] += square ? d * d : d;
        }
    }
    for (; i < i1; i++) {
        const vec d = load(x, s->at + i * s->stride, t, lanes) - shift;
        sum[0] += square ? d * d : d;
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* Two passes over each block, then the blocks joined: Chan, Golub, LeVeque 1979, "Updating formulae
 * and a pairwise algorithm for computing sample variances", eq. 2.1. */
INLINE void moments(const struct strip *s, const void *x, float *mean, float *m2, enum dtype t,
                    int lanes)
{
    const vec zero = {0};
    vec all_mean = {0};
    vec all_m2 = {0};
    for (size_t i0 = 0; i0 < s->rows; i0 += BLOCK_ROWS) {
        const size_t i1 = i0 + BLOCK_ROWS < s->rows ? i0 + BLOCK_ROWS : s->rows;
        const float n = (float)(i1 - i0);
        const float share = n / (float)i1;
        const vec block_mean = block_sum(s, x, i0, i1, zero, false, t, lanes) / n;
        const vec block_m2 = block_sum(s, x, i0, i1, block_mean, true, t, lanes);
        const vec d = block_mean - all_mean;
        all_mean += d * share;
        all_m2 += block_m2 + d * d * ((float)i0 * share);
    }
    store_f32(mean, all_mean, lanes);
    store_f32(m2, all_m2, lanes);
}

KERNEL static void moments_clones(const struct strip *s, const void *x, float *mean, float *m2)
{
    if (s->lanes != STRIP_LANES) {
        moments(s, x, mean, m2, s->type, s->lanes);
    } else if (s->type == DTYPE_F32) {
        moments(s, x, mean, m2, DTYPE_F32, STRIP_LANES);
    } else {
        moments(s, x, mean, m2, DTYPE_BF16, STRIP_LANES);
    }
}

void strip_moments(const struct strip *s, const void *x, float *mean, float *m2)
{
    moments_clones(s, x, mean, m2);
}

INLINE void affine(const struct strip *s, const void *x, const void *res, void *y, const float *a,
                   const float *b, bool relu, enum dtype t, int lanes)
{
    const vec va = load_f32(a, lanes);
    const vec vb = load_f32(b, lanes);
    for (size_t i = 0; i < s->rows; i++) {
        const size_t at = s->at + i * s->stride;
        vec v = load(x, at, t, lanes) * va + vb;
        if (res) {
            v += load(res, at, t, lanes);
        }
        if (relu) {
            v = keep(~(v <= 0), v); /* what is not a number stays so */
        }
        store(y, at, t, lanes, v);
    }
}

KERNEL static void affine_clones(const struct strip *s, const void *x, const void *res, void *y,
                                 const float *a, const float *b, bool relu)
{
    if (s->lanes != STRIP_LANES) {
        affine(s, x, res, y, a, b, relu, s->type, s->lanes);
    } else if (s->type == DTYPE_F32) {
        affine(s, x, res, y, a, b, relu, DTYPE_F32, STRIP_LANES);
    } else {
        affine(s, x, res, y, a, b, relu, DTYPE_BF16, STRIP_LANES);
    }
}

void strip_affine(const struct strip *s, const void *x, const void *res, void *y, const float *a,
                  const float *b, bool relu)
{
    affine_clones(s, x, res, y, a, b, relu);
}

INLINE void to_rows(const struct strip *s, const void *x, float *rows, size_t step, enum dtype t,
                    int lanes)
{
    for (size_t i = 0; i < s->rows; i++) {
        store_f32(rows + i * step, load(x, s->at + i * s->stride, t, lanes), lanes);
    }
}

KERNEL static void to_rows_clones(const struct strip *s, const void *x, float *rows, size_t step)
{
    if (s->lanes != STRIP_LANES) {
        to_rows(s, x, rows, step, s->type, s->lanes);
    } else if (s->type == DTYPE_F32) {
        to_rows(s, x, rows, step, DTYPE_F32, STRIP_LANES);
    } else {
        to_rows(s, x, rows, step, DTYPE_BF16, STRIP_LANES);
    }
}

void strip_to_rows(const struct strip *s, const void *x, float *rows, size_t step)
{
    to_rows_clones(s, x, rows, step);
}

INLINE void from_rows(const struct strip *s, const float *rows, size_t step, const float *b,
                      const void *res, void *y, bool relu, enum dtype t, int lanes)
{
    const vec vb = load_f32(b, lanes);
    for (size_t i = 0; i < s->rows; i++) {
        const size_t at = s->at + i * s->stride;
        vec v = load_f32(rows + i * step, lanes) + vb;
        if (res) {
            v += load(res, at, t, lanes);
        }
        if (relu) {
            v = keep(~(v <= 0), v);
        }
        store(y, at, t, lanes, v);
    }
}

KERNEL static void from_rows_clones(const struct strip *s, const float *rows, size_t step,
                                    const float *b, const void *res, void *y, bool relu)
{
    if (s->lanes != STRIP_LANES) {
        from_rows(s, rows, step, b, res, y, relu, s->type, s->lanes);
    } else if (s->type == DTYPE_F32) {
        from_rows(s, rows, step, b, res, y, relu, DTYPE_F32, STRIP_LANES);
    } else {
        from_rows(s, rows, step, b, res, y, relu, DTYPE_BF16, STRIP_LANES);
    }
}

void strip_from_rows(const struct strip *s, const float *rows, size_t step, const float *b,
                     const void *res, void *y, bool relu)
{
    from_rows_clones(s, rows, step, b, res, y, relu);
}

/* --- normalisation, backward -------------------------------------------------------------------- */

/* The factors of the forward pass, loaded once per strip. */
struct fixed {
    vec a, b, mean;
};

INLINE struct fixed fixed_of(const struct back *k, int lanes)
{
    struct fixed f = {{0}, {0}, {0}};
    if (k->relu && !k->y) {
        f.a = load_f32(k->a, lanes);
        f.b = load_f32(k->b, lanes);
    }
    if (k->mean) {
        f.mean = load_f32(k->mean, lanes);
    }
    return f;
}

/* The gradient that passes at element `at`, given x there. */
INLINE vec passes(const struct back *k, const struct fixed *f, size_t at, vec x, enum dtype t,
                  int lanes)
{
    vec g = load(k->d0, at, t, lanes);
    if (k->d1) {
        g += load(k->d1, at, t, lanes);
    }
    if (k->y) {
        g = keep(load(k->y, at, t, lanes) > 0, g);
    } else if (k->relu) {
        g = keep(x * f->a + f->b > 0, g);
    }
    return g;
}

INLINE void mask(const struct strip *s, const struct back *k, enum dtype t, int lanes)
{
    const struct fixed f = fixed_of(k, lanes);
    const vec none = {0};
    for (size_t i = 0; i < s->rows; i++) {
        const size_t at = s->at + i * s->stride;
        const vec x = k->relu && !k->y ? load(k->x, at, t, lanes) : none;
        store(k->out, at, t, lanes, passes(k, &f, at, x, t, lanes));
    }
}

KERNEL static void mask_clones(const struct strip *s, const struct back *k)
{
    if (s->lanes != STRIP_LANES) {
        mask(s, k, s->type, s->lanes);
    } else if (s->type == DTYPE_F32) {
        mask(s, k, DTYPE_F32, STRIP_LANES);
    } else {
        mask(s, k, DTYPE_BF16, STRIP_LANES);
    }
}

void strip_mask(const struct strip *s, const struct back *k)
{
    mask_clones(s, k);
}

INLINE void back_sums(const struct strip *s, const struct back *k, float *sum_g, float *sum_gx,
                      enum dtype t, int lanes)
{
    const struct fixed f = fixed_of(k, lanes);
    vec all_g = {0};
    vec all_gx = {0};
    for (size_t i0 = 0; i0 < s->rows; i0 += BLOCK_ROWS) {
        const size_t i1 = i0 + BLOCK_ROWS < s->rows ? i0 + BLOCK_ROWS : s->rows;
        vec block_g = {0};
        vec block_gx = {0};
        for (size_t i = i0; i < i1; i++) {
            const size_t at = s->at + i * s->stride;
            const vec x = load(k->x, at, t, lanes);
            const vec g = passes(k, &f, at, x, t, lanes);
            if (k->out) {
                store(k->out, at, t, lanes, g);
            }
            block_g += g;
            block_gx += g * (x - f.mean);
        }
        all_g += block_g;
        all_gx += block_gx;
    }
    store_f32(sum_g, all_g, lanes);
    store_f32(sum_gx, all_gx, lanes);
}

KERNEL static void back_sums_clones(const struct strip *s, const struct back *k, float *sum_g,
                                    float *sum_gx)
{
    if (s->lanes != STRIP_LANES) {
        back_sums(s, k, sum_g, sum_gx, s->type, s->lanes);
    } else if (s->type == DTYPE_F32) {
        back_sums(s, k, sum_g, sum_gx, DTYPE_F32, STRIP_LANES);
    } else {
        back_sums(s, k, sum_g, sum_gx, DTYPE_BF16, STRIP_LANES);
    }
}

void strip_back_sums(const struct strip *s, const struct back *k, float *sum_g, float *sum_gx)
{
    back_sums_clones(s, k, sum_g, sum_gx);
}

INLINE void back_data(const struct strip *s, const struct back *k, const float *p, const float *q,
                      const float *r, enum dtype t, int lanes)
{
    const struct fixed f = fixed_of(k, lanes);
    const vec vp = load_f32(p, lanes);
    const vec vq = load_f32(q, lanes);
    const vec vr = load_f32(r, lanes);
    for (size_t i = 0; i < s->rows; i++) {
        const size_t at = s->at + i * s->stride;
        const vec x = load(k->x, at, t, lanes);
        const vec g = passes(k, &f, at, x, t, lanes);
        store(k->out, at, t, lanes, g * vp + (x * vq + vr));
    }
}

KERNEL static void back_data_clones(const struct strip *s, const struct back *k, const float *p,
                                    const float *q, const float *r)
{
    if (s->lanes != STRIP_LANES) {
        back_data(s, k, p, q, r, s->type, s->lanes);
    } else if (s->type == DTYPE_F32) {
        back_data(s, k, p, q, r, DTYPE_F32, STRIP_LANES);
    } else {
        back_data(s, k, p, q, r, DTYPE_BF16, STRIP_LANES);
    }
}

void strip_back_data(const struct strip *s, const struct back *k, const float *p, const float *q,
                     const float *r)
{
    back_data_clones(s, k, p, q, r);
}

/* --- mean over places --------------------------------------------------------------------------- */

INLINE void row_mean(const struct strip *s, const void *x, float *mean, enum dtype t, int lanes)
{
    const vec zero = {0};
    vec sum = {0};
    for (size_t i0 = 0; i0 < s->rows; i0 += BLOCK_ROWS) {
        const size_t i1 = i0 + BLOCK_ROWS < s->rows ? i0 + BLOCK_ROWS : s->rows;
        sum += block_sum(s, x, i0, i1, zero, false, t, lanes);
    }
    store_f32(mean, sum / (float)s->rows, lanes);
}

KERNEL static void mean_clones(const struct strip *s, const void *x, float *mean)
{
    row_mean(s, x, mean, s->type, s->lanes);
}

void strip_mean(const struct strip *s, const void *x, float *mean)
{
    mean_clones(s, x, mean);
}

INLINE void spread(const struct strip *s, void *x, const float *v, float factor, enum dtype t,
                   int lanes)
{
    const vec value = load_f32(v, lanes) * factor;
    for (size_t i = 0; i < s->rows; i++) {
        store(x, s->at + i * s->stride, t, lanes, value);
    }
}

KERNEL static void spread_clones(const struct strip *s, void *x, const float *v, float factor)
{
    spread(s, x, v, factor, s->type, s->lanes);
}

void strip_spread(const struct strip *s, void *x, const float *v, float factor)
{
    spread_clones(s, x, v, factor);
}

/* --- flat arrays -------------------------------------------------------------------------------- */

INLINE void cast(size_t n, const void *from, enum dtype from_type, void *to, enum dtype to_type)
{
    for (size_t i = 0; i < n; i += STRIP_LANES) {
        const int lanes = n - i < STRIP_LANES ? (int)(n - i) : STRIP_LANES;
        store(to, i, to_type, lanes, load(from, i, from_type, lanes));
    }
}

KERNEL static void cast_clones(size_t n, const void *from, enum dtype from_type, void *to,
                               enum dtype to_type)
{
    cast(n, from, from_type, to, to_type);
}

void flat_cast(size_t n, const void *from, enum dtype from_type, void *to, enum dtype to_type)
{
    cast_clones(n, from, from_type, to, to_type);
}

INLINE void add(size_t n, const void *a, const void *b, void *sum, enum dtype t)
{
    for (size_t i = 0; i < n; i += STRIP_LANES) {
        const int lanes = n - i < STRIP_LANES ? (int)(n - i) : STRIP_LANES;
        store(sum, i, t, lanes, load(a, i, t, lanes) + load(b, i, t, lanes));
    }
}

KERNEL static void add_clones(size_t n, const void *a, const void *b, void *sum, enum dtype t)
{
    add(n, a, b, sum, t);
}

void flat_add(size_t n, const void *a, const void *b, void *sum, enum dtype t)
{
    add_clones(n, a, b, sum, t);
}
