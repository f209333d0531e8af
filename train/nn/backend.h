/* SPDX-License-Identifier: MIT */
/*
 * What a backend is: one table of functions. `ref` (plain loops, float64 accumulation, for tests),
 * `cpu` (oneDNN and our own kernels) and `cuda` (cuDNN, cuBLASLt and our own kernels) fill it, and
 * the same tests run on all.
 *
 *     const struct backend *b = NULL;
 *     TRY(backend_find("cpu", &b, e));
 *     TRY(b->model_new(g, &(struct model_spec){.precision = PREC_F32, .n_threads = 2}, &m, e));
 *     TRY(b->model_set(m, MODEL_VALUE, weights, e));
 *     TRY(b->plan_new(m, &(struct plan_spec){.max_n = 16, .train_from = 0}, &p, e));
 *     for each step:
 *         TRY(b->forward(p, &batch, logits, e));
 *         ... loss and its gradient dlogits on the host ...
 *         TRY(b->grad_zero(m, e));
 *         TRY(b->backward(p, dlogits, e));
 *         TRY(b->step(m, &step, e));
 *
 * A model owns the numbers that outlive a batch (values, gradients, optimiser moments), a plan the
 * activations of one batch size and mode. Plans borrow their model and must be freed before it.
 * A model with its plans is used by one thread at a time; the backend runs its own threads.
 * Repeat: same bits for the same calls with the same n_threads on the same machine.
 */
#ifndef TRAIN_NN_BACKEND_H
#define TRAIN_NN_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "train/nn/graph.h"

struct model; /* each backend defines its own */
struct plan;

enum precision {
    PREC_F32,
    PREC_BF16 /* activations and products in bf16, master weights, sums and statistics in f32 */
};

struct model_spec {
    enum precision precision;
    int n_threads;         /* 0: one per core allowed */
    float mean[3], std[3]; /* of RGB / 255: what OP_INPUT does to bytes; std 0 means 1 */
};

/* What model_set and model_get move: flat f32 arrays of graph.n_floats, in graph.param's layout. */
enum model_array {
    MODEL_VALUE,   /* parameters and running statistics */
    MODEL_GRAD,    /* gradients; zero where is_buffer */
    MODEL_MOMENT1, /* Adam's first moment, SGD's velocity */
    MODEL_MOMENT2, /* Adam's second moment */
    MODEL_ARRAY_COUNT
};

#define PLAN_INFER INT32_MAX

struct plan_spec {
    int max_n;      /* largest number of locations a call may pass; smaller ones are accepted */
    int train_from; /* the first block that learns: 0 all, n_blocks-1 the head only, PLAN_INFER
                       none. Blocks before it run in inference mode (running statistics, no
                       saved activations). */
};

/* One batch: exactly one of rgb and f32 is set. Borrowed for the call. */
struct batch {
    int n;              /* locations, 1 .. max_n */
    const uint8_t *rgb; /* [N, V, H, W, 3] u8; normalised to (x/255 - mean)/std */
    const float *f32;   /* [N*V, 3, H, W] f32 NCHW, taken as it is */
};

enum optimiser { OPTIMISER_ADAM, OPTIMISER_ADAMW, OPTIMISER_SGD };

struct step_spec {
    enum optimiser optimiser;
    const int64_t *t; /* [n_blocks] 1, 2, 3 ...: the steps a block has taken, this one included;
                         Adam's bias correction. A block that is unfrozen later starts at 1. */
    float lr_backbone, lr_head;
    float beta1, beta2, eps; /* Adam; beta1 is SGD's momentum */
    float weight_decay;      /* Adam, SGD: L2 on the gradient; AdamW: decoupled */
    int train_from;          /* as in plan_spec: parameters of earlier blocks stay */
};

struct backend {
    const char *name;

    /* describe - one line with library versions and what the processor offers. */
    int (*describe)(char *text, size_t size, struct err *e);

    /* model_new - ERR_DEVICE when the device or the precision is not to be had here.
     * g is borrowed for the model's life. All arrays start zero. */
    int (*model_new)(const struct graph *g, const struct model_spec *s, struct model **m,
                     struct err *e);
    void (*model_free)(struct model *m);
    int (*model_set)(struct model *m, enum model_array what, const float *from, struct err *e);
    int (*model_get)(struct model *m, enum model_array what, float *to, struct err *e);

    int (*plan_new)(struct model *m, const struct plan_spec *s, struct plan **p, struct err *e);
    void (*plan_free)(struct plan *p);

    /* forward - out [N, n_out] f32: the head's output. A training plan keeps what backward needs
     * and updates running statistics of the blocks that learn. */
    int (*forward)(struct plan *p, const struct batch *b, float *out, struct err *e);

    /* backward - adds to MODEL_GRAD the gradient for dout [N, n_out] f32 of the last forward. */
    int (*backward)(struct plan *p, const float *dout, struct err *e);

    int (*grad_zero)(struct model *m, struct err *e);

    /* grad_norm - l2 norm over the gradients of the blocks from train_from on, in a fixed order;
     * grad_scale multiplies them (clipping, accumulation). */
    int (*grad_norm)(struct model *m, int train_from, double *norm, struct err *e);
    int (*grad_scale)(struct model *m, float factor, struct err *e);

    int (*step)(struct model *m, const struct step_spec *s, struct err *e);
};

/* backend_find - by name; ERR_USAGE lists the known ones, ERR_DEVICE when it was not built in.
 * "auto" is cuda where a device is present, else cpu. */
int backend_find(const char *name, const struct backend **b, struct err *e);

extern const struct backend backend_ref;
extern const struct backend backend_cpu;

#endif
