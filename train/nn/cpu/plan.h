/* SPDX-License-Identifier: MIT */
/*
 * Inside of the cpu backend: how a graph becomes something that runs.
 *
 * A `plan` (backend.h) owns one `program` per batch size it has met, since oneDNN's primitives are
 * compiled for fixed shapes; the last few are kept. A program is made in four passes:
 *
 *  1. lower.c groups the graph's nodes into `units`, each one sweep over memory:
 *         convolution (conv.c, taps.c)              [+ norm + add + relu where nothing learns]
 *         affine: norm, add, relu, in this order, at least one of them
 *         max pool, average pool, cast, linear
 *     Where nothing learns, batch norm is folded into the weights of the convolution before it,
 *     and add and relu are done by the convolution on its way out.
 *  2. each unit plans its forward pass: which buffers, which primitives (unit_ops.plan);
 *  3. from the last unit back to the first that learns, its backward pass (unit_ops.plan_back);
 *  4. buffers with disjoint lifetimes get the same place in the arena (buf.c), which is allocated
 *     once; addresses are put into the primitives. Nothing is allocated while a step runs.
 *
 * Time, for lifetimes, is the index of a unit on the way forward and n_time-1 minus it on the way
 * back. All activations of 16k channels use oneDNN's blocked layout, so no reorder ever happens
 * between units.
 *
 * Gradients: every use of a tensor contributes one buffer to its gradient; whoever reads the
 * gradient adds them up while reading (grads_take). A residual block's shortcut costs no sweep.
 */
#ifndef TRAIN_NN_CPU_PLAN_H
#define TRAIN_NN_CPU_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "train/nn/backend.h"
#include "train/nn/cpu/dnnl.h"
#include "train/nn/cpu/kernel.h"

struct model {
    const struct graph *g;
    struct model_spec spec;
    int n_threads;
    struct dn dn;
    float *array[MODEL_ARRAY_COUNT]; /* each [g->n_floats], 64-byte aligned */
    uint64_t *values_at;             /* [n_blocks] counts changes of what the optimiser moves, */
    uint64_t *stats_at;              /* [n_blocks] and of running statistics */
    double *partial;                 /* [n_partial]: grad_norm's sums */
    size_t n_partial;
    float input_f32[3][256]; /* what a byte of R, G, B becomes */
    uint16_t input_bf16[3][256];
};

/* --- buffers: buf.c ------------------------------------------------------------------------------ */

enum {
    BUF_SCRATCH, /* what primitives want as scratch memory */
    BUF_STAGE,   /* one convolution's weights in PyTorch's layout */
    BUF_FIRST
};
#define BUF_NONE (-1)

struct buf {
    size_t n_bytes, offset;
    int first, last; /* lifetime, inclusive */
    bool keeps;      /* outlives the call: weights in oneDNN's layout */
    bool shared;     /* part of two gradients: must not be written in place */
};

/* --- tensors and units ---------------------------------------------------------------------------- */

#define TENSOR_MAX_GRADS 8

struct tensor {
    struct layout layout;
    int buf;
    bool wants_grad;
    int n_grads;
    int grad[TENSOR_MAX_GRADS]; /* buffers; their sum is the gradient */
};

struct program;
struct unit;

struct unit_ops {
    /* plan - buffers and primitives of the forward pass at time u. */
    int (*plan)(struct program *p, int u, struct err *e);
    int (*plan_back)(struct program *p, int u, struct err *e); /* NULL: nothing to do */
    int (*forward)(struct program *p, struct unit *u, struct err *e);
    int (*backward)(struct program *p, struct unit *u, struct err *e);
};

extern const struct unit_ops input_ops, conv_ops, affine_ops, max_pool_ops, avg_pool_ops, cast_ops,
    linear_ops, taps_ops;

/* sum = a + b before the unit's backward pass: gradients beyond what it adds up by itself. */
struct fold {
    int a, b, sum;
};

struct conv_state {
    int widen; /* groups joined into one, see conv.c */
    int n_dims;
    dnnl_dims_t dim;               /* weights after widening */
    uint64_t seen;                 /* version of what the packed weights were made from */
    int weight, weight_back, bias; /* buffers that keep */
    bool copy_residual;            /* sum in place is impossible */
    struct call *pack, *pack_back; /* weights from the model or the stage */
    struct call *run, *run_data, *run_weights;
    struct call *unpack; /* weight gradient to the model or the stage */
    int dy, dx, dw, db;
};

struct taps_state {
    uint64_t seen;
    int weight, bias; /* buffers that keep */
    int x, y;         /* activations as rows */
    int x_back, y_back, dw, dy, dx;
};

struct affine_state {
    int moments; /* [2, N, C]: mean and m2 of each image */
    int sums;    /* [2, N, C]: the same place's sums of the way back */
    int fixed;   /* [4, C]: a, b, mean, 1/sqrt(var + eps) */
    int coef;    /* [3, C]: p, q, r of strip_back_data */
    int d[2];    /* the incoming gradient's parts */
    int g, dx;   /* what passes; what the input gets */
};

struct pool_state {
    int which;
    int dy, dx;
};

struct linear_state {
    int dy, dx;
};

struct unit {
    const struct unit_ops *ops;
    const struct node *conv, *norm, *other; /* of the graph; other: pool or linear */
    const char *name;                       /* of its first parameter, for messages */
    int in, res, out;                       /* tensors; res: what add adds, BUF_NONE without */
    bool relu, learns;
    int block;
    int n_folds;
    struct fold fold[2 * TENSOR_MAX_GRADS];
    union {
        struct conv_state conv;
        struct taps_state taps;
        struct affine_state affine;
        struct pool_state pool;
        struct linear_state linear;
    } s;
};

struct program {
    struct plan *plan;
    struct model *m;
    int n; /* locations */
    uint64_t used_at;
    struct unit *unit;
    int n_units, n_time, first_back; /* units from first_back on have a backward pass */
    struct tensor *tensor;
    int n_tensors;
    struct buf *buf;
    int n_bufs;
    size_t cap_bufs;
    void **address;            /* [n_bufs] */
    void *kept;                /* memory of the buffers that keep */
    size_t n_arena;            /* bytes wanted of the plan's arena */
    const void *bound;         /* the arena that the addresses were made for */
    struct call *calls;        /* all, to bind and free */
    const struct batch *batch; /* during forward */
};

#define PLAN_PROGRAMS 4

struct plan {
    struct model *m;
    struct plan_spec spec;
    struct program *program[PLAN_PROGRAMS];
    struct program *last; /* the one that ran forward last */
    uint64_t clock;
    void *arena; /* shared by the programs: only one is between forward and backward */
    size_t n_arena;
};

/* buf_new - a buffer that lives at `time` (buf_touch extends it); its index, or -1 with *e. */
int buf_new(struct program *p, size_t n_bytes, int time, struct err *e);
int buf_new_kept(struct program *p, size_t n_bytes, struct err *e);
void buf_touch(struct program *p, int buf, int time);
/* buf_grow - for BUF_SCRATCH and BUF_STAGE, of which there is one each. */
void buf_grow(struct program *p, int buf, size_t n_bytes);
/* buf_layout - places for all; allocates what keeps and sets n_arena. */
int buf_layout(struct program *p, struct err *e);
/* buf_bind - addresses for this arena. */
int buf_bind(struct program *p, void *arena, struct err *e);

void *mem_new(size_t n_bytes); /* zeroed, 64-byte aligned; free with free */

/* --- programs: lower.c, program.c ----------------------------------------------------------------- */

/* lower - the units and tensors of the plan's graph for p->n locations. */
int lower(struct program *p, struct err *e);

/* taps_fit - is convolution u one for taps.c? */
bool taps_fit(const struct program *p, const struct unit *u);

int program_new(struct plan *plan, int n, struct program **p, struct err *e);
void program_free(struct program *p);
int program_bind(struct program *p, struct err *e);

/* What units share, in program.c. */
int program_call(struct program *p, const_dnnl_primitive_desc_t pd, const char *object,
                 struct call **c, struct err *e);
int time_back(const struct program *p, int u);
void *at(const struct program *p, int buf); /* NULL for BUF_NONE */
/* tensor_md - what oneDNN calls a layout. */
int tensor_md(const struct layout *l, dnnl_memory_desc_t *md, struct err *e);
/* out_new - a buffer for the unit's output. */
int out_new(struct program *p, int u, struct err *e);
/* grads_take - the gradient of the unit's output as at most max buffers, d[1] BUF_NONE if one; all
 * are touched at the unit's time back. */
int grads_take(struct program *p, int u, int max, int *d, struct err *e);
/* grad_give - buffer buf is a part of tensor t's gradient. */
int grad_give(struct program *p, int t, int buf, struct err *e);

#endif
