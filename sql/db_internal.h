/* SPDX-License-Identifier: MIT */
/* What db.c and catalog.c share about a connection. */
#ifndef SQL_DB_INTERNAL_H
#define SQL_DB_INTERNAL_H

#include <sqlite3.h>

#include "core/err.h"

struct db {
    sqlite3 *h;
    char *path; /* owned */
    char *dir;  /* owned: the catalog's folder */
};

/* db_err - the connection's last error with what was being done. SQLITE_BUSY and SQLITE_LOCKED
 * after the busy timeout read "another tool is writing". Always -1. */
void db_err_msg(struct db *db, struct err *e, const char *what);
#define db_err(db, e, what) (db_err_msg((db), (e), (what)), err_failed())

#endif
