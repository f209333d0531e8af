/* SPDX-License-Identifier: MIT */
/*
 * Polygons of a vector file (shapefile, GeoJSON, TopoJSON, GeoPackage, FlatGeobuf), one blob per
 * feature, in EPSG:4326, longitude first. Rings are continuous: one that crosses the antimeridian
 * goes on beyond 180. The only module that includes GDAL.
 *
 *     struct vector v = {0};
 *     TRY(vector_read("counties.geojson", &v, e));
 *     ... v.feature[i].wkb ...
 * out:
 *     vector_release(&v);
 */
#ifndef SHAPES_VECTOR_H
#define SHAPES_VECTOR_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct vector_feature {
    long long fid;
    uint8_t *wkb; /* polygon or multipolygon, little-endian, two dimensions; owned */
    size_t n;
    char *name; /* owned; NULL unless asked for, or empty in the file */
};

struct vector {
    struct vector_feature *feature; /* owned */
    size_t n;
};

/* vector_read - the first layer. Features without a polygon are left out. ERR_INPUT: not there,
 * not readable to its end, no polygons, no reference system, a vertex that is not on Earth. */
int vector_read(const char *path, struct vector *out, struct err *e);

/* vector_read_names - the same with the text of a field. ERR_INPUT lists the layer's fields when it
 * has none of that name. */
int vector_read_names(const char *path, const char *field, struct vector *out, struct err *e);
void vector_release(struct vector *v);

/* vector_version - "GDAL 3.6.2", static. */
const char *vector_version(void);

#endif
