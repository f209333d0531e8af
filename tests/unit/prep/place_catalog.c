/* SPDX-License-Identifier: MIT */
#include "tests/unit/prep/place_catalog.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/rng.h"
#include "prep/split.h"

static char dir[64];
static char path[96];
static struct db *db;

struct db *place_db(void)
{
    return db;
}

const struct cli *place_cli(void)
{
    static const struct cli cli = {.tool = "test", .command_line = ""};
    return &cli;
}

int place_setup(void **state)
{
    (void)state;
    struct err e = {0};
    (void)snprintf(dir, sizeof dir, "/tmp/gdje-places.XXXXXX");
    if (!mkdtemp(dir)) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/c.gpkg", dir);
    return catalog_open(path, CATALOG_CREATE, &db, &e);
}

int place_teardown(void **state)
{
    (void)state;
    static const char *const tail[] = {"", "-wal", "-shm"};
    char name[128];
    catalog_close(db);
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, tail[i]);
        (void)unlink(name);
    }
    return rmdir(dir);
}

static void check(int rc, const struct err *e)
{
    if (rc != 0) {
        fail_msg("%s", e->msg);
    }
}

void place_split(void)
{
    struct err e = {0};
    struct split_prefs prefs = SPLIT_PREFS_DEFAULT;
    if (split_make(db, place_cli(), &prefs, &e) != 0) {
        fail_msg("%s", e.msg);
    }
}

void place_exec(const char *sql)
{
    struct err e = {0};
    check(db_exec(db, sql, &e), &e);
}

int64_t place_i64(const char *sql)
{
    struct err e = {0};
    int64_t v = -1;
    bool found = false;
    check(db_get_i64(db, sql, &v, &found, &e), &e);
    return v;
}

double place_f64(const char *sql)
{
    struct err e = {0};
    double v = NAN;
    bool found = false;
    check(db_get_f64(db, sql, &v, &found, &e), &e);
    return v;
}

void place_add_one(const char *uuid, struct lonlat p, const char *group)
{
    struct err e = {0};
    struct stmt *st = NULL;
    uint8_t blob[GPKG_POINT_SIZE];
    check(db_prepare(db, &st,
                     "INSERT INTO location (geom, uuid, lat_deg, lon_deg, provider, group_key,"
                     " added) VALUES (?, ?, ?, ?, 'test', ?, '2026-01-01T00:00:00Z')",
                     &e),
          &e);
    if (isfinite(p.lat)) {
        gpkg_point(p, blob);
        stmt_blob(st, 1, blob, sizeof blob);
    }
    stmt_text(st, 2, uuid);
    stmt_f64(st, 3, p.lat);
    stmt_f64(st, 4, p.lon);
    stmt_text(st, 5, group);
    check(stmt_run(st, &e), &e);
    stmt_free(st);
}

void place_add(size_t first, size_t n)
{
    char uuid[32];
    place_exec("BEGIN");
    for (size_t i = first; i < first + n; i++) {
        (void)snprintf(uuid, sizeof uuid, "place-%zu", i);
        struct lonlat p = {13.5 + 5.9 * rng_f64(11, 1, i), 42.3 + 4.2 * rng_f64(11, 2, i)};
        place_add_one(uuid, p, uuid);
    }
    place_exec("COMMIT");
}

const char *place_digest(const char *sql, char hex[SHA256_HEX_SIZE])
{
    struct err e = {0};
    struct sha256 *s = NULL;
    check(sha256_new(&s, &e), &e);
    check(db_digest(db, s, sql, &e), &e);
    sha256_hex(s, hex);
    sha256_free(s);
    return hex;
}
