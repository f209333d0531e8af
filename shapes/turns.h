/* SPDX-License-Identifier: MIT */
/*
 * Inside shapes/ only: longitudes go round the Earth and a plane does not, so everything that is
 * drawn or cut needs a place where the Earth is cut open. Files cut it at the antimeridian; a
 * border cuts it where no land is (shapes/border.h).
 */
#ifndef SHAPES_TURNS_H
#define SHAPES_TURNS_H

#include "core/err.h"
#include "shapes/geos.h"

/*
 * turns_join - make the longitudes of *geom's polygons continuous (taken and replaced; they may lie
 * at any turn, each in one piece): the Earth is cut open in the middle of the widest range of
 * longitudes without land, and what touches once the antimeridian is no cut any more is united.
 * Where that range holds the antimeridian, or there is none, all is brought into -180 .. 180.
 */
int turns_join(struct geos *g, GEOSGeometry **geom, struct err *e);

/* turns_split - the other way, for files: cut at the antimeridians, all parts within -180 .. 180. A
 * multipolygon; returned owned. */
int turns_split(struct geos *g, const GEOSGeometry *geom, GEOSGeometry **out, struct err *e);

#endif
