/* SPDX-License-Identifier: MIT */
/* What changes or measures whole parameter arrays: optimisers, the gradient's norm and scale. Work is
 * cut into chunks of fixed length, so results do not depend on the number of threads. */
#ifndef TRAIN_NN_CPU_OPTIM_H
#define TRAIN_NN_CPU_OPTIM_H

#include <stddef.h>

#include "train/nn/backend.h"

/* One parameter's slices of the model's arrays, [n] each. */
struct optim_slice {
    float *value, *grad, *moment1, *moment2;
    size_t n;
};

/* optim_step - one step with learning rate lr; t is how many its block has taken, with this. */
void optim_step(const struct step_spec *s, float lr, int64_t t, const struct optim_slice *x);

/* optim_sum_squares - of v [n], in double; partial is scratch, [optim_chunks(n)]. */
double optim_sum_squares(const float *v, size_t n, double *partial);
size_t optim_chunks(size_t n);

void optim_scale(float *v, size_t n, float factor);

#endif
