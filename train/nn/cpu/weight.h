/* SPDX-License-Identifier: MIT */
/* A convolution's weights and bias as they are used: its own, or with batch norm folded in. */
#ifndef TRAIN_NN_CPU_WEIGHT_H
#define TRAIN_NN_CPU_WEIGHT_H

#include "train/nn/cpu/plan.h"

/* param_array - where parameter `param` lies in one of the model's arrays. */
float *param_array(const struct program *p, enum model_array what, int param);

/* weight_folds - are the weights a product of the model's and of batch norm's? */
bool weight_folds(const struct unit *u);
bool weight_has_bias(const struct unit *u);

/* weight_version - changes whenever what the weights are made from does; never 0. */
uint64_t weight_version(const struct program *p, const struct unit *u);

/* weight_scale - what batch norm multiplies output channel k by. */
float weight_scale(const struct program *p, const struct unit *u, size_t k);

/* weight_fill - the weights [K, widen C/G, R S]: scaled, and among zeros where `widen` groups were
 * joined into one. */
void weight_fill(const struct program *p, const struct unit *u, int widen, float *to);
void weight_fill_bias(const struct program *p, const struct unit *u, float *bias);

/* weight_add_bias - add db [K] to the gradient of the bias. */
void weight_add_bias(const struct program *p, const struct unit *u, const float *db);

#endif
