/* SPDX-License-Identifier: MIT */
/*
 * Points inside a border, uniform on the ground: drawn in a projected reference system, kept when
 * they fall inside. "Uniform" is as good as the system's scale is constant: within 0.1 % for a
 * country in its own transverse Mercator zone; take an equal-area system for a continent.
 */
#ifndef FETCH_POINTS_H
#define FETCH_POINTS_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "shapes/border.h"
#include "shapes/crs.h"

/* Degrees are rounded to this, so that what is printed and what is stored are the same. */
#define POINTS_DEGREE_STEP 1e-7

/*
 * points_draw - up to n points.
 *
 *   min_distance_m  0, or no two points are closer (Poisson disk by dart throwing, planar distance
 *                   in the reference system)
 *   out             [n] struct lonlat, OUT
 *   n_out           OUT: fewer than n when there was no room for more
 *
 * Returns 0, or -1 with *e: ERR_INPUT when nothing falls inside, ERR_INTERRUPTED.
 * Repeat:  the first k points are the same for every n >= k, whatever the machine.
 */
int points_draw(const struct border *b, struct crs *c, uint64_t seed, double min_distance_m,
                struct lonlat *out, size_t n, size_t *n_out, struct err *e);

#endif
