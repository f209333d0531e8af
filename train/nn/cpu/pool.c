/* SPDX-License-Identifier: MIT */
/* Input, max pooling, global average pooling, and copies to another type or shape. */
#include <math.h>

#include "train/nn/cpu/plan.h"

/* --- input: bytes [N, V, H, W, 3] or f32 NCHW to NCHW --------------------------------------------- */

static int input_plan(struct program *p, int u, struct err *e)
{
    return out_new(p, u, e);
}

/* load_bytes - one image, through tables of what each byte becomes. */
static void load_bytes(const struct model *m, const struct layout *l, const uint8_t *rgb, void *x,
                       size_t image)
{
    const size_t plane = (size_t)l->H * (size_t)l->W;
    const uint8_t *from = rgb + image * plane * 3;
    for (size_t c = 0; c < 3; c++) {
        const size_t to = (image * 3 + c) * plane;
        if (l->type == DTYPE_F32) {
            float *out = (float *)x + to;
            for (size_t i = 0; i < plane; i++) {
                out[i] = m->input_f32[c][from[i * 3 + c]];
            }
        } else {
            uint16_t *out = (uint16_t *)x + to;
            for (size_t i = 0; i < plane; i++) {
                out[i] = m->input_bf16[c][from[i * 3 + c]];
            }
        }
    }
}

static int input_forward(struct program *p, struct unit *u, struct err *e)
{
    const struct layout *l = &p->tensor[u->out].layout;
    void *x = at(p, p->tensor[u->out].buf);
    const size_t n = layout_count(l) / (size_t)l->N;
    (void)e;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < l->N; i++) {
        if (p->batch->rgb) {
            load_bytes(p->m, l, p->batch->rgb, x, (size_t)i);
        } else {
            char *to = (char *)x + (size_t)i * n * dtype_size(l->type);
            flat_cast(n, p->batch->f32 + (size_t)i * n, DTYPE_F32, to, l->type);
        }
    }
    return 0;
}

const struct unit_ops input_ops = {.plan = input_plan, .forward = input_forward};

/* --- max pooling ---------------------------------------------------------------------------------- */

static struct window window_of(const struct program *p, const struct unit *u)
{
    const struct layout *in = &p->tensor[u->in].layout;
    const struct layout *out = &p->tensor[u->out].layout;
    return (struct window){.H = in->H,
                           .W = in->W,
                           .P = out->H,
                           .Q = out->W,
                           .R = u->other->R,
                           .S = u->other->S,
                           .stride = u->other->stride,
                           .pad = u->other->pad};
}

static int max_pool_plan(struct program *p, int ix, struct err *e)
{
    struct unit *u = &p->unit[ix];
    const struct tensor *out = &p->tensor[u->out];
    u->s.pool.which = BUF_NONE;
    buf_touch(p, p->tensor[u->in].buf, ix);
    if (out->wants_grad) {
        if (u->other->R * u->other->S > UINT8_MAX) {
            return err_set(e, ERR_USAGE,
                           "the cpu backend trains with pooling windows up to 15 x 15");
        }
        u->s.pool.which = buf_new(p, layout_count(&out->layout), ix, e);
        if (u->s.pool.which < 0) {
            return -1;
        }
    }
    return out_new(p, ix, e);
}

static int max_pool_forward(struct program *p, struct unit *u, struct err *e)
{
    const struct layout *in = &p->tensor[u->in].layout;
    const struct layout *out = &p->tensor[u->out].layout;
    const struct window w = window_of(p, u);
    const void *x = at(p, p->tensor[u->in].buf);
    void *y = at(p, p->tensor[u->out].buf);
    uint8_t *which = at(p, u->s.pool.which);
    (void)e;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < (size_t)in->N * (size_t)layout_strips(in); i++) {
        const struct strip sx = layout_strip(in, i);
        const struct strip sy = layout_strip(out, i);
        strip_max_pool(&sx, &sy, &w, x, y, which);
    }
    return 0;
}

/* plan_back_copy - one gradient in, one new one out: pools and casts. */
static int plan_back_copy(struct program *p, int ix, struct err *e)
{
    struct unit *u = &p->unit[ix];
    struct pool_state *s = &u->s.pool;
    const int time = time_back(p, ix);
    if (grads_take(p, ix, 1, &s->dy, e) != 0) {
        return -1;
    }
    s->dx = buf_new(p, layout_bytes(&p->tensor[u->in].layout), time, e);
    if (s->dx < 0) {
        return -1;
    }
    if (s->which != BUF_NONE) {
        buf_touch(p, s->which, time);
    }
    return grad_give(p, u->in, s->dx, e);
}

static int max_pool_backward(struct program *p, struct unit *u, struct err *e)
{
    const struct layout *in = &p->tensor[u->in].layout;
    const struct layout *out = &p->tensor[u->out].layout;
    const struct window w = window_of(p, u);
    void *dx = at(p, u->s.pool.dx);
    const void *dy = at(p, u->s.pool.dy);
    const uint8_t *which = at(p, u->s.pool.which);
    (void)e;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < (size_t)in->N * (size_t)layout_strips(in); i++) {
        const struct strip sx = layout_strip(in, i);
        const struct strip sy = layout_strip(out, i);
        strip_max_pool_back(&sx, &sy, &w, dx, dy, which);
    }
    return 0;
}

const struct unit_ops max_pool_ops = {.plan = max_pool_plan,
                                      .plan_back = plan_back_copy,
                                      .forward = max_pool_forward,
                                      .backward = max_pool_backward};

/* --- global average pooling: to [N, C] f32 --------------------------------------------------------- */

static int copy_plan(struct program *p, int ix, struct err *e)
{
    p->unit[ix].s.pool.which = BUF_NONE;
    buf_touch(p, p->tensor[p->unit[ix].in].buf, ix);
    return out_new(p, ix, e);
}

static int avg_pool_forward(struct program *p, struct unit *u, struct err *e)
{
    const struct layout *in = &p->tensor[u->in].layout;
    const void *x = at(p, p->tensor[u->in].buf);
    float *y = at(p, p->tensor[u->out].buf);
    const size_t strips = (size_t)layout_strips(in);
    (void)e;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < (size_t)in->N * strips; i++) {
        const struct strip s = layout_strip(in, i);
        strip_mean(&s, x, y + i / strips * (size_t)in->C + (size_t)s.c);
    }
    return 0;
}

static int avg_pool_backward(struct program *p, struct unit *u, struct err *e)
{
    const struct layout *in = &p->tensor[u->in].layout;
    void *dx = at(p, u->s.pool.dx);
    const float *dy = at(p, u->s.pool.dy);
    const size_t strips = (size_t)layout_strips(in);
    const float share = 1.0F / ((float)in->H * (float)in->W);
    (void)e;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < (size_t)in->N * strips; i++) {
        const struct strip s = layout_strip(in, i);
        strip_spread(&s, dx, dy + i / strips * (size_t)in->C + (size_t)s.c, share);
    }
    return 0;
}

const struct unit_ops avg_pool_ops = {.plan = copy_plan,
                                      .plan_back = plan_back_copy,
                                      .forward = avg_pool_forward,
                                      .backward = avg_pool_backward};

/* --- copies: the same numbers in the same order, of another type or shape --------------------------- */

static int cast_forward(struct program *p, struct unit *u, struct err *e)
{
    const struct layout *in = &p->tensor[u->in].layout;
    const struct layout *out = &p->tensor[u->out].layout;
    (void)e;
    flat_cast(layout_count(in), at(p, p->tensor[u->in].buf), in->type, at(p, p->tensor[u->out].buf),
              out->type);
    return 0;
}

static int cast_backward(struct program *p, struct unit *u, struct err *e)
{
    const struct layout *in = &p->tensor[u->in].layout;
    const struct layout *out = &p->tensor[u->out].layout;
    (void)e;
    flat_cast(layout_count(in), at(p, u->s.pool.dy), out->type, at(p, u->s.pool.dx), in->type);
    return 0;
}

const struct unit_ops cast_ops = {.plan = copy_plan,
                                  .plan_back = plan_back_copy,
                                  .forward = cast_forward,
                                  .backward = cast_backward};
