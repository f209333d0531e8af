/* SPDX-License-Identifier: MIT */
/*
 * The linear layer, y [N, K] = x [N, F] w^T + bias, in f32 whatever the precision of the plan: it is
 * a thousandth of the work, and the loss sees its rounding directly.
 */
#include <string.h>

#include "train/nn/cpu/plan.h"

static float *array_of(const struct program *p, const struct unit *u, enum model_array what, int i)
{
    return p->m->array[what] + p->m->g->param[u->other->param[i]].offset;
}

static int linear_plan(struct program *p, int ix, struct err *e)
{
    buf_touch(p, p->tensor[p->unit[ix].in].buf, ix);
    return out_new(p, ix, e);
}

static int linear_forward(struct program *p, struct unit *u, struct err *e)
{
    const struct layout *in = &p->tensor[u->in].layout;
    const dnnl_dim_t N = in->N;
    const dnnl_dim_t F = in->C;
    const dnnl_dim_t K = p->tensor[u->out].layout.C;
    const float *x = at(p, p->tensor[u->in].buf);
    const float *w = array_of(p, u, MODEL_VALUE, 0);
    const float *bias = array_of(p, u, MODEL_VALUE, 1);
    float *y = at(p, p->tensor[u->out].buf);
    for (dnnl_dim_t i = 0; i < N; i++) {
        memcpy(y + i * K, bias, (size_t)K * sizeof *y);
    }
    return dnnl_err(dnnl_sgemm('N', 'T', N, K, F, 1.0F, x, F, w, F, 1.0F, y, K), e, "multiply",
                    u->name);
}

static int linear_plan_back(struct program *p, int ix, struct err *e)
{
    struct unit *u = &p->unit[ix];
    struct linear_state *s = &u->s.linear;
    s->dx = BUF_NONE;
    if (grads_take(p, ix, 1, &s->dy, e) != 0) {
        return -1;
    }
    buf_touch(p, p->tensor[u->in].buf, time_back(p, ix));
    if (!p->tensor[u->in].wants_grad) {
        return 0;
    }
    s->dx = buf_new(p, layout_bytes(&p->tensor[u->in].layout), time_back(p, ix), e);
    return s->dx < 0 ? -1 : grad_give(p, u->in, s->dx, e);
}

static int linear_backward(struct program *p, struct unit *u, struct err *e)
{
    const struct layout *in = &p->tensor[u->in].layout;
    const dnnl_dim_t N = in->N;
    const dnnl_dim_t F = in->C;
    const dnnl_dim_t K = p->tensor[u->out].layout.C;
    const float *x = at(p, p->tensor[u->in].buf);
    const float *dy = at(p, u->s.linear.dy);
    float *dbias = array_of(p, u, MODEL_GRAD, 1);
    int rc = -1;
    for (dnnl_dim_t k = 0; k < K; k++) {
        double sum = 0.0;
        for (dnnl_dim_t i = 0; i < N; i++) {
            sum += (double)dy[i * K + k];
        }
        dbias[k] += (float)sum;
    }
    TRY(dnnl_err(
        dnnl_sgemm('T', 'N', K, F, N, 1.0F, dy, K, x, F, 1.0F, array_of(p, u, MODEL_GRAD, 0), F), e,
        "multiply", u->name));
    if (u->s.linear.dx != BUF_NONE) {
        TRY(dnnl_err(dnnl_sgemm('N', 'N', N, F, K, 1.0F, dy, K, array_of(p, u, MODEL_VALUE, 0), F,
                                0.0F, at(p, u->s.linear.dx), F),
                     e, "multiply", u->name));
    }
out:
    return rc;
}

const struct unit_ops linear_ops = {.plan = linear_plan,
                                    .plan_back = linear_plan_back,
                                    .forward = linear_forward,
                                    .backward = linear_backward};
