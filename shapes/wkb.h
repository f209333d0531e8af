/* SPDX-License-Identifier: MIT */
/* Well-known binary, little-endian, two dimensions (OGC 06-103r4, 8.2). */
#ifndef SHAPES_WKB_H
#define SHAPES_WKB_H

#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/geo.h"
#include "shapes/border.h"

/*
 * Outlines as files want them: multipolygons within -180 .. 180, cut in two at the antimeridian when
 * they cross it, appended to out. box OUT: theirs, of both halves from -180 to 180. ERR_SYSTEM.
 */

/* wkb_ring - a closed ring of n points; it crosses where a longitude jumps by more than 180. One that
 * goes round a pole holds it. */
int wkb_ring(const struct lonlat *ring, size_t n, struct buf *out, struct bbox *box, struct err *e);

/* wkb_border - all of a border. */
int wkb_border(const struct border *b, struct buf *out, struct bbox *box, struct err *e);

#endif
