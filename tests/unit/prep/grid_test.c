/* SPDX-License-Identifier: MIT */
/* Grids: which cells, who is in which, what the train part alone decides, and the floor. */
#include "tests/unit/prep/place_catalog.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/rng.h"
#include "prep/grid.h"
#include "prep/grid_cells.h"
#include "prep/split.h"

static void make(const struct grid_prefs *prefs)
{
    struct err e = {0};
    if (grid_make(place_db(), place_cli(), prefs, &e) != 0) {
        fail_msg("%s", e.msg);
    }
}

static void make_split(void)
{
    struct err e = {0};
    struct split_prefs prefs = SPLIT_PREFS_DEFAULT;
    if (split_make(place_db(), place_cli(), &prefs, &e) != 0) {
        fail_msg("%s", e.msg);
    }
}

/* n places of the list that are on land, or all when border is NULL */
static void add_on_land(size_t n)
{
    struct err e = {0};
    struct border *b = NULL;
    char uuid[32];
    size_t k = 0;
    assert_int_equal(border_open("shapes/croatia.shp", &b, &e), 0);
    place_exec("BEGIN");
    for (uint64_t i = 0; k < n; i++) {
        struct lonlat p = {13.5 + 5.9 * rng_f64(5, 1, i), 42.3 + 4.2 * rng_f64(5, 2, i)};
        if (border_contains(b, p)) {
            (void)snprintf(uuid, sizeof uuid, "land-%zu", k++);
            place_add_one(uuid, p, uuid);
        }
    }
    place_exec("COMMIT");
    border_free(b);
}

static struct region *open_region(void)
{
    struct err e = {0};
    struct border *b = NULL;
    struct crs *c = NULL;
    struct region *r = NULL;
    assert_int_equal(border_open("shapes/croatia.shp", &b, &e), 0);
    assert_int_equal(crs_open("EPSG:3765", &c, &e), 0);
    assert_int_equal(region_new(b, c, &r, &e), 0);
    border_free(b);
    crs_free(c);
    return r;
}

/* The descent against comparing every cell of the bounding box on its own. */
static void test_cells_against_all(void **state)
{
    (void)state;
    struct err e = {0};
    struct region *r = open_region();
    struct bbox box = region_bbox(r);
    assert_true(fabs(region_area_m2(r) / 1e6 - 56448) <= 1);
    static const double spacing[] = {100000, 50000, 20000, 7000};
    for (size_t s = 0; s < sizeof spacing / sizeof spacing[0]; s++) {
        struct grid_cells cells = {0};
        size_t k = 0;
        assert_int_equal(grid_cells_square(r, spacing[s], &cells, &e), 0);
        for (int64_t row = (int64_t)floor(box.min_y / spacing[s]) - 2;
             (double)row * spacing[s] < box.max_y + 2 * spacing[s]; row++) {
            for (int64_t col = (int64_t)floor(box.min_x / spacing[s]) - 2;
                 (double)col * spacing[s] < box.max_x + 2 * spacing[s]; col++) {
                enum region_relation relation;
                struct bbox cell = {(double)col * spacing[s], (double)row * spacing[s],
                                    (double)(col + 1) * spacing[s], (double)(row + 1) * spacing[s]};
                assert_int_equal(region_relate(r, cell, &relation, &e), 0);
                if (relation != REGION_OUTSIDE) {
                    assert_true(k < cells.n && cells.v[k].row == row && cells.v[k].column == col);
                    k++;
                }
            }
        }
        assert_int_equal(k, cells.n);
        print_message("%g km: %zu cells\n", spacing[s] / 1000, cells.n);
        grid_cells_release(&cells);
    }
    region_free(r);
}

static void test_half_open(void **state)
{
    (void)state;
    static const double spacing[] = {50000, 10000, 1000.0 / 3, 0.7};
    for (size_t s = 0; s < 4; s++) {
        for (int64_t k = -1000; k <= 1000; k += 7) {
            struct xy edge = {(double)k * spacing[s], (double)(k + 3) * spacing[s]};
            struct grid_cell at = grid_cell_at(spacing[s], edge);
            assert_int_equal(at.column, k);
            assert_int_equal(at.row, k + 3);
            at = grid_cell_at(spacing[s], (struct xy){nextafter(edge.x, -INFINITY), edge.y});
            assert_int_equal(at.column, k - 1);
        }
    }
}

static void test_too_small(void **state)
{
    (void)state;
    struct err e = {0};
    struct grid_cells cells = {0};
    struct region *r = open_region();
    assert_int_equal(grid_cells_square(r, 10, &cells, &e), -1);
    assert_int_equal(e.kind, ERR_USAGE);
    region_free(r);
}

static void test_each_place_has_one_class(void **state)
{
    (void)state;
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    add_on_land(3000);
    place_add_one("unplaced", (struct lonlat){NAN, NAN}, "x");
    make_split();
    make(&prefs);
    assert_int_equal(place_i64("SELECT count(*) FROM label"),
                     3000 - place_i64("SELECT n_unlabelled FROM grid"));
    assert_int_equal(place_i64("SELECT n_classes FROM grid"),
                     place_i64("SELECT count(*) FROM class WHERE state = 'kept'"));
    assert_int_equal(place_i64("SELECT max(number) + 1 FROM class"),
                     place_i64("SELECT count(number) FROM class"));
    assert_int_equal(place_i64("SELECT count(*) FROM class WHERE (number IS NULL) <> (state <>"
                               " 'kept') OR (state = 'kept') <> (n_train > 0)"),
                     0);
    assert_int_equal(place_i64("SELECT sum(n_train) FROM class"),
                     place_i64("SELECT count(*) FROM split WHERE part = 'train'"));
    /* counts by part agree with labels by part */
    assert_int_equal(
        place_i64("SELECT count(*) FROM class c WHERE state = 'kept' AND n_test <> (SELECT count(*)"
                  " FROM label l JOIN split s USING (location_id) WHERE l.class_id = c.id AND"
                  " s.part = 'test')"),
        0);
    /* numbers go by row, then column */
    assert_int_equal(
        place_i64("SELECT count(*) FROM class a JOIN class b ON b.number = a.number + 1"
                  " WHERE (b.cell_row, b.cell_col) <= (a.cell_row, a.cell_col)"),
        0);
    /* the R-tree has each cell */
    assert_int_equal(place_i64("SELECT count(*) FROM rtree_class_geom"),
                     place_i64("SELECT count(*) FROM class"));
}

/* Each label's cell holds the projected location: west and south edges belong, the others do not. */
static void test_labels_are_right(void **state)
{
    (void)state;
    struct err e = {0};
    struct crs *c = NULL;
    struct stmt *st = NULL;
    bool row = false;
    size_t n = 0;
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    prefs.spacing_m = 20000;
    add_on_land(2000);
    make_split();
    make(&prefs);
    assert_int_equal(crs_open("EPSG:3765", &c, &e), 0);
    assert_int_equal(db_prepare(place_db(), &st,
                                "SELECT lon_deg, lat_deg, cell_col, cell_row FROM label"
                                " JOIN location ON location.id = location_id"
                                " JOIN class ON class.id = class_id",
                                &e),
                     0);
    while (stmt_step(st, &row, &e) == 0 && row) {
        struct lonlat p = {col_f64(st, 0), col_f64(st, 1)};
        struct xy q;
        assert_int_equal(crs_project(c, &p, &q, 1, &e), 0);
        double x = (double)col_i64(st, 2) * 20000;
        double y = (double)col_i64(st, 3) * 20000;
        assert_true(q.x >= x && q.x < x + 20000 && q.y >= y && q.y < y + 20000);
        n++;
    }
    assert_true(n > 1900);
    stmt_free(st);
    crs_free(c);
}

#define CLASSES                                                                         \
    "SELECT number, cell_col, cell_row, state, centroid_lon_deg, centroid_lat_deg,"     \
    " clipped_lon_deg, clipped_lat_deg, data_lon_deg, data_lat_deg, n_train FROM class" \
    " WHERE state = 'kept' ORDER BY number"

/* Moving every val and test location changes no class. */
static void test_only_train_decides(void **state)
{
    (void)state;
    char before[SHA256_HEX_SIZE];
    char after[SHA256_HEX_SIZE];
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    add_on_land(1500);
    make_split();
    make(&prefs);
    (void)place_digest(CLASSES, before);
    double floor_km = place_f64("SELECT floor_data_km FROM grid");
    place_exec("UPDATE location SET lon_deg = lon_deg + 0.3, lat_deg = lat_deg - 0.1 WHERE id IN"
               " (SELECT location_id FROM split WHERE part <> 'train')");
    make(&prefs);
    assert_string_equal(before, place_digest(CLASSES, after));
    assert_true(place_f64("SELECT floor_data_km FROM grid") > floor_km);
    place_exec("UPDATE location SET lon_deg = lon_deg + 0.001 WHERE id = (SELECT location_id FROM"
               " split WHERE part = 'train' LIMIT 1)");
    make(&prefs);
    assert_string_not_equal(before, place_digest(CLASSES, after));
}

static void test_data_point_is_the_mean(void **state)
{
    (void)state;
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    place_add_one("a", (struct lonlat){15.95, 45.80}, "a");
    place_add_one("b", (struct lonlat){15.97, 45.80}, "b");
    place_add_one("c", (struct lonlat){15.96, 45.70}, "c"); /* val: does not count */
    make_split();
    place_exec("UPDATE split SET part = CASE location_id WHEN 3 THEN 'val' ELSE 'train' END");
    make(&prefs);
    assert_true(fabs(place_f64("SELECT data_lon_deg FROM class WHERE number = 0") - 15.96) < 1e-9);
    assert_true(fabs(place_f64("SELECT data_lat_deg FROM class WHERE number = 0") - 45.80) < 1e-5);
    assert_int_equal(place_i64("SELECT n_val FROM class WHERE number = 0"), 1);
    double want = geo_distance_km((struct lonlat){15.96, 45.70}, (struct lonlat){15.96, 45.80});
    assert_true(fabs(place_f64("SELECT floor_data_km FROM grid") - want) < 1e-3);
}

/* A val location in a cell without train locations has no label, and counts in the floor. */
static void test_empty_and_outside(void **state)
{
    (void)state;
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    place_add_one("Zagreb", (struct lonlat){15.98, 45.81}, "a");
    place_add_one("Osijek", (struct lonlat){18.70, 45.55}, "b");
    place_add_one("Rome", (struct lonlat){12.5, 41.9}, "c");
    make_split();
    place_exec("UPDATE split SET part = CASE location_id WHEN 1 THEN 'train' WHEN 2 THEN 'val' ELSE"
               " 'test' END");
    make(&prefs);
    assert_int_equal(place_i64("SELECT n_classes FROM grid"), 1);
    assert_int_equal(place_i64("SELECT n_unlabelled FROM grid"), 2);
    assert_int_equal(place_i64("SELECT count(*) FROM label"), 1);
    assert_int_equal(place_i64("SELECT count(*) FROM class WHERE state = 'empty' AND n_val = 1"),
                     1);
    assert_int_equal(place_i64("SELECT count(*) FROM class WHERE state = 'outside' AND n_test = 1"),
                     1);
    struct lonlat zagreb = {15.98, 45.81};
    double want = (geo_distance_km(zagreb, (struct lonlat){18.70, 45.55}) +
                   geo_distance_km(zagreb, (struct lonlat){12.5, 41.9})) /
                  2;
    assert_true(fabs(place_f64("SELECT floor_data_km FROM grid") - want) < 1e-6);
}

static void test_clipped_is_on_land(void **state)
{
    (void)state;
    struct err e = {0};
    struct border *b = NULL;
    struct stmt *st = NULL;
    bool row = false;
    size_t n_moved = 0;
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    prefs.spacing_m = 20000;
    add_on_land(2000);
    make_split();
    make(&prefs);
    assert_int_equal(border_open(prefs.border, &b, &e), 0);
    assert_int_equal(db_prepare(place_db(), &st,
                                "SELECT centroid_lon_deg, centroid_lat_deg, clipped_lon_deg,"
                                " clipped_lat_deg FROM class WHERE state = 'kept'",
                                &e),
                     0);
    while (stmt_step(st, &row, &e) == 0 && row) {
        struct lonlat centroid = {col_f64(st, 0), col_f64(st, 1)};
        struct lonlat clipped = {col_f64(st, 2), col_f64(st, 3)};
        double moved = geo_distance_km(centroid, clipped);
        /* within 15 km: less than half a diagonal, as the cell itself has land */
        assert_true(moved < 14.2);
        /* edges are straight in metres there and in degrees here: metres apart on long ones */
        assert_true(geo_distance_km(clipped, border_nearest_land(b, clipped)) < 0.02);
        if (border_contains(b, centroid)) {
            assert_true(moved < 1e-9);
        } else {
            struct lonlat other = border_nearest_land(b, centroid);
            assert_true(fabs(geo_distance_km(centroid, other) - moved) < 0.01 * moved + 0.02);
            n_moved++;
        }
    }
    assert_true(n_moved > 10);
    stmt_free(st);
    border_free(b);
}

static void test_floor_falls_with_the_spacing(void **state)
{
    (void)state;
    static const double spacing[] = {200000, 100000, 50000, 25000};
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    double last[3] = {1e9, 1e9, 1e9};
    add_on_land(4000);
    make_split();
    for (size_t i = 0; i < 4; i++) {
        prefs.spacing_m = spacing[i];
        make(&prefs);
        double now[3] = {place_f64("SELECT floor_centroid_km FROM grid"),
                         place_f64("SELECT floor_clipped_km FROM grid"),
                         place_f64("SELECT floor_data_km FROM grid")};
        print_message("%g km: floor %.2f %.2f %.2f km\n", spacing[i] / 1000, now[0], now[1],
                      now[2]);
        for (int k = 0; k < 3; k++) {
            assert_true(now[k] < last[k]);
            last[k] = now[k];
        }
        assert_true(now[2] < now[0]);
        /* mean distance to the centre of a full square: 0.3826 sides */
        assert_true(now[0] > 0.3 * spacing[i] / 1000 && now[0] < 0.5 * spacing[i] / 1000);
    }
    assert_int_equal(place_i64("SELECT count(*) FROM grid"), 1);
}

static void test_again(void **state)
{
    (void)state;
    char before[SHA256_HEX_SIZE];
    char after[SHA256_HEX_SIZE];
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    add_on_land(300);
    make_split();
    make(&prefs);
    int64_t id = place_i64("SELECT id FROM grid");
    (void)place_digest(CLASSES, before);
    place_exec("UPDATE stage SET finished = 'before'");
    make(&prefs);
    assert_int_equal(place_i64("SELECT count(*) FROM stage WHERE finished = 'before'"), 2);
    prefs.spacing_m = 10000;
    make(&prefs);
    assert_int_equal(place_i64("SELECT count(*) FROM stage WHERE finished = 'before'"), 1);
    assert_int_equal(place_i64("SELECT id FROM grid"), id);
    assert_string_not_equal(before, place_digest(CLASSES, after));
    prefs.spacing_m = 50000;
    make(&prefs);
    assert_string_equal(before, place_digest(CLASSES, after));
    prefs.name = "second";
    make(&prefs);
    assert_int_equal(place_i64("SELECT count(*) FROM grid"), 2);
    assert_int_equal(place_i64("SELECT count(*) FROM label"), 600);
}

static void refused(const struct grid_prefs *prefs, enum err_kind kind, const char *words)
{
    struct err e = {0};
    assert_int_equal(grid_make(place_db(), place_cli(), prefs, &e), -1);
    assert_int_equal(e.kind, kind);
    if (!strstr(e.msg, words)) {
        fail_msg("'%s' does not say '%s'", e.msg, words);
    }
    assert_int_equal(place_i64("SELECT count(*) FROM grid"), 0);
    assert_int_equal(place_i64("SELECT count(*) FROM class"), 0);
}

static void test_refused(void **state)
{
    (void)state;
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    refused(&prefs, ERR_INPUT, "run gdje-split first");
    place_add_one("Rome", (struct lonlat){12.5, 41.9}, "c");
    make_split();
    place_exec("UPDATE split SET part = 'train'");
    refused(&prefs, ERR_INPUT, "do not meet");
    prefs.border = "nowhere.shp";
    refused(&prefs, ERR_INPUT, "there is no file 'nowhere.shp'");
    prefs.border = "shapes/croatia.shp";
    prefs.crs = "EPSG:4326";
    refused(&prefs, ERR_USAGE, "not projected");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells_against_all),
        cmocka_unit_test(test_half_open),
        cmocka_unit_test(test_too_small),
        T(test_each_place_has_one_class),
        T(test_labels_are_right),
        T(test_only_train_decides),
        T(test_data_point_is_the_mean),
        T(test_empty_and_outside),
        T(test_clipped_is_on_land),
        T(test_floor_falls_with_the_spacing),
        T(test_again),
        T(test_refused),
    };
    log_init("grid_test", 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
