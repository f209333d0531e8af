/* SPDX-License-Identifier: MIT */
/*
 * Polygons of a vector file (shapefile, GeoJSON, TopoJSON, GeoPackage, FlatGeobuf; or a .zip of
 * one), one blob per feature, in EPSG:4326, longitude first. Rings are closed and continuous: one
 * that crosses the antimeridian goes on beyond 180.
 *
 * Of a file with several layers the only one of polygons is read, or the one that is named, as QGIS
 * does it: "country.gpkg|layername=counties".
 *
 * What can be mended is, with a warning that says so: rings that are not closed or too short, edges
 * of more than half the Earth, a shapefile without its .shx, or without its .prj when its
 * coordinates can be degrees.
 *
 *     struct vector v = {0};
 *     TRY(vector_read("counties.geojson", NULL, &v, e));
 *     ... v.feature[i].wkb ...
 * out:
 *     vector_release(&v);
 */
#ifndef SHAPES_VECTOR_H
#define SHAPES_VECTOR_H

#include <stdbool.h>
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

struct vector_how {
    const char *field; /* whose text is the features' name; NULL: none */
    bool strict;       /* what would be mended is ERR_INPUT */
};

/* vector_read - how NULL: no names, not strict. Features without a polygon are left out. ERR_INPUT:
 * not there, not readable to its end, no polygons, several layers of them, no reference system, a
 * vertex that is not on Earth, no such field (those that there are, are listed). */
int vector_read(const char *path, const struct vector_how *how, struct vector *out, struct err *e);
void vector_release(struct vector *v);

/* vector_version - "GDAL 3.6.2", static. */
const char *vector_version(void);

#endif
