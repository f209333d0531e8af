/* SPDX-License-Identifier: MIT */
/* gdje-sample: what it adds to the queue, in which order, and what it does not add again. */
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
#include "fetch/sample.h"
#include "fetch/sample_near.h"
#include "shapes/wkb.h"
#include "sql/catalog.h"

static char dir[32];
static char path[64];
static struct err e;

static int setup(void **state)
{
    (void)state;
    log_init("test", -2);
    (void)snprintf(dir, sizeof dir, "/tmp/gdje-sample.XXXXXX");
    if (!mkdtemp(dir)) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/c.gpkg", dir);
    return 0;
}

static void file_in_dir(char *to, size_t size, const char *name)
{
    (void)snprintf(to, size, "%s/%s", dir, name);
}

static int teardown(void **state)
{
    (void)state;
    static const char *const name[] = {"c.gpkg", "c.gpkg-wal", "c.gpkg-shm", "near.csv",
                                       "x.geojson"};
    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
        char file[64];
        file_in_dir(file, sizeof file, name[i]);
        (void)unlink(file);
    }
    return rmdir(dir);
}

static const char *write_file(const char *name, const char *text)
{
    static char file[64];
    file_in_dir(file, sizeof file, name);
    assert_int_equal(file_write(file, text, strlen(text), &e), 0);
    return file;
}

static struct db *open_catalog(void)
{
    struct db *db = NULL;
    if (catalog_open(path, CATALOG_CREATE, &db, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    return db;
}

static int64_t get(const char *sql)
{
    struct db *db = open_catalog();
    int64_t n = -1;
    bool found = false;
    assert_int_equal(db_get_i64(db, sql, &n, &found, &e), 0);
    catalog_close(db);
    return n;
}

static void exec(const char *sql)
{
    struct db *db = open_catalog();
    if (db_exec(db, sql, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    catalog_close(db);
}

/* What is queued, in its order. */
static void digest(char hex[SHA256_HEX_SIZE])
{
    struct sha256 *s = NULL;
    struct db *db = open_catalog();
    assert_int_equal(sha256_new(&s, &e), 0);
    assert_int_equal(db_digest(db, s, "SELECT id, lat_deg, lon_deg FROM request ORDER BY id", &e),
                     0);
    sha256_hex(s, hex);
    sha256_free(s);
    catalog_close(db);
}

static int64_t count_requests(void)
{
    return get("SELECT count(*) FROM request");
}

static int run(const struct sample_prefs *p)
{
    const struct cli cli = {.tool = "gdje-sample", .catalog = path, .command_line = "--test"};
    memset(&e, 0, sizeof e);
    return sample_run(&cli, p, &e);
}

static int sample(int64_t count, int64_t seed, double min_distance_m)
{
    struct sample_prefs p = SAMPLE_PREFS_DEFAULT;
    p.count = count;
    p.seed = seed;
    p.min_distance_m = min_distance_m;
    return run(&p);
}

static void test_adds_only_what_is_missing(void **state)
{
    (void)state;
    assert_int_equal(sample(50, 1, 0), 0);
    assert_int_equal(count_requests(), 50);
    assert_int_equal(sample(50, 1, 0), 0);
    assert_int_equal(count_requests(), 50);
    assert_int_equal(sample(80, 1, 0), 0);
    assert_int_equal(count_requests(), 80);
    assert_int_equal(sample(20, 1, 0), 0); /* fewer: what is there stays */
    assert_int_equal(sample(80, 1, 0), 0);
    assert_int_equal(count_requests(), 80);
    assert_int_equal(sample(10, 2, 0), 0); /* another sequence */
    assert_int_equal(count_requests(), 90);
    assert_int_equal(sample(1000, 1, 60000), -1);
    assert_int_equal(e.kind, ERR_INCOMPLETE);
    assert_non_null(strstr(e.msg, "no room for more than"));
    int64_t n = count_requests();
    assert_true(n > 100);
    assert_int_equal(sample(1000, 1, 60000), -1);
    assert_int_equal(count_requests(), n);
}

static void test_reference_systems(void **state)
{
    (void)state;
    struct sample_prefs p = SAMPLE_PREFS_DEFAULT;
    p.count = 20;
    assert_int_equal(run(&p), 0);
    p.crs = "EPSG:3035"; /* nothing is measured in it: the same points */
    assert_int_equal(run(&p), 0);
    assert_int_equal(count_requests(), 20);
    p.min_distance_m = 1000;
    assert_int_equal(run(&p), 0);
    assert_int_equal(count_requests(), 40);
    p.crs = "EPSG:3857";
    p.border =
        write_file("x.geojson", "{\"type\":\"Polygon\",\"coordinates\":[[[179,-18],[181,-18],"
                                "[181,-17],[179,-17],[179,-18]]]}");
    assert_int_equal(run(&p), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_non_null(strstr(e.msg, "reference system 'EPSG:3857' cannot hold this"));
    p.crs = "EPSG:3460";
    assert_int_equal(run(&p), 0);
    assert_int_equal(get("SELECT count(*) FROM request WHERE abs(lon_deg) >= 179"), 20);
    assert_int_equal(get("SELECT count(*) > 5 FROM request WHERE lon_deg < -179"), 1);
}

/* --- around places -------------------------------------------------------------------------------------- */

#define PLACES "town,Lat,LON\na,45.8,16.0\nb,43.52,16.44\nsea,43.0,15.5\nc,45.5,17.6\n"

static void test_near(void **state)
{
    (void)state;
    struct sample_prefs p = SAMPLE_PREFS_DEFAULT;
    char a[SHA256_HEX_SIZE];
    char b[SHA256_HEX_SIZE];
    p.count = 30;
    p.within_m = 5000;
    p.near = write_file("near.csv", PLACES);
    assert_int_equal(run(&p), 0);
    assert_int_equal(count_requests(), 30);
    /* ten each: the one in the sea has none */
    assert_int_equal(get("SELECT count(*) FROM request WHERE abs(lat_deg - 45.8) < 0.046"
                         " AND abs(lon_deg - 16) < 0.066"),
                     10);
    assert_int_equal(get("SELECT count(*) FROM request WHERE abs(lat_deg - 43.52) < 0.046"
                         " AND abs(lon_deg - 16.44) < 0.063"),
                     10);
    digest(a);
    assert_int_equal(run(&p), 0);
    digest(b);
    assert_string_equal(a, b);
    p.count = 33;
    assert_int_equal(run(&p), 0);
    assert_int_equal(count_requests(), 33);
    p.within_m = 5001; /* another sequence */
    assert_int_equal(run(&p), 0);
    assert_int_equal(count_requests(), 66);
    p.near = write_file("near.csv", "lat_deg\tlon_deg\n43\t15.5\n10\t10\n");
    assert_int_equal(run(&p), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_non_null(strstr(e.msg, "no point falls inside the border"));
    assert_int_equal(count_requests(), 66);
}

static void test_near_refuses(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"", "is empty"},
        {"lat,lon\n", "has no rows"},
        {"lat,x\n1,2\n", "no column of longitudes"},
        {"id,lon\n1,2\n", "no column of latitudes"},
        {"lat,lon\n45,16\n91,16\n", "line 3, column 'lat'"},
        {"lat,lon\n45,16\n45,abc\n", "line 3, column 'lon'"},
        {"lat,lon\n45,181\n", "line 2, column 'lon'"},
        {"lat,lon\n45\n", "line 2"},
        {"lat,lon\n45,nan\n", "line 2"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct lonlat *p = NULL;
        size_t n = 0;
        const char *file = write_file("near.csv", bad[i][0]);
        assert_int_equal(sample_near_read(file, &p, &n, &e), -1);
        assert_int_equal(e.kind, ERR_INPUT);
        if (!strstr(e.msg, bad[i][1]) || !strstr(e.msg, "near: ")) {
            fail_msg("'%s' instead of '%s'", e.msg, bad[i][1]);
        }
        assert_null(p);
    }
}

/* --- what is excluded ----------------------------------------------------------------------------------- */

static void test_exclude(void **state)
{
    (void)state;
    struct sample_prefs p = SAMPLE_PREFS_DEFAULT;
    p.count = 300;
    p.exclude = write_file(
        "x.geojson", "{\"type\":\"Polygon\",\"coordinates\":[[[10,44],[20,44],[20,50],[10,50],"
                     "[10,44]]]}");
    assert_int_equal(run(&p), 0);
    assert_int_equal(get("SELECT count(*) FROM request WHERE lat_deg < 44"), 300);
    p.exclude = p.border;
    assert_int_equal(run(&p), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_non_null(strstr(e.msg, "outside of 'shapes/croatia.shp'"));
    p.exclude = "nowhere.shp";
    assert_int_equal(run(&p), -1);
    assert_non_null(strstr(e.msg, "exclude: there is no file 'nowhere.shp'"));
}

/* --- cells ---------------------------------------------------------------------------------------------- */

static void begin_grid(void)
{
    exec("INSERT INTO split_scheme (name, method, ratios, seed)"
         " VALUES ('default', 'hash', '8/1/1', 1);"
         "INSERT INTO grid (name, method, crs, scheme_id, border_sha256, n_classes,"
         " n_unlabelled) VALUES ('default', 'degrees', 'EPSG:3765', 1, '', 1, 0)");
}

static void add_class(struct bbox b, const char *name, const char *class_state)
{
    struct db *db = open_catalog();
    struct stmt *st = NULL;
    struct bbox box = {0};
    struct buf wkb;
    struct buf blob;
    const struct lonlat ring[5] = {{b.min_x, b.min_y},
                                   {b.max_x, b.min_y},
                                   {b.max_x, b.max_y},
                                   {b.min_x, b.max_y},
                                   {b.min_x, b.min_y}};
    buf_init(&wkb, 4096);
    buf_init(&blob, 4096);
    assert_int_equal(wkb_ring(ring, 5, &wkb, &box, &e), 0);
    assert_int_equal(gpkg_polygon((const uint8_t *)wkb.p, wkb.n, box, &blob, &e), 0);
    assert_int_equal(
        db_prepare(db, &st, "INSERT INTO class (geom, grid_id, name, state) VALUES (?, 1, ?, ?)",
                   &e),
        0);
    stmt_blob(st, 1, blob.p, blob.n);
    stmt_text(st, 2, name);
    stmt_text(st, 3, class_state);
    assert_int_equal(stmt_run(st, &e), 0);
    stmt_free(st);
    buf_release(&wkb);
    buf_release(&blob);
    catalog_close(db);
}

/* A grid of n x n cells from 16 to 18 east, 45.3 to 46.3 north; the last row of cells is outside. */
static void make_grid(int n)
{
    begin_grid();
    for (int i = 0; i < n * n; i++) {
        char name[32];
        double west = 16 + 2.0 / n * (i % n);
        double south = 45.3 + 1.0 / n * (double)(i / n);
        (void)snprintf(name, sizeof name, "%d", i);
        add_class((struct bbox){west, south, west + 2.0 / n, south + 1.0 / n}, name,
                  i / n == n - 1 ? "outside"
                  : i == 0       ? "empty"
                                 : "kept");
    }
}

/* How many requests of these states are in cell (x, y) of the grid of 3 x 3. */
static int64_t in_cell(int x, int y, const char *states)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM request WHERE state IN (%s)"
                   " AND lon_deg BETWEEN %.9f AND %.9f AND lat_deg BETWEEN %.9f AND %.9f",
                   states, 16 + 2.0 / 3 * x, 16 + 2.0 / 3 * (x + 1), 45.3 + 1.0 / 3 * y,
                   45.3 + 1.0 / 3 * (y + 1));
    return get(sql);
}

static int fill(int64_t per_cell, double min_distance_m)
{
    struct sample_prefs p = SAMPLE_PREFS_DEFAULT;
    p.cells = "default";
    p.per_cell = per_cell;
    p.min_distance_m = min_distance_m;
    return run(&p);
}

static void check_cells(int64_t n)
{
    for (int i = 0; i < 6; i++) {
        assert_int_equal(in_cell(i % 3, i / 3, "'queued'"), n);
    }
    assert_int_equal(in_cell(0, 2, "'queued'"), 0); /* outside */
}

static void test_cells_are_filled_up(void **state)
{
    (void)state;
    char once[SHA256_HEX_SIZE];
    char twice[SHA256_HEX_SIZE];
    make_grid(3);
    assert_int_equal(fill(20, 0), 0);
    assert_int_equal(count_requests(), 6 * 20);
    check_cells(20);
    digest(once);
    assert_int_equal(fill(20, 0), 0);
    digest(twice);
    assert_string_equal(once, twice);
    exec("DELETE FROM request");
    assert_int_equal(fill(8, 0), 0); /* in two steps: the same in the end */
    check_cells(8);
    assert_int_equal(fill(20, 0), 0);
    digest(twice);
    assert_string_equal(once, twice);
    /* what was asked in vain is asked for elsewhere, not again */
    exec("UPDATE request SET state = 'no_imagery' WHERE id % 3 = 0");
    assert_int_equal(fill(20, 0), 0);
    check_cells(20);
    assert_int_equal(count_requests(), 6 * 20 + 40);
    assert_int_equal(get("SELECT count(*) FROM (SELECT DISTINCT lat_deg, lon_deg FROM request)"),
                     6 * 20 + 40);
}

/* Long sequences are gone through again without losing patience. */
static void test_many_in_a_cell(void **state)
{
    (void)state;
    make_grid(2);
    assert_int_equal(fill(2500, 0), 0);
    assert_int_equal(fill(5000, 0), 0);
    assert_int_equal(count_requests(), 2 * 5000);
    assert_int_equal(get("SELECT count(*) FROM (SELECT DISTINCT lat_deg, lon_deg FROM request)"),
                     2 * 5000);
}

/* A cell that the catalog holds in two halves, one at each end of the map. */
static void test_cell_on_the_antimeridian(void **state)
{
    (void)state;
    struct sample_prefs p = SAMPLE_PREFS_DEFAULT;
    p.border =
        write_file("x.geojson", "{\"type\":\"Polygon\",\"coordinates\":[[[179,-18],[182,-18],"
                                "[182,-16],[179,-16],[179,-18]]]}");
    p.crs = "EPSG:3460";
    p.cells = "default";
    p.per_cell = 100;
    begin_grid();
    add_class((struct bbox){179.5, -17.5, 180.5, -16.5}, "both", "kept");
    add_class((struct bbox){-179.5, -17.5, -178.5, -16.5}, "east", "kept");
    exec(
        "INSERT INTO request (lat_deg, lon_deg, queued) VALUES (-17, 179.9, ''), (-17, -179.9, ''),"
        " (-17, -179, '')");
    assert_int_equal(run(&p), 0);
    assert_int_equal(count_requests(), 200);
    assert_int_equal(
        get("SELECT count(*) FROM request WHERE lon_deg >= 179.5 OR lon_deg <= -179.5"), 100);
    int64_t west = get("SELECT count(*) FROM request WHERE lon_deg >= 179.5");
    assert_true(west > 30 && west < 70);
}

static void test_poorest_first(void **state)
{
    (void)state;
    make_grid(3);
    /* locations in one cell, a request in another; a location without a position is nowhere */
    exec("INSERT INTO location (geom, uuid, lat_deg, lon_deg, provider, group_key, added)"
         " VALUES (NULL, 'a', 45.4, 16.1, 'x', 'a', ''), (NULL, 'b', 45.5, 16.2, 'x', 'b', ''),"
         " (NULL, 'c', NULL, NULL, 'x', 'c', '');"
         "INSERT INTO request (lat_deg, lon_deg, state, queued) VALUES (45.4, 17, 'queued', ''),"
         " (45.41, 17.01, 'failed', ''), (45.42, 17.02, 'done', '')");
    assert_int_equal(fill(3, 0), 0);
    assert_int_equal(in_cell(0, 0, "'queued'"), 1);
    assert_int_equal(in_cell(1, 0, "'queued'"), 3);
    assert_int_equal(in_cell(2, 0, "'queued'"), 3);
    /* the four empty cells, then these and the one of one request, then all six; 3 were there */
    assert_int_equal(count_requests(), 3 + 4 + 5 + 6);
    assert_int_equal(get("SELECT count(*) FROM request WHERE id <= 3 + 4"
                         " AND lat_deg < 45.6333 AND lon_deg < 17.3333 AND queued <> ''"),
                     0);
}

static void test_cells_apart(void **state)
{
    (void)state;
    make_grid(3);
    assert_int_equal(fill(6, 8000), 0);
    assert_int_equal(fill(1000, 8000), -1);
    assert_int_equal(e.kind, ERR_INCOMPLETE);
    assert_non_null(strstr(e.msg, "6 of 6 cells have no room for 1000 points"));
    assert_true(count_requests() > 6 * 10);
    struct db *db = open_catalog();
    struct stmt *st = NULL;
    bool row = false;
    assert_int_equal(db_prepare(db, &st,
                                "SELECT a.lon_deg, a.lat_deg, b.lon_deg, b.lat_deg FROM request a,"
                                " request b WHERE a.id < b.id",
                                &e),
                     0);
    while (stmt_step(st, &row, &e) == 0 && row) {
        double km = geo_distance_km((struct lonlat){col_f64(st, 0), col_f64(st, 1)},
                                    (struct lonlat){col_f64(st, 2), col_f64(st, 3)});
        assert_true(km > 7.96); /* the sphere is not the ellipsoid */
    }
    stmt_free(st);
    catalog_close(db);
}

static void test_cells_refuse(void **state)
{
    (void)state;
    struct sample_prefs p = SAMPLE_PREFS_DEFAULT;
    assert_int_equal(fill(3, 0), -1); /* no catalog */
    assert_int_equal(e.kind, ERR_INPUT);
    make_grid(2);
    p.cells = "other";
    p.per_cell = 3;
    assert_int_equal(run(&p), -1);
    assert_non_null(strstr(e.msg, "has no grid 'other': run gdje-grid first"));
    p.cells = "default";
    p.exclude =
        write_file("x.geojson", "{\"type\":\"Polygon\",\"coordinates\":[[[15,45.2],[17,45.2],"
                                "[17,46.5],[15,46.5],[15,45.2]]]}");
    assert_int_equal(run(&p), -1); /* all of one cell is excluded */
    assert_int_equal(e.kind, ERR_INCOMPLETE);
    assert_non_null(strstr(e.msg, "1 of 2 cells have no room for 3 points, '0' for 0"));
    assert_int_equal(count_requests(), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_adds_only_what_is_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reference_systems, setup, teardown),
        cmocka_unit_test_setup_teardown(test_near, setup, teardown),
        cmocka_unit_test_setup_teardown(test_near_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exclude, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cells_are_filled_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_in_a_cell, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cell_on_the_antimeridian, setup, teardown),
        cmocka_unit_test_setup_teardown(test_poorest_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cells_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cells_refuse, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
