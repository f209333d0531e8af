/* SPDX-License-Identifier: MIT */
#include "shapes/rings.h"

#include <math.h>

#include "core/geo.h"

/* Closing ----------------------------------------------------------------------------------------------- */

/* Fewer than three different places in a row have no area, and to GEOS are no ring. */
static bool is_short(OGRGeometryH ring)
{
    return OGR_G_GetPointCount(ring) < 4;
}

static void close_ring(OGRGeometryH ring, struct ring_faults *f)
{
    int n = OGR_G_GetPointCount(ring);
    if (n < 2) {
        return;
    }
    double dx = OGR_G_GetX(ring, n - 1) - OGR_G_GetX(ring, 0);
    double dy = OGR_G_GetY(ring, n - 1) - OGR_G_GetY(ring, 0);
    if (dx < 0 || dx > 0 || dy < 0 || dy > 0) {
        OGR_G_AddPoint_2D(ring, OGR_G_GetX(ring, 0), OGR_G_GetY(ring, 0));
        f->n_unclosed++;
    }
}

/* The polygon with its rings closed, appended to all unless its shell is none. */
static void add_polygon(OGRGeometryH all, OGRGeometryH polygon, struct ring_faults *f)
{
    OGRGeometryH closed = OGR_G_CreateGeometry(wkbPolygon);
    for (int i = 0; i < OGR_G_GetGeometryCount(polygon); i++) {
        OGRGeometryH ring = OGR_G_GetGeometryRef(polygon, i);
        close_ring(ring, f);
        if (!is_short(ring)) {
            (void)OGR_G_AddGeometry(closed, ring);
            continue;
        }
        f->n_short += OGR_G_GetPointCount(ring) > 0;
        if (i == 0) {
            break;
        }
    }
    if (OGR_G_GetGeometryCount(closed) > 0) {
        (void)OGR_G_AddGeometry(all, closed);
    }
    OGR_G_DestroyGeometry(closed);
}

/* Recursion: as deep as the file nests collections, which OGR's readers limit to some tens. */
static void add_polygons(OGRGeometryH all, OGRGeometryH g, struct ring_faults *f)
{
    OGRwkbGeometryType type = wkbFlatten(OGR_G_GetGeometryType(g));
    if (type == wkbPolygon) {
        add_polygon(all, g, f);
    } else if (type == wkbMultiPolygon || type == wkbGeometryCollection) {
        for (int i = 0; i < OGR_G_GetGeometryCount(g); i++) {
            add_polygons(all, OGR_G_GetGeometryRef(g, i), f);
        }
    }
}

OGRGeometryH rings_polygons(OGRGeometryH g, struct ring_faults *f)
{
    g = OGR_G_ForceTo(g, OGR_GT_GetLinear(OGR_G_GetGeometryType(g)), NULL);
    if (!g) {
        return NULL;
    }
    OGR_G_FlattenTo2D(g);
    OGRGeometryH all = OGR_G_CreateGeometry(wkbMultiPolygon);
    add_polygons(all, g, f);
    OGR_G_DestroyGeometry(g);
    if (OGR_G_GetGeometryCount(all) == 0) {
        OGR_G_DestroyGeometry(all);
        return NULL;
    }
    return all;
}

/* Round the Earth ----------------------------------------------------------------------------------------- */

/* Every vertex must be a place; wild numbers would make an index or a raster endless. Longitudes may
 * be those of a neighbouring turn, as in files that go from 0 to 360. */
static int check_ring(OGRGeometryH ring, struct err *e)
{
    for (int i = 0; i < OGR_G_GetPointCount(ring); i++) {
        struct lonlat p = {OGR_G_GetX(ring, i), OGR_G_GetY(ring, i)};
        if (!(p.lon >= -360 && p.lon <= 360 && p.lat >= -90 && p.lat <= 90)) {
            bool turned = fabs(p.lon) <= 90 && fabs(p.lat) <= 360;
            return err_set(e, ERR_INPUT, "vertex %d (lon %g, lat %g) is not on Earth%s", i, p.lon,
                           p.lat, turned ? ": are longitude and latitude exchanged?" : "");
        }
    }
    return 0;
}

/*
 * A ring within -180 .. 180 with an edge from 178 to -179 crosses the antimeridian: the edge is
 * 3 degrees long and not 357, and the ring goes on beyond 180. *crosses is set then. Rings with
 * vertices beyond 180 say themselves what they mean, and an edge of a whole turn is one along the
 * edge of the map.
 */
static int unwrap_ring(OGRGeometryH ring, bool *crosses, struct err *e)
{
    int n = OGR_G_GetPointCount(ring);
    double shift = 0;
    double last = n > 0 ? OGR_G_GetX(ring, 0) : 0;
    for (int i = 0; i < n; i++) {
        if (fabs(OGR_G_GetX(ring, i)) > 180) {
            return 0;
        }
    }
    for (int i = 1; i < n; i++) {
        double lon = OGR_G_GetX(ring, i);
        if (fabs(lon - last) > 180 && fabs(lon - last) < 360) {
            shift += lon > last ? -360 : 360;
            *crosses = true;
        }
        last = lon;
        if (shift < 0 || shift > 0) {
            OGR_G_SetPoint_2D(ring, i, lon + shift, OGR_G_GetY(ring, i));
        }
    }
    if (shift < 0 || shift > 0) {
        return err_set(e, ERR_INPUT,
                       "a ring goes round the Earth: lead it along the antimeridian to the pole "
                       "and back");
    }
    return 0;
}

static void move_ring(OGRGeometryH ring, double by)
{
    for (int i = 0; i < OGR_G_GetPointCount(ring); i++) {
        OGR_G_SetPoint_2D(ring, i, OGR_G_GetX(ring, i) + by, OGR_G_GetY(ring, i));
    }
}

static double middle_of(OGRGeometryH ring)
{
    OGREnvelope box;
    OGR_G_GetEnvelope(ring, &box);
    return (box.MinX + box.MaxX) / 2;
}

/* Holes to the turn of their shell. */
static int unwrap_polygon(OGRGeometryH polygon, struct ring_faults *f, struct err *e)
{
    OGRGeometryH shell = OGR_G_GetGeometryRef(polygon, 0);
    bool here = false;
    for (int i = 0; i < OGR_G_GetGeometryCount(polygon); i++) {
        OGRGeometryH ring = OGR_G_GetGeometryRef(polygon, i);
        if (check_ring(ring, e) != 0 || unwrap_ring(ring, &here, e) != 0) {
            return -1;
        }
        double middle = middle_of(ring);
        double near = geo_lon_near(middle, middle_of(shell));
        if (here && (near < middle || near > middle)) {
            move_ring(ring, near - middle);
        }
    }
    f->crosses = f->crosses || here;
    return 0;
}

int rings_unwrap(OGRGeometryH polygons, struct ring_faults *f, struct err *e)
{
    for (int i = 0; i < OGR_G_GetGeometryCount(polygons); i++) {
        if (unwrap_polygon(OGR_G_GetGeometryRef(polygons, i), f, e) != 0) {
            return -1;
        }
    }
    return 0;
}
