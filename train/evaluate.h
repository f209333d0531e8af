/* SPDX-License-Identifier: MIT */
/*
 * A part measured with the network as it is: loss, accuracy, F1 and great-circle error of every
 * location. A class's probabilities become a place by place_mean (the published rule), scaled
 * coordinates by place_scaled and the projection.
 */
#ifndef TRAIN_EVALUATE_H
#define TRAIN_EVALUATE_H

#include "core/err.h"
#include "core/geo.h"
#include "shapes/crs.h"
#include "train/loader.h"
#include "train/metrics.h"
#include "train/network.h"

struct evaluator {
    struct network *net; /* borrowed, as the next two */
    struct loader *loader;
    const struct dataset *data;
    struct crs *crs;      /* regression; owned */
    struct metrics m;     /* of the last part */
    double *prob;         /* [n_classes]; owned */
    struct xy *xy;        /* [batch] regression; owned */
    struct lonlat *place; /* [batch] predicted; owned */
};

int evaluator_init(struct evaluator *v, struct network *net, struct loader *loader,
                   const struct dataset *d, struct err *e);
void evaluator_release(struct evaluator *v);

/* evaluate_part - fills v->m. ERR_INPUT for a loss that is not finite, ERR_INTERRUPTED. */
int evaluate_part(struct evaluator *v, enum part_name part, struct err *e);

/* argmax - the first of the largest. */
int64_t argmax(const float *x, int64_t n);

#endif
