/* SPDX-License-Identifier: MIT */
/* Finding a run. */
#include "predict/runs.h"

#include <stdbool.h>
#include <stdio.h>

#include "core/buf.h"
#include "sql/catalog.h"

int run_find(struct db *db, const char *name, int64_t *id, char *found, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    struct buf list;
    bool row = false;
    int n = 0;
    buf_init(&list, 4096);
    if (name) {
        (void)snprintf(found, RUN_NAME_MAX, "%s", name);
        return catalog_run(db, name, id, e);
    }
    TRY(db_prepare(db, &st, "SELECT id, name FROM run ORDER BY id DESC LIMIT 10", e));
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        *id = col_i64(st, 0);
        (void)snprintf(found, RUN_NAME_MAX, "%s", col_text(st, 1));
        TRY(buf_printf(&list, e, "%s%s", n++ ? ", " : "", found));
    }
    if (rc == 0 && n == 0) {
        rc = err_set(e, ERR_INPUT, "the catalog has no run: run gdje-train first");
    } else if (rc == 0 && n > 1) {
        rc = err_set(e, ERR_USAGE, "which run? give --run, one of %s", list.p);
    }
out:
    stmt_free(st);
    buf_release(&list);
    return rc;
}
