/* SPDX-License-Identifier: MIT */
#include "shapes/turns.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/vec.h"

#define TURN 360.0

/* Ranges of longitude -------------------------------------------------------------------------------- */

struct range {
    double west, east; /* west in [-180, 180) */
};

struct ranges {
    struct range *v; /* owned */
    size_t n, cap;
    bool beyond; /* something lies beyond -180 .. 180 */
};

static int add_range(struct ranges *r, double west, double east, struct err *e)
{
    if (vec_room(&r->v, r->n, &r->cap, sizeof *r->v, "longitudes", e) != 0) {
        return -1;
    }
    double back = TURN * floor((west + 180) / TURN);
    r->v[r->n++] = (struct range){west - back, east - back};
    r->beyond = r->beyond || west < -180 || east > 180;
    return 0;
}

static bool is_collection(int type)
{
    return type == GEOS_MULTIPOLYGON || type == GEOS_GEOMETRYCOLLECTION;
}

static int add_ranges(struct ranges *r, struct geos *g, const GEOSGeometry *geom, struct err *e)
{
    double west = 0;
    double east = 0;
    if (is_collection(GEOSGeomTypeId_r(g->h, geom))) {
        for (int i = 0; i < GEOSGetNumGeometries_r(g->h, geom); i++) {
            if (add_ranges(r, g, GEOSGetGeometryN_r(g->h, geom, i), e) != 0) {
                return -1;
            }
        }
        return 0;
    }
    if (GEOSisEmpty_r(g->h, geom) == 1) {
        return 0;
    }
    if (!GEOSGeom_getXMin_r(g->h, geom, &west) || !GEOSGeom_getXMax_r(g->h, geom, &east)) {
        return geos_err(g, e, "cannot measure a polygon");
    }
    return add_range(r, west, east, e);
}

static int by_west(const void *a, const void *b)
{
    const struct range *p = a;
    const struct range *q = b;
    return (p->west > q->west) - (p->west < q->west);
}

struct cut {
    double at;        /* the middle of the widest gap, where no land is */
    bool none;        /* there is no gap */
    bool at_meridian; /* it holds the antimeridian */
};

static struct cut find_cut(struct ranges *r)
{
    double reached = -INFINITY; /* of the turn before this one */
    double widest = 0;
    struct cut cut = {-180, true, true};
    if (r->n > 0) {
        qsort(r->v, r->n, sizeof *r->v, by_west);
    }
    for (size_t i = 0; i < r->n; i++) {
        reached = fmax(reached, r->v[i].east - TURN);
    }
    for (size_t i = 0; i < r->n; i++) {
        double west = r->v[i].west;
        if (west - reached > widest) {
            widest = west - reached;
            cut = (struct cut){(reached + west) / 2, false, reached <= -180};
        }
        reached = fmax(reached, r->v[i].east);
    }
    return cut;
}

/* Moving and cutting ----------------------------------------------------------------------------------- */

/* Every longitude into [*cut, *cut + 360): right for whole polygons when the cut meets none. */
/* NOLINTNEXTLINE(readability-non-const-parameter): GEOS's type */
static int to_turn(double *x, double *y, void *cut)
{
    (void)y;
    const double *from = cut;
    double turns = floor((*x - *from) / TURN);
    if (turns < 0 || turns > 0) {
        *x -= TURN * turns;
    }
    return 1;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): GEOS's type */
static int by_turns(double *x, double *y, void *shift)
{
    (void)y;
    const double *by = shift;
    *x += *by;
    return 1;
}

static GEOSGeometry *rectangle(struct geos *g, double west, double east)
{
    const double xy[5][2] = {{west, -90}, {east, -90}, {east, 90}, {west, 90}, {west, -90}};
    GEOSCoordSequence *seq = GEOSCoordSeq_copyFromBuffer_r(g->h, &xy[0][0], 5, 0, 0);
    GEOSGeometry *ring = seq ? GEOSGeom_createLinearRing_r(g->h, seq) : NULL;
    return ring ? GEOSGeom_createPolygon_r(g->h, ring, NULL, 0) : NULL;
}

struct polygons {
    GEOSGeometry **v; /* owned */
    size_t n, cap;
};

static int add_polygon(struct polygons *p, struct geos *g, const GEOSGeometry *polygon,
                       struct err *e)
{
    if (vec_room(&p->v, p->n, &p->cap, sizeof(GEOSGeometry *), "polygons", e) != 0) {
        return -1;
    }
    p->v[p->n] = GEOSGeom_clone_r(g->h, polygon);
    if (!p->v[p->n]) {
        return geos_err(g, e, "cannot copy a polygon");
    }
    p->n++;
    return 0;
}

/* Polygons only: where a cut runs along an edge, lines are left as well. */
static int add_polygons(struct polygons *p, struct geos *g, const GEOSGeometry *geom, struct err *e)
{
    int type = GEOSGeomTypeId_r(g->h, geom);
    if (type == GEOS_POLYGON) {
        return GEOSisEmpty_r(g->h, geom) == 1 ? 0 : add_polygon(p, g, geom, e);
    }
    for (int i = 0; is_collection(type) && i < GEOSGetNumGeometries_r(g->h, geom); i++) {
        if (add_polygons(p, g, GEOSGetGeometryN_r(g->h, geom, i), e) != 0) {
            return -1;
        }
    }
    return 0;
}

/* What lies less than 180 from a multiple of a turn, moved to turn 0. */
static int add_turn(struct polygons *p, struct geos *g, const GEOSGeometry *geom, int turn,
                    struct err *e)
{
    double shift = -turn * TURN;
    GEOSGeometry *box = rectangle(g, turn * TURN - 180, turn * TURN + 180);
    GEOSGeometry *part = box ? GEOSIntersection_r(g->h, geom, box) : NULL;
    GEOSGeometry *moved = part ? GEOSGeom_transformXY_r(g->h, part, by_turns, &shift) : NULL;
    int rc = moved ? add_polygons(p, g, moved, e)
                   : geos_err(g, e, "cannot cut a polygon at the antimeridian");
    GEOSGeom_destroy_r(g->h, moved);
    GEOSGeom_destroy_r(g->h, part);
    GEOSGeom_destroy_r(g->h, box);
    return rc;
}

static void release_polygons(struct polygons *p, struct geos *g)
{
    while (p->n > 0) {
        GEOSGeom_destroy_r(g->h, p->v[--p->n]);
    }
    free(p->v);
    *p = (struct polygons){0};
}

/* The polygons (taken on success) as one multipolygon. */
static int collect(struct polygons *p, struct geos *g, GEOSGeometry **out, struct err *e)
{
    GEOSGeometry *all = GEOSGeom_createCollection_r(g->h, GEOS_MULTIPOLYGON, p->v, (unsigned)p->n);
    if (!all) {
        return geos_err(g, e, "cannot collect polygons");
    }
    p->n = 0;
    *out = all;
    return 0;
}

int turns_split(struct geos *g, const GEOSGeometry *geom, GEOSGeometry **out, struct err *e)
{
    int rc = -1;
    double west = 0;
    double east = 0;
    struct polygons p = {0};
    GEOSGeometry *all = NULL;
    GEOSGeometry *united = NULL;
    if (!GEOSGeom_getXMin_r(g->h, geom, &west) || !GEOSGeom_getXMax_r(g->h, geom, &east)) {
        return geos_err(g, e, "cannot measure a polygon");
    }
    for (int turn = (int)floor((west + 180) / TURN); turn * TURN - 180 < east; turn++) {
        TRY(add_turn(&p, g, geom, turn, e));
    }
    TRY(collect(&p, g, &all, e));
    if (east - west >= TURN) { /* its ends meet, or overlap */
        united = GEOSUnaryUnion_r(g->h, all);
        rc = united ? add_polygons(&p, g, united, e) : geos_err(g, e, "cannot unite polygons");
        TRY(rc);
        GEOSGeom_destroy_r(g->h, all);
        all = NULL;
        TRY(collect(&p, g, &all, e));
    }
    *out = all;
    all = NULL;
    rc = 0;
out:
    release_polygons(&p, g);
    GEOSGeom_destroy_r(g->h, all);
    GEOSGeom_destroy_r(g->h, united);
    return rc;
}

int turns_join(struct geos *g, GEOSGeometry **geom, struct err *e)
{
    int rc = -1;
    struct cut cut;
    struct ranges r = {0};
    GEOSGeometry *moved = NULL;
    GEOSGeometry *joined = NULL;
    TRY(add_ranges(&r, g, *geom, e));
    cut = find_cut(&r);
    if (cut.at_meridian && !r.beyond) { /* all is where it should be */
        rc = 0;
        goto out;
    }
    if (cut.none) {
        TRY(turns_split(g, *geom, &joined, e));
    } else {
        moved = GEOSGeom_transformXY_r(g->h, *geom, to_turn, &cut.at);
        joined = moved ? GEOSUnaryUnion_r(g->h, moved) : NULL;
    }
    if (!joined) {
        rc = geos_err(g, e, "cannot join the parts at the antimeridian");
        goto out;
    }
    GEOSGeom_destroy_r(g->h, *geom);
    *geom = joined;
    joined = NULL;
    rc = 0;
out:
    free(r.v);
    GEOSGeom_destroy_r(g->h, moved);
    GEOSGeom_destroy_r(g->h, joined);
    return rc;
}
