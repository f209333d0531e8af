/* SPDX-License-Identifier: MIT */
/* Polygons for drawing: out of the catalog's geometry, with no more points than a screen shows. */
#ifndef PREDICT_OUTLINE_H
#define PREDICT_OUTLINE_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"

/* Rings one behind the other, each closed; filled by the even-odd rule, so holes are rings too. */
struct outline {
    struct lonlat *point; /* owned */
    size_t *end;          /* [n_rings] index behind the ring's last point; owned */
    size_t n_points, n_rings;
};

/* outline_from_gpkg - a GeoPackage blob with a polygon or multipolygon, little-endian, two
 * dimensions. ERR_INPUT for anything else. */
int outline_from_gpkg(const uint8_t *blob, size_t n, struct outline *o, struct err *e);

/* outline_add_ring - append a ring of n points. */
int outline_add_ring(struct outline *o, const struct lonlat *p, size_t n, struct err *e);

/* outline_simplify - drop points that lie within tolerance_deg of the line through those kept, and
 * rings smaller than that. Source: Douglas and Peucker 1973 (Cartographica 10, 112). */
int outline_simplify(struct outline *o, double tolerance_deg, struct err *e);
void outline_release(struct outline *o);

#endif
