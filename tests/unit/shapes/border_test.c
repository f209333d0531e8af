/* SPDX-License-Identifier: MIT */
/* The border: its area, what is inside, agreement with GEOS, holes, and files that are no border. */
#include "tests/unit/shapes/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <geos_c.h>

#include "core/file.h"
#include "core/log.h"
#include "core/rng.h"

static void test_area(void **state)
{
    (void)state;
    struct border *b = open_border(CROATIA);
    double km2 = area_km2(b, "EPSG:3765");
    print_message("area of Croatia in EPSG:3765: %.2f km2\n", km2);
    assert_true(fabs(km2 - 56448) <= 1);
    assert_int_equal(border_n_rings(b), 98);
    border_free(b);
}

static void test_places(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct lonlat at;
        bool inside;
    } place[] = {
        {"Zagreb", {15.9819, 45.8150}, true},
        {"Gospic", {15.3747, 44.5461}, true},
        {"Osijek", {18.6955, 45.5550}, true},
        {"Dubrovnik airport", {18.2682, 42.5614}, true},
        {"Krk", {14.60, 45.07}, true},
        {"Brac", {16.65, 43.32}, true},
        {"Vis", {16.15, 43.045}, true},
        {"Lastovo", {16.88, 42.75}, true},
        {"Adriatic", {15.0, 43.5}, false},
        {"Neum, between the two parts", {17.617, 42.925}, false},
        {"Sarajevo", {18.41, 43.86}, false},
        {"Ljubljana", {14.51, 46.05}, false},
        {"inside the box, not the country", {17.0, 44.5}, false},
        {"not a number", {NAN, 45}, false},
        {"outside the box", {-120, 45}, false},
    };
    struct border *b = open_border(CROATIA);
    for (size_t i = 0; i < sizeof place / sizeof place[0]; i++) {
        if (border_contains(b, place[i].at) != place[i].inside) {
            fail_msg("%s", place[i].name);
        }
    }
    border_free(b);
}

/* The same border for GEOS: all shells' even-odd sum, as one multipolygon from our rings. */
static GEOSGeometry *to_geos(GEOSContextHandle_t h, const struct border *b)
{
    GEOSGeometry *all[4096];
    GEOSGeometry *hole[4096];
    unsigned n_all = 0;
    for (size_t i = 0; i < border_n_rings(b);) {
        GEOSGeometry *shell = NULL;
        unsigned n_holes = 0;
        do {
            size_t n = 0;
            bool is_hole = false;
            const struct lonlat *p = border_ring(b, i, &n, &is_hole);
            GEOSCoordSequence *seq = GEOSCoordSeq_create_r(h, (unsigned)n, 2);
            for (unsigned k = 0; k < n; k++) {
                (void)GEOSCoordSeq_setXY_r(h, seq, k, p[k].lon, p[k].lat);
            }
            GEOSGeometry *ring = GEOSGeom_createLinearRing_r(h, seq);
            if (is_hole) {
                hole[n_holes++] = ring;
            } else {
                shell = ring;
            }
            i++;
            if (i < border_n_rings(b)) {
                (void)border_ring(b, i, &n, &is_hole);
            }
            if (!is_hole) {
                break;
            }
        } while (i < border_n_rings(b));
        all[n_all++] = GEOSGeom_createPolygon_r(h, shell, hole, n_holes);
    }
    return GEOSGeom_createCollection_r(h, GEOS_MULTIPOLYGON, all, n_all);
}

static void compare_with_geos(const char *path, size_t n)
{
    struct border *b = open_border(path);
    struct bbox box = border_bbox(b);
    GEOSContextHandle_t h = GEOS_init_r();
    GEOSGeometry *g = to_geos(h, b);
    const GEOSPreparedGeometry *prepared = GEOSPrepare_r(h, g);
    size_t n_inside = 0;
    assert_int_equal(GEOSisValid_r(h, g), 1);
    for (size_t i = 0; i < n; i++) {
        struct lonlat p = {box.min_x + (box.max_x - box.min_x) * rng_f64(1, rng_stream("x"), i),
                           box.min_y + (box.max_y - box.min_y) * rng_f64(1, rng_stream("y"), i)};
        GEOSGeometry *point = GEOSGeom_createPointFromXY_r(h, p.lon, p.lat);
        bool inside = GEOSPreparedIntersects_r(h, prepared, point) == 1;
        GEOSGeom_destroy_r(h, point);
        n_inside += inside;
        if (border_contains(b, p) != inside) {
            fail_msg("%s: lon %.17g lat %.17g: GEOS says %d", path, p.lon, p.lat, inside);
        }
    }
    assert_true(n_inside > n / 20 && n_inside < n);
    GEOSPreparedGeom_destroy_r(h, prepared);
    GEOSGeom_destroy_r(h, g);
    GEOS_finish_r(h);
    border_free(b);
}

static void test_agrees_with_geos(void **state)
{
    (void)state;
    compare_with_geos(CROATIA, 100000);
}

static void test_agrees_with_geos_fine(void **state)
{
    (void)state;
    need(DATA "/borders/croatia/dgu_hrv.geojson");
    compare_with_geos(DATA "/borders/croatia/dgu_hrv.geojson", 20000);
}

static void test_vertices_are_inside(void **state)
{
    (void)state;
    struct border *b = open_border(CROATIA);
    for (size_t i = 0; i < border_n_rings(b); i++) {
        size_t n = 0;
        bool hole = false;
        const struct lonlat *p = border_ring(b, i, &n, &hole);
        assert_true(n >= 4 && p[0].lon == p[n - 1].lon && p[0].lat == p[n - 1].lat);
        for (size_t k = 0; k < n; k++) {
            assert_true(border_contains(b, p[k]));
        }
    }
    border_free(b);
}

#define HOLED                                                                     \
    "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]," \
    "[[4,4],[4,6],[6,6],[6,4],[4,4]]]}"

static void test_hole(void **state)
{
    (void)state;
    struct border *b = open_border(temp_file("hole.geojson", HOLED));
    size_t n = 0;
    bool hole = false;
    assert_int_equal(border_n_rings(b), 2);
    (void)border_ring(b, 0, &n, &hole);
    assert_false(hole);
    (void)border_ring(b, 1, &n, &hole);
    assert_true(hole);
    assert_true(border_contains(b, (struct lonlat){1, 1}));
    assert_false(border_contains(b, (struct lonlat){5, 5}));
    assert_true(border_contains(b, (struct lonlat){4, 5})); /* on the hole's edge */
    assert_true(border_contains(b, (struct lonlat){0, 5})); /* on the shell's edges */
    assert_true(border_contains(b, (struct lonlat){5, 0}));
    assert_true(border_contains(b, (struct lonlat){5, 10}));
    assert_true(border_contains(b, (struct lonlat){10, 10})); /* a corner */
    assert_false(border_contains(b, (struct lonlat){10.000001, 5}));
    border_free(b);
}

static void test_nearest_land(void **state)
{
    (void)state;
    struct border *b = open_border(temp_file("hole.geojson", HOLED));
    struct lonlat q = border_nearest_land(b, (struct lonlat){1, 1});
    assert_true(q.lon == 1 && q.lat == 1);
    q = border_nearest_land(b, (struct lonlat){5.2, 5.9}); /* in the hole, north edge is nearest */
    assert_true(fabs(q.lon - 5.2) < 1e-12 && fabs(q.lat - 6) < 1e-12);
    q = border_nearest_land(b, (struct lonlat){-0.1, 5});
    assert_true(fabs(q.lon) < 1e-12 && fabs(q.lat - 5) < 1e-12);
    q = border_nearest_land(b, (struct lonlat){11, 12});
    assert_true(fabs(q.lon - 10) < 1e-12 && fabs(q.lat - 10) < 1e-12);
    border_free(b);
}

/* The banded search against all edges, and the result touches land. */
static void test_nearest_land_of_croatia(void **state)
{
    (void)state;
    struct border *b = open_border(CROATIA);
    struct bbox box = border_bbox(b);
    for (uint64_t i = 0; i < 300; i++) {
        struct lonlat p = {box.min_x + (box.max_x - box.min_x) * rng_f64(2, rng_stream("x"), i),
                           box.min_y + (box.max_y - box.min_y) * rng_f64(2, rng_stream("y"), i)};
        double best = INFINITY;
        for (size_t r = 0; r < border_n_rings(b); r++) {
            size_t n = 0;
            bool hole = false;
            const struct lonlat *v = border_ring(b, r, &n, &hole);
            for (size_t k = 0; k + 1 < n; k++) {
                best = fmin(best, geo_distance_km(p, v[k]));
            }
        }
        double km = geo_distance_km(p, border_nearest_land(b, p));
        /* vertices only: an upper bound, and a loose lower one as edges are short */
        assert_true(km <= best * 1.001 + 1e-6);
        assert_true(border_contains(b, p) ? km == 0 : km > best - 12);
    }
    border_free(b);
}

static void test_same_geometry_same_digest(void **state)
{
    (void)state;
    struct border *a = open_border(temp_file("a.geojson", HOLED));
    struct border *b = open_border(temp_file(
        "b.geojson", "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[10,10],[10,0],[0,0],[0,10],"
                     "[10,10]],[[6,6],[6,4],[4,4],[4,6],[6,6]]]]}"));
    struct border *c = open_border(temp_file(
        "c.geojson", "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[9,0],[9,9],[0,9],[0,0]]]}"));
    assert_string_equal(border_sha256(a), border_sha256(b));
    assert_string_not_equal(border_sha256(a), border_sha256(c));
    border_free(a);
    border_free(b);
    border_free(c);
}

static void test_bow_tie_is_repaired(void **state)
{
    (void)state;
    struct border *b = open_border(temp_file(
        "bow.geojson", "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}"));
    assert_int_equal(border_n_rings(b), 2);
    assert_true(border_contains(b, (struct lonlat){0.1, 1}));
    assert_true(border_contains(b, (struct lonlat){1.9, 1}));
    assert_false(border_contains(b, (struct lonlat){1, 0.1}));
    border_free(b);
}

static void test_features_are_united(void **state)
{
    (void)state;
    struct border *b = open_border(
        temp_file("two.geojson",
                  "{\"type\":\"FeatureCollection\",\"features\":["
                  "{\"type\":\"Feature\",\"properties\":{},\"geometry\":"
                  "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}},"
                  "{\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"Point\","
                  "\"coordinates\":[7,7]}},"
                  "{\"type\":\"Feature\",\"properties\":{},\"geometry\":"
                  "{\"type\":\"Polygon\",\"coordinates\":[[[1,0],[2,0],[2,1],[1,1],[1,0]]]}}]}"));
    assert_int_equal(border_n_rings(b), 1);
    assert_true(border_contains(b, (struct lonlat){1, 0.5}));
    border_free(b);
}

static void refused(const char *path, const char *words)
{
    struct err e = {0};
    struct border *b = NULL;
    assert_int_equal(border_open(path, &b, &e), -1);
    assert_null(b);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_null(strchr(e.msg, '\n'));
    if (!strstr(e.msg, words)) {
        fail_msg("'%s' does not say '%s'", e.msg, words);
    }
}

static void test_refused(void **state)
{
    (void)state;
    refused("nowhere.shp", "there is no file 'nowhere.shp'");
    refused(temp_file("empty.geojson", ""), "0 bytes");
    refused(temp_file("text.txt", "hello"), "cannot read");
    refused(temp_file("points.geojson", "{\"type\":\"Point\",\"coordinates\":[1,2]}"),
            "no polygons");
    refused(temp_file("wild.geojson", "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1e300,0],"
                                      "[1,1],[0,0]]]}"),
            "is not on Earth");
    refused(temp_file("flat.geojson",
                      "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,1],[2,2],[0,0]]]}"),
            "no polygon with an area");
}

static void test_other_reference_system(void **state)
{
    (void)state;
    need(DATA "/borders/croatia/hrv_ne10m_3765.shp");
    struct border *a = open_border(DATA "/borders/croatia/hrv_ne10m.shp");
    struct border *b = open_border(DATA "/borders/croatia/hrv_ne10m_3765.shp");
    assert_int_equal(border_n_rings(a), border_n_rings(b));
    assert_true(fabs(border_bbox(a).min_x - border_bbox(b).min_x) < 1e-8);
    assert_true(fabs(border_bbox(a).max_y - border_bbox(b).max_y) < 1e-8);
    border_free(a);
    border_free(b);
}

/* The antimeridian ---------------------------------------------------------------------------------- */

/* What a border of the country must be, however the file has cut it. */
static void check_fiji(const struct border *b)
{
    struct bbox box = border_bbox(b);
    assert_int_equal(border_n_rings(b), 3); /* the halves of the island on 180 are one */
    assert_true(fabs(box.min_x - 177) < 1e-9 && fabs(box.max_x - 181.3) < 1e-9);
    assert_true(border_contains(b, (struct lonlat){178, -18}));
    assert_true(border_contains(b, (struct lonlat){180, -17}));
    assert_true(border_contains(b, (struct lonlat){-180, -17}));
    assert_true(border_contains(b, (struct lonlat){-179.9, -17}));
    assert_true(border_contains(b, (struct lonlat){179.9, -17}));
    assert_true(border_contains(b, (struct lonlat){180.1, -17}));
    assert_true(border_contains(b, (struct lonlat){-178.8, -18.1}));
    assert_false(border_contains(b, (struct lonlat){-179.5, -17}));
    assert_false(border_contains(b, (struct lonlat){0, -17}));
    /* no coast along 180; the nearest one of a place in the sea may be on the other side */
    struct lonlat q = border_nearest_land(b, (struct lonlat){-179.99, -17});
    assert_true(q.lon == -179.99 && q.lat == -17);
    q = border_nearest_land(b, (struct lonlat){-179.6, -17});
    assert_true(fabs(q.lon + 179.7) < 1e-9 && fabs(q.lat + 17) < 1e-9);
    q = border_nearest_land(b, (struct lonlat){179.4, -17});
    assert_true(fabs(q.lon - 179.5) < 1e-9);
    q = border_nearest_land(b, (struct lonlat){-179.9, -16.5});
    assert_true(fabs(q.lon + 179.9) < 1e-9 && fabs(q.lat + 16.8) < 1e-9);
    struct lonlat u = border_unwrap(b, (struct lonlat){-179, -17});
    assert_true(fabs(u.lon - 181) < 1e-9);
}

static void test_antimeridian(void **state)
{
    (void)state;
    static const char *const drawn[] = {
        FIJI,
        /* an edge from 179.5 to -179.7 */
        "{\"type\":\"MultiPolygon\",\"coordinates\":["
        "[[[177,-18.3],[178.7,-18.3],[178.7,-17.3],[177,-17.3],[177,-18.3]]],"
        "[[[179.5,-17.2],[-179.7,-17.2],[-179.7,-16.8],[179.5,-16.8],[179.5,-17.2]]],"
        "[[[-178.9,-18.2],[-178.7,-18.2],[-178.7,-18],[-178.9,-18],[-178.9,-18.2]]]]}",
        /* from 0 to 360 */
        "{\"type\":\"MultiPolygon\",\"coordinates\":["
        "[[[177,-18.3],[178.7,-18.3],[178.7,-17.3],[177,-17.3],[177,-18.3]]],"
        "[[[179.5,-17.2],[180.3,-17.2],[180.3,-16.8],[179.5,-16.8],[179.5,-17.2]]],"
        "[[[181.1,-18.2],[181.3,-18.2],[181.3,-18],[181.1,-18],[181.1,-18.2]]]]}",
        /* to the west of -180 */
        "{\"type\":\"MultiPolygon\",\"coordinates\":["
        "[[[-183,-18.3],[-181.3,-18.3],[-181.3,-17.3],[-183,-17.3],[-183,-18.3]]],"
        "[[[-180.5,-17.2],[-179.7,-17.2],[-179.7,-16.8],[-180.5,-16.8],[-180.5,-17.2]]],"
        "[[[-178.9,-18.2],[-178.7,-18.2],[-178.7,-18],[-178.9,-18],[-178.9,-18.2]]]]}",
    };
    for (size_t i = 0; i < sizeof drawn / sizeof drawn[0]; i++) {
        struct border *b = open_border(temp_file("fiji.geojson", drawn[i]));
        check_fiji(b);
        border_free(b);
    }
}

static void test_antimeridian_hole(void **state)
{
    (void)state;
    struct border *b = open_border(temp_file(
        "hole180.geojson",
        "{\"type\":\"Polygon\",\"coordinates\":[[[178,0],[-178,0],[-178,4],[178,4],[178,0]],"
        "[[-179.5,1],[-179.5,2],[-179,2],[-179,1],[-179.5,1]]]}"));
    assert_int_equal(border_n_rings(b), 2);
    assert_true(border_contains(b, (struct lonlat){-179.7, 1.5}));
    assert_false(border_contains(b, (struct lonlat){-179.2, 1.5}));
    border_free(b);
}

/* Countries around the Earth have no place to be cut open: they stay within 180. */
static void test_all_longitudes(void **state)
{
    (void)state;
    struct border *b = open_border(
        temp_file("world.geojson", "{\"type\":\"MultiPolygon\",\"coordinates\":["
                                   "[[[-180,-90],[180,-90],[180,-70],[-180,-70],[-180,-90]]],"
                                   "[[[170,60],[190,60],[190,70],[170,70],[170,60]]],"
                                   "[[[10,40],[20,40],[20,50],[10,50],[10,40]]]]}"));
    struct bbox box = border_bbox(b);
    assert_true(box.min_x == -180 && box.max_x == 180);
    assert_true(border_contains(b, (struct lonlat){-175, 65}));
    assert_true(border_contains(b, (struct lonlat){180, 65}));
    assert_true(border_contains(b, (struct lonlat){-180, 65}));
    assert_true(border_contains(b, (struct lonlat){15, 45}));
    assert_true(border_contains(b, (struct lonlat){0, -80}));
    assert_false(border_contains(b, (struct lonlat){0, 65}));
    border_free(b);
    b = open_border(temp_file("usa.geojson", /* touches 180 nowhere, and is one country */
                              "{\"type\":\"MultiPolygon\",\"coordinates\":["
                              "[[[172,52],[173,52],[173,53],[172,53],[172,52]]],"
                              "[[[-170,55],[-67,55],[-67,25],[-170,25],[-170,55]]]]}"));
    box = border_bbox(b);
    assert_true(box.min_x == 172 && box.max_x == 293);
    border_free(b);
}

static void test_speed(void **state)
{
    (void)state;
    struct border *b = open_border(CROATIA);
    struct bbox box = border_bbox(b);
    enum { N = 1000000 };
    struct lonlat *p = calloc(N, sizeof *p);
    struct timespec t0;
    struct timespec t1;
    size_t n = 0;
    assert_non_null(p);
    for (size_t i = 0; i < N; i++) {
        p[i] = (struct lonlat){box.min_x + (box.max_x - box.min_x) * rng_f64(3, 1, i),
                               box.min_y + (box.max_y - box.min_y) * rng_f64(3, 2, i)};
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &t0);
    for (size_t i = 0; i < N; i++) {
        n += border_contains(b, p[i]);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &t1);
    double s = (double)(t1.tv_sec - t0.tv_sec) + (double)(t1.tv_nsec - t0.tv_nsec) / 1e9;
    print_message("border_contains: %.1f million points/s, %zu of 1000000 inside\n", 1 / s, n);
    assert_true(s < 5); /* a hang, not a benchmark: 0.05 s on an idle machine */
    free(p);
    border_free(b);
}

int main(void)
{
    log_init("border_test", 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_area),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_agrees_with_geos),
        cmocka_unit_test(test_agrees_with_geos_fine),
        cmocka_unit_test(test_vertices_are_inside),
        cmocka_unit_test(test_hole),
        cmocka_unit_test(test_nearest_land),
        cmocka_unit_test(test_nearest_land_of_croatia),
        cmocka_unit_test(test_same_geometry_same_digest),
        cmocka_unit_test(test_bow_tie_is_repaired),
        cmocka_unit_test(test_features_are_united),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_other_reference_system),
        cmocka_unit_test(test_antimeridian),
        cmocka_unit_test(test_antimeridian_hole),
        cmocka_unit_test(test_all_longitudes),
        cmocka_unit_test(test_speed),
    };
    return cmocka_run_group_tests(tests, temp_setup, temp_teardown);
}
