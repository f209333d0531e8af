/* SPDX-License-Identifier: MIT */
/*
 * From nodes to units: see plan.h. A node joins the group of the node before it when that one's
 * result goes nowhere else and one sweep over memory can do both; a group becomes a unit at the
 * place of its last node, where everything it needs is there.
 */
#include <stdlib.h>

#include "train/nn/cpu/plan.h"

struct group {
    const struct node *conv, *norm, *other; /* other: pool, linear, concat */
    int in, res;                            /* nodes */
    bool add, relu, learns;
    int name; /* parameter, -1 */
};

struct lowering {
    struct program *p;
    const struct graph *g;
    struct group *group; /* [n_nodes]: the one whose last node this is; .in -2: not a last node */
    int *n_uses;         /* [n_nodes] */
    int *tensor;         /* [n_nodes]: of a group's last node */
};

#define NOT_LAST (-2)

static bool learns(const struct lowering *l, int i)
{
    return l->g->node[i].block >= l->p->plan->spec.train_from;
}

/* joins - may node i be done together with the group whose last node is j? */
static bool joins(const struct lowering *l, int i, int j)
{
    const struct group *g = &l->group[j];
    const bool fits = l->n_uses[j] == 1 && g->in != NOT_LAST && !g->relu && !g->other &&
                      g->learns == learns(l, i) && !(g->conv && g->learns);
    switch (l->g->node[i].op) {
    case OP_BATCH_NORM:
        return fits && g->conv && !g->norm && !g->add;
    case OP_ADD:
        return fits && (g->conv || g->norm) && !g->add;
    case OP_RELU:
        return fits && (g->conv || g->norm || g->add);
    case OP_INPUT:
    case OP_CONV2D:
    case OP_MAX_POOL:
    case OP_GLOBAL_AVG_POOL:
    case OP_CONCAT_VIEWS:
    case OP_LINEAR:
    case OP_COUNT:
        break;
    }
    return false;
}

/* take - the group whose last node is j, which from now on ends elsewhere. */
static struct group take(struct lowering *l, int j)
{
    const struct group g = l->group[j];
    l->group[j].in = NOT_LAST;
    return g;
}

static struct group group_add(struct lowering *l, int i)
{
    const struct node *node = &l->g->node[i];
    for (int j = 0; j < 2; j++) {
        if (node->in[0] != node->in[1] && joins(l, i, node->in[j])) {
            struct group g = take(l, node->in[j]);
            g.add = true;
            g.res = node->in[1 - j];
            return g;
        }
    }
    return (struct group){
        .in = node->in[0], .res = node->in[1], .add = true, .learns = learns(l, i), .name = -1};
}

static struct group group_of(struct lowering *l, int i)
{
    const struct node *node = &l->g->node[i];
    const bool joined = node->in[0] >= 0 && node->op != OP_ADD && joins(l, i, node->in[0]);
    struct group g = {.in = node->in[0], .res = -1, .learns = learns(l, i), .name = -1};
    if (node->op == OP_ADD) {
        return group_add(l, i);
    }
    if (joined) {
        g = take(l, node->in[0]);
    }
    if (g.name < 0) {
        g.name = node->param[0];
    }
    if (node->op == OP_CONV2D) {
        g.conv = node;
    } else if (node->op == OP_BATCH_NORM) {
        g.norm = node;
    } else if (node->op == OP_RELU) {
        g.relu = true;
    } else {
        g.other = node;
    }
    return g;
}

/* --- units --------------------------------------------------------------------------------------- */

/* Blocks of as many channels as the processor likes; channels that do not fill them lie NHWC. */
static struct layout layout_of(const struct program *p, const struct shape *s, enum dtype t)
{
    const int block = dn_channel_block();
    return (struct layout){.N = p->n * s->views,
                           .C = s->C,
                           .H = s->H,
                           .W = s->W,
                           .B = s->C % block == 0 ? block : s->C,
                           .type = t};
}

/* unit_add - append u with an output of this layout; the output's tensor. */
static int unit_add(struct program *p, struct unit u, struct layout layout, bool has_params)
{
    const struct tensor *in = u.in >= 0 ? &p->tensor[u.in] : NULL;
    const struct tensor *res = u.res >= 0 ? &p->tensor[u.res] : NULL;
    const bool wants = (in && in->wants_grad) || (res && res->wants_grad) || has_params;
    u.out = p->n_tensors;
    p->tensor[p->n_tensors++] =
        (struct tensor){.layout = layout, .buf = BUF_NONE, .wants_grad = u.learns && wants};
    p->unit[p->n_units++] = u;
    return u.out;
}

/* as_type - tensor t, or its copy of the wanted type. */
static int as_type(struct program *p, int t, enum dtype type)
{
    struct layout layout = p->tensor[t].layout;
    if (layout.type == type) {
        return t;
    }
    layout.type = type;
    return unit_add(
        p, (struct unit){.ops = &cast_ops, .name = "cast", .in = t, .res = -1, .learns = true},
        layout, false);
}

static const struct unit_ops *ops_of(const struct group *g)
{
    if (g->conv) {
        return &conv_ops;
    }
    if (!g->other) {
        return &affine_ops;
    }
    switch (g->other->op) {
    case OP_INPUT:
        return &input_ops;
    case OP_MAX_POOL:
        return &max_pool_ops;
    case OP_GLOBAL_AVG_POOL:
        return &avg_pool_ops;
    case OP_LINEAR:
        return &linear_ops;
    case OP_CONV2D:
    case OP_BATCH_NORM:
    case OP_RELU:
    case OP_ADD:
    case OP_CONCAT_VIEWS:
    case OP_COUNT:
        break;
    }
    return &cast_ops;
}

static void emit(struct lowering *l, int i)
{
    struct program *p = l->p;
    const struct group *g = &l->group[i];
    const struct node *last = &l->g->node[i];
    const enum dtype act = p->m->spec.precision == PREC_BF16 ? DTYPE_BF16 : DTYPE_F32;
    struct unit u = {.ops = ops_of(g),
                     .conv = g->conv,
                     .norm = g->norm,
                     .other = g->other,
                     .name = g->name >= 0 ? l->g->param[g->name].name : "activations",
                     .in = g->in >= 0 ? l->tensor[g->in] : -1,
                     .res = g->res >= 0 ? l->tensor[g->res] : -1,
                     .relu = g->relu,
                     .learns = g->learns,
                     .block = last->block};
    enum dtype type = act;
    if (u.ops == &conv_ops) {
        u.in = as_type(p, u.in, act);
        u.ops = taps_fit(p, &u) ? &taps_ops : &conv_ops;
    } else if (u.ops == &linear_ops) {
        u.in = as_type(p, u.in, DTYPE_F32);
        type = DTYPE_F32;
    } else if (u.ops == &affine_ops || u.ops == &max_pool_ops) {
        type = p->tensor[u.in].layout.type;
    } else if (u.ops != &input_ops) {
        type = DTYPE_F32; /* what comes after pooling is small: no need to round it */
    }
    if (u.res >= 0) {
        u.res = as_type(p, u.res, type);
    }
    struct layout layout = layout_of(p, &last->shape, type);
    if (u.ops == &input_ops) {
        layout.B = 1;
    } else if (u.ops == &affine_ops || u.ops == &max_pool_ops) {
        layout.B = p->tensor[u.in].layout.B;
    }
    l->tensor[i] = unit_add(p, u, layout, g->name >= 0);
}

int lower(struct program *p, struct err *e)
{
    const struct graph *g = p->m->g;
    const size_t n = (size_t)g->n_nodes;
    struct lowering l = {.p = p, .g = g};
    int rc = -1;
    l.group = calloc(n, sizeof *l.group);
    l.n_uses = calloc(n, sizeof *l.n_uses);
    l.tensor = calloc(n, sizeof *l.tensor);
    p->unit = calloc(3 * n, sizeof *p->unit); /* a node and casts of its inputs */
    p->tensor = calloc(3 * n, sizeof *p->tensor);
    if (!l.group || !l.n_uses || !l.tensor || !p->unit || !p->tensor) {
        err_nomem(e, "a plan");
        goto out;
    }
    for (int i = 0; i < g->n_nodes; i++) {
        for (int j = 0; j < NODE_MAX_IN; j++) {
            if (g->node[i].in[j] >= 0) {
                l.n_uses[g->node[i].in[j]]++;
            }
        }
    }
    for (int i = 0; i < g->n_nodes; i++) {
        l.group[i] = group_of(&l, i);
    }
    for (int i = 0; i < g->n_nodes; i++) {
        if (l.group[i].in != NOT_LAST) {
            emit(&l, i);
        }
    }
    rc = 0;
out:
    free(l.group);
    free(l.n_uses);
    free(l.tensor);
    return rc;
}
