/* SPDX-License-Identifier: MIT */
/*
 * Projections: the one adapter around PROJ. From EPSG:4326 (longitude first) to any projected
 * reference system and back; easting first.
 */
#ifndef SHAPES_CRS_H
#define SHAPES_CRS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/geo.h"

struct crs;

/* crs_open - "EPSG:3765" or anything PROJ knows. ERR_USAGE when it does not, or when the system
 * is not projected in metres. */
int crs_open(const char *name, struct crs **out, struct err *e);
void crs_free(struct crs *c);

/* crs_clone - the same for another thread, faster than opening it anew. */
int crs_clone(const struct crs *c, struct crs **out, struct err *e);

/* crs_project, crs_unproject - n points in one call; longitudes in at any turn (190 is -170), out
 * within 180. ERR_INPUT names the first point that has no image. Threads: one struct crs per thread.
 * in and out may not overlap. */
int crs_project(struct crs *c, const struct lonlat *p, struct xy *out, size_t n, struct err *e);
int crs_unproject(struct crs *c, const struct xy *p, struct lonlat *out, size_t n, struct err *e);

/* crs_area_of_use - in degrees; false when PROJ does not know it. */
bool crs_area_of_use(const struct crs *c, struct bbox *area);

/* crs_version - "PROJ 9.1.1", static. */
const char *crs_version(void);

#endif
