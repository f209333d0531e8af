/* SPDX-License-Identifier: MIT */
/*
 * Graphs: the table of architectures, look-up by name, initial values and cost. How a graph is
 * built is in build.c.
 */
#include "train/nn/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "train/nn/arch/arch.h"
#include "train/nn/build.h"

static const struct {
    const char *name;
    void (*build)(struct builder *b);
} archs[] = {
    {"resnet18", arch_resnet18},
    {"resnext50_32x4d", arch_resnext50_32x4d},
};

#define N_ARCHS (sizeof archs / sizeof *archs)

const char *arch_name(size_t i)
{
    return i < N_ARCHS ? archs[i].name : NULL;
}

int graph_new_arch(struct graph **g, const struct arch_spec *spec, struct err *e)
{
    char known[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < N_ARCHS; i++) {
        if (strcmp(spec->name, archs[i].name) == 0) {
            struct builder b;
            builder_init(&b, spec);
            archs[i].build(&b);
            return builder_take(&b, g, e);
        }
    }
    for (size_t i = 0; i < N_ARCHS && used < sizeof known; i++) {
        used += (size_t)snprintf(known + used, sizeof known - used, " %s", archs[i].name);
    }
    return err_set(e, ERR_USAGE, "unknown architecture '%s'; known are:%s", spec->name, known);
}

void graph_free(struct graph *g)
{
    if (g) {
        free(g->node);
        free(g->param);
        free(g);
    }
}

int graph_find_param(const struct graph *g, const char *name)
{
    for (int i = 0; i < g->n_params; i++) {
        if (strcmp(g->param[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

/* Multiply-adds of one node for one location; only products of weights and activations count. */
static double node_flops(const struct graph *g, const struct node *node)
{
    const double n_out = (double)node->shape.views * node->shape.H * node->shape.W * node->shape.C;
    if (node->op != OP_CONV2D && node->op != OP_LINEAR) {
        return 0.0;
    }
    const struct param *weight = &g->param[node->param[0]];
    const size_t fan_in = weight->n / weight->dim[0];
    return n_out * (double)fan_in;
}

double graph_flops(const struct graph *g)
{
    double sum = 0.0;
    for (int i = 0; i < g->n_nodes; i++) {
        sum += node_flops(g, &g->node[i]);
    }
    return sum;
}

/* He normal, fan out (He et al. 2015, "Delving Deep into Rectifiers", eq. 14): torchvision's
 * kaiming_normal_, whose fan out is K R S whatever the groups. */
static void init_conv_weight(const struct param *p, uint64_t seed, float *value)
{
    const double std = sqrt(2.0 / (double)(p->dim[0] * p->dim[2] * p->dim[3]));
    const uint64_t stream = rng_stream(p->name);
    for (size_t i = 0; i < p->n; i++) {
        value[i] = (float)(std * rng_normal(seed, stream, i));
    }
}

/* Uniform in +-1/sqrt(fan in): what torch.nn.Linear does to weight and bias alike. */
static void init_uniform(const struct param *p, uint64_t seed, size_t fan_in, float *value)
{
    const double bound = 1.0 / sqrt((double)fan_in);
    const uint64_t stream = rng_stream(p->name);
    for (size_t i = 0; i < p->n; i++) {
        value[i] = (float)(bound * (2.0 * rng_f64(seed, stream, i) - 1.0));
    }
}

static void init_constant(const struct param *p, float x, float *value)
{
    for (size_t i = 0; i < p->n; i++) {
        value[i] = x;
    }
}

void graph_init(const struct graph *g, uint64_t seed, float *value)
{
    for (int i = 0; i < g->n_nodes; i++) {
        const struct node *node = &g->node[i];
        for (int j = 0; j < NODE_MAX_PARAM && node->param[j] >= 0; j++) {
            const struct param *p = &g->param[node->param[j]];
            const struct param *weight = &g->param[node->param[0]];
            float *to = value + p->offset;
            if (node->op == OP_CONV2D && j == 0) {
                init_conv_weight(p, seed, to);
            } else if (node->op == OP_BATCH_NORM) {
                init_constant(p, j == 0 || j == 3 ? 1.0F : 0.0F, to);
            } else {
                init_uniform(p, seed, weight->n / weight->dim[0], to);
            }
        }
    }
}
