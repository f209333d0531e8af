/* SPDX-License-Identifier: MIT */
/* Projections: published values, round trips, and what is refused. */
#include "tests/unit/shapes/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/parse.h"
#include "core/rng.h"

static struct crs *open_crs(const char *name)
{
    struct err e = {0};
    struct crs *c = NULL;
    if (crs_open(name, &c, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    return c;
}

static void expect(struct crs *c, struct lonlat p, struct xy want, double tolerance_m)
{
    struct err e = {0};
    struct xy got = {0};
    struct lonlat back = {0};
    assert_int_equal(crs_project(c, &p, &got, 1, &e), 0);
    if (!(hypot(got.x - want.x, got.y - want.y) <= tolerance_m)) {
        fail_msg("lon %.9f lat %.9f: %.6f %.6f, expected %.6f %.6f", p.lon, p.lat, got.x, got.y,
                 want.x, want.y);
    }
    assert_int_equal(crs_unproject(c, &got, &back, 1, &e), 0);
    assert_true(geo_distance_km(p, back) * 1000 < 0.001);
}

/* Source: transverse Mercator on GRS80, k0 0.9999, lon0 16.5, false easting 500 km, evaluated by
 * the Krueger series to n^6 (Karney 2011, eq. 35), which agrees with PROJ 9.1.1 to 1e-5 m; the
 * first is EPSG's area centroid, the second the example of npm's htrs96tm-latlong. */
static void test_epsg3765(void **state)
{
    (void)state;
    struct crs *c = open_crs("EPSG:3765");
    expect(c, (struct lonlat){16.3178924606184, 44.891094757493825},
           (struct xy){485615.660916, 4972360.509735}, 0.001);
    expect(c, (struct lonlat){18.694754171344968, 45.55919165808545},
           (struct xy){671340.01, 5048930.27}, 0.001);
    expect(c, (struct lonlat){16.5, 0}, (struct xy){500000, 0}, 0.001);
    expect(c, (struct lonlat){16.5, 45}, (struct xy){500000, 4984445.883420}, 0.001);
    crs_free(c);
}

/* The field at index i of a CSV line, in which only the last field is quoted. */
static double field(const char *line, int i)
{
    struct err e = {0};
    char text[64];
    double v = NAN;
    for (; i > 0; i--) {
        line = strchr(line, ',') + 1;
    }
    (void)snprintf(text, sizeof text, "%.*s", (int)strcspn(line, ","), line);
    assert_int_equal(parse_f64(text, -1e9, 1e9, &v, &e), 0);
    return v;
}

static void test_epsg3765_table(void **state)
{
    (void)state;
    static const char path[] = DATA "/crs/epsg3765_expected.csv";
    char line[1024];
    int n = 0;
    need(path);
    struct crs *c = open_crs("EPSG:3765");
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    while (fgets(line, sizeof line, f)) {
        const char *numbers = line; /* a name with a comma is quoted */
        if (line[0] == '"') {
            numbers = strchr(line + 1, '"');
        }
        expect(c, (struct lonlat){field(numbers, 2), field(numbers, 1)},
               (struct xy){field(numbers, 3), field(numbers, 4)}, 0.001);
        n++;
    }
    (void)fclose(f);
    print_message("%d points within 1 mm\n", n);
    assert_true(n >= 10);
    crs_free(c);
}

static void round_trip(const char *name, struct bbox box)
{
    enum { N = 10000 };
    struct err e = {0};
    struct crs *c = open_crs(name);
    struct lonlat *p = calloc(2 * N, sizeof *p);
    struct xy *q = calloc(N, sizeof *q);
    assert_non_null(p);
    assert_non_null(q);
    for (size_t i = 0; i < N; i++) {
        p[i] = (struct lonlat){box.min_x + (box.max_x - box.min_x) * rng_f64(1, 1, i),
                               box.min_y + (box.max_y - box.min_y) * rng_f64(1, 2, i)};
    }
    assert_int_equal(crs_project(c, p, q, N, &e), 0);
    assert_int_equal(crs_unproject(c, q, p + N, N, &e), 0);
    for (size_t i = 0; i < N; i++) {
        assert_true(geo_distance_km(p[i], p[N + i]) < 1e-6);
    }
    free(p);
    free(q);
    crs_free(c);
}

static void test_round_trip(void **state)
{
    (void)state;
    round_trip("EPSG:3765", (struct bbox){13.4, 42.2, 19.5, 46.6});
    round_trip("EPSG:3766", (struct bbox){13.4, 42.2, 19.5, 46.6});
    round_trip("EPSG:3006", (struct bbox){10, 55, 24, 69});
    round_trip("+proj=utm +zone=33", (struct bbox){12, 40, 18, 50});
}

static void refused(const char *name, const char *words)
{
    struct err e = {0};
    struct crs *c = NULL;
    assert_int_equal(crs_open(name, &c, &e), -1);
    assert_int_equal(e.kind, ERR_USAGE);
    if (!strstr(e.msg, words)) {
        fail_msg("'%s' does not say '%s'", e.msg, words);
    }
}

static void test_refused(void **state)
{
    (void)state;
    refused("EPSG:4326", "not projected");
    refused("EPSG:4978", "not projected");
    refused("EPSG:2263", "foot");
    refused("EPSG:999999", "does not know");
    refused("", "does not know");
    refused("nonsense", "does not know");
    refused("+proj=nonsense", "does not know");
}

static void test_points_without_image(void **state)
{
    (void)state;
    struct err e = {0};
    struct crs *c = open_crs("EPSG:3765");
    struct lonlat p[2] = {{16, 45}, {NAN, 45}};
    struct xy q[2];
    struct lonlat back[2];
    assert_int_equal(crs_project(c, p, q, 2, &e), -1);
    assert_non_null(strstr(e.msg, "point 1"));
    p[1] = (struct lonlat){16, 91};
    assert_int_equal(crs_project(c, p, q, 2, &e), -1);
    struct xy far[1] = {{1e30, 1e30}};
    assert_int_equal(crs_unproject(c, far, back, 1, &e), -1);
    far[0].x = INFINITY;
    assert_int_equal(crs_unproject(c, far, back, 1, &e), -1);
    assert_int_equal(crs_project(c, p, q, 0, &e), 0);
    p[1] = (struct lonlat){1e300, 45}; /* not a number of turns */
    assert_int_equal(crs_project(c, p, q, 2, &e), -1);
    crs_free(c);
}

/* 181 is -179; out come longitudes within 180. */
static void test_other_turns(void **state)
{
    (void)state;
    struct err e = {0};
    struct crs *c = open_crs("EPSG:3460"); /* Fiji */
    static const struct lonlat p[3] = {{181, -18}, {-179, -18}, {-539, -18}};
    struct xy q[3];
    struct lonlat back[3];
    assert_int_equal(crs_project(c, p, q, 3, &e), 0);
    assert_int_equal(crs_unproject(c, q, back, 3, &e), 0);
    for (int i = 0; i < 3; i++) {
        assert_true(q[i].x == q[0].x && q[i].y == q[0].y);
        assert_true(fabs(back[i].lon + 179) < 1e-9);
    }
    crs_free(c);
}

static void test_area_of_use(void **state)
{
    (void)state;
    struct bbox area = {0};
    struct crs *c = open_crs("EPSG:3765");
    assert_true(crs_area_of_use(c, &area));
    assert_true(fabs(area.min_x - 13.43) < 0.2 && fabs(area.max_y - 46.54) < 0.2);
    crs_free(c);
    c = open_crs("+proj=utm +zone=33");
    assert_false(crs_area_of_use(c, &area));
    crs_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_epsg3765),
        cmocka_unit_test(test_epsg3765_table),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_points_without_image),
        cmocka_unit_test(test_other_turns),
        cmocka_unit_test(test_area_of_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
