/* SPDX-License-Identifier: MIT */
/*
 * The operations of the reference backend: every number is a double, every loop is plain, so that
 * what a faster backend computes can be judged by it.
 */
#ifndef TRAIN_NN_REF_OPS_H
#define TRAIN_NN_REF_OPS_H

#include <stdbool.h>
#include <stddef.h>

#include "train/nn/graph.h"

/* One node at work on a batch. Backward adds to dx and grad; both passes see the same x and y. */
struct ref_op {
    const struct node *node;
    struct shape in;              /* of x[0] */
    size_t n;                     /* images (or locations, once views are joined) in x[0] */
    const double *x[NODE_MAX_IN]; /* [n, C, H, W] */
    double *y;                    /* [n, K, OH, OW] */
    const double *dy;             /* of the loss by y */
    double *dx[NODE_MAX_IN];      /* NULL: not wanted */
    float *value[NODE_MAX_PARAM]; /* parameters; training batch norm updates its statistics */
    float *grad[NODE_MAX_PARAM];
    bool training; /* batch norm: of the batch, not running statistics */
    double *saved; /* batch norm: [2, C] mean and 1/std of the batch */
};

typedef void ref_op_fn(const struct ref_op *o);

/* By enum op; NULL where there is nothing to do (OP_INPUT). */
extern ref_op_fn *const ref_forward[OP_COUNT];
extern ref_op_fn *const ref_backward[OP_COUNT];

#endif
