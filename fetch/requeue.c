/* SPDX-License-Identifier: MIT */
/* One UPDATE in one transaction; attempts and the last reason are kept until the next outcome. */
#include "fetch/requeue.h"

#include <stdbool.h>
#include <string.h>

#include "core/progress.h"

#define CHOSEN                                                            \
    " WHERE state = ?2 AND (item IS NULL OR provider = ?5)"               \
    " AND (?3 IS NULL OR coalesce(last_error, '') GLOB '*' || ?3 || '*')" \
    " AND (?4 IS NULL OR updated >= ?4)"

static int requeue_boxes(struct db *db, const char *provider, struct err *e)
{
    return db_run(db, e,
                  "UPDATE survey_box SET state = 'queued' WHERE state = 'failed' AND survey_id IN"
                  " (SELECT id FROM survey WHERE provider = ?)",
                  DB_TEXT(provider));
}

int requeue(struct db *db, const char *provider, const char *only, const char *since, bool dry,
            int64_t *n, struct err *e)
{
    int rc = -1;
    char now[21];
    struct stmt *st = NULL;
    bool row = false;
    bool by_state = only && (strcmp(only, "no_imagery") == 0 || strcmp(only, "failed") == 0);
    time_utc(now);
    TRY(db_prepare(db, &st,
                   dry ? "SELECT count(*), ?1 FROM request" CHOSEN
                       : "UPDATE request SET state = 'queued', queued = ?1" CHOSEN,
                   e));
    stmt_text(st, 1, now);
    stmt_text(st, 2, by_state ? only : "failed");
    stmt_text(st, 3, by_state ? NULL : only);
    stmt_text(st, 4, since);
    stmt_text(st, 5, provider);
    if (dry) {
        TRY(stmt_step(st, &row, e));
        *n = col_i64(st, 0);
        goto out;
    }
    TRY(db_begin(db, e));
    TRY(stmt_run(st, e));
    *n = db_changes(db);
    if (!only) {
        TRY(requeue_boxes(db, provider, e));
    }
    TRY(db_commit(db, e));
out:
    stmt_free(st);
    db_rollback(db);
    return rc;
}
