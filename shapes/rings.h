/* SPDX-License-Identifier: MIT */
/*
 * Inside shapes/ only: from whatever geometry OGR has read to polygons whose rings are closed, on
 * Earth and continuous. What had to be mended is told, for the caller to warn of or to refuse.
 */
#ifndef SHAPES_RINGS_H
#define SHAPES_RINGS_H

#include <stdbool.h>

#include <ogr_api.h>

#include "core/err.h"

struct ring_faults {
    int n_unclosed; /* rings, closed by their first point */
    int n_short;    /* rings of fewer than three places, left out */
    bool crosses;   /* an edge of more than half the Earth was taken the other way round */
};

/* rings_polygons - all polygons in g (taken), straight-edged, flat and closed: a multipolygon, NULL
 * when there are none. */
OGRGeometryH rings_polygons(OGRGeometryH g, struct ring_faults *f);

/* rings_unwrap - check that all vertices are on Earth, in degrees, and lead rings that cross the
 * antimeridian on beyond 180. ERR_INPUT. */
int rings_unwrap(OGRGeometryH polygons, struct ring_faults *f, struct err *e);

#endif
