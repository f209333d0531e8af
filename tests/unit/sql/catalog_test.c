/* SPDX-License-Identifier: MIT */
/* The catalog file: made whole, refused when newer or foreign, migrated when older; stages. */
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

#include "core/file.h"
#include "sql/catalog.h"
#include "sql/migrate.h"
#include "sql/text.h"

static char dir[] = "/tmp/gdje-catalog.XXXXXX";
static char path[64];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/gdje-catalog.XXXXXX");
    if (!mkdtemp(dir)) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/sub/c.gpkg", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char name[128];
    static const char *const tail[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, tail[i]);
        (void)unlink(name);
    }
    (void)snprintf(name, sizeof name, "%s/sub", dir);
    (void)rmdir(name);
    return rmdir(dir);
}

static struct db *create(void)
{
    struct err e = {0};
    struct db *db = NULL;
    if (catalog_open(path, CATALOG_CREATE, &db, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    return db;
}

static int64_t get(struct db *db, const char *sql)
{
    struct err e = {0};
    int64_t v = -1;
    bool found = false;
    if (db_get_i64(db, sql, &v, &found, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    return v;
}

static void exec_ok(struct db *db, const char *sql)
{
    struct err e = {0};
    if (db_exec(db, sql, &e) != 0) {
        fail_msg("%s", e.msg);
    }
}

static void test_create(void **state)
{
    (void)state;
    struct db *db = create();
    assert_int_equal(get(db, "PRAGMA application_id"), 0x47504b47);
    assert_int_equal(get(db, "PRAGMA user_version"), 10300 + CATALOG_VERSION);
    assert_int_equal(get(db, "SELECT count(*) FROM gpkg_extensions"), 3);
    assert_int_equal(get(db, "SELECT count(*) FROM leaderboard"), 0);
    catalog_close(db);
    /* a second opening finds the same */
    db = create();
    assert_int_equal(get(db, "SELECT count(*) FROM gpkg_contents"), 6);
    catalog_close(db);
}

static void test_missing(void **state)
{
    (void)state;
    struct err e = {0};
    struct db *db = NULL;
    assert_int_equal(catalog_open(path, CATALOG_READ, &db, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_non_null(strstr(e.msg, "there is no catalog"));
    assert_null(db);
}

static void test_newer_is_refused(void **state)
{
    (void)state;
    struct err e = {0};
    struct db *db = create();
    exec_ok(db, "PRAGMA user_version = 10390");
    catalog_close(db);
    db = NULL;
    assert_int_equal(catalog_open(path, CATALOG_WRITE, &db, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_non_null(strstr(e.msg, "newer"));
}

static void test_foreign_is_refused(void **state)
{
    (void)state;
    struct err e = {0};
    struct db *db = create();
    exec_ok(db, "PRAGMA application_id = 1");
    catalog_close(db);
    db = NULL;
    assert_int_equal(catalog_open(path, CATALOG_CREATE, &db, &e), -1);
    assert_non_null(strstr(e.msg, "not a gdje catalog"));
    /* a file that is no database at all */
    assert_int_equal(file_write(path, "hello, this is no database, only text", 37, &e), 0);
    assert_int_equal(catalog_open(path, CATALOG_CREATE, &db, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_null(db);
}

static const char *step(int version)
{
    return version == 2   ? "CREATE TABLE two (a INTEGER) STRICT"
           : version == 3 ? "ALTER TABLE two ADD COLUMN b TEXT"
                          : NULL;
}

static void test_migrate(void **state)
{
    (void)state;
    struct err e = {0};
    struct db *db = create();
    assert_int_equal(migrate_run(db, 1, 3, step, &e), 0);
    assert_int_equal(get(db, "PRAGMA user_version"), 10303);
    assert_int_equal(get(db, "SELECT count(b) FROM two"), 0);
    assert_int_equal(get(db, "SELECT count(*) FROM leaderboard"), 0);
    /* a missing step changes nothing */
    assert_int_equal(migrate_run(db, 3, 5, step, &e), -1);
    assert_int_equal(get(db, "PRAGMA user_version"), 10303);
    assert_int_equal(get(db, "SELECT count(*) FROM leaderboard"), 0);
    catalog_close(db);
}

static void add_location(struct db *db, const char *uuid, double lon, double lat)
{
    struct err e = {0};
    struct stmt *st = NULL;
    uint8_t blob[GPKG_POINT_SIZE];
    gpkg_point((struct lonlat){lon, lat}, blob);
    assert_int_equal(db_prepare(db, &st,
                                "INSERT INTO location (geom, uuid, lat_deg, lon_deg, provider,"
                                " group_key, added) VALUES (?, ?, ?, ?, 'x', 'g', 'now')",
                                &e),
                     0);
    stmt_blob(st, 1, blob, sizeof blob);
    stmt_text(st, 2, uuid);
    stmt_f64(st, 3, lat);
    stmt_f64(st, 4, lon);
    if (stmt_run(st, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    stmt_free(st);
}

static void test_rtree_follows_geometry(void **state)
{
    (void)state;
    struct db *db = create();
    add_location(db, "a", 16, 45);
    add_location(db, "b", 17, 43);
    const char *in_box =
        "SELECT count(*) FROM rtree_location_geom WHERE minx > 15.9 AND maxx < 16.1";
    assert_int_equal(get(db, in_box), 1);
    exec_ok(db, "UPDATE location SET geom = NULL WHERE uuid = 'a'");
    assert_int_equal(get(db, in_box), 0);
    exec_ok(db, "DELETE FROM location");
    assert_int_equal(get(db, "SELECT count(*) FROM rtree_location_geom"), 0);
    catalog_close(db);
}

static void test_ranges_are_checked(void **state)
{
    (void)state;
    struct err e = {0};
    struct db *db = create();
    assert_int_equal(db_exec(db,
                             "INSERT INTO location (uuid, lat_deg, lon_deg, provider, group_key,"
                             " added) VALUES ('a', 91, 0, 'x', 'g', 'now')",
                             &e),
                     -1);
    assert_int_equal(db_exec(db,
                             "INSERT INTO location (uuid, lat_deg, provider, group_key, added)"
                             " VALUES ('a', 45, 'x', 'g', 'now')",
                             &e),
                     -1);
    catalog_close(db);
}

static void begin(struct db *db, const char *input, struct stage *stage)
{
    struct err e = {0};
    struct sha256 *s = NULL;
    struct cli cli = {.tool = "gdje-test", .command_line = "--x 1"};
    assert_int_equal(sha256_new(&s, &e), 0);
    sha256_add_str(s, input);
    assert_int_equal(stage_begin(db, "test:one", &cli, s, stage, &e), 0);
    sha256_free(s);
}

static void test_stage(void **state)
{
    (void)state;
    struct err e = {0};
    struct stage stage;
    struct db *db = create();
    begin(db, "input", &stage);
    assert_false(stage.current);
    assert_int_equal(stage_commit(db, &stage, 3, &e), 0);
    begin(db, "input", &stage);
    assert_true(stage.current);
    begin(db, "other input", &stage);
    assert_false(stage.current);
    db_rollback(db);
    assert_int_equal(get(db, "SELECT n_rows FROM stage"), 3);
    catalog_close(db);
}

#define N_SPLIT "SELECT count(*) FROM split"

/* Rows (1, id, part) for ids 1 .. n, as a stage would write them. */
static void split_column(const void *ctx, size_t i, int column, struct cell *v)
{
    const char *const *part = ctx;
    if (column == 2 && part) {
        cell_text(v, part[i % 2]);
    } else if (column < 2) {
        cell_i64(v, column == 0 ? 1 : (int64_t)i + 1);
    }
}

static int insert_split(struct db *db, size_t n, const void *part, struct err *e)
{
    const struct row_source source = {n, split_column, part};
    return db_insert_rows(db, "INSERT INTO split SELECT c0, c1, c2 FROM rows", &source, e);
}

static void add_split(struct db *db)
{
    add_location(db, "a", 16, 45);
    add_location(db, "b", 17, 43);
    exec_ok(db, "INSERT INTO split_scheme VALUES (1, 's', 'hash', '', NULL, NULL, 1)");
}

static void test_insert_rows(void **state)
{
    (void)state;
    static const char *const part[2] = {"train", "val"};
    struct err e = {0};
    struct db *db = create();
    add_split(db);
    assert_int_equal(insert_split(db, 0, part, &e), 0);
    assert_int_equal(get(db, N_SPLIT), 0);
    assert_int_equal(insert_split(db, 2, part, &e), 0);
    assert_int_equal(
        get(db,
            "SELECT count(*) FROM split WHERE (location_id, part) IN ((1, 'train'), (2, 'val'))"),
        2);
    /* a failure, at the second row, leaves nothing of the statement, and the next one is right */
    exec_ok(db, "DELETE FROM split; INSERT INTO split VALUES (1, 2, 'test')");
    assert_int_equal(insert_split(db, 2, part, &e), -1);
    assert_int_equal(get(db, N_SPLIT), 1);
    exec_ok(db, "DELETE FROM split");
    assert_int_equal(insert_split(db, 1, NULL, &e), -1); /* no part: NULL */
    assert_non_null(strstr(e.msg, "NOT NULL"));
    assert_int_equal(insert_split(db, 3, part, &e), -1); /* there is no location 3 */
    assert_non_null(strstr(e.msg, "FOREIGN KEY"));
    assert_int_equal(get(db, N_SPLIT), 0);
    catalog_close(db);
}

static void number_column(const void *ctx, size_t i, int column, struct cell *v)
{
    const double *x = ctx;
    if (column == 0) {
        cell_i64(v, (int64_t)i);
    } else if (column == 1) {
        cell_f64(v, x[i]);
    }
}

static void test_insert_numbers(void **state)
{
    (void)state;
    static const double x[3] = {0.1, NAN, -1e300};
    struct err e = {0};
    struct db *db = create();
    const struct row_source source = {3, number_column, x};
    exec_ok(db, "CREATE TEMP TABLE n (i INTEGER, x REAL) STRICT");
    assert_int_equal(db_insert_rows(db, "INSERT INTO n SELECT c0, c1 FROM rows", &source, &e), 0);
    assert_int_equal(get(db, "SELECT count(*) FROM n WHERE (i, x) IN ((0, 0.1), (2, -1e300))"), 2);
    assert_int_equal(get(db, "SELECT i FROM n WHERE x IS NULL"), 1);
    catalog_close(db);
}

/* Keys are trusted while nobody else writes, and only within the transaction. */
static void test_trusting(void **state)
{
    (void)state;
    static const char *const part[2] = {"train", "val"};
    struct err e = {0};
    struct db *db = create();
    add_split(db);
    assert_int_equal(db_begin_trusting(db, &e), 0);
    assert_int_equal(insert_split(db, 3, part, &e), 0);
    db_rollback(db);
    assert_int_equal(get(db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(db_begin_trusting(db, &e), 0);
    assert_int_equal(insert_split(db, 2, part, &e), 0);
    assert_int_equal(db_commit(db, &e), 0);
    assert_int_equal(get(db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(get(db, N_SPLIT), 2);
    /* somebody else removes a location that was read */
    struct db *other = create();
    exec_ok(other, "DELETE FROM location WHERE uuid = 'b'");
    catalog_close(other);
    assert_int_equal(get(db, N_SPLIT), 1);
    exec_ok(db, "DELETE FROM split");
    assert_int_equal(db_begin_trusting(db, &e), 0);
    assert_int_equal(insert_split(db, 2, part, &e), -1);
    assert_non_null(strstr(e.msg, "FOREIGN KEY"));
    db_rollback(db);
    catalog_close(db);
}

static void test_lookup_names_the_tool(void **state)
{
    (void)state;
    struct err e = {0};
    int64_t id = 0;
    struct db *db = create();
    assert_int_equal(catalog_scheme(db, "default", &id, &e), -1);
    assert_non_null(strstr(e.msg, "run gdje-split first"));
    catalog_close(db);
}

static void test_run_binds_in_order(void **state)
{
    (void)state;
    struct db *db = create();
    struct err e = {0};
    assert_int_equal(db_run(db, &e,
                            "CREATE TEMP TABLE t AS SELECT ?1 AS a, ?2 AS b, ?3 AS c,"
                            " ?4 AS d, ?5 AS e",
                            DB_I64(INT64_MIN), DB_F64(0.1), DB_TEXT("it's"), DB_F64((double)NAN),
                            DB_TEXT(NULL)),
                     0);
    assert_int_equal(get(db, "SELECT a = -9223372036854775807 - 1 AND b = 0.1 AND c = 'it''s'"
                             " AND d IS NULL AND e IS NULL FROM t"),
                     1);
    assert_int_equal(db_run(db, &e, "UPDATE t SET a = ?, b = 2", DB_I64(1), DB_I64(2)), -1);
    assert_int_equal(db_run(db, &e, "UPDATE nothing SET a = ?", DB_I64(1)), -1);
    assert_non_null(strstr(e.msg, "nothing"));
    assert_int_equal(get(db, "SELECT a = 1 FROM t"), 0);
    catalog_close(db);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_create),
        T(test_missing),
        T(test_newer_is_refused),
        T(test_foreign_is_refused),
        T(test_migrate),
        T(test_rtree_follows_geometry),
        T(test_ranges_are_checked),
        T(test_run_binds_in_order),
        T(test_stage),
        T(test_insert_rows),
        T(test_insert_numbers),
        T(test_trusting),
        T(test_lookup_names_the_tool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
