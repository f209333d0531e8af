/* SPDX-License-Identifier: MIT */
/*
 * Convolution by oneDNN, in its own weight layouts; weights are brought there when they changed.
 *
 * Where nothing learns, batch norm is folded into weights and bias, and the addition and relu that
 * follow are oneDNN's post-ops; the sum is formed in the memory of the other summand where that is
 * not needed any more.
 *
 * Widened groups: with less than 16 channels per group (ResNeXt: 4 and 8) oneDNN 2.6 falls to
 * slow paths for blocked layouts (measured: 4.5 s instead of 5 ms for ResNeXt's first). Such groups
 * are joined to groups of 16 whose weights are zero where two different old groups would meet.
 * That is up to four times the arithmetic, at more than ten times the speed.
 *
 * Winograd (Lavin, Gray 2016) where oneDNN has it: 3x3, stride 1, f32. Its rounding error is a few
 * times that of the direct sum, far inside the tolerances of tests/unit/nn.
 */
#include <stdlib.h>
#include <string.h>

#include "train/nn/cpu/plan.h"
#include "train/nn/cpu/weight.h"

#define WIDE_CHANNELS 16

enum way { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS };

static void set_weight_dims(struct unit *u, const struct layout *in)
{
    const struct node *c = u->conv;
    struct conv_state *s = &u->s.conv;
    const int n_in = in->C / c->G;
    const int n_out = c->shape.C / c->G;
    const bool thin = c->G > 1 && n_in == n_out && n_in > 1 && n_in < WIDE_CHANNELS &&
                      WIDE_CHANNELS % n_in == 0 && in->C % WIDE_CHANNELS == 0;
    s->widen = thin ? WIDE_CHANNELS / n_in : 1;
    const int G = c->G / s->widen;
    const dnnl_dims_t dim = {G, c->shape.C / G, in->C / G, c->R, c->S};
    s->n_dims = G > 1 ? 5 : 4;
    memcpy(s->dim, G > 1 ? dim : dim + 1, (size_t)s->n_dims * sizeof *dim);
}

/* tiles_fill - how much of the 4x4 tiles, in which Winograd computes, is output. */
static double tiles_fill(const struct layout *l)
{
    const int h = (l->H + 3) / 4 * 4;
    const int w = (l->W + 3) / 4 * 4;
    return (double)l->H * (double)l->W / ((double)h * (double)w);
}

/* Where Winograd was measured ahead of the direct sum (5x5 to 28x28 places, 64 to 512 channels): the
 * gradient of the weights from half filled tiles on, the other two passes a little later. */
static bool wants_winograd(const struct program *p, const struct unit *u, enum way way)
{
    const struct node *c = u->conv;
    const struct layout *out = &p->tensor[u->out].layout;
    return c->R == 3 && c->S == 3 && c->stride == 1 && c->pad == 1 && c->G == 1 &&
           out->type == DTYPE_F32 && tiles_fill(out) >= (way == BACKWARD_WEIGHTS ? 0.5 : 0.6);
}

/* conv_desc - the operation as oneDNN describes it, weights in any layout. */
static int conv_desc(const struct program *p, const struct unit *u, enum way way, bool bias,
                     dnnl_alg_kind_t alg, dnnl_convolution_desc_t *desc, struct err *e)
{
    const struct conv_state *s = &u->s.conv;
    const struct layout *in = &p->tensor[u->in].layout;
    const struct layout *out = &p->tensor[u->out].layout;
    const dnnl_dims_t stride = {u->conv->stride, u->conv->stride};
    const dnnl_dims_t pad = {u->conv->pad, u->conv->pad};
    const enum dtype weight_type = way == BACKWARD_WEIGHTS ? DTYPE_F32 : in->type;
    dnnl_memory_desc_t x = {0};
    dnnl_memory_desc_t y = {0};
    dnnl_memory_desc_t w = {0};
    dnnl_memory_desc_t b = {0};
    int rc = -1;
    TRY(tensor_md(in, &x, e));
    TRY(tensor_md(out, &y, e));
    TRY(dn_any_md(&w, s->n_dims, s->dim, weight_type, e));
    TRY(dn_vector_md(&b, out->C, e));
    dnnl_status_t st = dnnl_success;
    if (way == FORWARD) {
        st = dnnl_convolution_forward_desc_init(
            desc, u->learns ? dnnl_forward_training : dnnl_forward_inference, alg, &x, &w,
            bias ? &b : NULL, &y, stride, pad, pad);
    } else if (way == BACKWARD_DATA) {
        st = dnnl_convolution_backward_data_desc_init(desc, alg, &x, &w, &y, stride, pad, pad);
    } else {
        st = dnnl_convolution_backward_weights_desc_init(desc, alg, &x, &w, bias ? &b : NULL, &y,
                                                         stride, pad, pad);
    }
    TRY(dnnl_err(st, e, "describe convolution", u->name));
out:
    return rc;
}

/* conv_pd - the fastest implementation of one of the three passes. Returns owned. */
static int conv_pd(const struct program *p, const struct unit *u, enum way way, bool bias,
                   const_dnnl_primitive_attr_t attr, const_dnnl_primitive_desc_t hint,
                   dnnl_primitive_desc_t *pd, struct err *e)
{
    const dnnl_alg_kind_t algs[2] = {dnnl_convolution_winograd, dnnl_convolution_direct};
    dnnl_status_t st = dnnl_unimplemented;
    for (int i = wants_winograd(p, u, way) ? 0 : 1; i < 2 && st != dnnl_success; i++) {
        dnnl_convolution_desc_t desc;
        if (conv_desc(p, u, way, bias, algs[i], &desc, e) != 0) {
            return -1;
        }
        st = dnnl_primitive_desc_create(pd, &desc, attr, p->m->dn.engine, hint);
    }
    return dnnl_err(st, e, "plan convolution", u->name);
}

static const dnnl_memory_desc_t *md_of(const_dnnl_primitive_desc_t pd, dnnl_query_t what)
{
    return dnnl_primitive_desc_query_md(pd, what, 0);
}

static bool uses_stage(const struct unit *u)
{
    return weight_folds(u) || u->s.conv.widen > 1;
}

/* A copy of the weights, from the model or the stage to a kept buffer laid out as to. */
static int pack_new(struct program *p, const struct unit *u, const dnnl_memory_desc_t *to, int buf,
                    struct call **c, struct err *e)
{
    const struct conv_state *s = &u->s.conv;
    const struct dn *dn = &p->m->dn;
    const bool stage = uses_stage(u);
    dnnl_primitive_desc_t pd = NULL;
    dnnl_memory_desc_t plain = {0};
    int rc = -1;
    TRY(dn_weight_md(&plain, s->n_dims, s->dim, e));
    TRY(dn_reorder(&pd, dn, &plain, to, false, u->name, e));
    TRY(program_call(p, pd, u->name, c, e));
    TRY(call_arg(*c, dn, DNNL_ARG_FROM, &plain, stage ? BUF_STAGE : CALL_FIXED,
                 param_array(p, MODEL_VALUE, u->conv->param[0]), e));
    TRY(call_arg(*c, dn, DNNL_ARG_TO, to, buf, NULL, e));
    if (stage) {
        buf_grow(p, BUF_STAGE, dnnl_memory_desc_get_size(&plain));
    }
out:
    if (pd) {
        (void)dnnl_primitive_desc_destroy(pd);
    }
    return rc;
}

/* --- forward ------------------------------------------------------------------------------------- */

/* is_free_after - is unit u the last that reads tensor t? */
static bool is_free_after(const struct program *p, int u, int t)
{
    for (int i = u + 1; i < p->n_units; i++) {
        if (p->unit[i].in == t || p->unit[i].res == t) {
            return false;
        }
    }
    return p->unit[u].in != t;
}

/* The output's buffer: that of the other summand if it can be had. */
static int plan_output(struct program *p, int ix, struct err *e)
{
    struct unit *u = &p->unit[ix];
    if (u->res >= 0) {
        const int other = p->tensor[u->res].buf;
        buf_touch(p, other, ix);
        if (is_free_after(p, ix, u->res)) {
            p->tensor[u->out].buf = other;
            return 0;
        }
        u->s.conv.copy_residual = true;
    }
    return out_new(p, ix, e);
}

static int post_ops(const struct unit *u, dnnl_primitive_attr_t attr, struct err *e)
{
    dnnl_post_ops_t ops = NULL;
    int rc = -1;
    TRY(dnnl_err(dnnl_post_ops_create(&ops), e, "make post-ops for", u->name));
    if (u->res >= 0) {
        TRY(dnnl_err(dnnl_post_ops_append_sum(ops, 1.0F), e, "add to", u->name));
    }
    if (u->relu) {
        TRY(dnnl_err(dnnl_post_ops_append_eltwise(ops, 1.0F, dnnl_eltwise_relu, 0.0F, 0.0F), e,
                     "append relu to", u->name));
    }
    TRY(dnnl_err(dnnl_primitive_attr_set_post_ops(attr, ops), e, "append to", u->name));
out:
    if (ops) {
        (void)dnnl_post_ops_destroy(ops);
    }
    return rc;
}

static int forward_args(struct program *p, struct unit *u, const_dnnl_primitive_desc_t pd,
                        bool bias, struct err *e)
{
    struct conv_state *s = &u->s.conv;
    const struct dn *dn = &p->m->dn;
    const dnnl_memory_desc_t *w = md_of(pd, dnnl_query_weights_md);
    int rc = -1;
    s->weight = buf_new_kept(p, dnnl_memory_desc_get_size(w), e);
    s->bias = bias ? buf_new_kept(p, (size_t)u->conv->shape.C * sizeof(float), e) : BUF_NONE;
    if (s->weight < 0 || (bias && s->bias < 0)) {
        return -1;
    }
    TRY(call_arg(s->run, dn, DNNL_ARG_SRC, md_of(pd, dnnl_query_src_md), p->tensor[u->in].buf, NULL,
                 e));
    TRY(call_arg(s->run, dn, DNNL_ARG_DST, md_of(pd, dnnl_query_dst_md), p->tensor[u->out].buf,
                 NULL, e));
    TRY(call_arg(s->run, dn, DNNL_ARG_WEIGHTS, w, s->weight, NULL, e));
    if (bias) {
        TRY(call_arg(s->run, dn, DNNL_ARG_BIAS,
                     dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 1), s->bias, NULL, e));
    }
    TRY(pack_new(p, u, w, s->weight, &s->pack, e));
out:
    return rc;
}

static int conv_plan(struct program *p, int ix, struct err *e)
{
    struct unit *u = &p->unit[ix];
    struct conv_state *s = &u->s.conv;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    int rc = -1;
    set_weight_dims(u, &p->tensor[u->in].layout);
    buf_touch(p, p->tensor[u->in].buf, ix);
    TRY(plan_output(p, ix, e));
    TRY(dn_attr(&attr, e));
    TRY(post_ops(u, attr, e));
    TRY(conv_pd(p, u, FORWARD, weight_has_bias(u), attr, NULL, &pd, e));
    TRY(program_call(p, pd, u->name, &s->run, e));
    TRY(forward_args(p, u, pd, weight_has_bias(u), e));
out:
    if (attr) {
        (void)dnnl_primitive_attr_destroy(attr);
    }
    if (pd) {
        (void)dnnl_primitive_desc_destroy(pd);
    }
    return rc;
}

/* refresh - bring the weights into oneDNN's layouts if they changed. */
static int refresh(struct program *p, struct unit *u, struct err *e)
{
    struct conv_state *s = &u->s.conv;
    const uint64_t now = weight_version(p, u);
    int rc = 0;
    if (s->seen == now) {
        return 0;
    }
    if (uses_stage(u)) {
        weight_fill(p, u, s->widen, at(p, BUF_STAGE));
    }
    if (s->bias != BUF_NONE) {
        weight_fill_bias(p, u, at(p, s->bias));
    }
    TRY(call_run(s->pack, &p->m->dn, e));
    if (s->pack_back) {
        TRY(call_run(s->pack_back, &p->m->dn, e));
    }
    s->seen = now;
out:
    return rc;
}

static int conv_forward(struct program *p, struct unit *u, struct err *e)
{
    int rc = -1;
    TRY(refresh(p, u, e));
    if (u->s.conv.copy_residual) {
        memcpy(at(p, p->tensor[u->out].buf), at(p, p->tensor[u->res].buf),
               layout_bytes(&p->tensor[u->out].layout));
    }
    TRY(call_run(u->s.conv.run, &p->m->dn, e));
out:
    return rc;
}

/* --- backward ------------------------------------------------------------------------------------ */

/* The gradient of the weights, and its way into the model's array. */
static int plan_weights(struct program *p, int ix, const_dnnl_primitive_desc_t hint, struct err *e)
{
    struct unit *u = &p->unit[ix];
    struct conv_state *s = &u->s.conv;
    const struct dn *dn = &p->m->dn;
    const bool bias = u->conv->has_bias;
    const bool stage = s->widen > 1;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_desc_t reorder = NULL;
    dnnl_memory_desc_t plain = {0};
    int rc = -1;
    TRY(dn_attr(&attr, e));
    TRY(conv_pd(p, u, BACKWARD_WEIGHTS, bias, attr, hint, &pd, e));
    TRY(program_call(p, pd, u->name, &s->run_weights, e));
    const dnnl_memory_desc_t *w = md_of(pd, dnnl_query_diff_weights_md);
    s->dw = buf_new(p, dnnl_memory_desc_get_size(w), time_back(p, ix), e);
    s->db =
        bias ? buf_new(p, (size_t)u->conv->shape.C * sizeof(float), time_back(p, ix), e) : BUF_NONE;
    rc = s->dw < 0 || (bias && s->db < 0) ? -1 : 0;
    TRY(rc);
    TRY(call_arg(s->run_weights, dn, DNNL_ARG_SRC, md_of(pd, dnnl_query_src_md),
                 p->tensor[u->in].buf, NULL, e));
    TRY(call_arg(s->run_weights, dn, DNNL_ARG_DIFF_DST, md_of(pd, dnnl_query_diff_dst_md), s->dy,
                 NULL, e));
    TRY(call_arg(s->run_weights, dn, DNNL_ARG_DIFF_WEIGHTS, w, s->dw, NULL, e));
    if (bias) {
        TRY(call_arg(s->run_weights, dn, DNNL_ARG_DIFF_BIAS,
                     dnnl_primitive_desc_query_md(pd, dnnl_query_diff_weights_md, 1), s->db, NULL,
                     e));
    }
    TRY(dn_weight_md(&plain, s->n_dims, s->dim, e));
    TRY(dn_reorder(&reorder, dn, w, &plain, !stage, u->name, e));
    TRY(program_call(p, reorder, u->name, &s->unpack, e));
    TRY(call_arg(s->unpack, dn, DNNL_ARG_FROM, w, s->dw, NULL, e));
    TRY(call_arg(s->unpack, dn, DNNL_ARG_TO, &plain, stage ? BUF_STAGE : CALL_FIXED,
                 param_array(p, MODEL_GRAD, u->conv->param[0]), e));
out:
    if (attr) {
        (void)dnnl_primitive_attr_destroy(attr);
    }
    if (pd) {
        (void)dnnl_primitive_desc_destroy(pd);
    }
    if (reorder) {
        (void)dnnl_primitive_desc_destroy(reorder);
    }
    return rc;
}

/* The gradient of the input, and the weights as it wants them. */
static int plan_data(struct program *p, int ix, const_dnnl_primitive_desc_t hint, struct err *e)
{
    struct unit *u = &p->unit[ix];
    struct conv_state *s = &u->s.conv;
    const struct dn *dn = &p->m->dn;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    int rc = -1;
    TRY(dn_attr(&attr, e));
    TRY(conv_pd(p, u, BACKWARD_DATA, false, attr, hint, &pd, e));
    TRY(program_call(p, pd, u->name, &s->run_data, e));
    const dnnl_memory_desc_t *w = md_of(pd, dnnl_query_weights_md);
    s->weight_back = s->weight;
    if (!dnnl_memory_desc_equal(w, md_of(hint, dnnl_query_weights_md))) {
        s->weight_back = buf_new_kept(p, dnnl_memory_desc_get_size(w), e);
        rc = s->weight_back < 0 ? -1 : 0;
        TRY(rc);
        TRY(pack_new(p, u, w, s->weight_back, &s->pack_back, e));
    }
    s->dx = buf_new(p, layout_bytes(&p->tensor[u->in].layout), time_back(p, ix), e);
    rc = s->dx < 0 ? -1 : 0;
    TRY(rc);
    TRY(grad_give(p, u->in, s->dx, e));
    TRY(call_arg(s->run_data, dn, DNNL_ARG_DIFF_DST, md_of(pd, dnnl_query_diff_dst_md), s->dy, NULL,
                 e));
    TRY(call_arg(s->run_data, dn, DNNL_ARG_WEIGHTS, w, s->weight_back, NULL, e));
    TRY(call_arg(s->run_data, dn, DNNL_ARG_DIFF_SRC, md_of(pd, dnnl_query_diff_src_md), s->dx, NULL,
                 e));
out:
    if (attr) {
        (void)dnnl_primitive_attr_destroy(attr);
    }
    if (pd) {
        (void)dnnl_primitive_desc_destroy(pd);
    }
    return rc;
}

static int conv_plan_back(struct program *p, int ix, struct err *e)
{
    struct unit *u = &p->unit[ix];
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t hint = NULL;
    int rc = -1;
    TRY(grads_take(p, ix, 1, &u->s.conv.dy, e));
    buf_touch(p, p->tensor[u->in].buf, time_back(p, ix));
    TRY(dn_attr(&attr, e));
    TRY(conv_pd(p, u, FORWARD, weight_has_bias(u), attr, NULL, &hint, e));
    TRY(plan_weights(p, ix, hint, e));
    if (p->tensor[u->in].wants_grad) {
        TRY(plan_data(p, ix, hint, e));
    }
out:
    if (attr) {
        (void)dnnl_primitive_attr_destroy(attr);
    }
    if (hint) {
        (void)dnnl_primitive_desc_destroy(hint);
    }
    return rc;
}

/* unstage - add what is no padding of the stage's gradient to the model's. */
static void unstage(const struct program *p, const struct unit *u)
{
    const size_t K = (size_t)u->conv->shape.C;
    const size_t n_groups = (size_t)u->conv->G;
    const size_t widen = (size_t)u->s.conv.widen;
    const size_t n = p->m->g->param[u->conv->param[0]].n / K;
    const float *stage = at(p, BUF_STAGE);
    float *grad = param_array(p, MODEL_GRAD, u->conv->param[0]);
    for (size_t k = 0; k < K; k++) {
        const size_t group = k / (K / n_groups);
        for (size_t i = 0; i < n; i++) {
            grad[k * n + i] += stage[(k * widen + group % widen) * n + i];
        }
    }
}

static int conv_backward(struct program *p, struct unit *u, struct err *e)
{
    struct conv_state *s = &u->s.conv;
    int rc = -1;
    TRY(call_run(s->run_weights, &p->m->dn, e));
    TRY(call_run(s->unpack, &p->m->dn, e));
    if (s->widen > 1) {
        unstage(p, u);
    }
    if (u->conv->has_bias) {
        weight_add_bias(p, u, at(p, s->db));
    }
    if (s->run_data) {
        TRY(call_run(s->run_data, &p->m->dn, e));
    }
out:
    return rc;
}

const struct unit_ops conv_ops = {.plan = conv_plan,
                                  .plan_back = conv_plan_back,
                                  .forward = conv_forward,
                                  .backward = conv_backward};
