/* SPDX-License-Identifier: MIT */
/*
 * What goes into a network and what comes out of it, where training and prediction must do the
 * very same: which picture stands in for a missing view, probabilities from logits, a place from
 * probabilities or from scaled coordinates.
 */
#ifndef TRAIN_NN_PLACE_H
#define TRAIN_NN_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "core/geo.h"

/* place_fill_views - complete a record of n_views pictures of view_bytes each in place: a missing
 * view becomes a copy of the next present one clockwise. mask: bit v is set when view v is
 * present; not 0. */
void place_fill_views(uint8_t *record, uint32_t mask, int n_views, size_t view_bytes);

/* place_softmax - probabilities of n logits, in f64, largest logit first subtracted.
 *   logit [n] f32    p [n] f64 OUT, sums to 1
 */
void place_softmax(const float *logit, size_t n, double *p);

/* place_mean - the published rule: mean of the class points as unit vectors, weighted by
 * probability; the most probable point when the vectors cancel. p may be NULL: equal weights. */
struct lonlat place_mean(const struct lonlat *point, const double *p, size_t n);

/* place_scaled - the outputs of a regression back to metres: x = min_x + out[0] (max_x - min_x).
 * Outputs are limited to -1 .. 2, one width beside the train part, so that every projection can
 * take the place back to degrees. */
struct xy place_scaled(const float out[2], struct bbox scale);

#endif
