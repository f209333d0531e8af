/* SPDX-License-Identifier: MIT */
/*
 * Convolution over a handful of places (the last stage of a residual network on small images: 2x2 or
 * 3x3), as matrix products. For every tap (r, s) of the kernel and every output place that it
 * reaches,
 *
 *     forward    y[p, q]  += x[h, w] W[r, s]^T      [N, K] += [N, C] [C, K]
 *     back       dx[h, w] += dy[p, q] W[r, s]       [N, C] += [N, K] [K, C]
 *                dW[r, s] += dy[p, q]^T x[h, w]     [K, C] += [K, N] [N, C]
 *
 * with h = p stride + r - pad, w = q stride + s - pad. oneDNN's direct kernels are made for rows of
 * many places. Measured, 3x3, for 512 channels, 2x2 places and 64 images, in milliseconds of one core:
 * forward 12.0 there and 5.4 here, backward 36.4 and 10.0.
 *
 * The batch must be the long dimension, so activations are turned: rows [H W, N, C] instead of
 * images [N, C/B, H W, B]. Products are f32 whatever the activations are. Each task owns a block of
 * the result, so it does not matter which thread does which.
 */
#include <string.h>

#include "train/nn/cpu/plan.h"
#include "train/nn/cpu/weight.h"

#define MAX_PLACES   12  /* of the output; from 4x4 on, direct kernels and Winograd are level */
#define BLOCK_LENGTH 128 /* channels of the result in one task */

bool taps_fit(const struct program *p, const struct unit *u)
{
    const struct node *c = u->conv;
    return c->G == 1 && c->shape.H * c->shape.W <= MAX_PLACES &&
           p->tensor[u->in].layout.C >= STRIP_LANES;
}

/* The numbers of one convolution as sizes. */
struct dims {
    size_t N, C, K, H, W, P, Q, R, S;
    int stride, pad;
};

static struct dims dims_of(const struct program *p, const struct unit *u)
{
    const struct layout *in = &p->tensor[u->in].layout;
    const struct layout *out = &p->tensor[u->out].layout;
    return (struct dims){.N = (size_t)in->N,
                         .C = (size_t)in->C,
                         .K = (size_t)out->C,
                         .H = (size_t)in->H,
                         .W = (size_t)in->W,
                         .P = (size_t)out->H,
                         .Q = (size_t)out->W,
                         .R = (size_t)u->conv->R,
                         .S = (size_t)u->conv->S,
                         .stride = u->conv->stride,
                         .pad = u->conv->pad};
}

static size_t blocks_of(size_t n)
{
    return (n + BLOCK_LENGTH - 1) / BLOCK_LENGTH;
}

/* The channels of a task's block: first, and how many. */
struct block {
    size_t first, n;
};

static struct block block_of(size_t n, size_t i)
{
    const size_t first = i * BLOCK_LENGTH;
    return (struct block){first, n - first < BLOCK_LENGTH ? n - first : BLOCK_LENGTH};
}

/* Places that one tap joins: n in a row from output place y and input place x on. With a stride
 * the input's are not side by side, and there is one place at a time. */
struct run {
    size_t y, x, n;
};

/* run_at - the i-th run of output row row under tap (r, s); false after the last. */
static bool run_at(const struct dims *d, size_t row, size_t r, size_t s, size_t i, struct run *run)
{
    const int h = (int)row * d->stride + (int)r - d->pad;
    const int reach = d->pad - (int)s;                /* q stride >= reach */
    const int last = (int)d->W - 1 + d->pad - (int)s; /* q stride <= last */
    int q0 = reach > 0 ? (reach + d->stride - 1) / d->stride : 0;
    int q1 = last < 0 ? 0 : last / d->stride + 1;
    q1 = q1 < (int)d->Q ? q1 : (int)d->Q;
    if (h < 0 || h >= (int)d->H || q0 >= q1) {
        return false;
    }
    const int n = d->stride == 1 ? q1 - q0 : 1;
    q0 += (int)i * n;
    if (q0 >= q1) {
        return false;
    }
    *run = (struct run){.y = row * d->Q + (size_t)q0,
                        .x = (size_t)h * d->W + (size_t)(q0 * d->stride + (int)s - d->pad),
                        .n = (size_t)n};
    return true;
}

/* --- plan ----------------------------------------------------------------------------------------- */

static int taps_plan(struct program *p, int ix, struct err *e)
{
    struct unit *u = &p->unit[ix];
    struct taps_state *s = &u->s.taps;
    const struct dims d = dims_of(p, u);
    buf_touch(p, p->tensor[u->in].buf, ix);
    if (u->res >= 0) {
        buf_touch(p, p->tensor[u->res].buf, ix);
    }
    s->weight = buf_new_kept(p, d.R * d.S * d.K * d.C * sizeof(float), e);
    s->bias = buf_new_kept(p, d.K * sizeof(float), e);
    s->x = buf_new(p, d.H * d.W * d.N * d.C * sizeof(float), ix, e);
    s->y = buf_new(p, d.P * d.Q * d.N * d.K * sizeof(float), ix, e);
    if (s->weight < 0 || s->bias < 0 || s->x < 0 || s->y < 0) {
        return -1;
    }
    return out_new(p, ix, e);
}

static int taps_plan_back(struct program *p, int ix, struct err *e)
{
    struct unit *u = &p->unit[ix];
    struct taps_state *s = &u->s.taps;
    const struct dims d = dims_of(p, u);
    const int time = time_back(p, ix);
    s->dx = BUF_NONE;
    if (grads_take(p, ix, 1, &s->dy, e) != 0) {
        return -1;
    }
    buf_touch(p, p->tensor[u->in].buf, time);
    s->x_back = buf_new(p, d.H * d.W * d.N * d.C * sizeof(float), time, e);
    s->y_back = buf_new(p, d.P * d.Q * d.N * d.K * sizeof(float), time, e);
    s->dw = buf_new(p, d.R * d.S * d.K * d.C * sizeof(float), time, e);
    if (s->x_back < 0 || s->y_back < 0 || s->dw < 0) {
        return -1;
    }
    if (!p->tensor[u->in].wants_grad) {
        return 0;
    }
    s->dx = buf_new(p, layout_bytes(&p->tensor[u->in].layout), time, e);
    return s->dx < 0 ? -1 : grad_give(p, u->in, s->dx, e);
}

/* --- weights: [K, C, R S] in the model, [R S, K, C] here ------------------------------------------ */

static void pack(const struct program *p, const struct unit *u, const struct dims *d)
{
    const float *from = param_array(p, MODEL_VALUE, u->conv->param[0]);
    float *to = at(p, u->s.taps.weight);
    const size_t taps = d->R * d->S;
#pragma omp parallel for schedule(static)
    for (size_t k = 0; k < d->K; k++) {
        const float scale = weight_scale(p, u, k);
        for (size_t t = 0; t < taps; t++) {
            const float *w = from + k * d->C * taps + t;
            float *row = to + (t * d->K + k) * d->C;
            for (size_t c = 0; c < d->C; c++) {
                row[c] = w[c * taps] * scale;
            }
        }
    }
    weight_fill_bias(p, u, at(p, u->s.taps.bias));
}

static void unpack(const struct program *p, const struct unit *u, const struct dims *d)
{
    const float *from = at(p, u->s.taps.dw);
    float *to = param_array(p, MODEL_GRAD, u->conv->param[0]);
    const size_t taps = d->R * d->S;
#pragma omp parallel for schedule(static)
    for (size_t k = 0; k < d->K; k++) {
        for (size_t t = 0; t < taps; t++) {
            const float *row = from + (t * d->K + k) * d->C;
            float *w = to + k * d->C * taps + t;
            for (size_t c = 0; c < d->C; c++) {
                w[c * taps] += row[c];
            }
        }
    }
}

/* --- activations ----------------------------------------------------------------------------------- */

/* turn - images to rows [H W, N, C]. */
static void turn(const struct layout *l, const void *x, float *rows)
{
    const size_t strips = (size_t)layout_strips(l);
    const size_t step = (size_t)l->N * (size_t)l->C;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < (size_t)l->N * strips; i++) {
        const struct strip s = layout_strip(l, i);
        strip_to_rows(&s, x, rows + i / strips * (size_t)l->C + (size_t)s.c, step);
    }
}

/* turn_back - rows to images, with what a unit does on its way out; bias and res may be NULL. */
static void turn_back(const struct layout *l, const float *rows, const float *bias, const void *res,
                      bool relu, void *y)
{
    static const float zero[STRIP_LANES];
    const size_t strips = (size_t)layout_strips(l);
    const size_t step = (size_t)l->N * (size_t)l->C;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < (size_t)l->N * strips; i++) {
        const struct strip s = layout_strip(l, i);
        strip_from_rows(&s, rows + i / strips * (size_t)l->C + (size_t)s.c, step,
                        bias ? bias + s.c : zero, res, y, relu);
    }
}

static void zero_rows(float *rows, size_t n_rows, size_t step, const struct block *b)
{
    for (size_t i = 0; i < n_rows; i++) {
        memset(rows + i * step + b->first, 0, b->n * sizeof *rows);
    }
}

/* --- products: one task of each --------------------------------------------------------------------- */

struct work {
    struct dims d;
    const float *w;
    float *x, *y, *dw;
};

static dnnl_dim_t dim(size_t n)
{
    return (dnnl_dim_t)n;
}

/* Output row `row`, channels b of y. */
static dnnl_status_t product_forward(const struct work *k, size_t row, struct block b)
{
    const struct dims *d = &k->d;
    dnnl_status_t st = dnnl_success;
    zero_rows(k->y + row * d->Q * d->N * d->K, d->Q * d->N, d->K, &b);
    for (size_t t = 0; t < d->R * d->S; t++) {
        struct run run;
        for (size_t i = 0; st == dnnl_success && run_at(d, row, t / d->S, t % d->S, i, &run); i++) {
            st = dnnl_sgemm('N', 'T', dim(run.n * d->N), dim(b.n), dim(d->C), 1.0F,
                            k->x + run.x * d->N * d->C, dim(d->C),
                            k->w + (t * d->K + b.first) * d->C, dim(d->C), 1.0F,
                            k->y + run.y * d->N * d->K + b.first, dim(d->K));
        }
    }
    return st;
}

/* Input row `row`, channels b of dx, which is in k->x. */
static dnnl_status_t product_data(const struct work *k, size_t row, struct block b)
{
    const struct dims *d = &k->d;
    dnnl_status_t st = dnnl_success;
    zero_rows(k->x + row * d->W * d->N * d->C, d->W * d->N, d->C, &b);
    for (size_t t = 0; t < d->R * d->S; t++) {
        const int reach = (int)row + d->pad - (int)(t / d->S);
        struct run run;
        if (reach < 0 || reach % d->stride != 0 || reach / d->stride >= (int)d->P) {
            continue;
        }
        const size_t from = (size_t)(reach / d->stride);
        for (size_t i = 0; st == dnnl_success && run_at(d, from, t / d->S, t % d->S, i, &run);
             i++) {
            st = dnnl_sgemm('N', 'N', dim(run.n * d->N), dim(b.n), dim(d->K), 1.0F,
                            k->y + run.y * d->N * d->K, dim(d->K), k->w + t * d->K * d->C + b.first,
                            dim(d->C), 1.0F, k->x + run.x * d->N * d->C + b.first, dim(d->C));
        }
    }
    return st;
}

/* Tap t, output channels b of dw. */
static dnnl_status_t product_weights(const struct work *k, size_t t, struct block b)
{
    const struct dims *d = &k->d;
    float *dw = k->dw + (t * d->K + b.first) * d->C;
    dnnl_status_t st = dnnl_success;
    memset(dw, 0, b.n * d->C * sizeof *dw);
    for (size_t row = 0; row < d->P; row++) {
        struct run run;
        for (size_t i = 0; st == dnnl_success && run_at(d, row, t / d->S, t % d->S, i, &run); i++) {
            st = dnnl_sgemm('T', 'N', dim(b.n), dim(d->C), dim(run.n * d->N), 1.0F,
                            k->y + run.y * d->N * d->K + b.first, dim(d->K),
                            k->x + run.x * d->N * d->C, dim(d->C), 1.0F, dw, dim(d->C));
        }
    }
    return st;
}

typedef dnnl_status_t product_fn(const struct work *k, size_t i, struct block b);

/* all_products - fn for n rows or taps and every block of n_channels. */
static int all_products(const struct work *k, product_fn *fn, size_t n, size_t n_channels,
                        const char *name, struct err *e)
{
    const size_t n_blocks = blocks_of(n_channels);
    dnnl_status_t failed = dnnl_success;
#pragma omp parallel for schedule(dynamic)
    for (size_t i = 0; i < n * n_blocks; i++) {
        const dnnl_status_t st = fn(k, i / n_blocks, block_of(n_channels, i % n_blocks));
        if (st != dnnl_success) {
#pragma omp atomic write
            failed = st;
        }
    }
    return dnnl_err(failed, e, "multiply", name);
}

static int taps_forward(struct program *p, struct unit *u, struct err *e)
{
    struct taps_state *s = &u->s.taps;
    const struct work k = {
        .d = dims_of(p, u), .w = at(p, s->weight), .x = at(p, s->x), .y = at(p, s->y)};
    const void *res = u->res >= 0 ? at(p, p->tensor[u->res].buf) : NULL;
    int rc = -1;
    if (s->seen != weight_version(p, u)) {
        pack(p, u, &k.d);
        s->seen = weight_version(p, u);
    }
    turn(&p->tensor[u->in].layout, at(p, p->tensor[u->in].buf), k.x);
    TRY(all_products(&k, product_forward, k.d.P, k.d.K, u->name, e));
    turn_back(&p->tensor[u->out].layout, k.y, at(p, s->bias), res, u->relu,
              at(p, p->tensor[u->out].buf));
out:
    return rc;
}

/* bias_gradient - the sums of dy over all rows. */
static void bias_gradient(const struct program *p, const struct unit *u, const struct work *k)
{
    float *grad = param_array(p, MODEL_GRAD, u->conv->param[1]);
    for (size_t c = 0; c < k->d.K; c++) {
        double sum = 0.0;
        for (size_t i = 0; i < k->d.P * k->d.Q * k->d.N; i++) {
            sum += (double)k->y[i * k->d.K + c];
        }
        grad[c] += (float)sum;
    }
}

static int taps_backward(struct program *p, struct unit *u, struct err *e)
{
    struct taps_state *s = &u->s.taps;
    const struct work k = {.d = dims_of(p, u),
                           .w = at(p, s->weight),
                           .x = at(p, s->x_back),
                           .y = at(p, s->y_back),
                           .dw = at(p, s->dw)};
    int rc = -1;
    turn(&p->tensor[u->in].layout, at(p, p->tensor[u->in].buf), k.x);
    turn(&p->tensor[u->out].layout, at(p, s->dy), k.y);
    TRY(all_products(&k, product_weights, k.d.R * k.d.S, k.d.K, u->name, e));
    unpack(p, u, &k.d);
    if (u->conv->has_bias) {
        bias_gradient(p, u, &k);
    }
    if (s->dx != BUF_NONE) {
        TRY(all_products(&k, product_data, k.d.H, k.d.C, u->name, e));
        turn_back(&p->tensor[u->in].layout, k.x, NULL, NULL, false, at(p, s->dx));
    }
out:
    return rc;
}

const struct unit_ops taps_ops = {.plan = taps_plan,
                                  .plan_back = taps_plan_back,
                                  .forward = taps_forward,
                                  .backward = taps_backward};
