/* SPDX-License-Identifier: MIT */
/*
 * A border in a projected reference system, in metres: what grids are cut from. The vertices are
 * projected one by one; edges are straight in the projection.
 *
 *     struct region *r = NULL;
 *     TRY(region_new(border, crs, &r, e));
 *     TRY(region_relate(r, box, &relation, e));
 *     region_free(r);
 */
#ifndef SHAPES_REGION_H
#define SHAPES_REGION_H

#include "core/err.h"
#include "core/geo.h"
#include "shapes/border.h"
#include "shapes/crs.h"

struct region;

enum region_relation {
    REGION_OUTSIDE, /* the box and the land have no point in common, not even on an edge */
    REGION_CROSSES,
    REGION_INSIDE /* all of the box is land */
};

/* region_new - borrows both for the call. ERR_INPUT when a vertex has no image. */
int region_new(const struct border *b, struct crs *c, struct region **out, struct err *e);
void region_free(struct region *r);

struct bbox region_bbox(const struct region *r);
double region_area_m2(const struct region *r);

/* Threads: one region per thread (GEOS prepares lazily). */
int region_relate(struct region *r, struct bbox box, enum region_relation *relation, struct err *e);

/* region_nearest - p when on land, else the nearest point of the coast. */
int region_nearest(struct region *r, struct xy p, struct xy *nearest, struct err *e);

#endif
