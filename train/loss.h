/* SPDX-License-Identifier: MIT */
/*
 * Losses on the host: value and gradient for the network's output, sums in f64.
 *
 *   out     [N, K] f32  the head's output: logits, or scaled coordinates
 *   target  [N, K] f32  probabilities that sum to 1, or scaled coordinates
 *   dout    [N, K] f32  OUT gradient of the mean over N; NULL: not wanted
 *   each    [N] f64     OUT loss of each location
 */
#ifndef TRAIN_LOSS_H
#define TRAIN_LOSS_H

#include <stddef.h>

/* loss_cross_entropy - -sum_k t_k log softmax(out)_k; the mean over N is returned. */
double loss_cross_entropy(const float *out, const float *target, size_t N, size_t K, float *dout,
                          double *each);

/* loss_mse - mean over K of (out - target)^2; the mean over N is returned: torch's MSELoss. */
double loss_mse(const float *out, const float *target, size_t N, size_t K, float *dout,
                double *each);

#endif
