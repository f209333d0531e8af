/* SPDX-License-Identifier: MIT */
/* Older catalogs become current ones: sql/migrations/NNN.sql takes a catalog from version NNN-1 to
 * NNN. Views are made anew afterwards. All steps are one transaction. */
#ifndef SQL_MIGRATE_H
#define SQL_MIGRATE_H

#include "core/err.h"
#include "sql/db.h"

/* catalog_migrate - from the given version to CATALOG_VERSION. */
int catalog_migrate(struct db *db, int from, struct err *e);

/* migrate_run - the same with the steps given: find(n) returns the SQL that leads to version n, or
 * NULL. Lets tests use steps of their own. */
int migrate_run(struct db *db, int from, int to, const char *(*find)(int version), struct err *e);

#endif
