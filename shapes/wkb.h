/* SPDX-License-Identifier: MIT */
/* Well-known binary, little-endian, two dimensions (OGC 06-103r4, 8.2). */
#ifndef SHAPES_WKB_H
#define SHAPES_WKB_H

#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/geo.h"
#include "shapes/border.h"

/* wkb_polygon - appends a polygon of one closed ring of n points. */
int wkb_polygon(const struct lonlat *ring, size_t n, struct buf *out, struct err *e);

/* wkb_multipolygon - appends the head of one of n polygons, which must follow. */
int wkb_multipolygon(size_t n, struct buf *out, struct err *e);

/* wkb_border - appends all of a border as a multipolygon. */
int wkb_border(const struct border *b, struct buf *out, struct err *e);

#endif
