/* SPDX-License-Identifier: MIT */
/* How far the locations of a part are from those a network learns from. */
#ifndef PREP_SPLIT_DISTANCE_H
#define PREP_SPLIT_DISTANCE_H

#include <stddef.h>

#include "core/err.h"
#include "prep/split_assign.h"

/* Distance from the locations of a part to their nearest train location. */
struct split_distance {
    size_t n;
    double p10_km, p50_km, p90_km;          /* linear between order statistics; NAN when n is 0 */
    double share_50m, share_1km, share_5km; /* of n, not farther than */
};

extern const struct split_distance split_no_distance; /* n is 0 */

/*
 * split_distances - out[parts->n]. Where no part is called train (folds), the distances are to the
 * nearest location of any other part. n is 0 for train itself, for an empty part, and where there
 * is nothing to be near to. Those in the buffer count for neither side.
 */
int split_distances(const struct split_item *item, size_t n, const struct split_parts *parts,
                    struct split_distance *out, struct err *e);

#endif
