/* SPDX-License-Identifier: MIT */
/*
 * The polygons of a layer, one cell per name: counties, countries. A place on a common edge belongs
 * to the first of the names in the order of their bytes.
 */
#ifndef PREP_GRID_POLYGONS_H
#define PREP_GRID_POLYGONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/geo.h"
#include "core/hash.h"
#include "shapes/crs.h"

struct grid_layer;

/* grid_layer_open - features without a name are left out, with a warning. strict: geometry that
 * would be repaired is refused. ERR_INPUT. */
int grid_layer_open(const char *path, const char *field, bool strict, struct grid_layer **out,
                    struct err *e);
void grid_layer_free(struct grid_layer *l);

size_t grid_layer_n(const struct grid_layer *l);
const char *grid_layer_name(const struct grid_layer *l, size_t i); /* view */
void grid_layer_digest(const struct grid_layer *l, struct sha256 *s);

/* grid_layer_find - index of the polygon that a place is in, or GRID_NO_CELL; grid_layer_snap - of
 * the nearest one within snap_m. */
uint32_t grid_layer_find(const struct grid_layer *l, struct lonlat p);
uint32_t grid_layer_snap(const struct grid_layer *l, struct lonlat p, double snap_m);

/* grid_layer_warn_overlaps - a warning that counts the places that other polygons hold as well as
 * the one they have; cell[n] as found. */
int grid_layer_warn_overlaps(const struct grid_layer *l, const struct lonlat *at,
                             const uint32_t *cell, size_t n, struct err *e);

/* grid_layer_points - centroid of the area, and the point of the polygon nearest to it: in the plane
 * of crs, or around a polygon that has no place in it in one of its own. */
int grid_layer_points(const struct grid_layer *l, size_t i, struct crs *crs,
                      struct lonlat *centroid, struct lonlat *clipped, struct err *e);

/* grid_layer_outline - as WKB, appended, and its bounding box. */
int grid_layer_outline(const struct grid_layer *l, size_t i, struct buf *wkb, struct bbox *box,
                       struct err *e);

#endif
