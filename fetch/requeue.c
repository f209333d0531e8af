/* SPDX-License-Identifier: MIT */
/* One UPDATE in one transaction; attempts and the last reason are kept until the next outcome. */
#include "fetch/requeue.h"

#include <stdbool.h>
#include <string.h>

#include "core/progress.h"

int requeue(struct db *db, const char *only, const char *since, int64_t *n, struct err *e)
{
    int rc = -1;
    char now[21];
    struct stmt *st = NULL;
    bool by_state = only && (strcmp(only, "no_imagery") == 0 || strcmp(only, "failed") == 0);
    time_utc(now);
    TRY(db_begin(db, e));
    TRY(db_prepare(db, &st,
                   "UPDATE request SET state = 'queued', queued = ?1 WHERE state = ?2"
                   " AND (?3 IS NULL OR coalesce(last_error, '') GLOB '*' || ?3 || '*')"
                   " AND (?4 IS NULL OR updated >= ?4)",
                   e));
    stmt_text(st, 1, now);
    stmt_text(st, 2, by_state ? only : "failed");
    stmt_text(st, 3, by_state ? NULL : only);
    stmt_text(st, 4, since);
    TRY(stmt_run(st, e));
    *n = db_changes(db);
    if (!only) {
        TRY(db_exec(db, "UPDATE survey_box SET state = 'queued' WHERE state = 'failed'", e));
    }
    TRY(db_commit(db, e));
out:
    stmt_free(st);
    db_rollback(db);
    return rc;
}
