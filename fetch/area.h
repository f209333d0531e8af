/* SPDX-License-Identifier: MIT */
/*
 * What a survey is of: a rectangle of degrees, or what is inside a border.
 *
 *     TRY(area_open("13.4,42.3,19.5,46.6", &a, e));     (west, south, east, north)
 *     TRY(area_open("shapes/croatia.shp", &a, e));
 *     TRY(area_boxes(a, 0.09, &box, &n, e));
 *     area_free(a);
 */
#ifndef FETCH_AREA_H
#define FETCH_AREA_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/geo.h"

#define AREA_MAX_BOXES 2000000

struct area;

/* area_open - ERR_USAGE for numbers that are no rectangle; else text names a file for border_open.
 * A west that is east of the east goes across the antimeridian. */
int area_open(const char *text, struct area **out, struct err *e);
void area_free(struct area *a);

/* area_name - the same for the same area, however it was given: numbers, or a digest. View. */
const char *area_name(const struct area *a);

bool area_contains(const struct area *a, struct lonlat p);

/*
 * area_boxes - squares with sides of side_deg, aligned to its multiples, that together cover the
 * area; clipped to a rectangle, and only those that a border touches. Longitudes are within +-180,
 * a whole number of which side_deg must be. *box is owned (free).
 */
int area_boxes(const struct area *a, double side_deg, struct bbox **box, size_t *n, struct err *e);

#endif
