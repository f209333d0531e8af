/* SPDX-License-Identifier: MIT */
/* What a network is taught for one location. */
#ifndef TRAIN_TARGET_H
#define TRAIN_TARGET_H

#include <stdint.h>

#include "core/geo.h"

struct target_spec {
    const struct lonlat *point; /* [n_classes] data centroids, borrowed; NULL: regression */
    int64_t n_classes;
    double smooth_km;       /* tau; 0: one-hot */
    double label_smoothing; /* this share of the probability is spread evenly */
};

/*
 * target_class - probabilities of the classes.
 *
 *   label  0 .. n_classes-1
 *   truth  where the location is: distances count from here
 *   row    [n_classes] f32 OUT, sums to 1
 *
 * With smooth_km tau, p_k ~ exp(-(d_k - d_min) / tau), d_k the distance from the truth to the
 * class's point: a near miss costs less than a far one.
 * Source: Haas, Skreta, Alberti and Finn 2023, "PIGEON", eq. 2 (there tau is 65 to 75 km).
 */
void target_class(const struct target_spec *t, int64_t label, struct lonlat truth, float *row);

#endif
