/* SPDX-License-Identifier: MIT */
/*
 * The usable pictures of many locations, a batch of locations at a time: what gdje-stats and
 * gdje-pack both go through. Usable is what gdje-hash could decode and has not changed since.
 */
#ifndef PREP_PICTURES_H
#define PREP_PICTURES_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/image.h"
#include "sql/catalog.h"

#define PICTURE_VIEWS 4

struct picture {
    char *path;       /* owned, as it can be opened; NULL: no such view */
    int64_t n_bytes;  /* as gdje-hash found the file */
    int64_t mtime_ns; /* as gdje-hash found the file */
};

struct place {
    int64_t location_id;
    uint64_t source; /* digest of which views there are, and of their bytes */
    struct picture view[PICTURE_VIEWS];
};

struct pictures {
    struct db *db;
    int64_t *location; /* [n] owned, ascending */
    size_t n;
    struct stmt *st;
    struct place *batch; /* [n_batch] owned: locations first .. first + n_batch - 1 */
    size_t first, n_batch;
};

/* pictures_open - of the locations that an SQL query lists: ids, ascending, each with a usable
 * picture. */
int pictures_open(struct pictures *p, struct db *db, const char *sql, struct err *e);
void pictures_release(struct pictures *p);

/* pictures_next - load the next batch of at most max locations; n_batch 0 at the end. */
int pictures_next(struct pictures *p, size_t max, struct err *e);

/* pictures_seek - the next batch begins with location i; the one before is gone. */
void pictures_seek(struct pictures *p, size_t i);

/* picture_load - the picture as a network sees it: dst [size_px, size_px, 3] (image_load_fit).
 * ERR_INPUT when the file is not what gdje-hash read. Threads: safe. */
int picture_load(const struct picture *p, const struct image_form *form, uint8_t *dst,
                 struct err *e);

#endif
