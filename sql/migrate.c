/* SPDX-License-Identifier: MIT */
/* Migrations: see migrate.h. */
#include "sql/migrate.h"

#include <stdio.h>

#include "core/log.h"
#include "sql/catalog.h"
#include "sql/gpkg.h"
#include "sql/text.h"

static const char *built_in(int version)
{
    char name[32];
    (void)snprintf(name, sizeof name, "migrations/%03d.sql", version);
    return embedded_find(sql_texts, name);
}

int catalog_migrate(struct db *db, int from, struct err *e)
{
    return migrate_run(db, from, CATALOG_VERSION, built_in, e);
}

static int drop_views(struct db *db, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    struct buf sql;
    bool row = false;
    buf_init(&sql, 1 << 16);
    TRY(db_prepare(db, &st, "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name", e));
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        TRY(buf_printf(&sql, e, "DROP VIEW \"%s\";", col_text(st, 0)));
    }
    if (rc == 0 && sql.n > 0) {
        rc = db_exec(db, sql.p, e);
    }
out:
    stmt_free(st);
    buf_release(&sql);
    return rc;
}

int migrate_run(struct db *db, int from, int to, const char *(*find)(int version), struct err *e)
{
    int rc = -1;
    char pragma[64];
    TRY(db_begin(db, e));
    TRY(drop_views(db, e));
    for (int v = from + 1; v <= to; v++) {
        const char *sql = find(v);
        if (!sql) {
            rc = err_set(e, ERR_INPUT, "there is no way from schema version %d to %d", v - 1, v);
            goto out;
        }
        TRY(db_exec(db, sql, e));
    }
    TRY(db_exec(db, embedded_find(sql_texts, "views.sql"), e));
    (void)snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", GPKG_VERSION + to);
    TRY(db_exec(db, pragma, e));
    TRY(db_commit(db, e));
    log_info("catalog migrated from schema version %d to %d", from, to);
out:
    db_rollback(db);
    return rc;
}
