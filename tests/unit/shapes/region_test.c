/* SPDX-License-Identifier: MIT */
/* A projected border: boxes inside, outside, across and touching; nearest land; polygons as WKB. */
#include "tests/unit/shapes/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <geos_c.h>

#include "core/rng.h"
#include "shapes/region.h"
#include "shapes/wkb.h"

/* A square of two degrees with a hole of half a degree, around 16 E 45 N. */
#define HOLED                                                                           \
    "{\"type\":\"Polygon\",\"coordinates\":[[[15,44],[17,44],[17,46],[15,46],[15,44]]," \
    "[[15.75,44.75],[15.75,45.25],[16.25,45.25],[16.25,44.75],[15.75,44.75]]]}"

static struct crs *crs;

static struct region *open_region(const char *path)
{
    struct err e = {0};
    struct region *r = NULL;
    struct border *b = open_border(path);
    if (!crs) {
        assert_int_equal(crs_open("EPSG:3765", &crs, &e), 0);
    }
    if (region_new(b, crs, &r, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    border_free(b);
    return r;
}

static struct xy place(double lon, double lat)
{
    struct err e = {0};
    struct lonlat p = {lon, lat};
    struct xy q = {0};
    assert_int_equal(crs_project(crs, &p, &q, 1, &e), 0);
    return q;
}

static enum region_relation relate(struct region *r, struct bbox box)
{
    struct err e = {0};
    enum region_relation relation = REGION_OUTSIDE;
    assert_int_equal(region_relate(r, box, &relation, &e), 0);
    return relation;
}

static struct bbox around(struct xy p, double half_m)
{
    return (struct bbox){p.x - half_m, p.y - half_m, p.x + half_m, p.y + half_m};
}

static void test_boxes(void **state)
{
    (void)state;
    struct region *r = open_region(temp_file("holed.geojson", HOLED));
    assert_int_equal(relate(r, around(place(15.3, 44.3), 5000)), REGION_INSIDE);
    assert_int_equal(relate(r, around(place(16, 45), 5000)), REGION_OUTSIDE); /* in the hole */
    assert_int_equal(relate(r, around(place(16, 45), 60000)), REGION_CROSSES);
    assert_int_equal(relate(r, around(place(15.75, 45), 5000)), REGION_CROSSES);
    assert_int_equal(relate(r, around(place(18, 45), 5000)), REGION_OUTSIDE);
    assert_int_equal(relate(r, around(place(16, 45), 1e6)), REGION_CROSSES);
    /* touching at one corner counts */
    struct xy corner = place(15, 44);
    assert_int_equal(relate(r, (struct bbox){corner.x - 1000, corner.y - 1000, corner.x, corner.y}),
                     REGION_CROSSES);
    region_free(r);
}

static void test_area(void **state)
{
    (void)state;
    struct region *r = open_region(CROATIA);
    assert_true(fabs(region_area_m2(r) / 1e6 - 56448) <= 1);
    region_free(r);
    r = open_region(temp_file("holed.geojson", HOLED));
    struct border *b = open_border(temp_file("holed.geojson", HOLED));
    assert_true(fabs(region_area_m2(r) / 1e6 - area_km2(b, "EPSG:3765")) < 1e-6);
    border_free(b);
    region_free(r);
}

static void test_nearest(void **state)
{
    (void)state;
    struct err e = {0};
    struct region *r = open_region(temp_file("holed.geojson", HOLED));
    struct xy inside = place(15.3, 44.3);
    struct xy q;
    assert_int_equal(region_nearest(r, inside, &q, &e), 0);
    assert_true(q.x == inside.x && q.y == inside.y);
    /* in the hole, 2 km from its east side */
    struct xy east = place(16.25, 45);
    assert_int_equal(region_nearest(r, (struct xy){east.x - 2000, east.y}, &q, &e), 0);
    assert_true(fabs(hypot(q.x - (east.x - 2000), q.y - east.y) - 2000) < 20);
    assert_true(hypot(q.x - east.x, q.y - east.y) < 100);
    region_free(r);
}

static double to_edge(struct xy p, struct xy a, struct xy b)
{
    double dx = b.x - a.x;
    double dy = b.y - a.y;
    double t = ((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy);
    t = dx * dx + dy * dy > 0 ? fmin(fmax(t, 0), 1) : 0;
    return hypot(a.x + t * dx - p.x, a.y + t * dy - p.y);
}

/* The index against every edge of Croatia. */
static void test_nearest_of_all(void **state)
{
    (void)state;
    struct err e = {0};
    struct border *b = open_border(CROATIA);
    struct region *r = open_region(CROATIA);
    struct bbox box = region_bbox(r);
    size_t n_sea = 0;
    for (uint64_t i = 0; i < 300; i++) {
        struct xy q;
        bool inside = false;
        struct xy p = {box.min_x + rng_f64(1, 1, i) * (box.max_x - box.min_x),
                       box.min_y + rng_f64(1, 2, i) * (box.max_y - box.min_y)};
        double best = INFINITY;
        assert_int_equal(region_contains(r, p, &inside, &e), 0);
        assert_int_equal(region_nearest(r, p, &q, &e), 0);
        if (inside) {
            assert_true(q.x == p.x && q.y == p.y);
            continue;
        }
        for (size_t k = 0; k < border_n_rings(b); k++) {
            size_t n = 0;
            bool hole = false;
            const struct lonlat *ring = border_ring(b, k, &n, &hole);
            struct xy *xy = malloc(n * sizeof *xy);
            assert_non_null(xy);
            assert_int_equal(crs_project(crs, ring, xy, n, &e), 0);
            for (size_t j = 1; j < n; j++) {
                best = fmin(best, to_edge(p, xy[j - 1], xy[j]));
            }
            free(xy);
        }
        assert_true(fabs(hypot(q.x - p.x, q.y - p.y) - best) < 1e-6);
        n_sea++;
    }
    assert_true(n_sea > 150);
    region_free(r);
    border_free(b);
}

static void test_not_projectable(void **state)
{
    (void)state;
    struct err e = {0};
    struct crs *gnomonic = NULL;
    struct region *r = NULL;
    struct border *b = open_border(temp_file(
        "far.geojson", "{\"type\":\"Polygon\",\"coordinates\":[[[-160,-45],[-159,-45],[-159,-44],"
                       "[-160,-45]]]}"));
    assert_int_equal(crs_open("+proj=gnom +lat_0=45 +lon_0=16", &gnomonic, &e), 0);
    assert_int_equal(region_new(b, gnomonic, &r, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    crs_free(gnomonic);
    border_free(b);
}

struct parsed {
    double area;
    int n_parts;
    struct bbox box;
};

/* What wkb_ring makes of a ring: valid, and this. */
static struct parsed outline(const struct lonlat *ring, size_t n)
{
    struct err e = {0};
    struct buf out;
    struct parsed p = {0};
    buf_init(&out, 10000);
    assert_int_equal(wkb_ring(ring, n, &out, &p.box, &e), 0);
    GEOSContextHandle_t h = GEOS_init_r();
    GEOSWKBReader *reader = GEOSWKBReader_create_r(h);
    GEOSGeometry *g = GEOSWKBReader_read_r(h, reader, (const unsigned char *)out.p, out.n);
    assert_non_null(g);
    assert_int_equal(GEOSGeomTypeId_r(h, g), GEOS_MULTIPOLYGON);
    assert_int_equal(GEOSisValid_r(h, g), 1);
    assert_int_equal(GEOSArea_r(h, g, &p.area), 1);
    p.n_parts = GEOSGetNumGeometries_r(h, g);
    GEOSGeom_destroy_r(h, g);
    GEOSWKBReader_destroy_r(h, reader);
    GEOS_finish_r(h);
    buf_release(&out);
    return p;
}

static void same_box(struct bbox box, double min_x, double min_y, double max_x, double max_y)
{
    assert_true(box.min_x == min_x && box.min_y == min_y);
    assert_true(box.max_x == max_x && box.max_y == max_y);
}

static void test_outline(void **state)
{
    (void)state;
    static const struct lonlat plain[5] = {{1, 2}, {3, 2}, {3, 5}, {1, 5}, {1, 2}};
    struct parsed p = outline(plain, 5);
    assert_true(p.area == 6 && p.n_parts == 1);
    same_box(p.box, 1, 2, 3, 5);
}

static void test_outline_across_180(void **state)
{
    (void)state;
    static const struct lonlat jumps[5] = {{179, 2}, {-178, 2}, {-178, 5}, {179, 5}, {179, 2}};
    static const struct lonlat goes_on[5] = {{179, 2}, {182, 2}, {182, 5}, {179, 5}, {179, 2}};
    static const struct lonlat touches[5] = {{180, 2}, {-179, 2}, {-179, 5}, {-180, 5}, {180, 2}};
    static const struct lonlat beyond[5] = {{183, 2}, {185, 2}, {185, 5}, {183, 5}, {183, 2}};
    struct parsed p = outline(jumps, 5);
    assert_true(p.area == 9 && p.n_parts == 2);
    same_box(p.box, -180, 2, 180, 5);
    p = outline(goes_on, 5);
    assert_true(p.area == 9 && p.n_parts == 2);
    p = outline(touches, 5);
    assert_true(p.area == 3 && p.n_parts == 1);
    same_box(p.box, -180, 2, -179, 5);
    p = outline(beyond, 5);
    assert_true(p.area == 6 && p.n_parts == 1);
    same_box(p.box, -177, 2, -175, 5);
}

static void test_outline_around_pole(void **state)
{
    (void)state;
    static const struct lonlat north[5] = {{-135, 80}, {-45, 80}, {45, 80}, {135, 80}, {-135, 80}};
    static const struct lonlat south[5] = {
        {-135, -80}, {135, -80}, {45, -80}, {-45, -80}, {-135, -80}};
    struct parsed p = outline(north, 5);
    assert_true(p.area == 3600);
    same_box(p.box, -180, 80, 180, 90);
    p = outline(south, 5);
    assert_true(p.area == 3600);
    same_box(p.box, -180, -90, 180, -80);
}

/* Fiji, as files have it: cut at 180. In a plane whose middle is there it is one piece. */
static void test_across_180(void **state)
{
    (void)state;
    struct err e = {0};
    struct crs *fiji = NULL;
    struct region *r = NULL;
    struct xy q;
    bool inside = false;
    struct border *b = open_border(temp_file("fiji.geojson", FIJI));
    assert_int_equal(crs_open("EPSG:3460", &fiji, &e), 0);
    assert_int_equal(region_new(b, fiji, &r, &e), 0);
    struct bbox box = region_bbox(r);
    assert_true(box.max_x - box.min_x < 500000);
    static const struct lonlat seam = {180, -17};
    assert_int_equal(crs_project(fiji, &seam, &q, 1, &e), 0);
    assert_int_equal(region_contains(r, q, &inside, &e), 0);
    assert_true(inside);
    region_free(r);
    crs_free(fiji);
    border_free(b);
}

static void test_cut_open_in_the_country(void **state)
{
    (void)state;
    struct err e = {0};
    struct crs *mercator = NULL;
    struct region *r = NULL;
    struct border *b = open_border(temp_file("fiji.geojson", FIJI));
    assert_int_equal(crs_open("EPSG:3857", &mercator, &e), 0);
    assert_int_equal(region_new(b, mercator, &r, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_non_null(strstr(e.msg, "cut open"));
    crs_free(mercator);
    border_free(b);
}

static int teardown(void **state)
{
    crs_free(crs);
    return temp_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_area),
        cmocka_unit_test(test_boxes),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_nearest_of_all),
        cmocka_unit_test(test_not_projectable),
        cmocka_unit_test(test_outline),
        cmocka_unit_test(test_outline_across_180),
        cmocka_unit_test(test_outline_around_pole),
        cmocka_unit_test(test_across_180),
        cmocka_unit_test(test_cut_open_in_the_country),
    };
    return cmocka_run_group_tests(tests, temp_setup, teardown);
}
