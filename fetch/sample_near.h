/* SPDX-License-Identifier: MIT */
/* The places that points are drawn around: a table with a column of latitudes and one of
 * longitudes. */
#ifndef FETCH_SAMPLE_NEAR_H
#define FETCH_SAMPLE_NEAR_H

#include <stddef.h>

#include "core/err.h"
#include "core/geo.h"

/*
 * sample_near_read - CSV or TSV; the columns are named lat, latitude or lat_deg, and lon, lng,
 * longitude or lon_deg.
 *
 *   out   OUT: [n] owned (free), in the order of the rows
 *
 * ERR_INPUT: not there, no such columns, no rows, or the line that holds no place on Earth.
 */
int sample_near_read(const char *path, struct lonlat **out, size_t *n, struct err *e);

#endif
