/* SPDX-License-Identifier: MIT */
/*
 * The network of a run: graph, model and plans of a backend, and the two things that are done with
 * a batch - learn from it, or measure it.
 */
#ifndef TRAIN_NETWORK_H
#define TRAIN_NETWORK_H

#include <stdint.h>

#include "core/err.h"
#include "train/dataset.h"
#include "train/loader.h"
#include "train/nn/backend.h"
#include "train/prefs.h"

struct network {
    const struct backend *backend;
    const struct train_prefs *prefs;
    enum task task;
    struct graph *graph; /* owned, as all below */
    struct model *model;
    struct plan *learn, *infer;
    int train_from; /* of plan learn; -1: none yet */
    float *out;     /* [batch, n_out] of the last batch */
    float *dout;
    double *each; /* [batch] loss of each location */
};

int network_open(struct network *net, const struct train_prefs *prefs, const struct dataset *d,
                 const struct pack *pack, const struct backend *backend, struct err *e);
void network_close(struct network *net);

/* network_learn_from - compile the plan that trains blocks from train_from on, if it is another. */
int network_learn_from(struct network *net, int train_from, struct err *e);

struct rates {
    double head, backbone;
};

/* network_learn - one step of the optimiser. steps [n_blocks] are counted up. *loss: the mean over
 * the batch; when it is not finite, nothing is learned from it. */
int network_learn(struct network *net, const struct minibatch *b, struct rates lr, int64_t *steps,
                  double *loss, struct err *e);

/* network_measure - out and each for a batch, without learning. */
int network_measure(struct network *net, const struct minibatch *b, struct err *e);

#endif
