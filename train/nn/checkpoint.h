/* SPDX-License-Identifier: MIT */
/*
 * What a checkpoint carries: the weights, and everything a prediction needs, so that nothing can
 * disagree with the training: a .safetensors file whose __metadata__ "gdje" is a JSON object with
 * the fields below. It also holds what a resume needs (moments, counters) when asked to.
 */
#ifndef TRAIN_NN_CHECKPOINT_H
#define TRAIN_NN_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "core/image.h"
#include "train/nn/graph.h"

enum task { TASK_CLASSIFICATION, TASK_REGRESSION };

/* task_name - "classification", "regression"; static. */
const char *task_name(enum task t);

/* One class: index in the array is the network's output. */
struct class_point {
    int64_t id;         /* class.id of the catalog it was trained from */
    struct lonlat data; /* mean of its train locations: what decoders use */
    struct lonlat clipped;
    int64_t n_train;
};

struct checkpoint {
    char arch[32];
    enum task task;
    char run[128];
    int size_px, n_views;
    bool fast_decode;      /* pictures: struct image_form's fast */
    int jpeg_quality;      /* ... and quality */
    float mean[3], std[3]; /* of RGB / 255, train part */
    char crs[64];          /* regression: outputs are (x-min_x)/(max_x-min_x), ... */
    struct bbox scale;     /* metres */
    char border_sha256[65];
    int64_t n_classes;
    struct class_point *cls; /* [n_classes], owned; NULL for regression */
    int epoch;
    double val_km;    /* NAN: not known */
    char version[32]; /* of gdje */
    char *config;     /* the run's configuration, JSON, owned; may be NULL */

    struct graph *graph; /* owned */
    float *value;        /* [graph->n_floats], owned */

    /* For a resume only; NULL and 0 otherwise. */
    float *moment1, *moment2; /* [graph->n_floats], owned */
    char *state;              /* the trainer's own JSON, owned */
};

/* checkpoint_form - how pictures were made into the network's input, and must be again. */
struct image_form checkpoint_form(const struct checkpoint *c);

/* checkpoint_save - whole file or none. Moments and state are written when not NULL. The same
 * checkpoint gives the same bytes. */
int checkpoint_save(const char *path, const struct checkpoint *c, struct err *e);

/* checkpoint_load - ERR_INPUT: not a checkpoint, another version, shapes that do not fit the
 * architecture. Fills *c, owned: checkpoint_release; untouched on failure. */
int checkpoint_load(const char *path, struct checkpoint *c, struct err *e);
void checkpoint_release(struct checkpoint *c); /* leaves it zeroed */

#endif
