/* SPDX-License-Identifier: MIT */
/*
 * Building a graph node by node: what an architecture in train/nn/arch/ is written in, and what
 * tests use for small graphs.
 *
 *     struct builder b;
 *     struct graph *g = NULL;
 *     builder_init(&b, &(struct arch_spec){.name = "tiny", .size_px = 9, .n_views = 2, .n_out = 3});
 *     int x = build_input(&b);
 *     x = build_conv(&b, x, "conv1", (struct conv_spec){.K = 8, .R = 3, .stride = 2, .pad = 1});
 *     x = build_batch_norm(&b, x, "bn1");
 *     x = build_relu(&b, x);
 *     x = build_global_avg_pool(&b, x);
 *     x = build_concat_views(&b, x);
 *     build_block(&b);
 *     x = build_linear(&b, x, "head", 3);
 *     TRY(builder_take(&b, &g, e));
 *
 * Every build_ function returns the index of the node it added. The first failure is kept, later
 * calls do nothing and return -1, and builder_take reports it: an architecture checks nothing
 * in between. A parameter's name is scope + name + ".weight" (or .bias, .running_mean ...).
 */
#ifndef TRAIN_NN_BUILD_H
#define TRAIN_NN_BUILD_H

#include "core/err.h"
#include "train/nn/graph.h"

struct builder {
    struct arch_spec spec;
    struct graph *g; /* owned until builder_take */
    size_t cap_nodes, cap_params;
    int block;
    char scope[PARAM_NAME_MAX];
    int rc; /* 0 until the first failure, which err holds */
    struct err err;
};

struct conv_spec {
    int K, R, S;     /* S 0: as R */
    int stride, pad; /* stride 0: 1 */
    int G;           /* 0: 1 */
    bool has_bias;
};

struct pool_spec {
    int R, S;        /* S 0: as R */
    int stride, pad; /* stride 0: 1 */
};

/* builder_init - start a graph called spec->name (borrowed until builder_take) in block 0 and with
 * an empty scope. */
void builder_init(struct builder *b, const struct arch_spec *spec);

/* build_block - nodes from here on belong to the next block. */
void build_block(struct builder *b);

/* build_scope - prefix for the names of the parameters from here on, printf-like; "" for none. */
void build_scope(struct builder *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

int build_input(struct builder *b);
int build_conv(struct builder *b, int in, const char *name, struct conv_spec s);
int build_batch_norm(struct builder *b, int in, const char *name); /* eps 1e-5, momentum 0.1 */
int build_relu(struct builder *b, int in);
int build_max_pool(struct builder *b, int in, struct pool_spec s);
int build_global_avg_pool(struct builder *b, int in);
int build_add(struct builder *b, int in0, int in1);
int build_concat_views(struct builder *b, int in);
int build_linear(struct builder *b, int in, const char *name, int K); /* in is [.., F, 1, 1] */

/*
 * builder_take - the finished graph: the last node must be linear with n_out outputs after the
 * views are joined; the last block is the head, all before it the backbone.
 * Returns 0 with *g owned (graph_free), or -1 with the first failure; b is released either way.
 */
int builder_take(struct builder *b, struct graph **g, struct err *e);

#endif
