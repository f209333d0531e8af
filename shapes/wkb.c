/* SPDX-License-Identifier: MIT */
#include "shapes/wkb.h"

#include <stdint.h>
#include <string.h>

#define WKB_POLYGON       3
#define WKB_MULTI_POLYGON 6

static int add_le(struct buf *out, uint64_t v, size_t n_bytes, struct err *e)
{
    uint8_t byte[8];
    for (size_t i = 0; i < n_bytes; i++) {
        byte[i] = (uint8_t)(v >> (8 * i));
    }
    return buf_add(out, byte, n_bytes, e);
}

static int add_f64(struct buf *out, double v, struct err *e)
{
    uint64_t bits = 0;
    memcpy(&bits, &v, sizeof bits);
    return add_le(out, bits, sizeof bits, e);
}

static int add_head(struct buf *out, uint32_t type, size_t n, struct err *e)
{
    int rc = -1;
    TRY(add_le(out, 1, 1, e)); /* little-endian */
    TRY(add_le(out, type, 4, e));
    TRY(add_le(out, n, 4, e));
out:
    return rc;
}

static int add_ring(struct buf *out, const struct lonlat *ring, size_t n, struct err *e)
{
    int rc = -1;
    TRY(add_le(out, n, 4, e));
    for (size_t i = 0; i < n; i++) {
        TRY(add_f64(out, ring[i].lon, e));
        TRY(add_f64(out, ring[i].lat, e));
    }
out:
    return rc;
}

int wkb_polygon(const struct lonlat *ring, size_t n, struct buf *out, struct err *e)
{
    return add_head(out, WKB_POLYGON, 1, e) != 0 ? -1 : add_ring(out, ring, n, e);
}

int wkb_multipolygon(size_t n, struct buf *out, struct err *e)
{
    return add_head(out, WKB_MULTI_POLYGON, n, e);
}

/* How many rings from i on belong to one polygon: its shell and the holes behind it. */
static size_t rings_of_polygon(const struct border *b, size_t i)
{
    size_t n = 1;
    size_t n_points = 0;
    bool hole = true;
    for (; i + n < border_n_rings(b); n++) {
        (void)border_ring(b, i + n, &n_points, &hole);
        if (!hole) {
            break;
        }
    }
    return n;
}

int wkb_border(const struct border *b, struct buf *out, struct err *e)
{
    int rc = -1;
    size_t n_polygons = 0;
    size_t n_points = 0;
    bool hole = false;
    size_t n_rings = border_n_rings(b);
    for (size_t i = 0; i < n_rings; i += rings_of_polygon(b, i)) {
        n_polygons++;
    }
    TRY(wkb_multipolygon(n_polygons, out, e));
    for (size_t i = 0; i < n_rings;) {
        size_t end = i + rings_of_polygon(b, i);
        TRY(add_head(out, WKB_POLYGON, end - i, e));
        for (; i < end; i++) {
            const struct lonlat *ring = border_ring(b, i, &n_points, &hole);
            TRY(add_ring(out, ring, n_points, e));
        }
    }
    rc = 0;
out:
    return rc;
}
