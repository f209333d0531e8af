/* SPDX-License-Identifier: MIT */
/*
 * A merge join: a table with rows for some locations, read side by side with the locations. Both
 * come by id, and this costs a quarter of what SQLite's nested loop does, which looks up each row.
 *
 *     TRY(merge_join_open(&part, db,
 *                         "SELECT location_id, part FROM split WHERE scheme_id = ?1"
 *                         " ORDER BY location_id", scheme, e));
 *     for each location, by id:
 *         TRY(merge_join_find(&part, id, &found, e));
 *         if (found) ... col_text(part.st, 1) ...
 * out:
 *     merge_join_release(&part);
 */
#ifndef PREP_MERGE_JOIN_H
#define PREP_MERGE_JOIN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "sql/db.h"

struct merge_join {
    struct stmt *st;
    bool row;   /* there is one more */
    int64_t id; /* whose it is */
};

/* merge_join_open - the first column is the location's id, by which the rows come; key: of ?1, or
 * -1. */
int merge_join_open(struct merge_join *m, struct db *db, const char *sql, int64_t key,
                    struct err *e);
void merge_join_release(struct merge_join *m);

/* merge_join_find - whether there is a row for id, which the columns of st then are. ids ascend. */
int merge_join_find(struct merge_join *m, int64_t id, bool *found, struct err *e);

#endif
