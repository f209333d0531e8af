/* SPDX-License-Identifier: MIT */
/*
 * A border is its rings in one array of points, and an index of edges by latitude: the box is cut
 * into horizontal bands, each with the list of edges that touch it. A point is inside when the ray
 * to the east crosses an odd number of edges of its band; each edge counts for min y <= y < max y,
 * so a ray through a vertex counts once. GEOS makes the geometry valid when it is opened and is not
 * needed afterwards: its prepared geometries are not read-only, ours is.
 */
#include "shapes/border.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/log.h"
#include "shapes/geos.h"
#include "shapes/turns.h"
#include "shapes/vector.h"

#define MAX_BANDS      16384
#define EDGES_PER_BAND 2

struct ring {
    size_t first, n; /* in point */
    bool hole;
};

struct border {
    struct lonlat *point; /* owned, ring after ring, closed */
    struct ring *ring;    /* owned */
    size_t n_points, n_rings;
    struct bbox box;
    size_t n_bands;
    size_t *band;   /* [n_bands + 2] owned: where its edges begin in edge */
    uint32_t *edge; /* owned: index of the edge's first point */
    char sha256[SHA256_HEX_SIZE];
};

void border_free(struct border *b)
{
    if (!b) {
        return;
    }
    free(b->point);
    free(b->ring);
    free(b->band);
    free(b->edge);
    free(b);
}

struct bbox border_bbox(const struct border *b)
{
    return b->box;
}

struct lonlat border_unwrap(const struct border *b, struct lonlat p)
{
    return (struct lonlat){geo_lon_near(p.lon, (b->box.min_x + b->box.max_x) / 2), p.lat};
}

const char *border_sha256(const struct border *b)
{
    return b->sha256;
}

size_t border_n_rings(const struct border *b)
{
    return b->n_rings;
}

const struct lonlat *border_ring(const struct border *b, size_t i, size_t *n, bool *hole)
{
    *n = b->ring[i].n;
    *hole = b->ring[i].hole;
    return b->point + b->ring[i].first;
}

/* From features to one valid multipolygon (GEOS) -------------------------------------------------- */

/* Area on the sphere. Source: Chamberlain and Duquette 2007, "Some algorithms for polygons on a
 * sphere" (JPL Publication 07-03): the sum of (lon[i+1] - lon[i-1]) sin lat[i], summed by edges. */
static double ring_area_km2(const struct lonlat *p, size_t n)
{
    const double rad = GEO_PI / 180;
    double sum = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        sum += (p[i + 1].lon - p[i].lon) * rad * (sin(p[i].lat * rad) + sin(p[i + 1].lat * rad));
    }
    return fabs(sum) / 2 * GEO_EARTH_R_KM * GEO_EARTH_R_KM;
}

/* The rings of a polygon, appended to b. */
static int add_ring(struct border *b, struct geos *g, const GEOSGeometry *ring, bool hole,
                    struct err *e)
{
    const GEOSCoordSequence *seq = GEOSGeom_getCoordSeq_r(g->h, ring);
    unsigned n = 0;
    if (!seq || !GEOSCoordSeq_getSize_r(g->h, seq, &n)) {
        return geos_err(g, e, "cannot read a ring");
    }
    struct lonlat *point = realloc(b->point, (b->n_points + n) * sizeof *point);
    if (!point) {
        return err_nomem(e, "a border");
    }
    b->point = point;
    struct ring *rings = realloc(b->ring, (b->n_rings + 1) * sizeof *rings);
    if (!rings) {
        return err_nomem(e, "a border");
    }
    b->ring = rings;
    b->ring[b->n_rings++] = (struct ring){b->n_points, n, hole};
    for (unsigned i = 0; i < n; i++) {
        struct lonlat *p = &b->point[b->n_points + i];
        if (!GEOSCoordSeq_getXY_r(g->h, seq, i, &p->lon, &p->lat)) {
            return geos_err(g, e, "cannot read a vertex");
        }
    }
    b->n_points += n;
    return 0;
}

static int add_polygon(struct border *b, struct geos *g, const GEOSGeometry *polygon, struct err *e)
{
    if (add_ring(b, g, GEOSGetExteriorRing_r(g->h, polygon), false, e) != 0) {
        return -1;
    }
    for (int i = 0; i < GEOSGetNumInteriorRings_r(g->h, polygon); i++) {
        if (add_ring(b, g, GEOSGetInteriorRingN_r(g->h, polygon, i), true, e) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Polygons of a (nested) collection, in its order; what is left of lines and points is dropped. */
static int add_polygons(struct border *b, struct geos *g, const GEOSGeometry *geom, struct err *e)
{
    int type = GEOSGeomTypeId_r(g->h, geom);
    if (type == GEOS_POLYGON) {
        return GEOSisEmpty_r(g->h, geom) == 1 ? 0 : add_polygon(b, g, geom, e);
    }
    if (type != GEOS_MULTIPOLYGON && type != GEOS_GEOMETRYCOLLECTION) {
        return 0;
    }
    for (int i = 0; i < GEOSGetNumGeometries_r(g->h, geom); i++) {
        if (add_polygons(b, g, GEOSGetGeometryN_r(g->h, geom, i), e) != 0) {
            return -1;
        }
    }
    return 0;
}

static int area_of(struct geos *g, const GEOSGeometry *geom, double *km2, struct err *e)
{
    struct border b = {0};
    int rc = add_polygons(&b, g, geom, e);
    *km2 = 0;
    for (size_t i = 0; rc == 0 && i < b.n_rings; i++) {
        double a = ring_area_km2(b.point + b.ring[i].first, b.ring[i].n);
        *km2 += b.ring[i].hole ? -a : a;
    }
    free(b.point);
    free(b.ring);
    return rc;
}

/* Where polygons come from. */
struct file {
    const char *path;
    bool strict;
};

/* *geom replaced by a valid one, with a warning that says what was wrong and what changed. */
static int repair(struct geos *g, const struct file *f, long long fid, GEOSGeometry **geom,
                  struct err *e)
{
    int rc = -1;
    double before = 0;
    double after = 0;
    GEOSMakeValidParams *params = NULL;
    GEOSGeometry *valid = NULL;
    char *reason = NULL;
    if (GEOSisValid_r(g->h, *geom) == 1) {
        return 0;
    }
    reason = GEOSisValidReason_r(g->h, *geom);
    if (f->strict) {
        rc = err_set(e, ERR_INPUT, "invalid: %s", reason ? reason : "GEOS cannot say why");
        goto out;
    }
    params = GEOSMakeValidParams_create_r(g->h);
    if (!params || !GEOSMakeValidParams_setMethod_r(g->h, params, GEOS_MAKE_VALID_STRUCTURE) ||
        !(valid = GEOSMakeValidWithParams_r(g->h, *geom, params))) {
        rc = geos_err(g, e, "cannot repair a polygon");
        e->kind = ERR_INPUT;
        goto out;
    }
    TRY(area_of(g, *geom, &before, e));
    TRY(area_of(g, valid, &after, e));
    log_warn("'%s' feature %lld is invalid (%s) and was repaired: %.6g km2 before, %.6g km2 after "
             "(%+.3g %%)",
             f->path, fid, reason ? reason : "GEOS cannot say why", before, after,
             before > 0 ? 100 * (after - before) / before : 0);
    GEOSGeom_destroy_r(g->h, *geom);
    *geom = valid;
    valid = NULL;
    rc = 0;
out:
    GEOSFree_r(g->h, reason);
    GEOSMakeValidParams_destroy_r(g->h, params);
    GEOSGeom_destroy_r(g->h, valid);
    return rc;
}

static int parse_feature(struct geos *g, GEOSWKBReader *reader, const struct file *file,
                         const struct vector_feature *f, GEOSGeometry **out, struct err *e)
{
    GEOSGeometry *geom = GEOSWKBReader_read_r(g->h, reader, f->wkb, f->n);
    if (!geom) {
        (void)geos_err(g, e, "not a polygon");
        e->kind = ERR_INPUT;
        return err_ctx(e, "'%s' feature %lld", file->path, f->fid);
    }
    if (repair(g, file, f->fid, &geom, e) != 0) {
        GEOSGeom_destroy_r(g->h, geom);
        return err_ctx(e, "'%s' feature %lld", file->path, f->fid);
    }
    *out = geom;
    return 0;
}

/* All features as one geometry: the only one, or the union of them all. */
static int unite(struct geos *g, const struct file *file, const struct vector *v,
                 GEOSGeometry **out, struct err *e)
{
    int rc = -1;
    size_t n = 0;
    GEOSGeometry *all = NULL;
    GEOSWKBReader *reader = GEOSWKBReader_create_r(g->h);
    GEOSGeometry **part = calloc(v->n, sizeof(GEOSGeometry *));
    if (!reader || !part) {
        rc = err_nomem(e, "a border");
        goto out;
    }
    for (; n < v->n; n++) {
        TRY(parse_feature(g, reader, file, &v->feature[n], &part[n], e));
    }
    if (n == 1) {
        *out = part[0];
        n = 0;
        rc = 0;
        goto out;
    }
    all = GEOSGeom_createCollection_r(g->h, GEOS_GEOMETRYCOLLECTION, part, (unsigned)n);
    if (all) {
        n = 0; /* the collection owns them */
    }
    *out = all ? GEOSUnaryUnion_r(g->h, all) : NULL;
    rc = *out ? 0 : geos_err(g, e, "cannot unite the polygons");
out:
    while (n > 0) {
        GEOSGeom_destroy_r(g->h, part[--n]);
    }
    GEOSGeom_destroy_r(g->h, all);
    GEOSWKBReader_destroy_r(g->h, reader);
    free(part);
    return rc;
}

/* Digest of our own points and rings: GEOS's normal form made their order canonical. */
static int digest(struct border *b, struct err *e)
{
    struct sha256 *s = NULL;
    if (sha256_new(&s, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < b->n_rings; i++) {
        uint64_t head[2] = {b->ring[i].n, b->ring[i].hole};
        sha256_add(s, head, sizeof head);
        sha256_add(s, b->point + b->ring[i].first, b->ring[i].n * sizeof *b->point);
    }
    sha256_hex(s, b->sha256);
    sha256_free(s);
    return 0;
}

/* Index and queries (our own) --------------------------------------------------------------------- */

static size_t band_of(const struct border *b, double lat)
{
    double height = b->box.max_y - b->box.min_y;
    double at = height > 0 ? (lat - b->box.min_y) / height * (double)b->n_bands : 0;
    size_t i = at > 0 ? (size_t)at : 0;
    return i < b->n_bands ? i : b->n_bands - 1;
}

static void edge_bands(const struct border *b, size_t i, size_t *first, size_t *last)
{
    double y0 = b->point[i].lat;
    double y1 = b->point[i + 1].lat;
    *first = band_of(b, fmin(y0, y1));
    *last = band_of(b, fmax(y0, y1));
}

static void set_box(struct border *b)
{
    b->box = (struct bbox){INFINITY, INFINITY, -INFINITY, -INFINITY};
    for (size_t i = 0; i < b->n_points; i++) {
        b->box.min_x = fmin(b->box.min_x, b->point[i].lon);
        b->box.max_x = fmax(b->box.max_x, b->point[i].lon);
        b->box.min_y = fmin(b->box.min_y, b->point[i].lat);
        b->box.max_y = fmax(b->box.max_y, b->point[i].lat);
    }
}

/* Every edge to each band it touches. Pass 1 counts into band[k + 2]; pass 2 writes, and moves
 * band[k + 1] from where band k begins to where it ends. */
static void walk_edges(struct border *b, int pass)
{
    size_t first = 0;
    size_t last = 0;
    for (size_t r = 0; r < b->n_rings; r++) {
        for (size_t i = b->ring[r].first; i + 1 < b->ring[r].first + b->ring[r].n; i++) {
            edge_bands(b, i, &first, &last);
            for (size_t k = first; k <= last; k++) {
                size_t *slot = &b->band[pass == 1 ? k + 2 : k + 1];
                if (pass == 2) {
                    b->edge[*slot] = (uint32_t)i;
                }
                (*slot)++;
            }
        }
    }
}

static int build_index(struct border *b, struct err *e)
{
    set_box(b);
    b->n_bands = b->n_points / EDGES_PER_BAND + 1;
    b->n_bands = b->n_bands < MAX_BANDS ? b->n_bands : MAX_BANDS;
    b->band = calloc(b->n_bands + 2, sizeof *b->band);
    if (!b->band || b->n_points > UINT32_MAX) {
        return err_nomem(e, "a border's index");
    }
    walk_edges(b, 1);
    for (size_t k = 0; k < b->n_bands; k++) {
        b->band[k + 2] += b->band[k + 1];
    }
    b->edge = malloc((b->band[b->n_bands + 1] + 1) * sizeof *b->edge);
    if (!b->edge) {
        return err_nomem(e, "a border's index");
    }
    walk_edges(b, 2);
    return 0;
}

bool border_contains(const struct border *b, struct lonlat p)
{
    bool inside = false;
    p = border_unwrap(b, p);
    if (!(p.lat >= b->box.min_y && p.lat <= b->box.max_y && p.lon >= b->box.min_x &&
          p.lon <= b->box.max_x)) {
        return false;
    }
    size_t k = band_of(b, p.lat);
    for (size_t j = b->band[k]; j < b->band[k + 1]; j++) {
        const struct lonlat *a = &b->point[b->edge[j]];
        const struct lonlat *c = a + 1;
        if ((a->lat > p.lat && c->lat > p.lat) || (a->lat < p.lat && c->lat < p.lat)) {
            continue;
        }
        if (a->lat > c->lat) { /* upwards: neighbours that share an edge round alike */
            const struct lonlat *upper = a;
            a = c;
            c = upper;
        }
        /* > 0: p is to the west of the edge */
        double side = (c->lon - a->lon) * (p.lat - a->lat) - (p.lon - a->lon) * (c->lat - a->lat);
        if (side == 0 && p.lon >= fmin(a->lon, c->lon) && p.lon <= fmax(a->lon, c->lon)) {
            return true;
        }
        inside ^= a->lat <= p.lat && c->lat > p.lat && side > 0;
    }
    return inside;
}

/* Nearest point of edge a-c to the origin, all in km of the local frame. */
static struct xy nearest_on(struct xy a, struct xy c)
{
    double dx = c.x - a.x;
    double dy = c.y - a.y;
    double d2 = dx * dx + dy * dy;
    double t = d2 > 0 ? -(a.x * dx + a.y * dy) / d2 : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return (struct xy){a.x + t * dx, a.y + t * dy};
}

struct nearest {
    struct lonlat from;
    double kx; /* degrees of longitude to degrees of latitude */
    double best2;
    struct xy at;
};

static void search_band(const struct border *b, size_t k, struct nearest *s)
{
    for (size_t j = b->band[k]; j < b->band[k + 1]; j++) {
        const struct lonlat *p = &b->point[b->edge[j]];
        struct xy a = {(p[0].lon - s->from.lon) * s->kx, p[0].lat - s->from.lat};
        struct xy c = {(p[1].lon - s->from.lon) * s->kx, p[1].lat - s->from.lat};
        struct xy q = nearest_on(a, c);
        double d2 = q.x * q.x + q.y * q.y;
        if (d2 < s->best2) {
            s->best2 = d2;
            s->at = q;
        }
    }
}

/* Bands outwards from p's own, until the next one is farther than the best edge. */
struct lonlat border_nearest_land(const struct border *b, struct lonlat p)
{
    if (!geo_valid(p) || border_contains(b, p)) {
        return p;
    }
    p = border_unwrap(b, p);
    struct nearest s = {p, fmax(cos(p.lat * GEO_PI / 180), 1e-9), INFINITY, {0, 0}};
    double step = (b->box.max_y - b->box.min_y) / (double)b->n_bands;
    size_t k = band_of(b, p.lat);
    bool up = true;
    bool down = true;
    search_band(b, k, &s);
    for (size_t d = 1; up || down; d++) {
        up = up && k + d < b->n_bands;
        down = down && d <= k;
        if (up) {
            double gap = fmax(b->box.min_y + (double)(k + d) * step - p.lat, 0);
            up = gap * gap <= s.best2;
        }
        if (down) {
            double gap = fmax(p.lat - (b->box.min_y + (double)(k - d + 1) * step), 0);
            down = gap * gap <= s.best2;
        }
        if (up) {
            search_band(b, k + d, &s);
        }
        if (down) {
            search_band(b, k - d, &s);
        }
    }
    return (struct lonlat){geo_lon_near(p.lon + s.at.x / s.kx, 0), p.lat + s.at.y};
}

/* Opening ------------------------------------------------------------------------------------------ */

static int assemble(const struct file *file, const struct vector *v, struct border *b,
                    struct err *e)
{
    int rc = -1;
    struct geos g;
    GEOSGeometry *all = NULL;
    if (geos_init(&g, e) != 0) {
        return -1;
    }
    TRY(unite(&g, file, v, &all, e));
    TRY(turns_join(&g, &all, e));
    if (GEOSNormalize_r(g.h, all) != 0) {
        rc = geos_err(&g, e, "cannot normalise the border");
        goto out;
    }
    TRY(add_polygons(b, &g, all, e));
    if (b->n_rings == 0) {
        rc = err_set(e, ERR_INPUT, "'%s' has no polygon with an area", file->path);
        goto out;
    }
    rc = 0;
out:
    GEOSGeom_destroy_r(g.h, all);
    geos_release(&g);
    return rc;
}

/* The path itself, or the installed file of that name; owned. */
static char *find_file(const char *path)
{
    if (path[0] == '/' || file_exists(path)) {
        return strdup(path);
    }
    char *installed = path_join(GDJE_DATADIR, path);
    if (installed && file_exists(installed)) {
        return installed;
    }
    free(installed);
    return strdup(path);
}

int border_from(const struct vector *v, const char *path, bool strict, struct border **out,
                struct err *e)
{
    int rc = -1;
    const struct file file = {path, strict};
    struct border *b = calloc(1, sizeof *b);
    if (!b) {
        return err_nomem(e, "a border");
    }
    TRY(assemble(&file, v, b, e));
    TRY(digest(b, e));
    TRY(build_index(b, e));
    *out = b;
    b = NULL;
out:
    border_free(b);
    return rc;
}

int border_open(const char *path, struct border **out, struct err *e)
{
    return border_open_strict(path, false, out, e);
}

int border_open_strict(const char *path, bool strict, struct border **out, struct err *e)
{
    int rc = -1;
    const struct vector_how how = {NULL, strict};
    struct vector v = {0};
    char *found = find_file(path);
    if (!found) {
        rc = err_nomem(e, "a border");
        goto out;
    }
    TRY(vector_read(found, &how, &v, e));
    TRY(border_from(&v, found, strict, out, e));
out:
    if (rc != 0) {
        (void)err_ctx(e, "border");
    }
    vector_release(&v);
    free(found);
    return rc;
}
