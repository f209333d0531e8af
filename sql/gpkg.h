/* SPDX-License-Identifier: MIT */
/* GeoPackage inside SQLite: the R-tree extension and the functions its triggers call. */
#ifndef SQL_GPKG_H
#define SQL_GPKG_H

#include "core/err.h"
#include "sql/db.h"

#define GPKG_APPLICATION_ID 0x47504b47 /* "GPKG" */
#define GPKG_VERSION        10300      /* 1.3 */

/* gpkg_add_functions - ST_MinX, ST_MaxX, ST_MinY, ST_MaxY, ST_IsEmpty on this connection: what
 * anybody who writes features needs. Readers need nothing. */
int gpkg_add_functions(struct db *db, struct err *e);

/* gpkg_add_rtree - R-tree and triggers for table.geom with key id, OGC 12-128r18 annex F.3. */
int gpkg_add_rtree(struct db *db, const char *table, struct err *e);

#endif
