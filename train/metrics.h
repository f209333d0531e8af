/* SPDX-License-Identifier: MIT */
/*
 * What is measured over a part: mean loss, accuracy, macro F1 and mean great-circle error, over
 * locations (never a mean of batch means), summed in f64 in the order of the part.
 *
 *     struct metrics m = {0};
 *     TRY(metrics_new(&m, n_classes, e));
 *     metrics_reset(&m);
 *     metrics_add_class(&m, label, predicted);
 *     ... metrics_accuracy(&m) ...
 *     metrics_release(&m);
 */
#ifndef TRAIN_METRICS_H
#define TRAIN_METRICS_H

#include <stdint.h>

#include "core/err.h"

struct metrics {
    double loss_sum, km_sum;
    int64_t n_loss, n_km, n_right, n_labelled;
    int64_t n_classes;
    int64_t *hit, *truth, *guess; /* [n_classes] counts; owned */
};

int metrics_new(struct metrics *m, int64_t n_classes, struct err *e); /* 0 for regression */
void metrics_release(struct metrics *m);
void metrics_reset(struct metrics *m);

void metrics_add_loss(struct metrics *m, double loss);
void metrics_add_class(struct metrics *m, int64_t label, int64_t guess);
void metrics_add_km(struct metrics *m, double km);

/* NAN when nothing was added. */
double metrics_loss(const struct metrics *m);
double metrics_km(const struct metrics *m);
double metrics_accuracy(const struct metrics *m);

/* metrics_f1 - macro F1: the mean of 2 hit / (truth + guess) over the classes that occur among
 * truths or guesses, as scikit-learn's f1_score(average="macro"). */
double metrics_f1(const struct metrics *m);

#endif
