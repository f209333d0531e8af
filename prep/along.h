/* SPDX-License-Identifier: MIT */
/*
 * A table with rows for some locations, read along with the locations: both come by id, and going
 * along costs a quarter of what a join does, which looks up the row of each.
 *
 *     TRY(along_open(&part, db, "SELECT location_id, part FROM split WHERE scheme_id = ?1"
 *                    " ORDER BY location_id", scheme, e));
 *     for each location, by id:
 *         TRY(along_find(&part, id, &found, e));
 *         if (found) ... col_text(part.st, 1) ...
 * out:
 *     along_release(&part);
 */
#ifndef PREP_ALONG_H
#define PREP_ALONG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "sql/db.h"

struct along {
    struct stmt *st;
    bool row;   /* there is one more */
    int64_t id; /* whose it is */
};

/* along_open - the first column is the location's id, by which the rows come; key: of ?1, or -1. */
int along_open(struct along *a, struct db *db, const char *sql, int64_t key, struct err *e);
void along_release(struct along *a);

/* along_find - whether there is a row for id, which the columns of st then are. ids ascend. */
int along_find(struct along *a, int64_t id, bool *found, struct err *e);

#endif
