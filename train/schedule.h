/* SPDX-License-Identifier: MIT */
/* Learning rates over time. */
#ifndef TRAIN_SCHEDULE_H
#define TRAIN_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * PyTorch's ReduceLROnPlateau, mode min, threshold 1e-4 relative, cooldown 0, eps 1e-8: when the
 * metric has not got better for more than `patience` epochs, every rate is multiplied by factor.
 * Source: torch/optim/lr_scheduler.py (2.x), class ReduceLROnPlateau, method step.
 */
struct plateau {
    double factor, min_lr;
    int64_t patience;
    double best; /* INFINITY at first */
    int64_t n_bad;
};

void plateau_init(struct plateau *p, double factor, int64_t patience, double min_lr);

/* plateau_step - after an epoch; lr [n] are changed in place. Returns whether they were reduced. */
bool plateau_step(struct plateau *p, double metric, double *lr, int n);

/* cosine_factor - what the base rate is multiplied with at step 0 .. n_steps-1: linear up to 1
 * over the first n_warmup steps, then half a cosine down to 0 (Loshchilov and Hutter 2017,
 * "SGDR", eq. 5, without restarts). */
double cosine_factor(int64_t step, int64_t n_warmup, int64_t n_steps);

#endif
