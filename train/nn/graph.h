/* SPDX-License-Identifier: MIT */
/*
 * A network as a static list of nodes with shapes and named parameters. An architecture
 * (train/nn/arch/) builds one; a backend (backend.h) compiles it. The graph holds no numbers and
 * knows nothing of backends.
 *
 *     struct graph *g = NULL;
 *     struct arch_spec s = {.name = "resnet18", .size_px = 224, .n_views = 4, .n_out = 150};
 *     TRY(graph_new_arch(&g, &s, e));
 *     ... graph_find_param(g, "layer1.0.conv1.weight") ...
 *     graph_free(g);
 *
 * Tensor letters, the same everywhere below train/nn: N locations in a batch, V views of one
 * location, C channels, H W height and width, K output channels, R S kernel height and width,
 * G groups, F features. Activations are [N*V, C, H, W] before OP_CONCAT_VIEWS and [N, F, 1, 1]
 * after it. Parameters are laid out as PyTorch lays them out: convolution [K, C/G, R, S],
 * linear [K, F].
 */
#ifndef TRAIN_NN_GRAPH_H
#define TRAIN_NN_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum op {
    OP_INPUT,      /* the images, normalised */
    OP_CONV2D,     /* weight; bias if has_bias */
    OP_BATCH_NORM, /* weight, bias, running_mean, running_var; eps, momentum as PyTorch. In
                      training the biased variance normalises, the unbiased one is remembered
                      (over a single value: 0) */
    OP_RELU,
    OP_MAX_POOL,
    OP_GLOBAL_AVG_POOL, /* [.., C, H, W] -> [.., C, 1, 1] */
    OP_ADD,             /* in[0] + in[1] */
    OP_CONCAT_VIEWS,    /* [N*V, F, 1, 1] -> [N, V*F, 1, 1]; view-major as in memory */
    OP_LINEAR,          /* weight, bias; F -> K */
    OP_COUNT
};

/* Per-location shape: a tensor holds N * views * C * H * W numbers. */
struct shape {
    int views; /* V before the views are joined, 1 after */
    int C, H, W;
};

#define NODE_MAX_IN    2
#define NODE_MAX_PARAM 4

struct node {
    enum op op;
    int in[NODE_MAX_IN]; /* indices of earlier nodes; -1: none */
    struct shape shape;  /* of the output */
    int param
        [NODE_MAX_PARAM];  /* indices into graph.param, in the order named at enum op; -1: none */
    int R, S, stride, pad; /* convolution and pooling */
    int G;                 /* convolution */
    bool has_bias;         /* convolution */
    float eps, momentum;   /* batch norm; momentum is the weight of the new value */
    int block;             /* 0 .. n_blocks-1: what --unfreeze counts; the head is the last */
};

#define PARAM_NAME_MAX 96

struct param {
    char name[PARAM_NAME_MAX]; /* torchvision's name; the head is "head.weight", "head.bias" */
    int n_dims;
    size_t dim[4];
    size_t n;         /* product of dim */
    size_t offset;    /* first element in the flat f32 array of all parameters and buffers */
    int block;        /* that of its node */
    bool is_buffer;   /* running statistics: saved, never optimised */
    bool is_backbone; /* false: the head */
};

struct graph {
    char arch[32];
    int size_px; /* input is size_px x size_px RGB */
    int n_views; /* V */
    int n_out;   /* K of the head: classes, or 2 coordinates */
    struct node *node;
    int n_nodes; /* node 0 is OP_INPUT, the last is the head */
    struct param *param;
    int n_params;
    int n_blocks;
    size_t n_floats; /* length of the flat array: parameters and buffers, each at its offset */
};

struct arch_spec {
    const char *name; /* see arch_name */
    int size_px;
    int n_views;
    int n_out;
};

/* graph_new_arch - build the named architecture. ERR_USAGE for an unknown name (the message lists
 * the known ones) or an impossible size. Returns owned: graph_free. */
int graph_new_arch(struct graph **g, const struct arch_spec *spec, struct err *e);
void graph_free(struct graph *g);

/* arch_name - the i-th name that graph_new_arch knows, NULL after the last; static. */
const char *arch_name(size_t i);

/* graph_find_param - index of the named parameter, or -1. */
int graph_find_param(const struct graph *g, const char *name);

/* graph_init - fill value[g->n_floats] for training from scratch, as torchvision does (He normal,
 * fan out, for convolutions; ones and zeros for batch norm; uniform +-1/sqrt(F) for linear).
 * A pure function of (graph, seed). */
void graph_init(const struct graph *g, uint64_t seed, float *value);

/* graph_flops - multiply-adds of one forward pass of one location. */
double graph_flops(const struct graph *g);

#endif
