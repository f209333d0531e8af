/* SPDX-License-Identifier: MIT */
/*
 * A border in a plane: what grids are cut from. The plane is a projected reference system, in
 * metres, or longitude and latitude themselves, in degrees, at the turn that the border is at
 * (border_unwrap). The vertices are projected one by one; edges are straight in the plane.
 *
 *     struct region *r = NULL;
 *     TRY(region_new(border, crs, &r, e));
 *     TRY(region_relate(r, box, &relation, e));
 *     region_free(r);
 */
#ifndef SHAPES_REGION_H
#define SHAPES_REGION_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/geo.h"
#include "shapes/border.h"
#include "shapes/crs.h"

#define REGION_MAX_CORNERS 8

struct region;

enum region_relation {
    REGION_OUTSIDE, /* the box and the land have no point in common, not even on an edge */
    REGION_CROSSES,
    REGION_INSIDE /* all of the box is land */
};

/* region_new - borrows both for the call; c NULL: in degrees. ERR_INPUT when a vertex has no
 * image, or the plane is cut open inside of the border. */
int region_new(const struct border *b, struct crs *c, struct region **out, struct err *e);
void region_free(struct region *r);

struct bbox region_bbox(const struct region *r);
double region_area_m2(const struct region *r);     /* of one in metres */
struct xy region_centroid(const struct region *r); /* of its area; may lie outside of it */

/* Threads: one region per thread (GEOS prepares lazily). */
int region_relate(struct region *r, struct bbox box, enum region_relation *relation, struct err *e);

/* region_relate_ring - the same for a convex polygon of n corners, 3 <= n <= REGION_MAX_CORNERS. */
int region_relate_ring(struct region *r, const struct xy *corner, size_t n,
                       enum region_relation *relation, struct err *e);

/* region_share - how much of that polygon's area is land, 0 .. 1. */
int region_share(struct region *r, const struct xy *corner, size_t n, double *share, struct err *e);

/* region_contains - on land or on its edge. */
int region_contains(struct region *r, struct xy p, bool *inside, struct err *e);

/* region_nearest - p when on land, else the nearest point of the coast. */
int region_nearest(struct region *r, struct xy p, struct xy *nearest, struct err *e);

#endif
