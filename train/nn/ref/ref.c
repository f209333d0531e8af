/* SPDX-License-Identifier: MIT */
/*
 * The reference backend: the graph walked node by node, activations and gradients kept whole and
 * in double. It is slow on purpose; tests judge the other backends by it. It has f32 parameters
 * like every backend, one thread, and no bf16.
 */
#include "train/nn/ref/ref.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/nn/ref/ops.h"

struct model {
    const struct graph *g;
    struct model_spec spec;
    float *array[MODEL_ARRAY_COUNT]; /* each [g->n_floats] */
};

/* Node i's output lies at act + node_at[i], its gradient at the same place of grad, each
 * [max_n * views, C, H, W]; batch statistics of node i at saved + saved_at[i], [2, C]. */
struct plan {
    struct model *m;
    struct plan_spec spec;
    int n; /* locations in the last forward */
    size_t *node_at, *saved_at;
    size_t n_act;
    double *act, *grad, *saved; /* grad NULL for inference */
};

static int ref_describe(char *text, size_t size, struct err *e)
{
    (void)e;
    (void)snprintf(text, size, "ref: plain loops in f64, one thread");
    return 0;
}

static void ref_model_free(struct model *m)
{
    for (int i = 0; m && i < MODEL_ARRAY_COUNT; i++) {
        free(m->array[i]);
    }
    free(m);
}

static int ref_model_new(const struct graph *g, const struct model_spec *s, struct model **model,
                         struct err *e)
{
    if (s->precision != PREC_F32) {
        return err_set(e, ERR_DEVICE, "the ref backend computes in f32 parameters only");
    }
    struct model *m = calloc(1, sizeof *m);
    if (!m) {
        return err_nomem(e, "a model");
    }
    m->g = g;
    m->spec = *s;
    for (int i = 0; i < MODEL_ARRAY_COUNT; i++) {
        m->array[i] = calloc(g->n_floats, sizeof(float));
        if (!m->array[i]) {
            ref_model_free(m);
            return err_nomem(e, "a model's parameters");
        }
    }
    *model = m;
    return 0;
}

static int ref_model_set(struct model *m, enum model_array what, const float *from, struct err *e)
{
    (void)e;
    memcpy(m->array[what], from, m->g->n_floats * sizeof *from);
    return 0;
}

static int ref_model_get(struct model *m, enum model_array what, float *to, struct err *e)
{
    (void)e;
    memcpy(to, m->array[what], m->g->n_floats * sizeof *to);
    return 0;
}

static size_t numbers_of(const struct shape *s, size_t n)
{
    return n * (size_t)s->views * (size_t)s->C * (size_t)s->H * (size_t)s->W;
}

static void ref_plan_free(struct plan *p)
{
    if (p) {
        free(p->node_at);
        free(p->saved_at);
        free(p->act);
        free(p->grad);
        free(p->saved);
        free(p);
    }
}

static int ref_plan_new(struct model *m, const struct plan_spec *s, struct plan **plan,
                        struct err *e)
{
    const size_t n_nodes = (size_t)m->g->n_nodes;
    size_t n_saved = 0;
    assert(s->max_n >= 1);
    struct plan *p = calloc(1, sizeof *p);
    if (!p) {
        return err_nomem(e, "a plan");
    }
    p->m = m;
    p->spec = *s;
    p->node_at = calloc(n_nodes, sizeof *p->node_at);
    p->saved_at = calloc(n_nodes, sizeof *p->saved_at);
    if (!p->node_at || !p->saved_at) {
        ref_plan_free(p);
        return err_nomem(e, "a plan");
    }
    for (size_t i = 0; i < n_nodes; i++) {
        const struct node *node = &m->g->node[i];
        p->node_at[i] = p->n_act;
        p->n_act += numbers_of(&node->shape, (size_t)s->max_n);
        p->saved_at[i] = n_saved;
        n_saved += 2 * (size_t)node->shape.C;
    }
    assert(p->n_act > 0 && n_saved > 0);
    p->act = calloc(p->n_act, sizeof *p->act);
    p->saved = calloc(n_saved, sizeof *p->saved);
    p->grad = s->train_from < m->g->n_blocks ? calloc(p->n_act, sizeof *p->grad) : NULL;
    if (!p->act || !p->saved || (!p->grad && s->train_from < m->g->n_blocks)) {
        ref_plan_free(p);
        return err_nomem(e, "a plan's activations");
    }
    *plan = p;
    return 0;
}

/* load_input - bytes [N, V, H, W, 3] normalised, or f32 [N*V, 3, H, W] as it is, to node 0. */
static void load_input(const struct plan *p, const struct batch *b)
{
    const struct shape *s = &p->m->g->node[0].shape;
    const size_t plane = (size_t)s->H * (size_t)s->W;
    const size_t n = numbers_of(s, (size_t)b->n);
    for (size_t i = 0; i < n; i++) {
        const size_t image = i / (3 * plane);
        const size_t c = i / plane % 3;
        if (b->f32) {
            p->act[i] = (double)b->f32[i];
        } else {
            const double std = (double)p->m->spec.std[c];
            const double x = (double)b->rgb[(image * plane + i % plane) * 3 + c] / 255.0;
            p->act[i] = (x - (double)p->m->spec.mean[c]) / (std > 0.0 ? std : 1.0);
        }
    }
}

/* op_of - everything one node's forward and backward need. */
static struct ref_op op_of(const struct plan *p, int i)
{
    const struct graph *g = p->m->g;
    const struct node *node = &g->node[i];
    struct ref_op o = {
        .node = node,
        .in = g->node[node->in[0]].shape,
        .y = p->act + p->node_at[i],
        .dy = p->grad ? p->grad + p->node_at[i] : NULL,
        .training = node->block >= p->spec.train_from,
        .saved = p->saved + p->saved_at[i],
    };
    o.n = (size_t)p->n * (size_t)o.in.views;
    for (int j = 0; j < NODE_MAX_IN && node->in[j] >= 0; j++) {
        const struct node *from = &g->node[node->in[j]];
        const bool wanted = p->grad && from->op != OP_INPUT && from->block >= p->spec.train_from;
        o.x[j] = p->act + p->node_at[node->in[j]];
        o.dx[j] = wanted ? p->grad + p->node_at[node->in[j]] : NULL;
    }
    for (int j = 0; j < NODE_MAX_PARAM && node->param[j] >= 0; j++) {
        const size_t at = g->param[node->param[j]].offset;
        o.value[j] = p->m->array[MODEL_VALUE] + at;
        o.grad[j] = p->m->array[MODEL_GRAD] + at;
    }
    return o;
}

const double *ref_output(const struct plan *p)
{
    return p->act + p->node_at[p->m->g->n_nodes - 1];
}

static int ref_forward_pass(struct plan *p, const struct batch *b, float *out, struct err *e)
{
    const struct graph *g = p->m->g;
    (void)e;
    assert(b->n >= 1 && b->n <= p->spec.max_n && !b->rgb != !b->f32);
    p->n = b->n;
    load_input(p, b);
    for (int i = 1; i < g->n_nodes; i++) {
        const struct ref_op o = op_of(p, i);
        ref_forward[g->node[i].op](&o);
    }
    const double *y = ref_output(p);
    for (size_t i = 0; i < (size_t)b->n * (size_t)g->n_out; i++) {
        out[i] = (float)y[i];
    }
    return 0;
}

static int ref_backward_pass(struct plan *p, const float *dout, struct err *e)
{
    const struct graph *g = p->m->g;
    (void)e;
    assert(p->grad && p->n >= 1);
    memset(p->grad, 0, p->n_act * sizeof *p->grad);
    double *dy = p->grad + p->node_at[g->n_nodes - 1];
    for (size_t i = 0; i < (size_t)p->n * (size_t)g->n_out; i++) {
        dy[i] = (double)dout[i];
    }
    for (int i = g->n_nodes - 1; i > 0 && g->node[i].block >= p->spec.train_from; i--) {
        const struct ref_op o = op_of(p, i);
        ref_backward[g->node[i].op](&o);
    }
    return 0;
}

static int ref_grad_zero(struct model *m, struct err *e)
{
    (void)e;
    memset(m->array[MODEL_GRAD], 0, m->g->n_floats * sizeof(float));
    return 0;
}

static int ref_grad_norm(struct model *m, int train_from, double *norm, struct err *e)
{
    double sum = 0.0;
    (void)e;
    for (int i = 0; i < m->g->n_params; i++) {
        const struct param *p = &m->g->param[i];
        const float *grad = m->array[MODEL_GRAD] + p->offset;
        for (size_t j = 0; p->block >= train_from && j < p->n; j++) {
            sum += (double)grad[j] * (double)grad[j];
        }
    }
    *norm = sqrt(sum);
    return 0;
}

static int ref_grad_scale(struct model *m, float factor, struct err *e)
{
    (void)e;
    for (size_t i = 0; i < m->g->n_floats; i++) {
        m->array[MODEL_GRAD][i] *= factor;
    }
    return 0;
}

/* --- optimisers ---------------------------------------------------------------------------------
 * As torch.optim computes them (Adam without amsgrad, SGD without dampening or Nesterov), each
 * element in double and rounded once. Adam: Kingma, Ba 2014, algorithm 1. AdamW: Loshchilov,
 * Hutter 2017, algorithm 2, with the decay multiplied by the learning rate.
 */

struct element {
    double value, grad, moment1, moment2;
};

static void sgd(const struct step_spec *s, double lr, struct element *x)
{
    const double g = x->grad + (double)s->weight_decay * x->value;
    x->moment1 = (double)s->beta1 * x->moment1 + g;
    x->value -= lr * x->moment1;
}

static void adam(const struct step_spec *s, double lr, int64_t t, struct element *x)
{
    const double beta1 = (double)s->beta1;
    const double beta2 = (double)s->beta2;
    const double decay = (double)s->weight_decay;
    double g = x->grad;
    if (s->optimiser == OPTIMISER_ADAMW) {
        x->value -= lr * decay * x->value;
    } else {
        g += decay * x->value;
    }
    x->moment1 = beta1 * x->moment1 + (1.0 - beta1) * g;
    x->moment2 = beta2 * x->moment2 + (1.0 - beta2) * g * g;
    const double m = x->moment1 / (1.0 - pow(beta1, (double)t));
    const double v = x->moment2 / (1.0 - pow(beta2, (double)t));
    x->value -= lr * m / (sqrt(v) + (double)s->eps);
}

static void step_param(struct model *m, const struct param *p, const struct step_spec *s)
{
    const double lr = (double)(p->is_backbone ? s->lr_backbone : s->lr_head);
    for (size_t i = p->offset; i < p->offset + p->n; i++) {
        struct element x = {
            .value = (double)m->array[MODEL_VALUE][i],
            .grad = (double)m->array[MODEL_GRAD][i],
            .moment1 = (double)m->array[MODEL_MOMENT1][i],
            .moment2 = (double)m->array[MODEL_MOMENT2][i],
        };
        if (s->optimiser == OPTIMISER_SGD) {
            sgd(s, lr, &x);
        } else {
            adam(s, lr, s->t[p->block], &x);
        }
        m->array[MODEL_VALUE][i] = (float)x.value;
        m->array[MODEL_MOMENT1][i] = (float)x.moment1;
        m->array[MODEL_MOMENT2][i] = (float)x.moment2;
    }
}

static int ref_step(struct model *m, const struct step_spec *s, struct err *e)
{
    (void)e;
    for (int i = 0; i < m->g->n_params; i++) {
        const struct param *p = &m->g->param[i];
        if (!p->is_buffer && p->block >= s->train_from) {
            step_param(m, p, s);
        }
    }
    return 0;
}

const struct backend backend_ref = {
    .name = "ref",
    .describe = ref_describe,
    .model_new = ref_model_new,
    .model_free = ref_model_free,
    .model_set = ref_model_set,
    .model_get = ref_model_get,
    .plan_new = ref_plan_new,
    .plan_free = ref_plan_free,
    .forward = ref_forward_pass,
    .backward = ref_backward_pass,
    .grad_zero = ref_grad_zero,
    .grad_norm = ref_grad_norm,
    .grad_scale = ref_grad_scale,
    .step = ref_step,
};
