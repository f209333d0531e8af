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
#include "prep/grid_work.h"

static void make(const struct grid_prefs *prefs)
{
    struct err e = {0};
    if (grid_make(place_db(), place_cli(), prefs, &e) != 0) {
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

static void open_work(struct grid_work *w, const struct grid_method *method)
{
    struct err e = {0};
    *w = (struct grid_work){.cells.method = method};
    assert_int_equal(border_open("shapes/croatia.shp", &w->border, &e), 0);
    assert_int_equal(crs_open("EPSG:3765", &w->crs, &e), 0);
    assert_int_equal(grid_work_prepare(w, &e), 0); /* without places */
}

/* The descent against comparing every cell of the bounding box on its own. */
static void test_cells_against_all(void **state)
{
    (void)state;
    struct err e = {0};
    struct grid_work w;
    open_work(&w, &grid_square);
    struct bbox box = region_bbox(w.metres);
    assert_true(fabs(region_area_m2(w.metres) / 1e6 - 56448) <= 1);
    static const double spacing[] = {100000, 50000, 20000, 7000};
    for (size_t s = 0; s < sizeof spacing / sizeof spacing[0]; s++) {
        struct grid_prefs prefs = GRID_PREFS_DEFAULT;
        size_t k = 0;
        prefs.spacing_m = spacing[s];
        assert_int_equal(grid_work_cut(&w, &prefs, &e), 0);
        for (int64_t row = (int64_t)floor(box.min_y / spacing[s]) - 2;
             (double)row * spacing[s] < box.max_y + 2 * spacing[s]; row++) {
            for (int64_t col = (int64_t)floor(box.min_x / spacing[s]) - 2;
                 (double)col * spacing[s] < box.max_x + 2 * spacing[s]; col++) {
                enum region_relation relation;
                struct bbox cell = {(double)col * spacing[s], (double)row * spacing[s],
                                    (double)(col + 1) * spacing[s], (double)(row + 1) * spacing[s]};
                assert_int_equal(region_relate(w.metres, cell, &relation, &e), 0);
                if (relation != REGION_OUTSIDE) {
                    assert_true(k < w.cells.n && w.cells.v[k].row == row &&
                                w.cells.v[k].column == col);
                    k++;
                }
            }
        }
        assert_int_equal(k, w.cells.n);
        print_message("%g km: %zu cells\n", spacing[s] / 1000, w.cells.n);
    }
    grid_work_release(&w);
}

/* The rules are nested: all land, at least half, a tenth, any. The centre's is in between. */
static void test_rules(void **state)
{
    (void)state;
    static const char *const rule[] = {"within", "share=0.5", "share=0.1", "intersects", "centre"};
    static const struct grid_method *const method[] = {&grid_square, &grid_degrees, &grid_hex};
    struct err e = {0};
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    prefs.spacing_m = prefs.hex_m = 20000;
    prefs.degrees = 0.21;
    for (size_t m = 0; m < 3; m++) {
        size_t n[5];
        struct grid_work w;
        open_work(&w, method[m]);
        for (size_t i = 0; i < 5; i++) {
            assert_int_equal(grid_rule_parse(rule[i], &w.ground.rule, &e), 0);
            assert_int_equal(grid_work_cut(&w, &prefs, &e), 0);
            n[i] = w.cells.n;
        }
        print_message("%s: %zu %zu %zu %zu, %zu\n", method[m]->name, n[0], n[1], n[2], n[3], n[4]);
        assert_true(0 < n[0] && n[0] < n[1] && n[1] < n[2] && n[2] < n[3]);
        assert_true(n[0] < n[4] && n[4] < n[3]);
        /* half of the area and the centre say much the same, and are near the land's own area */
        assert_true(fabs((double)n[1] / (double)n[4] - 1) < 0.1);
        grid_work_release(&w);
    }
    struct grid_rule r;
    static const char *const wrong[] = {
        "", "inside", "share", "share=", "share=0", "share=1.5", "share=x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(grid_rule_parse(wrong[i], &r, &e), -1);
        assert_int_equal(e.kind, ERR_USAGE);
    }
}

/* The hexagon of a point is the one whose corners are around it, and its area is right. */
static void test_hexagons(void **state)
{
    (void)state;
    struct grid_cells cells = {.method = &grid_hex, .side = 10000};
    for (uint64_t i = 0; i < 20000; i++) {
        struct xy corner[REGION_MAX_CORNERS];
        struct xy p = {1e6 * rng_f64(1, 1, i) - 5e5, 1e6 * rng_f64(1, 2, i) - 5e5};
        struct grid_cell cell = grid_hex.at(&cells, p);
        size_t n = grid_hex.corners(&cells, &cell, corner);
        double area = 0;
        assert_int_equal(n, 6);
        for (size_t k = 0; k < n; k++) {
            struct xy a = corner[k];
            struct xy b = corner[(k + 1) % n];
            /* left of every edge, as they go counterclockwise */
            assert_true((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x) > -1e-3);
            area += (a.x * b.y - b.x * a.y) / 2;
        }
        assert_true(fabs(area / (sqrt(3) / 2 * 1e8) - 1) < 1e-9);
    }
}

static void test_half_open(void **state)
{
    (void)state;
    static const double spacing[] = {50000, 10000, 1000.0 / 3, 0.7};
    static const double origin[] = {0, 13.4932, -273.15};
    for (size_t s = 0; s < 4; s++) {
        for (size_t o = 0; o < 3; o++) {
            for (int64_t k = -1000; k <= 1000; k += 7) {
                double edge = origin[o] + (double)k * spacing[s];
                assert_int_equal(grid_index(edge, origin[o], spacing[s]), k);
                assert_int_equal(grid_index(nextafter(edge, -INFINITY), origin[o], spacing[s]),
                                 k - 1);
            }
        }
    }
}

static void test_too_small(void **state)
{
    (void)state;
    struct err e = {0};
    struct grid_work w;
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    open_work(&w, &grid_square);
    prefs.spacing_m = 10;
    assert_int_equal(grid_work_cut(&w, &prefs, &e), -1);
    assert_int_equal(e.kind, ERR_USAGE);
    grid_work_release(&w);
}

static void test_each_place_has_one_class(void **state)
{
    (void)state;
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    add_on_land(3000);
    place_add_one("unplaced", (struct lonlat){NAN, NAN}, "x");
    place_split();
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
    place_split();
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
    place_split();
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

#define FLOORS                                                                              \
    "SELECT floor_centroid_km, floor_clipped_km, floor_data_km, floor_median_km FROM grid " \
    "ORDER BY id"

/* The same places with other ids: the same classes and floors, to the last bit. */
static void test_order_does_not_matter(void **state)
{
    (void)state;
    char before[2][SHA256_HEX_SIZE];
    char after[2][SHA256_HEX_SIZE];
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    prefs.spacing_m = 30000;
    add_on_land(1500);
    place_split();
    make(&prefs);
    (void)place_digest(CLASSES, before[0]);
    (void)place_digest(FLOORS, before[1]);
    place_exec("CREATE TEMP TABLE every AS SELECT * FROM location; DELETE FROM location;"
               "INSERT INTO location (uuid, lat_deg, lon_deg, provider, group_key, added)"
               " SELECT uuid, lat_deg, lon_deg, provider, group_key, added FROM every"
               " ORDER BY id * 7919 % 1511");
    place_split();
    make(&prefs);
    assert_string_equal(before[0], place_digest(CLASSES, after[0]));
    assert_string_equal(before[1], place_digest(FLOORS, after[1]));
}

static void test_data_point_is_the_mean(void **state)
{
    (void)state;
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    place_add_one("a", (struct lonlat){15.95, 45.80}, "a");
    place_add_one("b", (struct lonlat){15.97, 45.80}, "b");
    place_add_one("c", (struct lonlat){15.96, 45.70}, "c"); /* val: does not count */
    place_split();
    place_exec("UPDATE split SET part = CASE location_id WHEN 3 THEN 'val' ELSE 'train' END");
    make(&prefs);
    assert_true(fabs(place_f64("SELECT data_lon_deg FROM class WHERE number = 0") - 15.96) < 1e-9);
    assert_true(fabs(place_f64("SELECT data_lat_deg FROM class WHERE number = 0") - 45.80) < 1e-5);
    assert_int_equal(place_i64("SELECT n_val FROM class WHERE number = 0"), 1);
    /* between two places any point of the line is a median */
    assert_true(fabs(place_f64("SELECT median_lat_deg FROM class WHERE number = 0") - 45.80) <
                1e-5);
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
    place_split();
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
    place_split();
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
    place_split();
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
    place_split();
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

/* Cells with too few train locations: their locations have no class, or the nearest one's. */
static void test_min_train(void **state)
{
    (void)state;
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    prefs.spacing_m = 20000;
    prefs.min_train = 8;
    add_on_land(1500);
    place_split();
    make(&prefs);
    int64_t n_kept = place_i64("SELECT n_classes FROM grid");
    assert_int_equal(place_i64("SELECT min(n_train) FROM class WHERE state = 'kept'"), 8);
    assert_true(place_i64("SELECT max(n_train) FROM class WHERE state = 'empty'") == 7);
    assert_true(place_i64("SELECT n_unlabelled FROM grid") > 100);
    prefs.merge = true;
    make(&prefs);
    assert_int_equal(place_i64("SELECT n_classes FROM grid"), n_kept);
    assert_int_equal(place_i64("SELECT n_unlabelled FROM grid"), 0);
    assert_int_equal(place_i64("SELECT count(*) FROM label"), 1500);
    assert_int_equal(place_i64("SELECT count(*) FROM class WHERE (state = 'merged') <> (merged_into"
                               " NOT NULL) OR state = 'empty'"),
                     0);
    assert_int_equal(place_i64("SELECT sum(n_train) FROM class"),
                     place_i64("SELECT count(*) FROM split WHERE part = 'train'"));
    /* no kept class is nearer than the one that a cell went to */
    assert_int_equal(
        place_i64(
            "SELECT count(*) FROM class m JOIN class k ON k.number = m.merged_into JOIN class o ON"
            " o.state = 'kept' WHERE pow(o.centroid_lat_deg - m.centroid_lat_deg, 2) +"
            " 0.5 * pow(o.centroid_lon_deg - m.centroid_lon_deg, 2) < 0.9 *"
            " (pow(k.centroid_lat_deg - m.centroid_lat_deg, 2) +"
            " 0.5 * pow(k.centroid_lon_deg - m.centroid_lon_deg, 2))"),
        0);
}

/* Palagruza lies alone in the sea: outside of the cells whose centre is on land. */
static void test_snap(void **state)
{
    (void)state;
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    prefs.keep = "within";
    prefs.spacing_m = 10000;
    prefs.snap_m = 0;
    add_on_land(1500);
    place_split();
    make(&prefs);
    int64_t n_lost = place_i64("SELECT n_unlabelled FROM grid");
    assert_int_equal(place_i64("SELECT n_snapped FROM grid"), 0);
    prefs.snap_m = 3000;
    make(&prefs);
    int64_t n_snapped = place_i64("SELECT n_snapped FROM grid");
    print_message("%d lost, %d of them within 3 km of a cell\n", (int)n_lost, (int)n_snapped);
    assert_true(n_snapped > 20);
    assert_true(place_i64("SELECT n_unlabelled FROM grid") <= n_lost - n_snapped);
    /* the same, found by trying all cells */
    prefs.snap_m = 100000;
    make(&prefs);
    assert_true(place_i64("SELECT n_snapped FROM grid") > n_snapped);
}

/* Squares in degrees from the border's corner: the published system's alignment, and its count of
 * cells whose land has an area, on a border like its own. */
static void test_origin(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "1",     "1,",    ",1",    "1;2",
                                      "a,b", "1,2,3", "nan,1", "Border"};
    struct err e = {0};
    struct xy origin;
    struct bbox box = {13.4932, 42.25, 19.4, 46.5};
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(grid_origin_parse(bad[i], box, &origin, &e), -1);
        assert_int_equal(e.kind, ERR_USAGE);
    }
    assert_int_equal(grid_origin_parse("-3.5,1e3", box, &origin, &e), 0);
    assert_true(origin.x == -3.5 && origin.y == 1000);
    assert_int_equal(grid_origin_parse("border", box, &origin, &e), 0);
    assert_true(origin.x == box.min_x && origin.y == box.min_y);

    add_on_land(500);
    place_split();
    prefs.degrees = 0.5;
    prefs.origin = "border";
    prefs.keep = "share=1e-9";
    make(&prefs);
    assert_int_equal(place_i64("SELECT count(*) FROM class"), 63); /* as Shapely counts */
    assert_int_equal(place_i64("SELECT min(cell_col) + min(cell_row) FROM class"), 0);
    double x = place_f64("SELECT origin_x FROM grid");
    assert_true(fabs(x - 13.4932) < 1e-6);
    assert_true(fabs(place_f64("SELECT min(minx) FROM rtree_class_geom") - x) < 1e-5);
    assert_int_equal(
        place_i64("SELECT count(*) FROM label JOIN location l ON l.id = location_id JOIN class c"
                  " ON c.id = class_id JOIN grid g WHERE l.lon_deg < origin_x + cell_col * 0.5 OR"
                  " l.lon_deg >= origin_x + (cell_col + 1) * 0.5 OR l.lat_deg < origin_y +"
                  " cell_row * 0.5 OR l.lat_deg >= origin_y + (cell_row + 1) * 0.5"),
        0);
    prefs.degrees = 0;
    prefs.origin = "1000,7000";
    make(&prefs);
    assert_int_equal(place_i64("SELECT origin_x * 10000 + origin_y FROM grid"), 10007000);
    assert_true(place_i64("SELECT count(*) FROM label") > 400);
    prefs.hex_m = 10000;
    assert_int_equal(grid_make(place_db(), place_cli(), &prefs, &e), -1);
    assert_int_equal(e.kind, ERR_USAGE);
}

static void test_degrees(void **state)
{
    (void)state;
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    prefs.degrees = 0.5;
    add_on_land(2000);
    place_split();
    make(&prefs);
    assert_int_equal(place_i64("SELECT count(*) FROM class"), 64);
    assert_int_equal(place_i64("SELECT spacing_m IS NULL AND spacing_deg = 0.5 FROM grid"), 1);
    assert_int_equal(
        place_i64("SELECT count(*) FROM label JOIN location l ON l.id = location_id JOIN class c"
                  " ON c.id = class_id WHERE l.lon_deg < cell_col * 0.5 OR l.lon_deg >="
                  " (cell_col + 1) * 0.5 OR l.lat_deg < cell_row * 0.5 OR l.lat_deg >="
                  " (cell_row + 1) * 0.5"),
        0);
    assert_int_equal(place_i64("SELECT count(*) FROM class WHERE abs(centroid_lon_deg -"
                               " (cell_col + 0.5) * 0.5) > 1e-12 OR abs(centroid_lat_deg -"
                               " (cell_row + 0.5) * 0.5) > 1e-12"),
                     0);
}

/* Three places near each other and one apart: the mean moves, the median hardly does. */
static void test_median(void **state)
{
    (void)state;
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    static const struct lonlat p[4] = {
        {15.95, 45.80}, {15.951, 45.80}, {15.95, 45.801}, {16.25, 45.80}};
    static const char *const name[4] = {"a", "b", "c", "d"};
    prefs.spacing_m = 100000;
    for (int i = 0; i < 4; i++) {
        place_add_one(name[i], p[i], name[i]);
    }
    place_split();
    place_exec("UPDATE split SET part = 'train'");
    make(&prefs);
    struct lonlat mean = {place_f64("SELECT data_lon_deg FROM class WHERE number = 0"),
                          place_f64("SELECT data_lat_deg FROM class WHERE number = 0")};
    struct lonlat median = {place_f64("SELECT median_lon_deg FROM class WHERE number = 0"),
                            place_f64("SELECT median_lat_deg FROM class WHERE number = 0")};
    double sum[2] = {0, 0};
    for (int i = 0; i < 4; i++) {
        sum[0] += geo_distance_km(mean, p[i]);
        sum[1] += geo_distance_km(median, p[i]);
    }
    assert_true(geo_distance_km(median, p[0]) < 0.1 && geo_distance_km(mean, p[0]) > 5);
    assert_true(sum[1] < sum[0]);
}

static void test_classes(void **state)
{
    (void)state;
    static const int64_t want[] = {1, 20, 100, 300};
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    add_on_land(3000);
    place_split();
    for (size_t i = 0; i < 4; i++) {
        prefs.n_classes = want[i];
        make(&prefs);
        int64_t got = place_i64("SELECT n_classes FROM grid");
        print_message("%d classes: %d\n", (int)want[i], (int)got);
        assert_true(llabs(got - want[i]) <= 1 + want[i] / 100);
    }
    prefs.min_train = 5;
    prefs.n_classes = 60;
    make(&prefs);
    assert_true(llabs(place_i64("SELECT n_classes FROM grid") - 60) <= 2);
}

static void test_quadtree(void **state)
{
    (void)state;
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    prefs.quadtree = true;
    prefs.spacing_m = 100000;
    prefs.max_per_cell = 30;
    add_on_land(3000);
    place_add_one("Rome", (struct lonlat){12.5, 41.9}, "c");
    place_split();
    make(&prefs);
    assert_int_equal(place_i64("SELECT max(n_train) <= 30 FROM class"), 1);
    assert_true(place_i64("SELECT n_unlabelled FROM grid") < 30);
    assert_true(place_i64("SELECT count(DISTINCT substr(name, 1, instr(name, 'E'))) FROM class"
                          " WHERE state = 'kept'") >= 3);
    assert_int_equal(place_i64("SELECT sum(n_train) FROM class"),
                     place_i64("SELECT count(*) FROM split WHERE part = 'train'"));
    int64_t n_fine = place_i64("SELECT n_classes FROM grid");
    prefs.min_per_cell = 10;
    make(&prefs);
    assert_true(place_i64("SELECT n_classes FROM grid") < n_fine);
    print_message("%d classes, %d with 10 per cell\n", (int)n_fine,
                  (int)place_i64("SELECT n_classes FROM grid"));
}

/* Two halves of a square by one name, the neighbour by another, one without a name. */
static void test_polygons(void **state)
{
    (void)state;
    static const char text[] =
        "{\"type\":\"FeatureCollection\",\"features\":["
        "{\"type\":\"Feature\",\"properties\":{\"n\":\"West\"},\"geometry\":{\"type\":"
        "\"Polygon\",\"coordinates\":[[[15,45],[15.5,45],[15.5,46],[15,46],[15,45]]]}},"
        "{\"type\":\"Feature\",\"properties\":{\"n\":\"East\"},\"geometry\":{\"type\":"
        "\"Polygon\",\"coordinates\":[[[16,45],[17,45],[17,46],[16,46],[16,45]]]}},"
        "{\"type\":\"Feature\",\"properties\":{\"n\":null},\"geometry\":{\"type\":"
        "\"Polygon\",\"coordinates\":[[[20,45],[21,45],[21,46],[20,46],[20,45]]]}},"
        "{\"type\":\"Feature\",\"properties\":{\"n\":\"West\"},\"geometry\":{\"type\":"
        "\"Polygon\",\"coordinates\":[[[15.5,45],[16,45],[16,46],[15.5,46],[15.5,45]]]}}]}";
    struct err e = {0};
    char path[] = "/tmp/grid_test.XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
    struct grid_prefs prefs = GRID_PREFS_DEFAULT;
    prefs.polygons = path;
    prefs.name_field = "n";
    prefs.snap_m = 2000;
    place_add_one("w", (struct lonlat){15.5, 45.5}, "w");
    place_add_one("edge", (struct lonlat){16, 45.5}, "edge"); /* the first name's: East */
    place_add_one("e", (struct lonlat){16.5, 45.5}, "e");
    place_add_one("near", (struct lonlat){14.99, 45.5}, "near");
    place_add_one("far", (struct lonlat){14.5, 45.5}, "far");
    place_split();
    place_exec("UPDATE split SET part = 'train'");
    make(&prefs);
    assert_int_equal(place_i64("SELECT count(*) FROM class"), 2);
    assert_int_equal(place_i64("SELECT n_train FROM class WHERE number = 0 AND name = 'East'"), 2);
    assert_int_equal(place_i64("SELECT n_train FROM class WHERE number = 1 AND name = 'West'"), 2);
    assert_int_equal(place_i64("SELECT n_unlabelled * 10 + n_snapped FROM grid"), 11);
    assert_true(fabs(place_f64("SELECT centroid_lon_deg FROM class WHERE number = 1") - 15.5) <
                1e-3);
    prefs.name_field = "nonsense";
    assert_int_equal(grid_make(place_db(), place_cli(), &prefs, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_non_null(strstr(e.msg, "has no field 'nonsense': it has n"));
    assert_int_equal(remove(path), 0);
}

static void test_ways_exclude_each_other(void **state)
{
    (void)state;
    const struct grid_prefs start = GRID_PREFS_DEFAULT;
    struct grid_prefs p[5] = {start, start, start, start, start};
    p[0].degrees = 0.5;
    p[0].hex_m = 10000;
    p[1].n_classes = 5;
    p[1].quadtree = true;
    p[2].hex_m = 10000;
    p[2].spacing_given = true;
    p[3].polygons = "x.geojson";
    p[3].keep = "within";
    p[4].n_classes = 5;
    p[4].spacing_given = true;
    for (size_t i = 0; i < 5; i++) {
        struct err e = {0};
        assert_int_equal(grid_make(place_db(), place_cli(), &p[i], &e), -1);
        assert_int_equal(e.kind, ERR_USAGE);
    }
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
    place_split();
    place_exec("UPDATE split SET part = 'train'");
    refused(&prefs, ERR_INPUT, "do not meet");
    prefs.snap_m = 0;
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
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_hexagons),
        cmocka_unit_test(test_half_open),
        cmocka_unit_test(test_too_small),
        T(test_each_place_has_one_class),
        T(test_labels_are_right),
        T(test_only_train_decides),
        T(test_order_does_not_matter),
        T(test_data_point_is_the_mean),
        T(test_empty_and_outside),
        T(test_clipped_is_on_land),
        T(test_floor_falls_with_the_spacing),
        T(test_min_train),
        T(test_snap),
        T(test_degrees),
        T(test_origin),
        T(test_median),
        T(test_classes),
        T(test_quadtree),
        T(test_polygons),
        T(test_ways_exclude_each_other),
        T(test_again),
        T(test_refused),
    };
    log_init("grid_test", 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
