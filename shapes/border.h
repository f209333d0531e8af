/* SPDX-License-Identifier: MIT */
/*
 * A country's border: read from a vector file (GDAL), made valid (GEOS), in EPSG:4326, longitude
 * first. What sampling, the demo country, grids, decoding and maps share.
 *
 *     struct border *b = NULL;
 *     TRY(border_open("shapes/croatia.shp", &b, e));
 *     if (border_contains(b, (struct lonlat){15.98, 45.81})) ...
 *     border_free(b);
 *
 * The antimeridian. A border's own longitudes are continuous: the Earth is cut open not at 180 but
 * in the middle of the widest range of longitudes without land, so Fiji is 177 .. 181.8 and its
 * islands on the antimeridian are whole. For countries where that range holds the antimeridian, as
 * it does for nearly all, nothing changes; for others border_bbox and border_ring go beyond 180.
 * Places anywhere else are -180 .. 180: what is handed in may be at any turn, what comes out is
 * within 180. To compare a place with a border's box or rings, border_unwrap it first.
 * crs_project takes longitudes at any turn; files are written by shapes/wkb.h, cut at 180.
 */
#ifndef SHAPES_BORDER_H
#define SHAPES_BORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/geo.h"
#include "core/hash.h"
#include "shapes/vector.h"

struct border;

/*
 * border_open - all polygons of a layer (shapes/vector.h says which) as one multipolygon. A relative
 * path that does not exist is also looked for under the installed data folder. ERR_INPUT: not
 * readable as polygons on Earth, nothing valid left. Invalid geometry is repaired with a warning
 * that says what was wrong and what that did to the area.
 */
int border_open(const char *path, struct border **out, struct err *e);

/* border_open_strict - the same, but strict: what would be repaired or assumed is ERR_INPUT. */
int border_open_strict(const char *path, bool strict, struct border **out, struct err *e);
void border_free(struct border *b);

/* border_from - the same of polygons that were read already; path is for messages. */
int border_from(const struct vector *v, const char *path, bool strict, struct border **out,
                struct err *e);

/* border_contains - inside or on the boundary; several million points per second.
 * Threads: safe, the border is read-only. */
bool border_contains(const struct border *b, struct lonlat p);

/* border_nearest_land - p when inside, else the nearest point of the border (planar in a local
 * equirectangular frame around p: right to metres at the distances asked, < 50 km). */
struct lonlat border_nearest_land(const struct border *b, struct lonlat p);

/* border_unwrap - p at the turn that the border's own longitudes are at: within 180 of its middle. */
struct lonlat border_unwrap(const struct border *b, struct lonlat p);

struct bbox border_bbox(const struct border *b); /* degrees: x lon, y lat; x may be beyond 180 */

/* The digest of the geometry itself (normalised WKB), not of the file: it does not depend on the
 * format or on the order of the parts. */
const char *border_sha256(const struct border *b);

/* Rings, for drawing and rasterising: closed (first point repeated), holes flagged and behind the
 * shell they are in. Longitudes are continuous and may be beyond 180. Views. */
size_t border_n_rings(const struct border *b);
const struct lonlat *border_ring(const struct border *b, size_t i, size_t *n, bool *hole);

#endif
