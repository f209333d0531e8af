/* SPDX-License-Identifier: MIT */
/*
 * The nearest of many places, exactly: great-circle distance grows with the chord between unit
 * vectors, so a k-d tree in three dimensions finds it, across the antimeridian and at the poles.
 *
 *     struct nearest *t = NULL;
 *     TRY(nearest_new(train, n_train, &t, e));
 *     size_t i = nearest_find(t, place, &km);
 *     nearest_free(t);
 */
#ifndef CORE_NEAREST_H
#define CORE_NEAREST_H

#include <stddef.h>

#include "core/err.h"
#include "core/geo.h"

struct nearest;

/* nearest_new - over p[n], n >= 1, all geo_valid; p is copied. */
int nearest_new(const struct lonlat *p, size_t n, struct nearest **t, struct err *e);
void nearest_free(struct nearest *t);

/* nearest_find - index of the place nearest to q (the lowest of several at the same distance), and
 * its distance when km is not NULL. Threads: safe. Some microseconds among a million places. */
size_t nearest_find(const struct nearest *t, struct lonlat q, double *km);

#endif
