/* SPDX-License-Identifier: MIT */
/* Maximum pooling over strips: see kernel.h. */
#include "train/nn/cpu/kernel_lanes.h"

#include <math.h>

INLINE void store_which(uint8_t *p, veci which, int lanes)
{
    const quarter q = __builtin_convertvector(__builtin_convertvector((vecu)which, half), quarter);
    memcpy(p, &q, (size_t)lanes);
}

INLINE veci load_which(const uint8_t *p, int lanes)
{
    quarter q = {0};
    memcpy(&q, p, (size_t)lanes);
    /* in two steps: GCC 12 makes one step of four widths lane by lane */
    return (veci) __builtin_convertvector(__builtin_convertvector(q, half), vecu);
}

/* What of a window lies inside: rows r0 .. r1-1 and columns c0 .. c1-1 of it. */
struct inside {
    int r0, r1, c0, c1;
};

INLINE struct inside inside_of(const struct window *w, int h, int v)
{
    return (struct inside){.r0 = h < 0 ? -h : 0,
                           .r1 = h + w->R > w->H ? w->H - h : w->R,
                           .c0 = v < 0 ? -v : 0,
                           .c1 = v + w->S > w->W ? w->W - v : w->S};
}

INLINE void max_pool(const struct strip *sx, const struct strip *sy, const struct window *w,
                     const void *x, void *y, uint8_t *which, enum dtype t, int lanes)
{
    const veci zero = {0};
    for (size_t place = 0; place < sy->rows; place++) {
        const int h = (int)place / w->Q * w->stride - w->pad;
        const int v = (int)place % w->Q * w->stride - w->pad;
        const struct inside in = inside_of(w, h, v);
        const size_t to = sy->at + place * sy->stride;
        vec best = (vec)zero - (float)INFINITY;
        veci from = zero + (in.r0 * w->S + in.c0);
        for (int r = in.r0; r < in.r1; r++) {
            for (int c = in.c0; c < in.c1; c++) {
                const size_t row = (size_t)(h + r) * (size_t)w->W + (size_t)(v + c);
                const vec now = load(x, sx->at + row * sx->stride, t, lanes);
                /* Larger, or no number: never both. GCC 12 does `|` of comparisons lane by lane. */
                /* NOLINTNEXTLINE(misc-redundant-expression): isnan */
                const veci larger = (now > best) + (now != now);
                best = (vec)(((veci)now & larger) | ((veci)best & ~larger));
                const veci here = zero + (r * w->S + c);
                from = (here & larger) | (from & ~larger);
            }
        }
        store(y, to, t, lanes, best);
        if (which) {
            store_which(which + to, from, lanes);
        }
    }
}

KERNEL static void max_pool_clones(const struct strip *sx, const struct strip *sy,
                                   const struct window *w, const void *x, void *y, uint8_t *which)
{
    if (sx->lanes != STRIP_LANES) {
        max_pool(sx, sy, w, x, y, which, sx->type, sx->lanes);
    } else if (sx->type == DTYPE_F32) {
        max_pool(sx, sy, w, x, y, which, DTYPE_F32, STRIP_LANES);
    } else {
        max_pool(sx, sy, w, x, y, which, DTYPE_BF16, STRIP_LANES);
    }
}

void strip_max_pool(const struct strip *sx, const struct strip *sy, const struct window *w,
                    const void *x, void *y, uint8_t *which)
{
    max_pool_clones(sx, sy, w, x, y, which);
}

/* Windows first .. end-1 cover a place along one dimension. */
struct cover {
    int first, end;
};

/* cover_next - from the windows that cover the place before to those that cover place h, length R
 * and n of them; {0, 0} before the first place. */
INLINE struct cover cover_next(struct cover c, int h, int R, int n, int stride, int pad)
{
    while (c.first < n && c.first * stride - pad + R <= h) {
        c.first++;
    }
    while (c.end < n && c.end * stride - pad <= h) {
        c.end++;
    }
    return c;
}

/* The sum of dy over the windows (rows p, columns q) that chose place (h, v). */
INLINE vec chosen(const struct strip *s, const struct window *w, const void *dy,
                  const uint8_t *which, int h, int v, struct cover p, struct cover q, enum dtype t,
                  int lanes)
{
    vec sum = {0};
    for (int i = p.first; i < p.end; i++) {
        for (int j = q.first; j < q.end; j++) {
            const size_t at = s->at + (size_t)(i * w->Q + j) * s->stride;
            const int tap = (h + w->pad - i * w->stride) * w->S + v + w->pad - j * w->stride;
            sum += keep(load_which(which + at, lanes) == tap, load(dy, at, t, lanes));
        }
    }
    return sum;
}

INLINE void max_pool_back(const struct strip *sx, const struct strip *sy, const struct window *w,
                          void *dx, const void *dy, const uint8_t *which, enum dtype t, int lanes)
{
    struct cover p = {0, 0};
    for (int h = 0; h < w->H; h++) {
        struct cover q = {0, 0};
        p = cover_next(p, h, w->R, w->P, w->stride, w->pad);
        for (int v = 0; v < w->W; v++) {
            const size_t to = sx->at + (size_t)(h * w->W + v) * sx->stride;
            q = cover_next(q, v, w->S, w->Q, w->stride, w->pad);
            store(dx, to, t, lanes, chosen(sy, w, dy, which, h, v, p, q, t, lanes));
        }
    }
}

KERNEL static void max_pool_back_clones(const struct strip *sx, const struct strip *sy,
                                        const struct window *w, void *dx, const void *dy,
                                        const uint8_t *which)
{
    if (sx->lanes != STRIP_LANES) {
        max_pool_back(sx, sy, w, dx, dy, which, sx->type, sx->lanes);
    } else if (sx->type == DTYPE_F32) {
        max_pool_back(sx, sy, w, dx, dy, which, DTYPE_F32, STRIP_LANES);
    } else {
        max_pool_back(sx, sy, w, dx, dy, which, DTYPE_BF16, STRIP_LANES);
    }
}

void strip_max_pool_back(const struct strip *sx, const struct strip *sy, const struct window *w,
                         void *dx, const void *dy, const uint8_t *which)
{
    max_pool_back_clones(sx, sy, w, dx, dy, which);
}
