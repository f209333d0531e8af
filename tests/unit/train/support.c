/* SPDX-License-Identifier: MIT */
/* The tests' tiny world: see support.h. */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/log.h"
#include "core/pack.h"
#include "core/rng.h"
#include "shapes/crs.h"
#include "sql/catalog.h"
#include "tests/unit/train/support.h"
#include "train/nn/backend.h"

#define PICTURE ((size_t)WORLD_SIZE_PX * WORLD_SIZE_PX * 3)

static void ok(int rc, const struct err *e)
{
    if (rc != 0) {
        fail_msg("%s", e->msg);
    }
}

static struct lonlat place_of(int64_t id)
{
    return (struct lonlat){15 + 2 * rng_f64(9, 1, (uint64_t)id),
                           44 + 2 * rng_f64(9, 2, (uint64_t)id)};
}

static int class_of(int64_t id)
{
    const struct lonlat p = place_of(id);
    return id == 4 || id == 6 ? -1 : (p.lon > 16) + 2 * (p.lat > 45);
}

static void run(struct db *db, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void run(struct db *db, const char *fmt, ...)
{
    char sql[1024];
    struct err e = {0};
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(sql, sizeof sql, fmt, ap);
    va_end(ap);
    ok(db_exec(db, sql, &e), &e);
}

static void add_scheme(struct db *db)
{
    run(db, "INSERT INTO split_scheme VALUES (1, 'default', 'hash', '60/20/20', NULL, NULL, 1)");
    run(db, "INSERT INTO projection VALUES (1, 'default', 'EPSG:3765', 1, 420000, 580000, 4870000,"
            " 5100000)");
    run(db,
        "INSERT INTO grid (id, name, method, crs, spacing_m, scheme_id, border_sha256, n_classes,"
        " n_unlabelled, floor_centroid_km, floor_clipped_km, floor_data_km)"
        " VALUES (1, 'default', 'square', 'EPSG:3765', 100000, 1, 'ab', %d, 2,"
        " 1, 1, 1)",
        WORLD_CLASSES);
    for (int k = 0; k < WORLD_CLASSES; k++) {
        const double lon = 15.5 + (k % 2);
        const double lat = 44.5 + (k >= 2);
        run(db,
            "INSERT INTO class (grid_id, number, state, centroid_lon_deg, centroid_lat_deg,"
            " clipped_lon_deg, clipped_lat_deg, data_lon_deg, data_lat_deg, n_train)"
            " VALUES (1, %d, 'kept', %f, %f, %f, %f, %f, %f, 3)",
            k, lon, lat, lon, lat, lon, lat);
    }
    for (int c = 0; c < 3; c++) {
        run(db, "INSERT INTO stats VALUES (1, %d, %d, 0.5, 0.25, 0, 1, 24, 'ab')", WORLD_SIZE_PX,
            c);
    }
}

static void add_location(struct db *db, struct crs *crs, int64_t id)
{
    static const char *const part[5] = {"train", "train", "train", "val", "test"};
    const struct lonlat p = place_of(id);
    struct err e = {0};
    struct xy xy;
    ok(crs_project(crs, &p, &xy, 1, &e), &e);
    run(db,
        "INSERT INTO location (id, uuid, lat_deg, lon_deg, provider, group_key, added)"
        " VALUES (%d, 'u%d', %.17g, %.17g, 'test', 'g%d', 'now')",
        (int)id, (int)id, p.lat, p.lon, (int)id);
    run(db, "INSERT INTO split VALUES (1, %d, '%s')", (int)id, part[(id - 1) % 5]);
    run(db, "INSERT INTO projected VALUES (1, %d, %.17g, %.17g)", (int)id, xy.x, xy.y);
    if (class_of(id) >= 0) {
        run(db, "INSERT INTO label SELECT 1, %d, id FROM class WHERE number = %d", (int)id,
            class_of(id));
    }
}

static void make_catalog(const struct world *w)
{
    struct err e = {0};
    struct db *db = NULL;
    struct crs *crs = NULL;
    ok(catalog_open(w->catalog, CATALOG_CREATE, &db, &e), &e);
    ok(crs_open("EPSG:3765", &crs, &e), &e);
    ok(db_begin(db, &e), &e);
    add_scheme(db);
    for (int64_t id = 1; id <= WORLD_LOCATIONS; id++) {
        add_location(db, crs, id);
    }
    ok(db_commit(db, &e), &e);
    crs_free(crs);
    catalog_close(db);
}

/* Red from west to east, green from south to north, blue by view, and noise. */
static void paint(int64_t id, uint8_t *rgb)
{
    const struct lonlat p = place_of(id);
    for (size_t v = 0; v < WORLD_VIEWS; v++) {
        for (size_t i = 0; i < PICTURE; i++) {
            const double colour[3] = {(p.lon - 15) * 100, (p.lat - 44) * 100, (double)v * 60};
            const double noise = 40 * rng_f64(9, (uint64_t)id * 8 + v, i);
            rgb[v * PICTURE + i] = (uint8_t)(colour[i % 3] + noise);
        }
    }
}

static void make_pack(const struct world *w)
{
    struct err e = {0};
    struct pack_writer *pw = NULL;
    int64_t id[WORLD_LOCATIONS];
    uint8_t rgb[WORLD_VIEWS * PICTURE];
    const struct image_form form = {.size_px = WORLD_SIZE_PX};
    uint8_t inputs[SHA256_SIZE];
    struct db *db = NULL;
    ok(catalog_open(w->catalog, CATALOG_READ, &db, &e), &e);
    ok(catalog_pack_digest(db, &form, WORLD_VIEWS, inputs, &e), &e);
    catalog_close(db);
    for (int i = 0; i < WORLD_LOCATIONS; i++) {
        id[i] = i + 1;
    }
    ok(pack_create(w->pack, &form, WORLD_VIEWS, id, WORLD_LOCATIONS, inputs, &pw, &e), &e);
    for (size_t i = 0; i < WORLD_LOCATIONS; i++) {
        paint(id[i], rgb);
        if (id[i] == 7) {
            memset(rgb + PICTURE, 0, PICTURE);
        }
        ok(pack_put(pw, i, rgb, sizeof rgb, id[i] == 7 ? 1 : 3, 77, &e), &e);
    }
    ok(pack_commit(pw, &e), &e);
    pack_abandon(pw);
}

void world_new(struct world *w)
{
    *w = (struct world){.dir = "/tmp/gdje-train.XXXXXX"};
    assert_non_null(mkdtemp(w->dir));
    (void)snprintf(w->catalog, sizeof w->catalog, "%s/c.gpkg", w->dir);
    (void)snprintf(w->pack, sizeof w->pack, "%s/pack.bin", w->dir);
    (void)snprintf(w->run_dir, sizeof w->run_dir, "%s/run/r", w->dir);
    w->cli = (struct cli){.tool = "gdje-train",
                          .catalog = w->catalog,
                          .progress = PROGRESS_NONE,
                          .command_line = "--test"};
    make_catalog(w);
    make_pack(w);
}

static void remove_tree(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *entry = NULL;
    while (d && (entry = readdir(d)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        char name[512];
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
            remove_tree(name);
        }
    }
    if (d) {
        (void)closedir(d);
    }
    (void)remove(path);
}

void world_remove(struct world *w)
{
    remove_tree(w->dir);
}

struct world world;

int world_setup(void **state)
{
    (void)state;
    log_init("test", -1);
    world_new(&world);
    return 0;
}

int world_teardown(void **state)
{
    (void)state;
    world_remove(&world);
    return 0;
}

struct db *world_open(const struct world *w)
{
    struct err e = {0};
    struct db *db = NULL;
    ok(catalog_open(w->catalog, CATALOG_WRITE, &db, &e), &e);
    return db;
}

struct train_prefs world_prefs(const struct world *w)
{
    struct err e = {0};
    const struct backend *b = NULL;
    struct train_prefs p = TRAIN_PREFS_DEFAULT;
    p.pack = w->pack;
    p.name = "r";
    p.epochs = 2;
    p.batch = 6;
    p.threads = 1; /* tiny pictures: waiting for each other would cost more than it gives */
    p.backend = backend_find("cpu", &b, &e) == 0 ? "cpu" : "ref";
    return p;
}

int64_t world_i64(const struct world *w, const char *sql)
{
    return (int64_t)llround(world_f64(w, sql));
}

double world_f64(const struct world *w, const char *sql)
{
    struct err e = {0};
    struct db *db = world_open(w);
    bool found = false;
    double v = 0;
    ok(db_get_f64(db, sql, &v, &found, &e), &e);
    catalog_close(db);
    if (!found) {
        fail_msg("no row: %s", sql);
    }
    return v;
}

void world_exec(const struct world *w, const char *sql)
{
    struct db *db = world_open(w);
    run(db, "%s", sql);
    catalog_close(db);
}
