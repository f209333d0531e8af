/* SPDX-License-Identifier: MIT */
/*
 * Batch norm, addition and relu in one sweep forward and two back; each of the three may be absent.
 *
 *   forward   y = relu(x a + b + res)        a = gamma / sqrt(var + eps), b = beta - mean a
 *   back, 1   g = dy where y > 0             dbeta = sum g, dgamma = sum g (x - mean) / sqrt(var + eps)
 *   back, 2   dx = a (g - mean(g) - (x - mean) mean(g (x - mean)) / (var + eps)),   dres = g
 *
 * Source: Ioffe, Szegedy 2015, "Batch normalization", the derivatives in section 3, with the terms
 * collected by x and g. Statistics are per image and strip first, then joined in the order of
 * the images in double, so they do not depend on the number of threads.
 *
 * Without batch norm a = 1 and b = 0, and the way back is the first step alone.
 */
#include <math.h>

#include "train/nn/cpu/plan.h"

/* Rows of affine_state.fixed and .coef, each [C]. */
enum { FIXED_A, FIXED_B, FIXED_MEAN, FIXED_INV, FIXED_COUNT };
enum { COEF_P, COEF_Q, COEF_R, COEF_COUNT };

static const float *value_of(const struct program *p, const struct node *norm, int which)
{
    return p->m->array[MODEL_VALUE] + p->m->g->param[norm->param[which]].offset;
}

static float *row_of(const struct program *p, const struct unit *u, int buf, int row)
{
    return (float *)at(p, buf) + (size_t)row * (size_t)p->tensor[u->in].layout.C;
}

/* row_new - a buffer of n rows of C floats at time; its index or -1. */
static int row_new(struct program *p, const struct unit *u, int n, int time, struct err *e)
{
    return buf_new(p, (size_t)n * (size_t)p->tensor[u->in].layout.C * sizeof(float), time, e);
}

static int affine_plan(struct program *p, int ix, struct err *e)
{
    struct unit *u = &p->unit[ix];
    struct affine_state *s = &u->s.affine;
    s->moments = BUF_NONE;
    buf_touch(p, p->tensor[u->in].buf, ix);
    if (u->res >= 0) {
        buf_touch(p, p->tensor[u->res].buf, ix);
    }
    s->fixed = row_new(p, u, FIXED_COUNT, ix, e);
    if (s->fixed < 0) {
        return -1;
    }
    if (u->norm && u->learns) {
        s->moments = row_new(p, u, 2 * p->tensor[u->in].layout.N, ix, e);
        if (s->moments < 0) {
            return -1;
        }
    }
    return out_new(p, ix, e);
}

/* --- forward ------------------------------------------------------------------------------------- */

/* image_moments - the mean and sum of squares of every image and channel. */
static void image_moments(const struct program *p, const struct unit *u)
{
    const struct layout *l = &p->tensor[u->in].layout;
    const void *x = at(p, p->tensor[u->in].buf);
    const size_t strips = (size_t)layout_strips(l);
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < (size_t)l->N * strips; i++) {
        const struct strip s = layout_strip(l, i);
        const int image = (int)(i / strips);
        strip_moments(&s, x, row_of(p, u, u->s.affine.moments, image) + s.c,
                      row_of(p, u, u->s.affine.moments, l->N + image) + s.c);
    }
}

struct moments {
    double mean, m2;
};

/* channel_moments - over all images, which have equally many places each. */
static struct moments channel_moments(const struct program *p, const struct unit *u, int c)
{
    const struct layout *l = &p->tensor[u->in].layout;
    const double rows = (double)l->H * (double)l->W;
    const int buf = u->s.affine.moments;
    struct moments m = {0.0, 0.0};
    for (int i = 0; i < l->N; i++) {
        m.mean += (double)row_of(p, u, buf, i)[c];
    }
    m.mean /= (double)l->N;
    for (int i = 0; i < l->N; i++) {
        const double d = (double)row_of(p, u, buf, i)[c] - m.mean;
        m.m2 += (double)row_of(p, u, buf, l->N + i)[c] + rows * d * d;
    }
    return m;
}

/* remember - move a running statistic towards the new value. */
static void remember(const struct program *p, const struct node *norm, int which, int c, double now)
{
    float *v = p->m->array[MODEL_VALUE] + p->m->g->param[norm->param[which]].offset + c;
    *v = (float)((1.0 - (double)norm->momentum) * (double)*v + (double)norm->momentum * now);
}

/* fix - the factors of the sweep, from this batch's statistics or the running ones. */
static void fix(const struct program *p, const struct unit *u)
{
    const struct layout *l = &p->tensor[u->in].layout;
    const int fixed = u->s.affine.fixed;
    const double n = (double)l->N * (double)l->H * (double)l->W;
#pragma omp parallel for schedule(static)
    for (int c = 0; c < l->C; c++) {
        double scale = 1.0;
        double mean = 0.0;
        double inv = 1.0;
        double beta = 0.0;
        if (u->norm) {
            double var = (double)value_of(p, u->norm, 3)[c];
            mean = (double)value_of(p, u->norm, 2)[c];
            if (u->learns) {
                const struct moments m = channel_moments(p, u, c);
                mean = m.mean;
                var = m.m2 / n;
                remember(p, u->norm, 2, c, mean);
                remember(p, u->norm, 3, c, n > 1.0 ? m.m2 / (n - 1.0) : 0.0);
            }
            inv = 1.0 / sqrt(var + (double)u->norm->eps);
            scale = (double)value_of(p, u->norm, 0)[c] * inv;
            beta = (double)value_of(p, u->norm, 1)[c];
        }
        row_of(p, u, fixed, FIXED_A)[c] = (float)scale;
        row_of(p, u, fixed, FIXED_B)[c] = (float)(beta - mean * scale);
        row_of(p, u, fixed, FIXED_MEAN)[c] = (float)mean;
        row_of(p, u, fixed, FIXED_INV)[c] = (float)inv;
    }
}

static int affine_forward(struct program *p, struct unit *u, struct err *e)
{
    const struct layout *l = &p->tensor[u->in].layout;
    const void *x = at(p, p->tensor[u->in].buf);
    const void *res = u->res >= 0 ? at(p, p->tensor[u->res].buf) : NULL;
    void *y = at(p, p->tensor[u->out].buf);
    (void)e;
    if (u->norm && u->learns) {
        image_moments(p, u);
    }
    fix(p, u);
    const float *a = row_of(p, u, u->s.affine.fixed, FIXED_A);
    const float *b = row_of(p, u, u->s.affine.fixed, FIXED_B);
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < (size_t)l->N * (size_t)layout_strips(l); i++) {
        const struct strip s = layout_strip(l, i);
        strip_affine(&s, x, res, y, a + s.c, b + s.c, u->relu);
    }
    return 0;
}

/* --- backward ------------------------------------------------------------------------------------ */

/* in_place - the gradient's own buffer if it may be overwritten, else a new one. */
static int in_place(struct program *p, const struct unit *u, int d, int time, struct err *e)
{
    return p->buf[d].shared ? buf_new(p, layout_bytes(&p->tensor[u->out].layout), time, e) : d;
}

/* g goes to the other summand, and without batch norm to the input. */
static int give_g(struct program *p, const struct unit *u, struct err *e)
{
    const int g = u->s.affine.g;
    const bool to_res = u->res >= 0 && p->tensor[u->res].wants_grad;
    const bool to_in = !u->norm && p->tensor[u->in].wants_grad;
    if (to_res && to_in) {
        p->buf[g].shared = true;
    }
    if (to_res && grad_give(p, u->res, g, e) != 0) {
        return -1;
    }
    return to_in ? grad_give(p, u->in, g, e) : 0;
}

/* Is g something else than the incoming gradient as it is? */
static bool changes_gradient(const struct unit *u)
{
    return u->relu || u->s.affine.d[1] != BUF_NONE;
}

static int affine_plan_back(struct program *p, int ix, struct err *e)
{
    struct unit *u = &p->unit[ix];
    struct affine_state *s = &u->s.affine;
    const int time = time_back(p, ix);
    const bool keeps_g = u->res >= 0 && p->tensor[u->res].wants_grad;
    if (grads_take(p, ix, 2, s->d, e) != 0) {
        return -1;
    }
    buf_touch(p, s->fixed, time);
    s->dx = BUF_NONE;
    s->g = s->d[0];
    if ((!u->norm || u->res >= 0) && changes_gradient(u)) {
        s->g = in_place(p, u, s->d[0], time, e);
        if (s->g < 0) {
            return -1;
        }
    }
    if (u->relu && (u->res >= 0 || !u->norm)) {
        buf_touch(p, p->tensor[u->out].buf, time); /* tells where it was clipped */
    }
    if (u->norm) {
        s->sums = row_new(p, u, 2 * p->tensor[u->in].layout.N, time, e);
        s->coef = row_new(p, u, COEF_COUNT, time, e);
        s->dx = keeps_g ? buf_new(p, layout_bytes(&p->tensor[u->in].layout), time, e)
                        : in_place(p, u, s->g, time, e);
        if (s->sums < 0 || s->coef < 0 || s->dx < 0) {
            return -1;
        }
        buf_touch(p, p->tensor[u->in].buf, time);
        if (p->tensor[u->in].wants_grad && grad_give(p, u->in, s->dx, e) != 0) {
            return -1;
        }
    }
    return give_g(p, u, e);
}

/* What both steps need: with a residual, step 1 leaves g behind and step 2 reads that. */
static struct back back_of(const struct program *p, const struct unit *u, bool second)
{
    const struct affine_state *s = &u->s.affine;
    struct back k = {
        .d0 = at(p, s->d[0]),
        .d1 = at(p, s->d[1]),
        .x = at(p, p->tensor[u->in].buf),
        .a = row_of(p, u, s->fixed, FIXED_A),
        .b = row_of(p, u, s->fixed, FIXED_B),
        .mean = row_of(p, u, s->fixed, FIXED_MEAN),
        .relu = u->relu,
    };
    const bool writes_g = (!u->norm || u->res >= 0) && changes_gradient(u);
    if (u->relu && writes_g) {
        k.y = at(p, p->tensor[u->out].buf);
    }
    if (!second) {
        k.out = writes_g ? at(p, s->g) : NULL;
    } else {
        k.out = at(p, s->dx);
        if (writes_g) {
            k.d0 = at(p, s->g);
            k.d1 = NULL;
            k.y = NULL;
            k.relu = false;
        }
    }
    return k;
}

/* at_strip - the same with the channels' factors of one strip. */
static struct back at_strip(struct back k, const struct strip *s)
{
    k.a += s->c;
    k.b += s->c;
    k.mean += s->c;
    return k;
}

static void mask(const struct program *p, const struct unit *u)
{
    const struct layout *l = &p->tensor[u->out].layout;
    const struct back k = back_of(p, u, false);
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < (size_t)l->N * (size_t)layout_strips(l); i++) {
        const struct strip s = layout_strip(l, i);
        const struct back ks = at_strip(k, &s);
        strip_mask(&s, &ks);
    }
}

static void image_sums(const struct program *p, const struct unit *u)
{
    const struct layout *l = &p->tensor[u->in].layout;
    const size_t strips = (size_t)layout_strips(l);
    const struct back k = back_of(p, u, false);
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < (size_t)l->N * strips; i++) {
        const struct strip s = layout_strip(l, i);
        const struct back ks = at_strip(k, &s);
        const int image = (int)(i / strips);
        strip_back_sums(&s, &ks, row_of(p, u, u->s.affine.sums, image) + s.c,
                        row_of(p, u, u->s.affine.sums, l->N + image) + s.c);
    }
}

/* join_sums - the parameters' gradients, and dx = g p + x q + r. */
static void join_sums(const struct program *p, const struct unit *u)
{
    const struct layout *l = &p->tensor[u->in].layout;
    const struct affine_state *s = &u->s.affine;
    const double n = (double)l->N * (double)l->H * (double)l->W;
    float *dgamma = p->m->array[MODEL_GRAD] + p->m->g->param[u->norm->param[0]].offset;
    float *dbeta = p->m->array[MODEL_GRAD] + p->m->g->param[u->norm->param[1]].offset;
#pragma omp parallel for schedule(static)
    for (int c = 0; c < l->C; c++) {
        double sum_g = 0.0;
        double sum_gx = 0.0;
        for (int i = 0; i < l->N; i++) {
            sum_g += (double)row_of(p, u, s->sums, i)[c];
            sum_gx += (double)row_of(p, u, s->sums, l->N + i)[c];
        }
        const double inv = (double)row_of(p, u, s->fixed, FIXED_INV)[c];
        const double mean = (double)row_of(p, u, s->fixed, FIXED_MEAN)[c];
        const double a = (double)row_of(p, u, s->fixed, FIXED_A)[c];
        const double q = -a * sum_gx * inv * inv / n;
        dgamma[c] += (float)(sum_gx * inv);
        dbeta[c] += (float)sum_g;
        row_of(p, u, s->coef, COEF_P)[c] = (float)a;
        row_of(p, u, s->coef, COEF_Q)[c] = (float)q;
        row_of(p, u, s->coef, COEF_R)[c] = (float)(-a * sum_g / n - q * mean);
    }
}

static void data_gradient(const struct program *p, const struct unit *u)
{
    const struct layout *l = &p->tensor[u->in].layout;
    const struct back k = back_of(p, u, true);
    const int coef = u->s.affine.coef;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < (size_t)l->N * (size_t)layout_strips(l); i++) {
        const struct strip s = layout_strip(l, i);
        const struct back ks = at_strip(k, &s);
        strip_back_data(&s, &ks, row_of(p, u, coef, COEF_P) + s.c, row_of(p, u, coef, COEF_Q) + s.c,
                        row_of(p, u, coef, COEF_R) + s.c);
    }
}

static int affine_backward(struct program *p, struct unit *u, struct err *e)
{
    (void)e;
    if (!u->norm) {
        if (changes_gradient(u)) {
            mask(p, u);
        }
        return 0;
    }
    image_sums(p, u);
    join_sums(p, u);
    if (p->tensor[u->in].wants_grad) {
        data_gradient(p, u);
    }
    return 0;
}

const struct unit_ops affine_ops = {.plan = affine_plan,
                                    .plan_back = affine_plan_back,
                                    .forward = affine_forward,
                                    .backward = affine_backward};
