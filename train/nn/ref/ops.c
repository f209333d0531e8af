/* SPDX-License-Identifier: MIT */
/*
 * Forward and backward of every operation in plain loops: see ops.h. Semantics are PyTorch's.
 */
#include "train/nn/ref/ops.h"

#include <math.h>
#include <string.h>

static size_t plane_of(const struct shape *s)
{
    return (size_t)s->H * (size_t)s->W;
}

static size_t image_of(const struct shape *s)
{
    return (size_t)s->C * plane_of(s);
}

/* --- convolution --------------------------------------------------------------------------------
 * y[n, k, p, q] = bias[k] + sum over c, r, s of w[k, c, r, s] x[n, g C/G + c, p t + r - d, q t + s - d]
 * with stride t, padding d, group g = k / (K/G). All three passes walk the same taps (r, s): a tap_
 * function gets one plane of x and one of y (or of their gradients) and one weight.
 */

/* Output positions lo .. hi-1 for which a tap falls inside the input. */
struct span {
    int lo, hi;
};

struct tap {
    int stride;
    int width_x, width_y;
    int row, column; /* of x for output position 0, 0; may be negative */
    struct span p, q;
};

/* span_of - positions o in 0 .. n_out-1 with 0 <= o stride + first < n_in. */
static struct span span_of(int n_out, int n_in, int first, int stride)
{
    const int last = n_in - 1 - first;
    struct span s = {first < 0 ? (-first + stride - 1) / stride : 0,
                     last < 0 ? 0 : last / stride + 1};
    if (s.hi > n_out) {
        s.hi = n_out;
    }
    return s;
}

static struct tap tap_of(const struct ref_op *o, size_t rs)
{
    const struct node *nd = o->node;
    struct tap t = {.stride = nd->stride, .width_x = o->in.W, .width_y = nd->shape.W};
    t.row = (int)(rs / (size_t)nd->S) - nd->pad;
    t.column = (int)(rs % (size_t)nd->S) - nd->pad;
    t.p = span_of(nd->shape.H, o->in.H, t.row, nd->stride);
    t.q = span_of(nd->shape.W, o->in.W, t.column, nd->stride);
    return t;
}

static size_t row_x(const struct tap *t, int p)
{
    return (size_t)(p * t->stride + t->row) * (size_t)t->width_x;
}

static size_t row_y(const struct tap *t, int p)
{
    return (size_t)p * (size_t)t->width_y;
}

/* y += w x */
static void tap_forward(const struct tap *t, const double *x, double w, double *y)
{
    for (int p = t->p.lo; p < t->p.hi; p++) {
        const double *from = x + row_x(t, p);
        double *to = y + row_y(t, p);
        for (int q = t->q.lo; q < t->q.hi; q++) {
            to[q] += w * from[q * t->stride + t->column];
        }
    }
}

/* dx += w dy */
static void tap_backward_data(const struct tap *t, double *dx, double w, const double *dy)
{
    for (int p = t->p.lo; p < t->p.hi; p++) {
        const double *from = dy + row_y(t, p);
        double *to = dx + row_x(t, p);
        for (int q = t->q.lo; q < t->q.hi; q++) {
            to[q * t->stride + t->column] += w * from[q];
        }
    }
}

/* the sum of x dy */
static double tap_backward_weight(const struct tap *t, const double *x, const double *dy)
{
    double sum = 0.0;
    for (int p = t->p.lo; p < t->p.hi; p++) {
        const double *a = x + row_x(t, p);
        const double *b = dy + row_y(t, p);
        for (int q = t->q.lo; q < t->q.hi; q++) {
            sum += a[q * t->stride + t->column] * b[q];
        }
    }
    return sum;
}

/* The sizes that the loops over planes need. */
struct conv_dims {
    size_t C, K, RS;
    size_t n_in, n_out;      /* channels in and out of one group */
    size_t plane_x, plane_y; /* H W */
};

static struct conv_dims conv_dims_of(const struct ref_op *o)
{
    const size_t G = (size_t)o->node->G;
    struct conv_dims d = {.C = (size_t)o->in.C,
                          .K = (size_t)o->node->shape.C,
                          .RS = (size_t)o->node->R * (size_t)o->node->S,
                          .plane_x = plane_of(&o->in),
                          .plane_y = plane_of(&o->node->shape)};
    d.n_in = d.C / G;
    d.n_out = d.K / G;
    return d;
}

/* The first input plane of image n that output channel k sees. */
static size_t first_plane(const struct conv_dims *d, size_t n, size_t k)
{
    return (n * d->C + k / d->n_out * d->n_in) * d->plane_x;
}

static void conv_forward(const struct ref_op *o)
{
    const struct conv_dims d = conv_dims_of(o);
    for (size_t nk = 0; nk < o->n * d.K; nk++) {
        const size_t k = nk % d.K;
        const float *w = o->value[0] + k * d.n_in * d.RS;
        const double *x = o->x[0] + first_plane(&d, nk / d.K, k);
        double *y = o->y + nk * d.plane_y;
        for (size_t i = 0; i < d.plane_y; i++) {
            y[i] = o->node->has_bias ? (double)o->value[1][k] : 0.0;
        }
        for (size_t rs = 0; rs < d.RS; rs++) {
            const struct tap t = tap_of(o, rs);
            for (size_t c = 0; c < d.n_in; c++) {
                tap_forward(&t, x + c * d.plane_x, (double)w[c * d.RS + rs], y);
            }
        }
    }
}

static void conv_backward_data(const struct ref_op *o)
{
    const struct conv_dims d = conv_dims_of(o);
    for (size_t nk = 0; nk < o->n * d.K; nk++) {
        const size_t k = nk % d.K;
        const float *w = o->value[0] + k * d.n_in * d.RS;
        const double *dy = o->dy + nk * d.plane_y;
        double *dx = o->dx[0] + first_plane(&d, nk / d.K, k);
        for (size_t rs = 0; rs < d.RS; rs++) {
            const struct tap t = tap_of(o, rs);
            for (size_t c = 0; c < d.n_in; c++) {
                tap_backward_data(&t, dx + c * d.plane_x, (double)w[c * d.RS + rs], dy);
            }
        }
    }
}

static void conv_backward_weight(const struct ref_op *o)
{
    const struct conv_dims d = conv_dims_of(o);
    for (size_t k = 0; k < d.K; k++) {
        float *grad = o->grad[0] + k * d.n_in * d.RS;
        for (size_t rs = 0; rs < d.RS; rs++) {
            const struct tap t = tap_of(o, rs);
            for (size_t c = 0; c < d.n_in; c++) {
                double sum = 0.0;
                for (size_t n = 0; n < o->n; n++) {
                    const double *x = o->x[0] + first_plane(&d, n, k) + c * d.plane_x;
                    sum += tap_backward_weight(&t, x, o->dy + (n * d.K + k) * d.plane_y);
                }
                grad[c * d.RS + rs] += (float)sum;
            }
        }
    }
}

/* channel_sum - the sum of dy over all but channel k. */
static double channel_sum(const struct ref_op *o, size_t k)
{
    const size_t K = (size_t)o->node->shape.C;
    const size_t plane = plane_of(&o->node->shape);
    double sum = 0.0;
    for (size_t n = 0; n < o->n; n++) {
        for (size_t i = 0; i < plane; i++) {
            sum += o->dy[(n * K + k) * plane + i];
        }
    }
    return sum;
}

static void conv_backward(const struct ref_op *o)
{
    if (o->dx[0]) {
        conv_backward_data(o);
    }
    conv_backward_weight(o);
    for (size_t k = 0; o->node->has_bias && k < (size_t)o->node->shape.C; k++) {
        o->grad[1][k] += (float)channel_sum(o, k);
    }
}

/* --- batch norm ---------------------------------------------------------------------------------
 * y = (x - mean) / sqrt(var + eps) * weight + bias. Ioffe, Szegedy 2015, "Batch Normalization",
 * algorithm 1; as in PyTorch the biased variance normalises and the unbiased one is remembered.
 */

/* batch_statistics - mean and 1/std of channel c into saved, and the running statistics. */
static void batch_statistics(const struct ref_op *o, size_t c)
{
    const size_t C = (size_t)o->in.C;
    const size_t plane = plane_of(&o->in);
    const double m = (double)o->node->momentum;
    const double count = (double)(o->n * plane);
    double sum = 0.0;
    double sum_sq = 0.0;
    for (size_t n = 0; n < o->n; n++) {
        for (size_t i = 0; i < plane; i++) {
            sum += o->x[0][(n * C + c) * plane + i];
        }
    }
    const double mean = sum / count;
    for (size_t n = 0; n < o->n; n++) {
        for (size_t i = 0; i < plane; i++) {
            const double d = o->x[0][(n * C + c) * plane + i] - mean;
            sum_sq += d * d;
        }
    }
    const double unbiased = sum_sq / (count > 1.0 ? count - 1.0 : 1.0);
    o->saved[c] = mean;
    o->saved[C + c] = 1.0 / sqrt(sum_sq / count + (double)o->node->eps);
    o->value[2][c] = (float)((1.0 - m) * (double)o->value[2][c] + m * mean);
    o->value[3][c] = (float)((1.0 - m) * (double)o->value[3][c] + m * unbiased);
}

static void batch_norm_forward(const struct ref_op *o)
{
    const size_t C = (size_t)o->in.C;
    const size_t plane = plane_of(&o->in);
    for (size_t c = 0; c < C; c++) {
        if (o->training) {
            batch_statistics(o, c);
        } else {
            o->saved[c] = (double)o->value[2][c];
            o->saved[C + c] = 1.0 / sqrt((double)o->value[3][c] + (double)o->node->eps);
        }
        const double scale = o->saved[C + c] * (double)o->value[0][c];
        const double shift = (double)o->value[1][c] - o->saved[c] * scale;
        for (size_t n = 0; n < o->n; n++) {
            const size_t at = (n * C + c) * plane;
            for (size_t i = 0; i < plane; i++) {
                o->y[at + i] = o->x[0][at + i] * scale + shift;
            }
        }
    }
}

/* With z = (x - mean)/std and M values per channel:
 * dx = weight/std (dy - sum(dy)/M - z sum(dy z)/M). The means vanish without batch statistics. */
static void batch_norm_backward(const struct ref_op *o)
{
    const size_t C = (size_t)o->in.C;
    const size_t plane = plane_of(&o->in);
    const double M = (double)(o->n * plane);
    for (size_t c = 0; c < C; c++) {
        const double mean = o->saved[c];
        const double inv_std = o->saved[C + c];
        const double sum_dy = channel_sum(o, c);
        double sum_dyz = 0.0;
        for (size_t n = 0; n < o->n; n++) {
            const size_t at = (n * C + c) * plane;
            for (size_t i = 0; i < plane; i++) {
                sum_dyz += o->dy[at + i] * (o->x[0][at + i] - mean) * inv_std;
            }
        }
        o->grad[0][c] += (float)sum_dyz;
        o->grad[1][c] += (float)sum_dy;
        const double mean_dy = o->training ? sum_dy / M : 0.0;
        const double mean_dyz = o->training ? sum_dyz / M : 0.0;
        for (size_t n = 0; o->dx[0] && n < o->n; n++) {
            const size_t at = (n * C + c) * plane;
            for (size_t i = 0; i < plane; i++) {
                const double z = (o->x[0][at + i] - mean) * inv_std;
                o->dx[0][at + i] +=
                    (double)o->value[0][c] * inv_std * (o->dy[at + i] - mean_dy - z * mean_dyz);
            }
        }
    }
}

/* --- element by element ------------------------------------------------------------------------ */

/* Not a number passes through, as in PyTorch, so that a diverged network is noticed. */
static void relu_forward(const struct ref_op *o)
{
    for (size_t i = 0; i < o->n * image_of(&o->in); i++) {
        o->y[i] = o->x[0][i] < 0.0 ? 0.0 : o->x[0][i];
    }
}

static void relu_backward(const struct ref_op *o)
{
    for (size_t i = 0; o->dx[0] && i < o->n * image_of(&o->in); i++) {
        o->dx[0][i] += o->y[i] > 0.0 ? o->dy[i] : 0.0;
    }
}

static void add_forward(const struct ref_op *o)
{
    for (size_t i = 0; i < o->n * image_of(&o->in); i++) {
        o->y[i] = o->x[0][i] + o->x[1][i];
    }
}

static void add_backward(const struct ref_op *o)
{
    for (int in = 0; in < 2; in++) {
        for (size_t i = 0; o->dx[in] && i < o->n * image_of(&o->in); i++) {
            o->dx[in][i] += o->dy[i];
        }
    }
}

/* Views of a location are adjacent: joining them is only another reading of the same numbers. */
static void concat_forward(const struct ref_op *o)
{
    memcpy(o->y, o->x[0], o->n * image_of(&o->in) * sizeof *o->y);
}

static void concat_backward(const struct ref_op *o)
{
    for (size_t i = 0; o->dx[0] && i < o->n * image_of(&o->in); i++) {
        o->dx[0][i] += o->dy[i];
    }
}

/* --- pooling ------------------------------------------------------------------------------------ */

/* max_at - index in a plane of x of the first largest number (or not a number) of a window. */
static size_t max_at(const struct ref_op *o, const double *x, int p, int q)
{
    const struct node *nd = o->node;
    size_t best = SIZE_MAX;
    for (int r = 0; r < nd->R; r++) {
        for (int s = 0; s < nd->S; s++) {
            const int h = p * nd->stride + r - nd->pad;
            const int w = q * nd->stride + s - nd->pad;
            if (h < 0 || h >= o->in.H || w < 0 || w >= o->in.W) {
                continue;
            }
            const size_t at = (size_t)h * (size_t)o->in.W + (size_t)w;
            if (best == SIZE_MAX || x[at] > x[best] || isnan(x[at])) {
                best = at;
            }
        }
    }
    return best;
}

static void max_pool(const struct ref_op *o, bool backward)
{
    const struct shape *out = &o->node->shape;
    const size_t plane_x = plane_of(&o->in);
    for (size_t nc = 0; nc < o->n * (size_t)o->in.C; nc++) {
        const double *x = o->x[0] + nc * plane_x;
        for (int p = 0; p < out->H; p++) {
            for (int q = 0; q < out->W; q++) {
                const size_t from = max_at(o, x, p, q);
                const size_t to = nc * plane_of(out) + (size_t)p * (size_t)out->W + (size_t)q;
                if (backward) {
                    o->dx[0][nc * plane_x + from] += o->dy[to];
                } else {
                    o->y[to] = x[from];
                }
            }
        }
    }
}

static void max_pool_forward(const struct ref_op *o)
{
    max_pool(o, false);
}

static void max_pool_backward(const struct ref_op *o)
{
    if (o->dx[0]) {
        max_pool(o, true);
    }
}

static void avg_pool_forward(const struct ref_op *o)
{
    const size_t plane = plane_of(&o->in);
    for (size_t nc = 0; nc < o->n * (size_t)o->in.C; nc++) {
        double sum = 0.0;
        for (size_t i = 0; i < plane; i++) {
            sum += o->x[0][nc * plane + i];
        }
        o->y[nc] = sum / (double)plane;
    }
}

static void avg_pool_backward(const struct ref_op *o)
{
    const size_t plane = plane_of(&o->in);
    for (size_t i = 0; o->dx[0] && i < o->n * (size_t)o->in.C * plane; i++) {
        o->dx[0][i] += o->dy[i / plane] / (double)plane;
    }
}

/* --- linear: y[n, k] = bias[k] + sum over f of w[k, f] x[n, f] ----------------------------------- */

static void linear_forward(const struct ref_op *o)
{
    const size_t F = (size_t)o->in.C;
    const size_t K = (size_t)o->node->shape.C;
    for (size_t nk = 0; nk < o->n * K; nk++) {
        const double *x = o->x[0] + nk / K * F;
        const float *w = o->value[0] + nk % K * F;
        double sum = (double)o->value[1][nk % K];
        for (size_t f = 0; f < F; f++) {
            sum += (double)w[f] * x[f];
        }
        o->y[nk] = sum;
    }
}

static void linear_backward(const struct ref_op *o)
{
    const size_t F = (size_t)o->in.C;
    const size_t K = (size_t)o->node->shape.C;
    for (size_t n = 0; o->dx[0] && n < o->n; n++) {
        for (size_t k = 0; k < K; k++) {
            for (size_t f = 0; f < F; f++) {
                o->dx[0][n * F + f] += (double)o->value[0][k * F + f] * o->dy[n * K + k];
            }
        }
    }
    for (size_t k = 0; k < K; k++) {
        for (size_t f = 0; f < F; f++) {
            double sum = 0.0;
            for (size_t n = 0; n < o->n; n++) {
                sum += o->dy[n * K + k] * o->x[0][n * F + f];
            }
            o->grad[0][k * F + f] += (float)sum;
        }
        o->grad[1][k] += (float)channel_sum(o, k);
    }
}

ref_op_fn *const ref_forward[OP_COUNT] = {
    [OP_CONV2D] = conv_forward,
    [OP_BATCH_NORM] = batch_norm_forward,
    [OP_RELU] = relu_forward,
    [OP_MAX_POOL] = max_pool_forward,
    [OP_GLOBAL_AVG_POOL] = avg_pool_forward,
    [OP_ADD] = add_forward,
    [OP_CONCAT_VIEWS] = concat_forward,
    [OP_LINEAR] = linear_forward,
};

ref_op_fn *const ref_backward[OP_COUNT] = {
    [OP_CONV2D] = conv_backward,
    [OP_BATCH_NORM] = batch_norm_backward,
    [OP_RELU] = relu_backward,
    [OP_MAX_POOL] = max_pool_backward,
    [OP_GLOBAL_AVG_POOL] = avg_pool_backward,
    [OP_ADD] = add_backward,
    [OP_CONCAT_VIEWS] = concat_backward,
    [OP_LINEAR] = linear_backward,
};
