/* SPDX-License-Identifier: MIT */
/*
 * The graph builder: see build.h. Shapes are computed here, once; a node is refused when its
 * arguments do not fit its input, so that backends may trust a graph.
 */
#include "train/nn/build.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/vec.h"

#define MAX_VIEWS    16
#define MAX_SIDE     8192 /* pixels; with MAX_CHANNELS keeps every product of dimensions in size_t */
#define MAX_CHANNELS (1 << 20)

/* fail - keep the first failure. Always -1. */
static int fail(struct builder *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int fail(struct builder *b, const char *fmt, ...)
{
    char what[256];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    if (b->rc == 0) {
        b->rc = err_set(&b->err, ERR_USAGE, "cannot build network '%s': node %d: %s", b->spec.name,
                        b->g->n_nodes, what);
    }
    return -1;
}

/* grow - room for one more element. */
static int grow(struct builder *b, void *array, int n, size_t *cap, size_t size)
{
    if (vec_room(array, (size_t)n, cap, size, "a network graph", &b->err) != 0) {
        b->rc = -1;
    }
    return b->rc;
}

void builder_init(struct builder *b, const struct arch_spec *spec)
{
    *b = (struct builder){.spec = *spec};
    b->g = calloc(1, sizeof *b->g);
    if (!b->g) {
        b->rc = err_nomem(&b->err, "a network graph");
        return;
    }
    (void)snprintf(b->g->arch, sizeof b->g->arch, "%s", spec->name);
    b->g->size_px = spec->size_px;
    b->g->n_views = spec->n_views;
    b->g->n_out = spec->n_out;
    if (spec->size_px < 1 || spec->size_px > MAX_SIDE) {
        (void)fail(b, "image size %d is not in 1 .. %d", spec->size_px, MAX_SIDE);
    } else if (spec->n_views < 1 || spec->n_views > MAX_VIEWS) {
        (void)fail(b, "number of views %d is not in 1 .. %d", spec->n_views, MAX_VIEWS);
    } else if (spec->n_out < 1 || spec->n_out > MAX_CHANNELS) {
        (void)fail(b, "number of outputs %d is not in 1 .. %d", spec->n_out, MAX_CHANNELS);
    }
}

void build_block(struct builder *b)
{
    b->block++;
}

void build_scope(struct builder *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const int n = vsnprintf(b->scope, sizeof b->scope, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof b->scope) {
        (void)fail(b, "scope is too long");
    }
}

/* add_node - append *node, whose inputs must be earlier nodes. */
static int add_node(struct builder *b, const struct node *node)
{
    const struct shape *s = &node->shape;
    if (b->rc != 0) {
        return -1;
    }
    if (s->C < 1 || s->C > MAX_CHANNELS || s->H < 1 || s->H > MAX_SIDE || s->W < 1 ||
        s->W > MAX_SIDE) {
        return fail(b, "its output of %d x %d x %d is empty or too large", s->C, s->H, s->W);
    }
    if (grow(b, &b->g->node, b->g->n_nodes, &b->cap_nodes, sizeof *b->g->node) != 0) {
        return -1;
    }
    b->g->node[b->g->n_nodes] = *node;
    b->g->node[b->g->n_nodes].block = b->block;
    return b->g->n_nodes++;
}

/* add_param - append the parameter scope + name + suffix; its index. */
static int add_param(struct builder *b, const char *name, const char *suffix, bool is_buffer,
                     int n_dims, const size_t *dim)
{
    struct param p = {.n_dims = n_dims, .n = 1, .block = b->block, .is_buffer = is_buffer};
    if (b->rc != 0) {
        return -1;
    }
    const int n = snprintf(p.name, sizeof p.name, "%s%s.%s", b->scope, name, suffix);
    if (n < 0 || (size_t)n >= sizeof p.name) {
        return fail(b, "parameter name is too long");
    }
    if (graph_find_param(b->g, p.name) >= 0) {
        return fail(b, "two parameters are named '%s'", p.name);
    }
    for (int i = 0; i < n_dims; i++) {
        p.dim[i] = dim[i];
        p.n *= dim[i];
    }
    p.offset = b->g->n_floats;
    if (grow(b, &b->g->param, b->g->n_params, &b->cap_params, sizeof *b->g->param) != 0) {
        return -1;
    }
    b->g->param[b->g->n_params] = p;
    b->g->n_floats += p.n;
    return b->g->n_params++;
}

/* input_of - the node with index in, NULL (and failed) when there is none. */
static const struct node *input_of(struct builder *b, int in)
{
    if (b->rc != 0) {
        return NULL;
    }
    if (in < 0 || in >= b->g->n_nodes) {
        (void)fail(b, "input is not an earlier node");
        return NULL;
    }
    return &b->g->node[in];
}

/* A node with one input and the shape of that input; the caller changes what differs. */
static struct node node_on(enum op op, int in, const struct shape *shape)
{
    return (struct node){
        .op = op, .in = {in, -1}, .shape = *shape, .param = {-1, -1, -1, -1}, .stride = 1, .G = 1};
}

int build_input(struct builder *b)
{
    if (b->rc != 0) {
        return -1;
    }
    if (b->g->n_nodes != 0) {
        return fail(b, "the input comes first and once");
    }
    const struct shape s = {b->g->n_views, 3, b->g->size_px, b->g->size_px};
    const struct node node = node_on(OP_INPUT, -1, &s);
    return add_node(b, &node);
}

/* Output length of a sliding window, floor mode; 0 when it does not fit. */
static int window_count(int length, int window, int stride, int pad)
{
    const int room = length + 2 * pad - window;
    return room < 0 ? 0 : room / stride + 1;
}

/* set_window - kernel, stride and padding of a node and the H and W that follow from them. */
static int set_window(struct builder *b, struct node *node, int R, int S, int stride, int pad)
{
    node->R = R;
    node->S = S ? S : R;
    node->stride = stride ? stride : 1;
    node->pad = pad;
    if (node->R < 1 || node->S < 1 || node->stride < 1 || pad < 0 || R > MAX_SIDE || S > MAX_SIDE ||
        pad >= R || pad >= node->S) {
        return fail(b, "window, stride or padding out of range");
    }
    node->shape.H = window_count(node->shape.H, node->R, node->stride, pad);
    node->shape.W = window_count(node->shape.W, node->S, node->stride, pad);
    return 0;
}

int build_conv(struct builder *b, int in, const char *name, struct conv_spec s)
{
    const struct node *x = input_of(b, in);
    if (!x) {
        return -1;
    }
    struct node node = node_on(OP_CONV2D, in, &x->shape);
    node.G = s.G ? s.G : 1;
    node.has_bias = s.has_bias;
    if (s.K < 1 || node.G < 1 || s.K % node.G != 0 || x->shape.C % node.G != 0) {
        return fail(b, "channels are not a multiple of the groups");
    }
    if (set_window(b, &node, s.R, s.S, s.stride, s.pad) != 0) {
        return -1;
    }
    node.shape.C = s.K;
    const size_t K = (size_t)s.K;
    const size_t dim[4] = {K, (size_t)(x->shape.C / node.G), (size_t)node.R, (size_t)node.S};
    node.param[0] = add_param(b, name, "weight", false, 4, dim);
    if (s.has_bias) {
        node.param[1] = add_param(b, name, "bias", false, 1, &K);
    }
    return add_node(b, &node);
}

int build_batch_norm(struct builder *b, int in, const char *name)
{
    const struct node *x = input_of(b, in);
    if (!x) {
        return -1;
    }
    struct node node = node_on(OP_BATCH_NORM, in, &x->shape);
    const size_t C = (size_t)x->shape.C;
    node.eps = 1e-5F; /* torch.nn.BatchNorm2d's defaults */
    node.momentum = 0.1F;
    node.param[0] = add_param(b, name, "weight", false, 1, &C);
    node.param[1] = add_param(b, name, "bias", false, 1, &C);
    node.param[2] = add_param(b, name, "running_mean", true, 1, &C);
    node.param[3] = add_param(b, name, "running_var", true, 1, &C);
    return add_node(b, &node);
}

int build_relu(struct builder *b, int in)
{
    const struct node *x = input_of(b, in);
    if (!x) {
        return -1;
    }
    const struct node node = node_on(OP_RELU, in, &x->shape);
    return add_node(b, &node);
}

int build_max_pool(struct builder *b, int in, struct pool_spec s)
{
    const struct node *x = input_of(b, in);
    if (!x) {
        return -1;
    }
    struct node node = node_on(OP_MAX_POOL, in, &x->shape);
    if (set_window(b, &node, s.R, s.S, s.stride, s.pad) != 0) {
        return -1;
    }
    return add_node(b, &node);
}

int build_global_avg_pool(struct builder *b, int in)
{
    const struct node *x = input_of(b, in);
    if (!x) {
        return -1;
    }
    struct node node = node_on(OP_GLOBAL_AVG_POOL, in, &x->shape);
    node.R = x->shape.H;
    node.S = x->shape.W;
    node.shape.H = 1;
    node.shape.W = 1;
    return add_node(b, &node);
}

int build_add(struct builder *b, int in0, int in1)
{
    const struct node *x = input_of(b, in0);
    const struct node *y = input_of(b, in1);
    if (!x || !y) {
        return -1;
    }
    if (x->shape.views != y->shape.views || x->shape.C != y->shape.C || x->shape.H != y->shape.H ||
        x->shape.W != y->shape.W) {
        return fail(b, "the two inputs of an addition have different shapes");
    }
    struct node node = node_on(OP_ADD, in0, &x->shape);
    node.in[1] = in1;
    return add_node(b, &node);
}

int build_concat_views(struct builder *b, int in)
{
    const struct node *x = input_of(b, in);
    if (!x) {
        return -1;
    }
    if (x->shape.H != 1 || x->shape.W != 1) {
        return fail(b, "views are joined after pooling to 1x1");
    }
    struct node node = node_on(OP_CONCAT_VIEWS, in, &x->shape);
    node.shape.C = x->shape.C * x->shape.views;
    node.shape.views = 1;
    return add_node(b, &node);
}

int build_linear(struct builder *b, int in, const char *name, int K)
{
    const struct node *x = input_of(b, in);
    if (!x) {
        return -1;
    }
    if (x->shape.H != 1 || x->shape.W != 1) {
        return fail(b, "a linear layer takes 1x1 features");
    }
    struct node node = node_on(OP_LINEAR, in, &x->shape);
    node.shape.C = K;
    node.has_bias = true;
    const size_t dim[2] = {K > 0 ? (size_t)K : 0, (size_t)x->shape.C};
    node.param[0] = add_param(b, name, "weight", false, 2, dim);
    node.param[1] = add_param(b, name, "bias", false, 1, dim);
    return add_node(b, &node);
}

int builder_take(struct builder *b, struct graph **g, struct err *e)
{
    if (b->rc == 0) {
        const struct node *last = b->g->n_nodes > 0 ? &b->g->node[b->g->n_nodes - 1] : NULL;
        if (!last || last->op != OP_LINEAR || last->shape.views != 1 ||
            last->shape.C != b->g->n_out) {
            (void)fail(b, "the last node must be the linear head");
        }
    }
    if (b->rc != 0) {
        *e = b->err;
        graph_free(b->g);
        b->g = NULL;
        return -1;
    }
    b->g->n_blocks = b->block + 1;
    for (int i = 0; i < b->g->n_params; i++) {
        b->g->param[i].is_backbone = b->g->param[i].block != b->block;
    }
    *g = b->g;
    b->g = NULL;
    return 0;
}
