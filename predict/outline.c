/* SPDX-License-Identifier: MIT */
/* Rings from GeoPackage blobs, and their simplification. Longitudes are shortened by the cosine of
 * the latitude, so that tolerance means the same in all directions. */
#include "predict/outline.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sql/catalog.h"

#define WKB_POLYGON       3u
#define WKB_MULTI_POLYGON 6u

void outline_release(struct outline *o)
{
    free(o->point);
    free(o->end);
    *o = (struct outline){0};
}

int outline_add_ring(struct outline *o, const struct lonlat *p, size_t n, struct err *e)
{
    struct lonlat *point = realloc(o->point, (o->n_points + n + 1) * sizeof *point);
    if (!point) {
        return err_nomem(e, "an outline");
    }
    o->point = point;
    size_t *end = realloc(o->end, (o->n_rings + 1) * sizeof *end);
    if (!end) {
        return err_nomem(e, "an outline");
    }
    o->end = end;
    if (n > 0) {
        memcpy(o->point + o->n_points, p, n * sizeof *p);
    }
    o->n_points += n;
    o->end[o->n_rings++] = o->n_points;
    return 0;
}

struct cursor {
    const uint8_t *p;
    size_t left;
};

static bool take(struct cursor *c, void *to, size_t n)
{
    if (c->left < n) {
        return false;
    }
    memcpy(to, c->p,
           n); /* little-endian files, little-endian machines: core/pack assumes the same */
    c->p += n;
    c->left -= n;
    return true;
}

/* Byte order and type; false unless little-endian. */
static bool take_head(struct cursor *c, uint32_t *type)
{
    uint8_t order = 0;
    return take(c, &order, 1) && order == 1 && take(c, type, sizeof *type);
}

static int bad(struct err *e)
{
    return err_set(e, ERR_INPUT, "a geometry is no polygon, or damaged");
}

static int take_polygon(struct cursor *c, struct outline *o, struct err *e)
{
    uint32_t n_rings = 0;
    if (!take(c, &n_rings, sizeof n_rings)) {
        return bad(e);
    }
    for (uint32_t r = 0; r < n_rings; r++) {
        uint32_t n = 0;
        if (!take(c, &n, sizeof n) || n > c->left / sizeof(struct lonlat)) {
            return bad(e);
        }
        if (outline_add_ring(o, NULL, 0, e) != 0) {
            return -1;
        }
        struct lonlat *point = realloc(o->point, (o->n_points + n + 1) * sizeof *point);
        if (!point) {
            return err_nomem(e, "an outline");
        }
        o->point = point;
        (void)take(c, o->point + o->n_points, n * sizeof(struct lonlat));
        for (uint32_t i = 0; i < n; i++) {
            if (!geo_valid(o->point[o->n_points + i])) {
                return bad(e);
            }
        }
        o->n_points += n;
        o->end[o->n_rings - 1] = o->n_points;
    }
    return 0;
}

static int take_geometry(struct cursor *c, struct outline *o, struct err *e)
{
    uint32_t type = 0;
    uint32_t n = 1;
    if (!take_head(c, &type)) {
        return bad(e);
    }
    if (type == WKB_POLYGON) {
        return take_polygon(c, o, e);
    }
    if (type != WKB_MULTI_POLYGON || !take(c, &n, sizeof n)) {
        return bad(e);
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!take_head(c, &type) || type != WKB_POLYGON) {
            return bad(e);
        }
        if (take_polygon(c, o, e) != 0) {
            return -1;
        }
    }
    return 0;
}

int outline_from_gpkg(const uint8_t *blob, size_t n, struct outline *out, struct err *e)
{
    struct outline o = {0};
    struct cursor c = {0};
    c.p = gpkg_wkb(blob, n, &c.left);
    if (!c.p) {
        return bad(e);
    }
    if (take_geometry(&c, &o, e) != 0) {
        outline_release(&o);
        return -1;
    }
    *out = o;
    return 0;
}

/* Distance of p from the segment a b, degrees of latitude. */
static double off_segment(struct lonlat p, struct lonlat a, struct lonlat b)
{
    const double k = cos(p.lat * GEO_PI / 180);
    const double bx = (b.lon - a.lon) * k;
    const double by = b.lat - a.lat;
    const double px = (p.lon - a.lon) * k;
    const double py = p.lat - a.lat;
    const double len2 = bx * bx + by * by;
    const double t = len2 > 0 ? fmin(fmax((px * bx + py * by) / len2, 0), 1) : 0;
    return hypot(px - t * bx, py - t * by);
}

struct span {
    size_t a, b;
};

/* Mark what to keep of point[first .. last]: the ends, and whatever lies too far off the line
 * between two kept ones. A stack of spans instead of recursion: rings have any length. */
static void mark(const struct lonlat *p, size_t first, size_t last, double tolerance,
                 struct span *stack, bool *keep)
{
    size_t depth = 0;
    keep[first] = keep[last] = true;
    stack[depth++] = (struct span){first, last};
    while (depth > 0) {
        const struct span s = stack[--depth];
        double worst = tolerance;
        size_t at = 0;
        for (size_t i = s.a + 1; i < s.b; i++) {
            const double d = off_segment(p[i], p[s.a], p[s.b]);
            if (d > worst) {
                worst = d;
                at = i;
            }
        }
        if (at > 0) {
            keep[at] = true;
            stack[depth++] = (struct span){s.a, at};
            stack[depth++] = (struct span){at, s.b};
        }
    }
}

/* The point of a ring farthest from its first: both ends of the closed line are the same point. */
static size_t farthest(const struct lonlat *p, size_t first, size_t last)
{
    size_t at = first;
    double worst = 0;
    for (size_t i = first; i <= last; i++) {
        const double d = off_segment(p[i], p[first], p[first]);
        if (d > worst) {
            worst = d;
            at = i;
        }
    }
    return at;
}

int outline_simplify(struct outline *o, double tolerance, struct err *e)
{
    int rc = -1;
    bool *keep = calloc(o->n_points + 1, sizeof *keep);
    struct span *stack = calloc(o->n_points + 2, sizeof *stack);
    if (!keep || !stack) {
        rc = err_nomem(e, "an outline");
        goto out;
    }
    size_t n_points = 0;
    size_t n_rings = 0;
    size_t first = 0;
    for (size_t r = 0; r < o->n_rings; r++) {
        const size_t end = o->end[r];
        const size_t before = n_points;
        if (end - first >= 4) {
            const size_t far = farthest(o->point, first, end - 1);
            if (off_segment(o->point[far], o->point[first], o->point[first]) > tolerance) {
                mark(o->point, first, far, tolerance, stack, keep);
                mark(o->point, far, end - 1, tolerance, stack, keep);
            }
        }
        for (size_t i = first; i < end; i++) {
            if (keep[i]) {
                o->point[n_points++] = o->point[i];
            }
        }
        if (n_points - before >= 4) {
            o->end[n_rings++] = n_points;
        } else {
            n_points = before; /* nothing is left of it but a line */
        }
        first = end;
    }
    o->n_points = n_points;
    o->n_rings = n_rings;
    rc = 0;
out:
    free(keep);
    free(stack);
    return rc;
}
