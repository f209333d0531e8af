/* SPDX-License-Identifier: MIT */
/* Accepted items into location and image: one transaction, and rows that are as they should be are
 * left alone. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/sig.h"
#include "prep/import_items.h"

/* The same as the row has, NULLs included, changes nothing. */
#define FIND_LOCATION "SELECT id, provider FROM location WHERE uuid = ?"
#define ADD_LOCATION                                                                     \
    "INSERT INTO location (geom, uuid, lat_deg, lon_deg, provider, captured, copyright," \
    " group_key, added) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
#define CHANGE_LOCATION                                                                         \
    "UPDATE location SET geom = ?1, lat_deg = ?3, lon_deg = ?4, captured = ?6, copyright = ?7," \
    " group_key = ?8 WHERE uuid = ?2 AND (lat_deg IS NOT ?3 OR lon_deg IS NOT ?4 OR"            \
    " captured IS NOT ?6 OR copyright IS NOT ?7 OR group_key IS NOT ?8)"
#define PUT_IMAGE                                                                                \
    "INSERT INTO image (location_id, view, heading_deg, path, width, height, n_bytes, state,"    \
    " detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (location_id, view) DO UPDATE SET"  \
    " heading_deg = excluded.heading_deg, path = excluded.path, width = excluded.width,"         \
    " height = excluded.height, n_bytes = excluded.n_bytes, state = excluded.state,"             \
    " detail = excluded.detail WHERE heading_deg IS NOT excluded.heading_deg OR"                 \
    " path IS NOT excluded.path OR width IS NOT excluded.width OR height IS NOT excluded.height" \
    " OR n_bytes IS NOT excluded.n_bytes OR state IS NOT excluded.state OR"                      \
    " detail IS NOT excluded.detail"
#define DROP_IMAGE "DELETE FROM image WHERE location_id = ? AND view = ?"

struct store {
    struct db *db;
    struct stmt *find, *add, *change, *put, *drop;
    char *dir; /* owned; the catalog's folder, absolute, with a slash behind it */
    const char *provider;
    char now[21];
    int64_t n_added, n_changed;
};

static int store_open(struct store *s, struct db *db, struct err *e)
{
    int rc = -1;
    char *dir = NULL;
    s->db = db;
    time_utc(s->now);
    TRY(db_prepare(db, &s->find, FIND_LOCATION, e));
    TRY(db_prepare(db, &s->add, ADD_LOCATION, e));
    TRY(db_prepare(db, &s->change, CHANGE_LOCATION, e));
    TRY(db_prepare(db, &s->put, PUT_IMAGE, e));
    TRY(db_prepare(db, &s->drop, DROP_IMAGE, e));
    dir = path_absolute(catalog_dir(db), e);
    rc = dir ? 0 : -1;
    TRY(rc);
    s->dir = path_join(dir, "");
    rc = s->dir ? 0 : err_nomem(e, "a path");
out:
    free(dir);
    return rc;
}

static void store_release(struct store *s)
{
    stmt_free(s->find);
    stmt_free(s->add);
    stmt_free(s->change);
    stmt_free(s->put);
    stmt_free(s->drop);
    free(s->dir);
}

/* *id 0: not there. An id that another data set has is rejected. */
static int find_location(struct store *s, struct import_item *it, int64_t *id, struct err *e)
{
    int rc = -1;
    bool row = false;
    *id = 0;
    stmt_text(s->find, 1, it->id);
    TRY(stmt_step(s->find, &row, e));
    if (row && strcmp(col_text(s->find, 1), s->provider) != 0) {
        rc = import_reject(it, IMPORT_DUPLICATE_ID, e, "'%s' is in the catalog already, from '%s'",
                           it->id, col_text(s->find, 1));
    } else if (row) {
        *id = col_i64(s->find, 0);
    }
out:
    stmt_reset(s->find);
    return rc;
}

static int reject_foreign(struct store *s, struct import_items *items, struct err *e)
{
    for (size_t i = 0; i < items->n; i++) {
        int64_t id = 0;
        if (items->v[i].reason == IMPORT_ACCEPTED && find_location(s, &items->v[i], &id, e) != 0) {
            return -1;
        }
    }
    return 0;
}

static void add_number(struct sha256 *d, double v)
{
    sha256_add(d, &v, sizeof v);
}

/* Everything that a run would write. */
static void digest_item(struct sha256 *d, const struct import_item *it)
{
    if (it->reason != IMPORT_ACCEPTED) {
        return;
    }
    sha256_add_str(d, it->id);
    sha256_add_str(d, it->path);
    sha256_add_str(d, it->captured);
    sha256_add_str(d, it->group ? it->group : "");
    sha256_add_str(d, it->copyright ? it->copyright : "");
    add_number(d, isnan(it->at.lat) ? 999 : it->at.lat);
    add_number(d, isnan(it->at.lon) ? 999 : it->at.lon);
    add_number(d, isnan(it->heading_deg) ? 999 : it->heading_deg);
    for (int v = 0; v < IMPORT_VIEWS; v++) {
        const struct import_view *view = &it->view[v];
        add_number(d, view->state);
        add_number(d, view->width);
        add_number(d, view->height);
        add_number(d, (double)view->n_bytes);
        sha256_add_str(d, view->detail ? view->detail : "");
    }
}

static int put_location(struct store *s, const struct import_item *it, int64_t *id, struct err *e)
{
    uint8_t geom[GPKG_POINT_SIZE];
    bool located = geo_valid(it->at);
    struct stmt *st = *id ? s->change : s->add;
    if (located) {
        gpkg_point(it->at, geom);
        stmt_blob(st, 1, geom, sizeof geom);
    } else {
        stmt_null(st, 1);
    }
    stmt_text(st, 2, it->id);
    stmt_f64(st, 3, it->at.lat);
    stmt_f64(st, 4, it->at.lon);
    if (!*id) {
        stmt_text(st, 5, s->provider);
        stmt_text(st, 9, s->now);
    }
    stmt_text(st, 6, it->captured[0] ? it->captured : NULL);
    stmt_text(st, 7, it->copyright);
    stmt_text(st, 8, it->group ? it->group : it->id);
    if (stmt_run(st, e) != 0) {
        return -1;
    }
    if (*id) {
        s->n_changed += db_changes(s->db);
    } else {
        s->n_added++;
        *id = db_last_id(s->db);
    }
    return 0;
}

static const char *relative(const struct store *s, const char *path)
{
    size_t n = strlen(s->dir);
    return strncmp(path, s->dir, n) == 0 ? path + n : path;
}

static int put_image(struct store *s, int64_t location_id, const struct import_item *it, int v,
                     struct err *e)
{
    static const char *const state[] = {[IMPORT_ABSENT] = "",
                                        [IMPORT_OK] = "ok",
                                        [IMPORT_MISSING] = "missing",
                                        [IMPORT_CORRUPT] = "corrupt"};
    const struct import_view *view = &it->view[v];
    struct stmt *st = s->put;
    if (view->state == IMPORT_ABSENT) {
        stmt_i64(s->drop, 1, location_id);
        stmt_i64(s->drop, 2, v);
        return stmt_run(s->drop, e);
    }
    char *path = path_join(it->path, it->is_folder ? import_view_file(v) : "");
    if (!path) {
        return err_nomem(e, "a path");
    }
    bool known = view->state == IMPORT_OK;
    stmt_i64(st, 1, location_id);
    stmt_i64(st, 2, v);
    stmt_f64(st, 3, it->is_folder ? 90.0 * v : it->heading_deg);
    stmt_text(st, 4, relative(s, it->is_folder ? path : it->path));
    stmt_null(st, 5);
    stmt_null(st, 6);
    stmt_null(st, 7);
    if (known) {
        stmt_i64(st, 5, view->width);
        stmt_i64(st, 6, view->height);
        stmt_i64(st, 7, view->n_bytes);
    }
    stmt_text(st, 8, state[view->state]);
    stmt_text(st, 9, view->detail);
    free(path);
    return stmt_run(st, e);
}

static int put_item(struct store *s, struct import_item *it, struct err *e)
{
    int64_t id = 0;
    if (it->reason != IMPORT_ACCEPTED) {
        return 0;
    }
    if (sig_check(e) != 0 || find_location(s, it, &id, e) != 0 ||
        put_location(s, it, &id, e) != 0) {
        return -1;
    }
    for (int v = 0; v < IMPORT_VIEWS; v++) {
        if (put_image(s, id, it, v, e) != 0) {
            return -1;
        }
    }
    return 0;
}

/* *n_older OUT: locations that earlier imports of the data set brought and this one, of n, does not
 * name. */
static int count_older(const struct store *s, size_t n, int64_t *n_older, struct err *e)
{
    int rc = -1;
    bool row = false;
    struct stmt *st = NULL;
    TRY(db_prepare(s->db, &st, "SELECT count(*) FROM location WHERE provider = ?", e));
    stmt_text(st, 1, s->provider);
    TRY(stmt_step(st, &row, e));
    *n_older = col_i64(st, 0) - (int64_t)n;
out:
    stmt_free(st);
    return rc;
}

int import_store(struct db *db, const struct cli *cli, const char *name, struct import_items *items,
                 struct err *e)
{
    int rc = -1;
    char provider[160];
    char stage_name[160];
    struct store s = {.provider = provider};
    struct stage stage;
    struct sha256 *digest = NULL;
    size_t n = 0;
    int64_t n_older = 0;
    (void)snprintf(provider, sizeof provider, "import:%s", name);
    (void)snprintf(stage_name, sizeof stage_name, "import:%s", name);
    TRY(store_open(&s, db, e));
    TRY(reject_foreign(&s, items, e));
    TRY(sha256_new(&digest, e));
    for (size_t i = 0; i < items->n; i++) {
        digest_item(digest, &items->v[i]);
        n += items->v[i].reason == IMPORT_ACCEPTED;
    }
    if (n == 0) {
        goto out; /* the caller says so */
    }
    TRY(stage_begin(db, stage_name, cli, digest, &stage, e));
    if (stage.current) {
        log_info("data set '%s' is up to date: %zu locations", name, n);
        goto out;
    }
    for (size_t i = 0; i < items->n; i++) {
        TRY(put_item(&s, &items->v[i], e));
    }
    TRY(count_older(&s, n, &n_older, e));
    TRY(stage_commit(db, &stage, (int64_t)n, e));
    log_info("data set '%s': %zu locations, %" PRId64 " of them new, %" PRId64 " changed", name, n,
             s.n_added, s.n_changed);
    if (n_older > 0) {
        log_info("%" PRId64
                 " more, which earlier imports under this name brought, stay as they are",
                 n_older);
    }
out:
    db_rollback(db);
    sha256_free(digest);
    store_release(&s);
    return rc;
}
