/* SPDX-License-Identifier: MIT */
/*
 * The catalog file: open, create, migrate, stages. SQLite in WAL mode with synchronous=FULL: what
 * a tool reported done survives a power cut. The schema is sql/schema.sql, built in.
 */
#include "sql/catalog.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/log.h"
#include "sql/db_internal.h"
#include "sql/gpkg.h"
#include "sql/migrate.h"
#include "sql/text.h"

#define BUSY_TIMEOUT_MS 10000

const char *catalog_dir(const struct db *db)
{
    return db->dir;
}

char *catalog_path(const struct db *db, const char *stored)
{
    return path_join(db->dir, stored);
}

void catalog_close(struct db *db)
{
    if (!db) {
        return;
    }
    db_rollback(db);
    (void)sqlite3_close(db->h);
    free(db->path);
    free(db->dir);
    free(db);
}

static int open_file(const char *path, enum catalog_mode mode, struct db **out, struct err *e)
{
    int rc = -1;
    /* SQLite counts its memory under a lock, for nobody: a tenth of a grid's time. Once it is in use
     * this does nothing. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    /* no locks inside: a connection is used by one thread at a time */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                (mode == CATALOG_CREATE ? SQLITE_OPEN_CREATE : 0);
    struct db *db = calloc(1, sizeof *db);
    if (!db || !(db->path = strdup(path)) || !(db->dir = path_dir(path))) {
        rc = err_nomem(e, "a catalog");
        goto out;
    }
    if (mode == CATALOG_CREATE) {
        TRY(dir_make(db->dir, e));
    } else if (!file_exists(path)) {
        rc = err_set(e, ERR_INPUT, "there is no catalog '%s'", path);
        goto out;
    }
    if (sqlite3_open_v2(path, &db->h, flags, NULL) != SQLITE_OK) {
        rc = db_err(db, e, "cannot open");
        goto out;
    }
    (void)sqlite3_busy_timeout(db->h, BUSY_TIMEOUT_MS);
    *out = db;
    db = NULL;
    rc = 0;
out:
    catalog_close(db);
    return rc;
}

/* Schema, R-trees, views in one transaction: a catalog exists whole or not at all. */
static int create(struct db *db, struct err *e)
{
    int rc = -1;
    char pragma[96];
    TRY(db_exec(db, "PRAGMA journal_mode = WAL", e));
    TRY(db_begin(db, e));
    int64_t version = 0;
    bool found = false;
    TRY(db_get_i64(db, "PRAGMA user_version", &version, &found, e));
    if (version != 0) { /* another tool created it between our look and our lock */
        db_rollback(db);
        return 0;
    }
    TRY(db_exec(db, embedded_find(sql_texts, "schema.sql"), e));
    TRY(gpkg_add_rtree(db, "location", e));
    TRY(gpkg_add_rtree(db, "class", e));
    TRY(gpkg_add_rtree(db, "prediction", e));
    TRY(db_exec(db, embedded_find(sql_texts, "views.sql"), e));
    (void)snprintf(pragma, sizeof pragma, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                   GPKG_APPLICATION_ID, GPKG_VERSION + CATALOG_VERSION);
    TRY(db_exec(db, pragma, e));
    TRY(db_commit(db, e));
out:
    db_rollback(db);
    return rc;
}

/* An empty file or none becomes a catalog; anything else must be one, of a version we know. */
static int check_version(struct db *db, enum catalog_mode mode, struct err *e)
{
    int64_t app = 0;
    int64_t version = 0;
    int64_t n_tables = 0;
    bool found = false;
    if (db_get_i64(db, "PRAGMA application_id", &app, &found, e) != 0 ||
        db_get_i64(db, "PRAGMA user_version", &version, &found, e) != 0 ||
        db_get_i64(db, "SELECT count(*) FROM sqlite_schema", &n_tables, &found, e) != 0) {
        return -1;
    }
    if (app == 0 && version == 0 && n_tables == 0 && mode == CATALOG_CREATE) {
        return create(db, e);
    }
    if (app != GPKG_APPLICATION_ID || version <= GPKG_VERSION || version >= GPKG_VERSION + 100) {
        return err_set(e, ERR_INPUT, "'%s' is not a gdje catalog", db->path);
    }
    version -= GPKG_VERSION;
    if (version > CATALOG_VERSION) {
        return err_set(e, ERR_INPUT,
                       "catalog '%s' has schema version %" PRId64 ", this gdje knows up to %d: "
                       "a newer gdje made it",
                       db->path, version, CATALOG_VERSION);
    }
    return version < CATALOG_VERSION ? catalog_migrate(db, (int)version, e) : 0;
}

int catalog_open(const char *path, enum catalog_mode mode, struct db **db, struct err *e)
{
    int rc = -1;
    bool found = false;
    struct db *opened = NULL;
    TRY(open_file(path, mode, &opened, e));
    TRY(gpkg_add_functions(opened, e));
    TRY(check_version(opened, mode, e));
    TRY(db_exec(opened,
                "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
                "PRAGMA cache_size = -65536",
                e));
    TRY(db_get_i64(opened, "PRAGMA data_version", &opened->opened_version, &found, e));
    *db = opened;
    opened = NULL;
out:
    catalog_close(opened);
    return rc;
}

/* The stage's record, and whether it is current. */
static int find_stage(struct db *db, const char *name, const struct cli *cli, struct sha256 *s,
                      struct stage *stage, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    *stage = (struct stage){.tool = cli->tool, .arguments = cli->command_line};
    (void)snprintf(stage->name, sizeof stage->name, "%s", name);
    sha256_add_str(s, name);
    sha256_add_str(s, GDJE_VERSION);
    sha256_hex(s, stage->inputs);
    TRY(db_prepare(db, &st, "SELECT 1 FROM stage WHERE name = ? AND inputs_sha256 = ?", e));
    stmt_text(st, 1, stage->name);
    stmt_text(st, 2, stage->inputs);
    TRY(stmt_step(st, &row, e));
    stage->current = row;
out:
    stmt_free(st);
    return rc;
}

int stage_begin(struct db *db, const char *name, const struct cli *cli, struct sha256 *s,
                struct stage *stage, struct err *e)
{
    if (find_stage(db, name, cli, s, stage, e) != 0) {
        return -1;
    }
    return stage->current ? 0 : db_begin(db, e);
}

int stage_begin_trusting(struct db *db, const char *name, const struct cli *cli, struct sha256 *s,
                         struct stage *stage, struct err *e)
{
    if (find_stage(db, name, cli, s, stage, e) != 0) {
        return -1;
    }
    return stage->current ? 0 : db_begin_trusting(db, e);
}

int stage_commit(struct db *db, const struct stage *stage, int64_t n_rows, struct err *e)
{
    char now[21];
    time_utc(now);
    if (db_run(db, e,
               "INSERT OR REPLACE INTO stage (name, tool, version, arguments, inputs_sha256,"
               " n_rows, finished) VALUES (?, ?, ?, ?, ?, ?, ?)",
               DB_TEXT(stage->name), DB_TEXT(stage->tool), DB_TEXT(GDJE_VERSION),
               DB_TEXT(stage->arguments), DB_TEXT(stage->inputs), DB_I64(n_rows),
               DB_TEXT(now)) != 0) {
        return -1;
    }
    return db_commit(db, e);
}

static int find_named(struct db *db, const char *sql, const char *name, const char *what,
                      const char *tool, int64_t *id, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    TRY(db_prepare(db, &st, sql, e));
    stmt_text(st, 1, name);
    TRY(stmt_step(st, &row, e));
    if (!row) {
        rc = err_set(e, ERR_INPUT, "catalog '%s' has no %s '%s': run %s first", db->path, what,
                     name, tool);
        goto out;
    }
    *id = col_i64(st, 0);
    rc = 0;
out:
    stmt_free(st);
    return rc;
}

int catalog_scheme(struct db *db, const char *name, int64_t *id, struct err *e)
{
    return find_named(db, "SELECT id FROM split_scheme WHERE name = ?", name, "split", "gdje-split",
                      id, e);
}

int catalog_grid(struct db *db, const char *name, int64_t *id, struct err *e)
{
    return find_named(db, "SELECT id FROM grid WHERE name = ?", name, "grid", "gdje-grid", id, e);
}

int catalog_projection(struct db *db, const char *name, int64_t *id, struct err *e)
{
    return find_named(db, "SELECT id FROM projection WHERE name = ?", name, "projection",
                      "gdje-project", id, e);
}

int catalog_run(struct db *db, const char *name, int64_t *id, struct err *e)
{
    return find_named(db, "SELECT id FROM run WHERE name = ?", name, "run", "gdje-train", id, e);
}
