/* SPDX-License-Identifier: MIT */
/*
 * A checkpoint made ready to answer: batches of pictures in, what the head says out.
 *
 *     struct network *net = NULL;
 *     TRY(network_open("best.safetensors", &(struct network_spec){.backend = "auto", ...}, &net, e));
 *     TRY(network_run(net, rgb, n, out, e));
 *     network_close(net);
 */
#ifndef PREDICT_NETWORK_H
#define PREDICT_NETWORK_H

#include <stdint.h>

#include "core/err.h"
#include "train/nn/backend.h"
#include "train/nn/checkpoint.h"

struct network_spec {
    const char *backend; /* as backend_find */
    enum precision precision;
    int n_threads; /* 0: one per core */
    int batch;     /* most locations per call */
};

struct network;

int network_open(const char *path, const struct network_spec *spec, struct network **out,
                 struct err *e);
void network_close(struct network *net); /* NULL ok */

/* network_checkpoint - what it carries besides weights (those are gone). View, until close. */
const struct checkpoint *network_checkpoint(const struct network *net);
const char *network_backend(const struct network *net);
int network_n_out(const struct network *net);

/*
 * network_run - n locations, 1 .. batch.
 *
 *   rgb  [n, V, size, size, 3] u8
 *   out  [n, n_out] f32 OUT: logits, or scaled coordinates
 *
 * ERR_INPUT when an output is not finite: the weights are damaged.
 */
int network_run(struct network *net, const uint8_t *rgb, int n, float *out, struct err *e);

#endif
