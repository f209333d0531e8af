/* SPDX-License-Identifier: MIT */
/*
 * Points of a plane that are kept apart: a hash of squares whose diagonal is the distance, so that a
 * square holds one point at most and only the 5 x 5 squares around a new one must be looked at.
 * Memory follows the number of points, not the area.
 *
 *     struct spread s;
 *     spread_init(&s, 500);
 *     TRY(spread_add(&s, p, &added, e));
 *     spread_release(&s);
 */
#ifndef FETCH_SPREAD_H
#define FETCH_SPREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"

struct spread {
    double distance_m, side_m;
    struct spread_square *square; /* [n_squares], a power of two, at most half full; owned */
    size_t n_squares, n_points;
};

void spread_init(struct spread *s, double distance_m); /* > 0 */
void spread_release(struct spread *s);

/* spread_add - p becomes one of the points when it is far enough from all of them. ERR_SYSTEM: out
 * of memory. */
int spread_add(struct spread *s, struct xy p, bool *added, struct err *e);

#endif
