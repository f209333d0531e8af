/* SPDX-License-Identifier: MIT */
/*
 * Every place has exactly one class, wherever it lies: on the corners and edges of cells, to the last
 * bit; on the border, on islands that are smaller than a cell; on an edge that two polygons share.
 */
#include "tests/unit/prep/place_catalog.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "prep/grid.h"
#include "prep/grid_cells.h"
#include "prep/grid_polygons.h"

/* Cells ------------------------------------------------------------------------------------------------ */

/* How many of the cells around hold p, by the half-open rule of squares. */
static int n_squares_with(const struct grid_cells *cells, struct grid_cell at, struct xy p)
{
    int n = 0;
    for (int64_t row = at.row - 1; row <= at.row + 1; row++) {
        for (int64_t column = at.column - 1; column <= at.column + 1; column++) {
            n += p.x >= (double)column * cells->side && p.x < (double)(column + 1) * cells->side &&
                 p.y >= (double)row * cells->side && p.y < (double)(row + 1) * cells->side;
        }
    }
    return n;
}

static void check_square(const struct grid_cells *cells, struct xy p)
{
    struct grid_cell at = cells->method->at(cells, p);
    double x = (double)at.column * cells->side;
    double y = (double)at.row * cells->side;
    assert_true(p.x >= x && p.x < (double)(at.column + 1) * cells->side);
    assert_true(p.y >= y && p.y < (double)(at.row + 1) * cells->side);
    assert_int_equal(n_squares_with(cells, at, p), 1);
}

/* The cell is that of the nearest centre: no other one's centre is nearer than rounding explains. */
static void check_hexagon(const struct grid_cells *cells, struct xy p)
{
    struct xy corner[REGION_MAX_CORNERS];
    struct grid_cell at = cells->method->at(cells, p);
    size_t n = cells->method->corners(cells, &at, corner);
    struct xy c = grid_centre(corner, n);
    double own = hypot(p.x - c.x, p.y - c.y);
    for (int64_t row = at.row - 1; row <= at.row + 1; row++) {
        for (int64_t column = at.column - 1; column <= at.column + 1; column++) {
            struct grid_cell other = {column, row, 0, false};
            n = cells->method->corners(cells, &other, corner);
            c = grid_centre(corner, n);
            assert_true(hypot(p.x - c.x, p.y - c.y) >= own - 1e-8 * cells->side);
        }
    }
}

/* p and what is next to it on all sides */
static void check_around(const struct grid_cells *cells, struct xy p,
                         void (*check)(const struct grid_cells *, struct xy))
{
    const double x[3] = {nextafter(p.x, -INFINITY), p.x, nextafter(p.x, INFINITY)};
    const double y[3] = {nextafter(p.y, -INFINITY), p.y, nextafter(p.y, INFINITY)};
    for (int i = 0; i < 9; i++) {
        check(cells, (struct xy){x[i % 3], y[i / 3]});
    }
}

static void check_edges(const struct grid_method *method, double side, uint64_t seed,
                        void (*check)(const struct grid_cells *, struct xy))
{
    struct grid_cells cells = {.method = method, .side = side};
    for (uint64_t i = 0; i < 500; i++) {
        struct xy corner[REGION_MAX_CORNERS];
        struct grid_cell cell = {(int64_t)rng_below(seed, 1, i, 2000) - 1000,
                                 (int64_t)rng_below(seed, 2, i, 2000) - 1000, 0, false};
        size_t n = method->corners(&cells, &cell, corner);
        for (size_t k = 0; k < n; k++) {
            struct xy a = corner[k];
            struct xy b = corner[(k + 1) % n];
            double t = rng_f64(seed, 3, i * 8 + k);
            check_around(&cells, a, check);
            check_around(&cells, (struct xy){a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)}, check);
        }
    }
}

static void test_corners_and_edges(void **state)
{
    (void)state;
    static const double degrees[] = {0.1, 0.21, 0.28, 0.3, 0.7};
    for (uint64_t seed = 0; seed < 20; seed++) {
        double side = exp(log(10) + (log(1e6) - log(10)) * rng_f64(9, 9, seed));
        check_edges(&grid_square, side, seed, check_square);
        check_edges(&grid_hex, side, seed, check_hexagon);
    }
    for (size_t i = 0; i < sizeof degrees / sizeof degrees[0]; i++) {
        check_edges(&grid_degrees, degrees[i], i, check_square);
    }
}

/* The border ------------------------------------------------------------------------------------------- */

/* Text in a temporary file; its path, to be removed. */
static const char *write_temp(const char *text)
{
    static char path[64];
    (void)snprintf(path, sizeof path, "/tmp/grid_edges_test.XXXXXX");
    int fd = mkstemp(path);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    return path;
}

static char text[65536];

/* A mainland with slanted coasts, and islands of 5 to 300 m in the sea. */
static const char *write_islands(void)
{
    size_t n = (size_t)snprintf(text, sizeof text,
                                "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[15.2,44.1],"
                                "[16.7,44.05],[16.9,45.2],[16.01,44.93],[15.1,45.3],[15.2,44.1]]]");
    for (uint64_t i = 0; i < 60; i++) {
        double lon = 14 + rng_f64(4, 1, i);
        double lat = 43 + rng_f64(4, 2, i);
        double size = 5e-5 + 3e-3 * rng_f64(4, 3, i) * rng_f64(4, 4, i);
        n += (size_t)snprintf(text + n, sizeof text - n,
                              ",[[[%.17g,%.17g],[%.17g,%.17g],[%.17g,%.17g],[%.17g,%.17g]]]", lon,
                              lat, lon + size, lat, lon + size / 3, lat + size, lon, lat);
    }
    n += (size_t)snprintf(text + n, sizeof text - n, "]}");
    assert_true(n < sizeof text);
    return write_temp(text);
}

/* Every vertex of the border, and a place on every edge: in the catalog, all in train. */
static int64_t add_on_border(const struct border *b)
{
    int64_t n_places = 0;
    char uuid[64];
    place_exec("BEGIN");
    for (size_t r = 0; r < border_n_rings(b); r++) {
        size_t n = 0;
        bool hole = false;
        const struct lonlat *p = border_ring(b, r, &n, &hole);
        for (size_t k = 0; k + 1 < n; k++) {
            double t = rng_f64(8, r, k);
            struct lonlat between = {p[k].lon + t * (p[k + 1].lon - p[k].lon),
                                     p[k].lat + t * (p[k + 1].lat - p[k].lat)};
            (void)snprintf(uuid, sizeof uuid, "vertex-%zu-%zu", r, k);
            place_add_one(uuid, p[k], uuid);
            (void)snprintf(uuid, sizeof uuid, "edge-%zu-%zu", r, k);
            place_add_one(uuid, between, uuid);
            n_places += 2;
        }
    }
    place_exec("COMMIT");
    place_split();
    place_exec("UPDATE split SET part = 'train'");
    return n_places;
}

static void test_border_and_islands(void **state)
{
    (void)state;
    const struct grid_prefs start = GRID_PREFS_DEFAULT;
    struct grid_prefs how[] = {start, start, start, start, start};
    struct err e = {0};
    struct border *b = NULL;
    const char *path = write_islands();
    how[0].spacing_m = 20000;
    how[1].degrees = 0.21;
    how[2].hex_m = 15000;
    how[3].quadtree = true;
    how[3].spacing_m = 100000;
    how[3].max_per_cell = 10;
    how[4].spacing_m = 2000;
    how[4].keep = "within"; /* islands are in no cell, and the coast is near to some only */
    assert_int_equal(border_open(path, &b, &e), 0);
    int64_t n = add_on_border(b);
    for (size_t i = 0; i < sizeof how / sizeof how[0]; i++) {
        how[i].border = path;
        if (grid_make(place_db(), place_cli(), &how[i], &e) != 0) {
            fail_msg("%s", e.msg);
        }
        int64_t n_none = place_i64("SELECT n_unlabelled FROM grid");
        assert_int_equal(place_i64("SELECT count(*) FROM label") + n_none, n);
        assert_int_equal(place_i64("SELECT count(DISTINCT location_id) FROM label") + n_none, n);
        assert_true((n_none > 0) == (i == 4));
    }
    border_free(b);
    assert_int_equal(remove(path), 0);
}

/* Polygons --------------------------------------------------------------------------------------------- */

#define N_SECTORS 40

/* A round country cut into triangles from a place inside: c and corner[N_SECTORS], named in order. */
static const char *write_sectors(struct lonlat c, struct lonlat corner[N_SECTORS])
{
    size_t n =
        (size_t)snprintf(text, sizeof text, "{\"type\":\"FeatureCollection\",\"features\":[");
    for (size_t i = 0; i < N_SECTORS; i++) {
        double a = 2 * GEO_PI * ((double)i + 0.9 * rng_f64(6, 1, i)) / N_SECTORS;
        corner[i] = (struct lonlat){16 + 1.1 * cos(a), 45 + 0.7 * sin(a)};
    }
    for (size_t i = 0; i < N_SECTORS; i++) {
        struct lonlat p = corner[i];
        struct lonlat q = corner[(i + 1) % N_SECTORS];
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "%s{\"type\":\"Feature\",\"properties\":{\"name\":\"s%02zu\"},"
                              "\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[%.17g,%.17g],"
                              "[%.17g,%.17g],[%.17g,%.17g],[%.17g,%.17g]]]}}",
                              i ? "," : "", i, c.lon, c.lat, p.lon, p.lat, q.lon, q.lat, c.lon,
                              c.lat);
    }
    n += (size_t)snprintf(text + n, sizeof text - n, "]}");
    assert_true(n < sizeof text);
    return write_temp(text);
}

static struct lonlat between(struct lonlat a, struct lonlat b, double t)
{
    return (struct lonlat){a.lon + t * (b.lon - a.lon), a.lat + t * (b.lat - a.lat)};
}

/* No place is lost between two polygons, or is in any but those beside it. */
static void test_shared_edges(void **state)
{
    (void)state;
    static const struct lonlat c = {16.123, 45.0456};
    struct lonlat corner[N_SECTORS];
    struct err e = {0};
    struct grid_layer *l = NULL;
    const char *path = write_sectors(c, corner);
    assert_int_equal(grid_layer_open(path, "name", true, &l, &e), 0);
    assert_int_equal(remove(path), 0);
    assert_int_equal(grid_layer_n(l), N_SECTORS);
    assert_int_equal(grid_layer_find(l, c), 0); /* all have it: the first */
    for (uint32_t i = 0; i < N_SECTORS; i++) {
        uint32_t next = (i + 1) % N_SECTORS;
        assert_int_equal(grid_layer_find(l, corner[next]), i < next ? i : next);
        for (uint64_t k = 0; k < 5000; k++) {
            /* to the last bit on the edge, or as near as a double can be on either side */
            struct lonlat p = between(c, corner[next], rng_f64(6, 2 + i, k));
            uint32_t at = grid_layer_find(l, p);
            assert_true(at == i || at == next);
            p = between(between(c, corner[i], 0.9), between(c, corner[next], 0.9),
                        0.1 + 0.8 * rng_f64(6, 50 + i, k));
            assert_int_equal(grid_layer_find(l, p), i);
        }
    }
    grid_layer_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corners_and_edges),
        cmocka_unit_test_setup_teardown(test_border_and_islands, place_setup, place_teardown),
        cmocka_unit_test(test_shared_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
