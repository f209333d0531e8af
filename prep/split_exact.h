/* SPDX-License-Identifier: MIT */
/*
 * Parts of exact size. In every stratum each part gets its share of the locations, rounded down or
 * up; what rounding takes from a part in one stratum it is given back in the next, so that small
 * strata do not all favour the same part.
 *
 * Groups are not torn: those of several locations are dealt first, largest first, each to its part
 * by hash while that has room, else to the part with most room; single ones then fill what is left.
 * The price is that a new location may move others.
 */
#ifndef PREP_SPLIT_EXACT_H
#define PREP_SPLIT_EXACT_H

#include <stddef.h>

#include "core/err.h"
#include "prep/split_assign.h"

/* split_exact - part of each item. A group's stratum is that of its item with the lowest id.
 * *worst: by how many locations the worst part of a stratum misses its share, because of groups
 * (less than 1 without). */
int split_exact(struct split_item *item, size_t n, const struct split_parts *parts, double *worst,
                struct err *e);

#endif
