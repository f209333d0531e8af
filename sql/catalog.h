/* SPDX-License-Identifier: MIT */
/*
 * The catalog file: opening, creating, migrating, the record of stages, GeoPackage geometry, and
 * the lookups that several tools share.
 *
 *     struct db *db = NULL;
 *     TRY(catalog_open(cli->catalog, CATALOG_WRITE, &db, e));
 *     ...
 * out:
 *     catalog_close(db);
 *
 * A stage that makes rows from other rows follows one protocol:
 *
 *     TRY(stage_begin(db, "split:default", cli, &digest, &s, e));    (digest of all its inputs)
 *     if (s.current) { log_info("split 'default' is up to date"); goto out; }
 *     ... delete its old rows, insert the new ones ...
 *     TRY(stage_commit(db, &s, n_rows, e));
 * out:
 *     db_rollback(db);
 */
#ifndef SQL_CATALOG_H
#define SQL_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/geo.h"
#include "core/hash.h"
#include "core/image.h"
#include "core/tool.h"
#include "sql/db.h"

#define CATALOG_VERSION 1

enum catalog_mode {
    CATALOG_READ,  /* must exist */
    CATALOG_WRITE, /* must exist */
    CATALOG_CREATE /* made when absent, with its folder */
};

/*
 * catalog_open - ERR_INPUT for a missing file, a file that is no catalog, or one of a newer schema;
 * an older one is migrated (in CATALOG_READ too: readers may assume the current schema).
 */
int catalog_open(const char *path, enum catalog_mode mode, struct db **db, struct err *e);
void catalog_close(struct db *db); /* NULL ok; rolls back what is open */

/* catalog_dir - the folder that image paths are relative to. View. */
const char *catalog_dir(const struct db *db);

/* catalog_path - an image's path as stored to one that can be opened; owned (free). */
char *catalog_path(const struct db *db, const char *stored);

/* Stages ---------------------------------------------------------------------------------------- */

struct stage {
    char name[128];
    const char *tool;
    const char *arguments;
    char inputs[SHA256_HEX_SIZE];
    bool current; /* the recorded inputs are the same: nothing to do */
};

/*
 * stage_begin - end digest s (to which the program's version and name are added), compare with the
 * record, and when they differ open the transaction that stage_commit closes.
 */
int stage_begin(struct db *db, const char *name, const struct cli *cli, struct sha256 *s,
                struct stage *stage, struct err *e);

/* stage_begin_trusting - the same, with db_begin_trusting. */
int stage_begin_trusting(struct db *db, const char *name, const struct cli *cli, struct sha256 *s,
                         struct stage *stage, struct err *e);
int stage_commit(struct db *db, const struct stage *stage, int64_t n_rows, struct err *e);

/* Shared lookups: the id of a row by its name; ERR_INPUT says which tool makes it. ---------------- */

int catalog_scheme(struct db *db, const char *name, int64_t *id, struct err *e);
int catalog_grid(struct db *db, const char *name, int64_t *id, struct err *e);
int catalog_projection(struct db *db, const char *name, int64_t *id, struct err *e);
int catalog_run(struct db *db, const char *name, int64_t *id, struct err *e);

/*
 * catalog_pack_digest - what a pack of all usable pictures is made from: their locations, views and
 * bytes (gdje-hash's digests), and the form they have in the pack. pack_inputs holds it.
 * catalog_check_pack - ERR_INPUT when that is not what the pack holds.
 */
struct pack;
int catalog_pack_digest(struct db *db, const struct image_form *form, int n_views,
                        uint8_t out[SHA256_SIZE], struct err *e);
int catalog_check_pack(struct db *db, const struct pack *p, const char *path, struct err *e);

/* GeoPackage geometry (OGC 12-128r18, 2.1.3) ------------------------------------------------------- */

#define GPKG_POINT_SIZE 29 /* 8 header + 21 WKB */

/* gpkg_point - little-endian blob of a point in EPSG:4326. */
void gpkg_point(struct lonlat p, uint8_t out[GPKG_POINT_SIZE]);

/* gpkg_polygon - header with envelope + the given WKB (polygon, little-endian, EPSG:4326). */
int gpkg_polygon(const uint8_t *wkb, size_t n, struct bbox envelope, struct buf *out,
                 struct err *e);

/* gpkg_wkb - the WKB behind a blob's header: a view of *n_wkb bytes; NULL when it is no such blob. */
const uint8_t *gpkg_wkb(const uint8_t *blob, size_t n, size_t *n_wkb);

#endif
