/* SPDX-License-Identifier: MIT */
/* What db.c and catalog.c share about a connection. */
#ifndef SQL_DB_INTERNAL_H
#define SQL_DB_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "core/err.h"
#include "sql/db.h"

struct db {
    sqlite3 *h;
    char *path; /* owned */
    char *dir;  /* owned: the catalog's folder */
    int64_t
        opened_version; /* PRAGMA data_version then: another one when others have written since */
    bool trusting;      /* foreign keys are not checked: db_begin_trusting */
    bool has_rows;      /* the table of db_insert_rows */
    const struct row_source *source; /* what it reads now; view */
};

/* db_err - the connection's last error with what was being done. SQLITE_BUSY and SQLITE_LOCKED
 * after the busy timeout read "another tool is writing". Always -1. */
void db_err_msg(struct db *db, struct err *e, const char *what);
#define db_err(db, e, what) (db_err_msg((db), (e), (what)), err_failed())

#endif
