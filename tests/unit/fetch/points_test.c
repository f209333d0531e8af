/* SPDX-License-Identifier: MIT */
/*
 * Points: allowed by the rules, uniform on the ground, apart, and the same for the same seed. What
 * "uniform" means is said by another projection than the one that points are drawn in: squares of
 * Lambert's azimuthal equal-area plane, and how much land GEOS says is in each.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/file.h"
#include "core/log.h"
#include "fetch/ground.h"
#include "fetch/points.h"
#include "shapes/region.h"

#define BORDER "shapes/croatia.shp"

static struct border *croatia;
static struct crs *metres;

static int open_all(void **state)
{
    (void)state;
    struct err e = {0};
    log_init("test", -2);
    if (border_open(BORDER, &croatia, &e) != 0 || crs_open("EPSG:3765", &metres, &e) != 0) {
        (void)fprintf(stderr, "%s\n", e.msg);
        return -1;
    }
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    border_free(croatia);
    crs_free(metres);
    return 0;
}

/* A rectangle in degrees; its edges are drawn in small steps, as straight lines in degrees are not
 * straight in a plane. */
struct rectangle {
    double west, south, east, north;
};

#define STEP_DEG 0.02

static void add_side(struct buf *text, struct lonlat a, struct lonlat b, bool wrap)
{
    struct err e = {0};
    int n = (int)ceil((fabs(b.lon - a.lon) + fabs(b.lat - a.lat)) / STEP_DEG);
    for (int i = 0; i < n; i++) {
        double lon = a.lon + (b.lon - a.lon) * i / n;
        double lat = a.lat + (b.lat - a.lat) * i / n;
        assert_int_equal(
            buf_printf(text, &e, "[%.9f,%.9f],", wrap ? geo_lon_near(lon, 0) : lon, lat), 0);
    }
}

static void add_ring(struct buf *text, struct rectangle r, bool wrap)
{
    struct err e = {0};
    double west = wrap ? geo_lon_near(r.west, 0) : r.west;
    (void)buf_printf(text, &e, "[");
    add_side(text, (struct lonlat){r.west, r.south}, (struct lonlat){r.east, r.south}, wrap);
    add_side(text, (struct lonlat){r.east, r.south}, (struct lonlat){r.east, r.north}, wrap);
    add_side(text, (struct lonlat){r.east, r.north}, (struct lonlat){r.west, r.north}, wrap);
    add_side(text, (struct lonlat){r.west, r.north}, (struct lonlat){r.west, r.south}, wrap);
    (void)buf_printf(text, &e, "[%.9f,%.9f]]", west, r.south);
}

/* Land of n rectangles, the first with a lake in it unless lake is NULL. wrap: longitudes beyond 180
 * are written as negative ones, wherever that is in a ring. */
static struct border *border_of(const struct rectangle *r, size_t n, const struct rectangle *lake,
                                bool wrap)
{
    struct err e = {0};
    struct border *b = NULL;
    struct buf text;
    char path[] = "/tmp/gdje-points.XXXXXX";
    buf_init(&text, 1 << 20);
    (void)buf_printf(&text, &e, "{\"type\":\"MultiPolygon\",\"coordinates\":[");
    for (size_t i = 0; i < n; i++) {
        (void)buf_printf(&text, &e, i == 0 ? "[" : ",[");
        add_ring(&text, r[i], wrap);
        if (i == 0 && lake) {
            (void)buf_printf(&text, &e, ",");
            add_ring(&text, *lake, wrap);
        }
        (void)buf_printf(&text, &e, "]");
    }
    assert_int_equal(buf_printf(&text, &e, "]}"), 0);
    assert_true(close(mkstemp(path)) == 0);
    int rc = file_write(path, text.p, text.n, &e);
    rc = rc == 0 ? border_open(path, &b, &e) : rc;
    (void)unlink(path);
    buf_release(&text);
    if (rc != 0) {
        fail_msg("%s", e.msg);
    }
    return b;
}

static struct crs *crs_of(const char *name)
{
    struct err e = {0};
    struct crs *c = NULL;
    if (crs_open(name, &c, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    return c;
}

static size_t draw_sites(const struct points_rules *r, const struct points_site *site,
                         size_t n_sites, struct lonlat *out, size_t n)
{
    struct err e = {0};
    struct points *p = NULL;
    size_t count = 0;
    if (points_new(r, site, n_sites, &p, &e) != 0 || points_draw(p, out, n, &count, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    points_free(p);
    return count;
}

static size_t draw(const struct points_rules *r, struct lonlat *out, size_t n)
{
    const struct points_site land = {.name = "sample", .area = r->border};
    return draw_sites(r, &land, 1, out, n);
}

static struct points_rules croatian(uint64_t seed, double min_distance_m)
{
    return (struct points_rules){
        .seed = seed, .border = croatia, .min_distance_m = min_distance_m, .crs = metres};
}

/* --- the ground ---------------------------------------------------------------------------------------- */

static void test_ground(void **state)
{
    (void)state;
    /* Lambert's cylindrical equal-area projection by PROJ: y is z times a constant */
    struct crs *c = crs_of("+proj=cea +datum=WGS84");
    struct err e = {0};
    struct xy pole;
    assert_int_equal(crs_project(c, &(struct lonlat){0, 90}, &pole, 1, &e), 0);
    for (int i = -890; i <= 890; i++) {
        struct lonlat p = {0, i / 10.0};
        struct xy q;
        assert_int_equal(crs_project(c, &p, &q, 1, &e), 0);
        assert_true(fabs(ground_z(p.lat) - q.y / pole.y) < 1e-11);
        assert_true(fabs(ground_lat(ground_z(p.lat)) - p.lat) < 2e-8);
    }
    crs_free(c);
    /* 56,594 km2 by the register, 56,448 by this coarser border in EPSG:3765 */
    double km2 = ground_area_m2(croatia) / 1e6;
    assert_true(fabs(km2 - 56448) < 60);
}

/* --- rules ---------------------------------------------------------------------------------------------- */

static void test_inside_and_rounded(void **state)
{
    (void)state;
    static struct lonlat p[2000];
    struct points_rules r = croatian(1, 0);
    assert_int_equal(draw(&r, p, 2000), 2000);
    for (size_t i = 0; i < 2000; i++) {
        char text[32];
        assert_true(border_contains(croatia, p[i]));
        (void)snprintf(text, sizeof text, "%.7f",
                       p[i].lat); /* what --print shows is what is stored */
        assert_true(fabs(strtod(text, NULL) - p[i].lat) < 1e-12);
    }
}

static void test_repeats_and_continues(void **state)
{
    (void)state;
    static struct lonlat a[3000];
    static struct lonlat b[3000];
    static const double distance[] = {0, 2000};
    for (int i = 0; i < 2; i++) {
        struct points_rules r = croatian(7, distance[i]);
        (void)draw(&r, a, 3000);
        (void)draw(&r, b, 1000);
        assert_memory_equal(a, b, 1000 * sizeof *a);
        r.seed = 8;
        (void)draw(&r, b, 1000);
        assert_true(a[0].lon != b[0].lon);
    }
}

static void test_apart(void **state)
{
    (void)state;
    static struct lonlat p[1500];
    static struct xy q[1500];
    struct err e = {0};
    struct points_rules r = croatian(1, 3000);
    size_t n = draw(&r, p, 1500);
    assert_int_equal(n, 1500);
    assert_int_equal(crs_project(metres, p, q, n, &e), 0);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_true(hypot(q[i].x - q[j].x, q[i].y - q[j].y) >= 3000);
        }
    }
}

static void test_no_room(void **state)
{
    (void)state;
    static struct lonlat p[1000];
    struct points_rules r = croatian(1, 50000);
    size_t n = draw(&r, p, 1000);
    /* discs of radius 25 km that do not overlap: fewer than 90 on Croatia's length of coast */
    assert_true(n >= 20 && n < 90);
}

static void test_taken(void **state)
{
    (void)state;
    static struct lonlat a[200];
    static struct lonlat b[200];
    struct err e = {0};
    struct nearest *taken = NULL;
    struct points_rules r = croatian(5, 0);
    (void)draw(&r, a, 200);
    assert_int_equal(nearest_new(a, 100, &taken, &e), 0);
    /* the same points again: not those that are taken, but those behind them */
    r.taken = taken;
    assert_int_equal(draw(&r, b, 100), 100);
    assert_memory_equal(b, a + 100, 100 * sizeof *a);
    r.min_distance_m = 5000;
    size_t n = draw(&r, b, 200);
    for (size_t i = 0; i < n; i++) {
        double km = 0;
        (void)nearest_find(taken, b[i], &km);
        assert_true(km >= 5);
    }
    nearest_free(taken);
}

static void test_nothing_left(void **state)
{
    (void)state;
    static struct lonlat p[10];
    struct points_rules r = croatian(1, 0);
    r.exclude = croatia;
    assert_int_equal(draw(&r, p, 10), 0);
    const struct points_site discs[] = {{.name = "sea", .centre = {15, 43}, .radius_m = 5000},
                                        {.name = "land", .centre = {16, 45.8}, .radius_m = 5000}};
    r.exclude = NULL;
    assert_int_equal(draw_sites(&r, discs, 2, p, 10), 10); /* all of them on land */
    for (size_t i = 0; i < 10; i++) {
        assert_true(geo_distance_km(p[i], discs[1].centre) <= 5);
    }
}

/* --- uniform -------------------------------------------------------------------------------------------- */

/* Wilson and Hilferty 1931: the cube root of chi2 / df is nearly normal. |z| < 3.3: p > 0.001. */
static void check_chi2(const char *what, double chi2, double df)
{
    double z = (cbrt(chi2 / df) - (1 - 2 / (9 * df))) / sqrt(2 / (9 * df));
    print_message("%s: chi2 %.1f with %.0f degrees of freedom, z %.2f\n", what, chi2, df, z);
    if (!(fabs(z) < 3.3)) {
        fail_msg("%s is not uniform", what);
    }
}

/* Counts in squares of side_m against the area of land in each; squares with little land are one. */
static void check_squares(const char *what, const struct border *land, const char *plane,
                          const struct lonlat *p, size_t n, double side_m)
{
    struct err e = {0};
    struct crs *c = crs_of(plane);
    struct region *region = NULL;
    struct xy *q = malloc(n * sizeof *q);
    assert_non_null(q);
    assert_int_equal(region_new(land, c, &region, &e), 0);
    assert_int_equal(crs_project(c, p, q, n, &e), 0);
    struct bbox box = region_bbox(region);
    size_t columns = (size_t)((box.max_x - box.min_x) / side_m) + 1;
    size_t rows = (size_t)((box.max_y - box.min_y) / side_m) + 1;
    size_t *count = calloc(columns * rows, sizeof *count);
    assert_non_null(count);
    for (size_t i = 0; i < n; i++) {
        double column = (q[i].x - box.min_x) / side_m;
        double row = (q[i].y - box.min_y) / side_m;
        assert_true(column > -1e-3 && row > -1e-3); /* edges are not straight in both planes */
        size_t x = (size_t)fmax(column, 0);
        size_t y = (size_t)fmax(row, 0);
        assert_true(x < columns && y < rows);
        count[y * columns + x]++;
    }
    double chi2 = 0;
    double df = -1;
    double rest = 0;
    double expect_rest = 0;
    for (size_t i = 0; i < columns * rows; i++) {
        struct xy at = {box.min_x + (double)(i % columns) * side_m,
                        box.min_y + (double)(i / columns) * side_m};
        const struct xy corner[4] = {
            at, {at.x + side_m, at.y}, {at.x + side_m, at.y + side_m}, {at.x, at.y + side_m}};
        double share = 0;
        assert_int_equal(region_share(region, corner, 4, &share, &e), 0);
        double expect = (double)n * share * side_m * side_m / region_area_m2(region);
        if (expect < 8) {
            rest += (double)count[i];
            expect_rest += expect;
            continue;
        }
        chi2 += ((double)count[i] - expect) * ((double)count[i] - expect) / expect;
        df++;
    }
    if (expect_rest >= 8) {
        chi2 += (rest - expect_rest) * (rest - expect_rest) / expect_rest;
        df++;
    }
    assert_true(df > 20);
    check_chi2(what, chi2, df);
    free(count);
    free(q);
    region_free(region);
    crs_free(c);
}

static struct lonlat many[40000];
#define N_MANY (sizeof many / sizeof many[0])

static void test_uniform(void **state)
{
    (void)state;
    struct points_rules r = croatian(3, 0);
    assert_int_equal(draw(&r, many, N_MANY), N_MANY);
    check_squares("Croatia", croatia, "+proj=laea +lat_0=44.5 +lon_0=16.5 +datum=WGS84", many,
                  N_MANY, 12000);
    check_squares("Croatia in its own zone", croatia, "EPSG:3765", many, N_MANY, 15000);
}

static void test_hole(void **state)
{
    (void)state;
    const struct rectangle land = {15.5, 45.3, 17.5, 46.3};
    const struct rectangle lake = {16, 45.6, 17, 46};
    struct border *b = border_of(&land, 1, &lake, false);
    struct points_rules r = {.seed = 11, .border = b};
    assert_int_equal(draw(&r, many, N_MANY), N_MANY);
    for (size_t i = 0; i < N_MANY; i++) {
        bool in_lake =
            many[i].lon > 16 && many[i].lon < 17 && many[i].lat > 45.6 && many[i].lat < 46;
        assert_false(in_lake);
    }
    check_squares("around a lake", b, "+proj=laea +lat_0=45.8 +lon_0=16.5 +datum=WGS84", many,
                  N_MANY, 8000);
    border_free(b);
}

/* A country on both sides of the antimeridian, in three ways that files have: cut in two there,
 * going on beyond 180, and jumping from 180 to -180 in the middle of a ring. */
static const struct rectangle fiji[] = {{177, -18.3, 178.7, -17.3},
                                        {181.1, -18.2, 181.8, -17},
                                        {179.5, -17.2, 180, -16.2},
                                        {180, -17.2, 180.5, -16.2}};
static const struct rectangle fiji_whole[] = {
    {177, -18.3, 178.7, -17.3}, {181.1, -18.2, 181.8, -17}, {179.5, -17.2, 180.5, -16.2}};

static struct border *fijian(int form)
{
    return form == 0 ? border_of(fiji, 4, NULL, false) : border_of(fiji_whole, 3, NULL, form == 2);
}

static void test_antimeridian(void **state)
{
    (void)state;
    static struct lonlat first[2000];
    for (int form = 0; form < 3; form++) {
        struct border *b = fijian(form);
        struct points_rules r = {.seed = 2, .border = b};
        assert_int_equal(draw(&r, many, N_MANY), N_MANY);
        for (size_t k = 0; k < N_MANY; k++) {
            assert_true(geo_valid(many[k]) && fabs(many[k].lon) >= 177);
        }
        if (form == 0) {
            memcpy(first, many, sizeof first);
            check_squares("Fiji", b, "+proj=laea +lat_0=-17.5 +lon_0=179.5 +datum=WGS84", many,
                          N_MANY, 12000);
        }
        assert_memory_equal(first, many, sizeof first); /* the same country */
        border_free(b);
    }
}

/* Apart across the antimeridian, too: in the plane of Fiji's own system. */
static void test_antimeridian_apart(void **state)
{
    (void)state;
    static const char *const systems[] = {"EPSG:3460", "EPSG:3832"};
    static struct xy q[400];
    struct border *b = fijian(0);
    for (int s = 0; s < 2; s++) {
        struct err e = {0};
        struct crs *c = crs_of(systems[s]);
        struct points_rules r = {.seed = 2, .border = b, .min_distance_m = 5000, .crs = c};
        size_t n = draw(&r, many, 400);
        size_t n_near = 0;
        assert_int_equal(n, 400);
        assert_int_equal(crs_project(c, many, q, n, &e), 0);
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < i; j++) {
                double m = hypot(q[i].x - q[j].x, q[i].y - q[j].y);
                assert_true(m >= 5000);
                assert_true(geo_distance_km(many[i], many[j]) > 4.5);
                n_near += m < 20000 && (many[i].lon < 0) != (many[j].lon < 0);
            }
        }
        assert_true(n_near > 5);
        crs_free(c);
    }
    border_free(b);
}

/* --- discs and cells ------------------------------------------------------------------------------------ */

#define RINGS   6
#define SECTORS 8

static void test_disc(void **state)
{
    (void)state;
    static const double radius_m[] = {2000, 40000};
    struct points_rules r = croatian(4, 0);
    for (int k = 0; k < 2; k++) {
        const struct lonlat centre = {17.6, 45.5};
        const struct points_site site = {.name = "d", .centre = centre, .radius_m = radius_m[k]};
        size_t count[RINGS * SECTORS] = {0};
        double chi2 = 0;
        const struct rectangle plain = {10, 40, 25, 50};
        struct border *all = border_of(&plain, 1, NULL, false);
        r.border = all;
        assert_int_equal(draw_sites(&r, &site, 1, many, N_MANY), N_MANY);
        for (size_t i = 0; i < N_MANY; i++) {
            double m = geo_distance_km(centre, many[i]) * 1000;
            double angle = atan2((many[i].lon - centre.lon) * cos(centre.lat * GEO_PI / 180),
                                 many[i].lat - centre.lat);
            double ring = m * m / (radius_m[k] * radius_m[k]) * RINGS; /* equal areas */
            double sector = (angle / (2 * GEO_PI) + 0.5) * SECTORS;
            assert_true(m < radius_m[k] + 0.02);
            count[(size_t)fmin(ring, RINGS - 1) * SECTORS + (size_t)fmin(sector, SECTORS - 1)]++;
        }
        for (size_t i = 0; i < (size_t)RINGS * SECTORS; i++) {
            double expect = (double)N_MANY / (RINGS * SECTORS);
            chi2 += ((double)count[i] - expect) * ((double)count[i] - expect) / expect;
        }
        check_chi2("a disc", chi2, RINGS * SECTORS - 1);
        border_free(all);
    }
}

static void test_discs_take_turns(void **state)
{
    (void)state;
    static struct lonlat p[3000];
    /* one at the coast: as many as the others all the same */
    const struct points_site site[3] = {{.name = "a", .centre = {16, 45.8}, .radius_m = 3000},
                                        {.name = "b", .centre = {16.44, 43.5}, .radius_m = 3000},
                                        {.name = "c", .centre = {18.5, 45.3}, .radius_m = 3000}};
    struct points_rules r = croatian(9, 0);
    assert_int_equal(draw_sites(&r, site, 3, p, 3000), 3000);
    for (size_t i = 0; i < 3000; i++) {
        assert_true(geo_distance_km(p[i], site[i % 3].centre) < 3.001);
        assert_true(border_contains(croatia, p[i]));
    }
}

/* A cell at the coast: uniform in what it shares with the border. */
static void test_cell(void **state)
{
    (void)state;
    const struct rectangle coast = {15, 43.9, 16, 44.6};
    struct border *cell = border_of(&coast, 1, NULL, false);
    const struct points_site site = {.name = "cell", .area = cell};
    struct points_rules r = croatian(6, 0);
    assert_int_equal(draw_sites(&r, &site, 1, many, N_MANY), N_MANY);
    /* the land in the cell as a country of its own: what is drawn in it is no different */
    static struct lonlat land[N_MANY];
    size_t n = 0;
    size_t count[2][64] = {{0}};
    double chi2 = 0;
    const struct points_site whole = {.name = "sample", .area = croatia};
    struct err e = {0};
    struct points *p = NULL;
    assert_int_equal(points_new(&r, &whole, 1, &p, &e), 0);
    while (n < N_MANY) {
        bool found = false;
        assert_int_equal(points_next(p, 0, &land[n], &found, &e), 0);
        assert_true(found);
        n += border_contains(cell, land[n]);
    }
    points_free(p);
    for (size_t k = 0; k < 2; k++) {
        const struct lonlat *v = k == 0 ? many : land;
        for (size_t i = 0; i < N_MANY; i++) {
            size_t x = (size_t)((v[i].lon - 15) * 8);
            size_t y = (size_t)((v[i].lat - 43.9) / 0.7 * 8);
            assert_true(border_contains(cell, v[i]) && border_contains(croatia, v[i]));
            count[k][(y < 8 ? y : 7) * 8 + (x < 8 ? x : 7)]++;
        }
    }
    double df = -1;
    for (size_t i = 0; i < 64; i++) {
        double both = (double)(count[0][i] + count[1][i]);
        double difference = (double)count[0][i] - (double)count[1][i];
        if (both >= 10) {
            chi2 += difference * difference / both; /* of two samples of the same size */
            df++;
        }
    }
    check_chi2("a cell at the coast", chi2, df);
    border_free(cell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ground),
        cmocka_unit_test(test_inside_and_rounded),
        cmocka_unit_test(test_repeats_and_continues),
        cmocka_unit_test(test_apart),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_nothing_left),
        cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_hole),
        cmocka_unit_test(test_antimeridian),
        cmocka_unit_test(test_antimeridian_apart),
        cmocka_unit_test(test_disc),
        cmocka_unit_test(test_discs_take_turns),
        cmocka_unit_test(test_cell),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
