/* SPDX-License-Identifier: MIT */
/* A projected border as a prepared GEOS geometry: spatial index inside, exact predicates. */
#include "shapes/region.h"

#include <math.h>
#include <stdlib.h>

#include "core/log.h"
#include "shapes/geos.h"

#define SEAM_STRETCH 20 /* Mercator is stretched so much at 87 degrees */

struct region {
    struct geos geos;
    GEOSGeometry *land;
    const GEOSPreparedGeometry *prepared; /* of land */
    GEOSGeometry *coast;                  /* its edge */
    const GEOSPreparedGeometry *prepared_coast;
    struct bbox box;
    double area_m2;
    struct xy centroid;
};

void region_free(struct region *r)
{
    if (!r) {
        return;
    }
    if (r->geos.h) {
        GEOSPreparedGeom_destroy_r(r->geos.h, r->prepared_coast);
        GEOSGeom_destroy_r(r->geos.h, r->coast);
        GEOSPreparedGeom_destroy_r(r->geos.h, r->prepared);
        GEOSGeom_destroy_r(r->geos.h, r->land);
    }
    geos_release(&r->geos);
    free(r);
}

struct bbox region_bbox(const struct region *r)
{
    return r->box;
}

double region_area_m2(const struct region *r)
{
    return r->area_m2;
}

struct xy region_centroid(const struct region *r)
{
    return r->centroid;
}

/* An edge that is a thousand km in the plane, and not by far as long on the ground, goes the wrong way
 * round: the plane is cut open where the country is. */
static int check_seam(const struct lonlat *p, const struct xy *q, size_t n, struct err *e)
{
    for (size_t i = 1; i < n; i++) {
        double km = hypot(q[i].x - q[i - 1].x, q[i].y - q[i - 1].y) / 1000;
        if (km > 1000 && km > SEAM_STRETCH * geo_distance_km(p[i - 1], p[i])) {
            return err_set(
                e, ERR_INPUT,
                "the projection is cut open between lon %.4f, lat %.4f and lon %.4f, lat "
                "%.4f: take one whose middle is in the country",
                p[i - 1].lon, p[i - 1].lat, p[i].lon, p[i].lat);
        }
    }
    return 0;
}

/* Into the plane; without a reference system the plane is longitude and latitude. */
static int to_plane(struct crs *c, const struct lonlat *p, struct xy *q, size_t n, struct err *e)
{
    if (c) {
        return crs_project(c, p, q, n, e) != 0 ? -1 : check_seam(p, q, n, e);
    }
    for (size_t i = 0; i < n; i++) {
        q[i] = (struct xy){p[i].lon, p[i].lat};
    }
    return 0;
}

/* Ring i of the border, projected; owned, or NULL with *e. */
static GEOSGeometry *project_ring(struct geos *g, const struct border *b, size_t i, struct crs *c,
                                  bool *hole, struct err *e)
{
    size_t n = 0;
    const struct lonlat *p = border_ring(b, i, &n, hole);
    struct xy *q = malloc(n * sizeof *q);
    GEOSCoordSequence *seq = NULL;
    GEOSGeometry *ring = NULL;
    if (!q) {
        (void)err_nomem(e, "a ring");
        return NULL;
    }
    if (to_plane(c, p, q, n, e) == 0) {
        q[n - 1] = q[0];
        seq = GEOSCoordSeq_copyFromBuffer_r(g->h, &q[0].x, (unsigned)n, 0, 0);
        ring = seq ? GEOSGeom_createLinearRing_r(g->h, seq) : NULL;
        if (!ring) {
            (void)geos_err(g, e, "cannot make a ring");
        }
    }
    free(q);
    return ring;
}

static void destroy_all(struct geos *g, GEOSGeometry **v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        GEOSGeom_destroy_r(g->h, v[i]);
    }
}

/* The polygon whose shell is ring *i and whose holes follow; *i moves behind them. hole has room
 * for all rings. */
static GEOSGeometry *project_polygon(struct geos *g, const struct border *b, size_t *i,
                                     struct crs *c, GEOSGeometry **hole, struct err *e)
{
    unsigned n_holes = 0;
    bool is_hole = false;
    GEOSGeometry *shell = project_ring(g, b, (*i)++, c, &is_hole, e);
    if (!shell) {
        return NULL;
    }
    for (; *i < border_n_rings(b); (*i)++) {
        size_t n = 0;
        (void)border_ring(b, *i, &n, &is_hole);
        if (!is_hole) {
            break;
        }
        hole[n_holes] = project_ring(g, b, *i, c, &is_hole, e);
        if (!hole[n_holes]) {
            GEOSGeom_destroy_r(g->h, shell);
            destroy_all(g, hole, n_holes);
            return NULL;
        }
        n_holes++;
    }
    GEOSGeometry *polygon = GEOSGeom_createPolygon_r(g->h, shell, hole, n_holes); /* takes them */
    if (!polygon) {
        (void)geos_err(g, e, "cannot make a polygon");
    }
    return polygon;
}

static int project_border(struct region *r, const struct border *b, struct crs *c, struct err *e)
{
    int rc = -1;
    struct geos *g = &r->geos;
    size_t n_rings = border_n_rings(b);
    unsigned n = 0;
    GEOSGeometry **polygon = calloc(n_rings, sizeof(GEOSGeometry *));
    GEOSGeometry **hole = calloc(n_rings, sizeof(GEOSGeometry *));
    if (!polygon || !hole) {
        rc = err_nomem(e, "a region");
        goto out;
    }
    for (size_t i = 0; i < n_rings; n++) {
        polygon[n] = project_polygon(g, b, &i, c, hole, e);
        if (!polygon[n]) {
            goto out;
        }
    }
    r->land = GEOSGeom_createCollection_r(g->h, GEOS_MULTIPOLYGON, polygon, n); /* takes them */
    n = 0;
    rc = r->land ? 0 : geos_err(g, e, "cannot make a region");
out:
    destroy_all(g, polygon, n);
    free(polygon);
    free(hole);
    return rc;
}

/* What is valid in degrees may cross itself by a hair in metres: made valid again, silently. */
static int make_valid(struct region *r, struct err *e)
{
    struct geos *g = &r->geos;
    if (GEOSisValid_r(g->h, r->land) == 1) {
        return 0;
    }
    log_note("the border is invalid once projected and was repaired");
    GEOSGeometry *valid = GEOSBuffer_r(g->h, r->land, 0, 1);
    if (!valid) {
        return geos_err(g, e, "cannot repair the projected border");
    }
    GEOSGeom_destroy_r(g->h, r->land);
    r->land = valid;
    return 0;
}

static int prepare(struct region *r, struct err *e)
{
    struct geos *g = &r->geos;
    struct bbox *b = &r->box;
    GEOSGeometry *centroid = GEOSGetCentroid_r(g->h, r->land);
    int known = centroid && GEOSGeomGetX_r(g->h, centroid, &r->centroid.x) == 1 &&
                GEOSGeomGetY_r(g->h, centroid, &r->centroid.y) == 1;
    GEOSGeom_destroy_r(g->h, centroid);
    r->prepared = GEOSPrepare_r(g->h, r->land);
    /* of polygons GEOS 3.11 finds the nearest point by trying every edge, of lines by an index */
    r->coast = GEOSBoundary_r(g->h, r->land);
    r->prepared_coast = r->coast ? GEOSPrepare_r(g->h, r->coast) : NULL;
    if (!known || !r->prepared || !r->prepared_coast || !GEOSArea_r(g->h, r->land, &r->area_m2) ||
        !GEOSGeom_getXMin_r(g->h, r->land, &b->min_x) ||
        !GEOSGeom_getXMax_r(g->h, r->land, &b->max_x) ||
        !GEOSGeom_getYMin_r(g->h, r->land, &b->min_y) ||
        !GEOSGeom_getYMax_r(g->h, r->land, &b->max_y)) {
        return geos_err(g, e, "cannot prepare the border");
    }
    return 0;
}

int region_new(const struct border *b, struct crs *c, struct region **out, struct err *e)
{
    int rc = -1;
    struct region *r = calloc(1, sizeof *r);
    if (!r) {
        return err_nomem(e, "a region");
    }
    TRY(geos_init(&r->geos, e));
    TRY(project_border(r, b, c, e));
    TRY(make_valid(r, e));
    TRY(prepare(r, e));
    *out = r;
    r = NULL;
out:
    if (rc != 0) {
        (void)err_ctx(e, "border");
    }
    region_free(r);
    return rc;
}

static GEOSGeometry *polygon_of(struct geos *g, const struct xy *corner, size_t n)
{
    struct xy ring[REGION_MAX_CORNERS + 1];
    for (size_t i = 0; i <= n; i++) {
        ring[i] = corner[i < n ? i : 0];
    }
    GEOSCoordSequence *seq = GEOSCoordSeq_copyFromBuffer_r(g->h, &ring[0].x, (unsigned)n + 1, 0, 0);
    GEOSGeometry *shell = seq ? GEOSGeom_createLinearRing_r(g->h, seq) : NULL;
    return shell ? GEOSGeom_createPolygon_r(g->h, shell, NULL, 0) : NULL;
}

int region_relate_ring(struct region *r, const struct xy *corner, size_t n,
                       enum region_relation *relation, struct err *e)
{
    struct geos *g = &r->geos;
    GEOSGeometry *p = polygon_of(g, corner, n);
    char touches = 2;
    char covers = 0;
    if (p) {
        touches = GEOSPreparedIntersects_r(g->h, r->prepared, p);
        covers = touches == 1 ? GEOSPreparedCovers_r(g->h, r->prepared, p) : (char)0;
    }
    GEOSGeom_destroy_r(g->h, p);
    if (touches == 2 || covers == 2) {
        return geos_err(g, e, "cannot compare a cell with the border");
    }
    *relation = !touches ? REGION_OUTSIDE : covers ? REGION_INSIDE : REGION_CROSSES;
    return 0;
}

int region_relate(struct region *r, struct bbox box, enum region_relation *relation, struct err *e)
{
    const struct xy corner[4] = {{box.min_x, box.min_y},
                                 {box.max_x, box.min_y},
                                 {box.max_x, box.max_y},
                                 {box.min_x, box.max_y}};
    return region_relate_ring(r, corner, 4, relation, e);
}

/* The land within the polygon's bounding box, which is small, then within the polygon. */
int region_share(struct region *r, const struct xy *corner, size_t n, double *share, struct err *e)
{
    struct geos *g = &r->geos;
    struct bbox b = {corner[0].x, corner[0].y, corner[0].x, corner[0].y};
    double all = 0;
    double land = 0;
    for (size_t i = 1; i < n; i++) {
        b = (struct bbox){fmin(b.min_x, corner[i].x), fmin(b.min_y, corner[i].y),
                          fmax(b.max_x, corner[i].x), fmax(b.max_y, corner[i].y)};
    }
    GEOSGeometry *p = polygon_of(g, corner, n);
    GEOSGeometry *near = GEOSClipByRect_r(g->h, r->land, b.min_x, b.min_y, b.max_x, b.max_y);
    GEOSGeometry *common = p && near ? GEOSIntersection_r(g->h, near, p) : NULL;
    int ok = common && GEOSArea_r(g->h, common, &land) && GEOSArea_r(g->h, p, &all) && all > 0;
    GEOSGeom_destroy_r(g->h, common);
    GEOSGeom_destroy_r(g->h, near);
    GEOSGeom_destroy_r(g->h, p);
    if (!ok) {
        return geos_err(g, e, "cannot measure the land of a cell");
    }
    *share = fmin(land / all, 1);
    return 0;
}

int region_contains(struct region *r, struct xy p, bool *inside, struct err *e)
{
    struct geos *g = &r->geos;
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(g->h, p.x, p.y);
    char answer = point ? GEOSPreparedIntersects_r(g->h, r->prepared, point) : (char)2;
    GEOSGeom_destroy_r(g->h, point);
    if (answer == 2) {
        return geos_err(g, e, "cannot compare a point with the border");
    }
    *inside = answer == 1;
    return 0;
}

int region_nearest(struct region *r, struct xy p, struct xy *nearest, struct err *e)
{
    int rc = -1;
    struct geos *g = &r->geos;
    GEOSCoordSequence *seq = NULL;
    struct xy q = p;
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(g->h, p.x, p.y);
    char inside = point ? GEOSPreparedIntersects_r(g->h, r->prepared, point) : (char)2;
    if (inside == 0) {
        seq = GEOSPreparedNearestPoints_r(g->h, r->prepared_coast, point);
    }
    if (inside == 2 || (inside == 0 && (!seq || !GEOSCoordSeq_getXY_r(g->h, seq, 0, &q.x, &q.y)))) {
        rc = geos_err(g, e, "cannot find the nearest land");
        goto out;
    }
    *nearest = q;
    rc = 0;
out:
    GEOSCoordSeq_destroy_r(g->h, seq);
    GEOSGeom_destroy_r(g->h, point);
    return rc;
}
