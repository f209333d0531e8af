/* SPDX-License-Identifier: MIT */
#include "shapes/wkb.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shapes/geos.h"
#include "shapes/turns.h"

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

/* A multipolygon of one ring. */
static int add_polygon(struct buf *out, const struct lonlat *ring, size_t n, struct err *e)
{
    int rc = -1;
    TRY(add_head(out, WKB_MULTI_POLYGON, 1, e));
    TRY(add_head(out, WKB_POLYGON, 1, e));
    TRY(add_ring(out, ring, n, e));
out:
    return rc;
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

static int add_border(struct buf *out, const struct border *b, struct err *e)
{
    int rc = -1;
    size_t n_polygons = 0;
    size_t n_points = 0;
    bool hole = false;
    size_t n_rings = border_n_rings(b);
    for (size_t i = 0; i < n_rings; i += rings_of_polygon(b, i)) {
        n_polygons++;
    }
    TRY(add_head(out, WKB_MULTI_POLYGON, n_polygons, e));
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

/* At the antimeridian --------------------------------------------------------------------------------- */

static int measure(struct geos *g, const GEOSGeometry *geom, struct bbox *box, struct err *e)
{
    bool ok = GEOSGeom_getXMin_r(g->h, geom, &box->min_x) &&
              GEOSGeom_getXMax_r(g->h, geom, &box->max_x) &&
              GEOSGeom_getYMin_r(g->h, geom, &box->min_y) &&
              GEOSGeom_getYMax_r(g->h, geom, &box->max_y);
    return ok ? 0 : geos_err(g, e, "cannot measure an outline");
}

/* whole: a multipolygon whose longitudes go beyond 180. */
static int add_halves(const struct buf *whole, struct buf *out, struct bbox *box, struct err *e)
{
    int rc = -1;
    size_t n = 0;
    struct geos g;
    GEOSGeometry *geom = NULL;
    GEOSGeometry *halves = NULL;
    GEOSWKBReader *reader = NULL;
    GEOSWKBWriter *writer = NULL;
    unsigned char *wkb = NULL;
    if (geos_init(&g, e) != 0) {
        return -1;
    }
    reader = GEOSWKBReader_create_r(g.h);
    writer = GEOSWKBWriter_create_r(g.h);
    geom = reader ? GEOSWKBReader_read_r(g.h, reader, (const unsigned char *)whole->p, whole->n)
                  : NULL;
    if (!geom || !writer) {
        rc = geos_err(&g, e, "cannot cut an outline");
        goto out;
    }
    TRY(turns_split(&g, geom, &halves, e));
    TRY(measure(&g, halves, box, e));
    GEOSWKBWriter_setByteOrder_r(g.h, writer, GEOS_WKB_NDR);
    wkb = GEOSWKBWriter_write_r(g.h, writer, halves, &n);
    if (!wkb) {
        rc = geos_err(&g, e, "cannot write an outline");
        goto out;
    }
    TRY(buf_add(out, wkb, n, e));
out:
    GEOSFree_r(g.h, wkb);
    GEOSGeom_destroy_r(g.h, halves);
    GEOSGeom_destroy_r(g.h, geom);
    GEOSWKBWriter_destroy_r(g.h, writer);
    GEOSWKBReader_destroy_r(g.h, reader);
    geos_release(&g);
    return rc;
}

int wkb_border(const struct border *b, struct buf *out, struct bbox *box, struct err *e)
{
    int rc = -1;
    struct buf whole;
    *box = border_bbox(b);
    if (box->min_x >= -180 && box->max_x <= 180) {
        return add_border(out, b, e);
    }
    buf_init(&whole, out->max);
    TRY(add_border(&whole, b, e));
    TRY(add_halves(&whole, out, box, e));
out:
    buf_release(&whole);
    return rc;
}

/* The ring made continuous, in room for n + 3; one that does not come back to where it began goes
 * by its pole. Returns the number of points. */
static size_t unwrap(const struct lonlat *ring, size_t n, struct lonlat *to)
{
    double north = 0;
    to[0] = ring[0];
    for (size_t i = 1; i < n; i++) {
        to[i] = (struct lonlat){geo_lon_near(ring[i].lon, to[i - 1].lon), ring[i].lat};
        north += ring[i].lat;
    }
    if (fabs(to[n - 1].lon - to[0].lon) > 180) {
        double pole = north > 0 ? 90 : -90;
        to[n] = (struct lonlat){to[n - 1].lon, pole};
        to[n + 1] = (struct lonlat){to[0].lon, pole};
        to[n + 2] = to[0];
        n += 3;
    }
    return n;
}

static int add_crossing(const struct lonlat *ring, size_t n, struct buf *out, struct bbox *box,
                        struct err *e)
{
    int rc = -1;
    struct buf whole;
    struct lonlat *to = malloc((n + 3) * sizeof *to);
    buf_init(&whole, out->max);
    if (!to) {
        rc = err_nomem(e, "an outline");
        goto out;
    }
    n = unwrap(ring, n, to);
    TRY(add_polygon(&whole, to, n, e));
    TRY(add_halves(&whole, out, box, e));
out:
    free(to);
    buf_release(&whole);
    return rc;
}

int wkb_ring(const struct lonlat *ring, size_t n, struct buf *out, struct bbox *box, struct err *e)
{
    bool crosses = false;
    struct bbox all = {HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
    for (size_t i = 0; i < n; i++) {
        crosses = crosses || fabs(ring[i].lon) > 180 ||
                  (i > 0 && fabs(ring[i].lon - ring[i - 1].lon) > 180);
        all = (struct bbox){fmin(all.min_x, ring[i].lon), fmin(all.min_y, ring[i].lat),
                            fmax(all.max_x, ring[i].lon), fmax(all.max_y, ring[i].lat)};
    }
    *box = all;
    return crosses ? add_crossing(ring, n, out, box, e) : add_polygon(out, ring, n, e);
}
