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

/* Output positions lo .. hi-1 for which one tap of a window falls inside the input. */
struct span {
    int lo, hi;
};

static struct span span_of(int n_out, int n_in, int tap, int stride, int pad)
{
    const int first = pad - tap;           /* smallest o with o * stride >= first */
    const int last = n_in - 1 + pad - tap; /* largest o with o * stride <= last */
    struct span s = {first > 0 ? (first + stride - 1) / stride : 0,
                     last < 0 ? 0 : last / stride + 1};
    if (s.hi > n_out) {
        s.hi = n_out;
    }
    return s;
}

/* --- convolution --------------------------------------------------------------------------------
 * y[n, k, p, q] = bias[k] + sum over c, r, s of w[k, c, r, s] x[n, g C/G + c, p t + r - d, q t + s - d]
 * with stride t, padding d, group g = k / (K/G). All three passes walk the same taps: tap_fn gets
 * one plane of x, one of y (or their gradients) and one weight.
 */

struct tap {
    const struct node *node;
    const struct shape *in;
    int r, s;
};

/* y += w x */
static void tap_forward(const struct tap *t, const double *x, double w, double *y)
{
    const struct node *nd = t->node;
    const struct span p = span_of(nd->shape.H, t->in->H, t->r, nd->stride, nd->pad);
    const struct span q = span_of(nd->shape.W, t->in->W, t->s, nd->stride, nd->pad);
    for (int i = p.lo; i < p.hi; i++) {
        const double *row = x + (ptrdiff_t)(i * nd->stride + t->r - nd->pad) * t->in->W;
        double *out = y + (ptrdiff_t)i * nd->shape.W;
        for (int j = q.lo; j < q.hi; j++) {
            out[j] += w * row[j * nd->stride + t->s - nd->pad];
        }
    }
}

/* dx += w dy */
static void tap_backward_data(const struct tap *t, double *dx, double w, const double *dy)
{
    const struct node *nd = t->node;
    const struct span p = span_of(nd->shape.H, t->in->H, t->r, nd->stride, nd->pad);
    const struct span q = span_of(nd->shape.W, t->in->W, t->s, nd->stride, nd->pad);
    for (int i = p.lo; i < p.hi; i++) {
        double *row = dx + (ptrdiff_t)(i * nd->stride + t->r - nd->pad) * t->in->W;
        const double *from = dy + (ptrdiff_t)i * nd->shape.W;
        for (int j = q.lo; j < q.hi; j++) {
            row[j * nd->stride + t->s - nd->pad] += w * from[j];
        }
    }
}

/* the sum of x dy */
static double tap_backward_weight(const struct tap *t, const double *x, const double *dy)
{
    const struct node *nd = t->node;
    const struct span p = span_of(nd->shape.H, t->in->H, t->r, nd->stride, nd->pad);
    const struct span q = span_of(nd->shape.W, t->in->W, t->s, nd->stride, nd->pad);
    double sum = 0.0;
    for (int i = p.lo; i < p.hi; i++) {
        const double *row = x + (ptrdiff_t)(i * nd->stride + t->r - nd->pad) * t->in->W;
        const double *from = dy + (ptrdiff_t)i * nd->shape.W;
        for (int j = q.lo; j < q.hi; j++) {
            sum += row[j * nd->stride + t->s - nd->pad] * from[j];
        }
    }
    return sum;
}

/* Where the planes of a convolution lie: the weights of output channel k, and its first input. */
struct filter {
    size_t n_taps;  /* C/G R S: weights of one output channel */
    size_t n_in;    /* C/G */
    size_t first_c; /* first input channel of the group */
};

static struct filter filter_of(const struct ref_op *o, size_t k)
{
    const size_t G = (size_t)o->node->G;
    const size_t n_in = (size_t)o->in.C / G;
    const size_t K_per_group = (size_t)o->node->shape.C / G;
    return (struct filter){.n_taps = n_in * (size_t)o->node->R * (size_t)o->node->S,
                           .n_in = n_in,
                           .first_c = k / K_per_group * n_in};
}

static struct tap tap_of(const struct ref_op *o, size_t i)
{
    const size_t R = (size_t)o->node->R;
    const size_t S = (size_t)o->node->S;
    return (struct tap){.node = o->node, .in = &o->in, .r = (int)(i / S % R), .s = (int)(i % S)};
}

static void conv_forward(const struct ref_op *o)
{
    const size_t K = (size_t)o->node->shape.C;
    const size_t C = (size_t)o->in.C;
    const size_t plane_y = plane_of(&o->node->shape);
    const size_t plane_x = plane_of(&o->in);
    const size_t RS = (size_t)o->node->R * (size_t)o->node->S;
    for (size_t nk = 0; nk < o->n * K; nk++) {
        const size_t k = nk % K;
        const struct filter f = filter_of(o, k);
        const float *w = o->value[0] + k * f.n_taps;
        const double *x = o->x[0] + (nk / K * C + f.first_c) * plane_x;
        double *y = o->y + nk * plane_y;
        for (size_t i = 0; i < plane_y; i++) {
            y[i] = o->node->has_bias ? (double)o->value[1][k] : 0.0;
        }
        for (size_t i = 0; i < f.n_taps; i++) {
            const struct tap t = tap_of(o, i);
            tap_forward(&t, x + i / RS * plane_x, (double)w[i], y);
        }
    }
}

static void conv_backward_data(const struct ref_op *o)
{
    const size_t K = (size_t)o->node->shape.C;
    const size_t C = (size_t)o->in.C;
    const size_t plane_y = plane_of(&o->node->shape);
    const size_t plane_x = plane_of(&o->in);
    const size_t RS = (size_t)o->node->R * (size_t)o->node->S;
    for (size_t nk = 0; nk < o->n * K; nk++) {
        const struct filter f = filter_of(o, nk % K);
        const float *w = o->value[0] + nk % K * f.n_taps;
        double *dx = o->dx[0] + (nk / K * C + f.first_c) * plane_x;
        for (size_t i = 0; i < f.n_taps; i++) {
            const struct tap t = tap_of(o, i);
            tap_backward_data(&t, dx + i / RS * plane_x, (double)w[i], o->dy + nk * plane_y);
        }
    }
}

static void conv_backward_weight(const struct ref_op *o)
{
    const size_t K = (size_t)o->node->shape.C;
    const size_t C = (size_t)o->in.C;
    const size_t plane_y = plane_of(&o->node->shape);
    const size_t plane_x = plane_of(&o->in);
    const size_t RS = (size_t)o->node->R * (size_t)o->node->S;
    for (size_t k = 0; k < K; k++) {
        const struct filter f = filter_of(o, k);
        for (size_t i = 0; i < f.n_taps; i++) {
            const struct tap t = tap_of(o, i);
            double sum = 0.0;
            for (size_t n = 0; n < o->n; n++) {
                sum += tap_backward_weight(&t, o->x[0] + (n * C + f.first_c + i / RS) * plane_x,
                                           o->dy + (n * K + k) * plane_y);
            }
            o->grad[0][k * f.n_taps + i] += (float)sum;
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
