/* SPDX-License-Identifier: MIT */
#include "prep/along.h"

static int next(struct along *a, struct err *e)
{
    if (stmt_step(a->st, &a->row, e) != 0) {
        return -1;
    }
    a->id = a->row ? col_i64(a->st, 0) : 0;
    return 0;
}

int along_open(struct along *a, struct db *db, const char *sql, int64_t key, struct err *e)
{
    *a = (struct along){0};
    if (db_prepare(db, &a->st, sql, e) != 0) {
        return -1;
    }
    if (key >= 0) {
        stmt_i64(a->st, 1, key);
    }
    return next(a, e);
}

void along_release(struct along *a)
{
    stmt_free(a->st);
    *a = (struct along){0};
}

int along_find(struct along *a, int64_t id, bool *found, struct err *e)
{
    while (a->row && a->id < id) {
        if (next(a, e) != 0) {
            return -1;
        }
    }
    *found = a->row && a->id == id;
    return 0;
}
