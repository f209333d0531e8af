/* SPDX-License-Identifier: MIT */
#include "prep/merge_join.h"

static int next(struct merge_join *m, struct err *e)
{
    if (stmt_step(m->st, &m->row, e) != 0) {
        return -1;
    }
    m->id = m->row ? col_i64(m->st, 0) : 0;
    return 0;
}

int merge_join_open(struct merge_join *m, struct db *db, const char *sql, int64_t key,
                    struct err *e)
{
    *m = (struct merge_join){0};
    if (db_prepare(db, &m->st, sql, e) != 0) {
        return -1;
    }
    if (key >= 0) {
        stmt_i64(m->st, 1, key);
    }
    return next(m, e);
}

void merge_join_release(struct merge_join *m)
{
    stmt_free(m->st);
    *m = (struct merge_join){0};
}

int merge_join_find(struct merge_join *m, int64_t id, bool *found, struct err *e)
{
    while (m->row && m->id < id) {
        if (next(m, e) != 0) {
            return -1;
        }
    }
    *found = m->row && m->id == id;
    return 0;
}
