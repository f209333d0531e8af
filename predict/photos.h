/* SPDX-License-Identifier: MIT */
/*
 * The locations to predict and where their views are: rows of the catalog, folders in competition
 * layout, single photos.
 *
 *     struct photos p = {0};
 *     TRY(photos_from_names(&p, names, n, e));
 *     TRY(photos_load(&p, i, pack, &shape, record, e));
 *     photos_release(&p);
 */
#ifndef PREDICT_PHOTOS_H
#define PREDICT_PHOTOS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/err.h"
#include "core/geo.h"
#include "core/pack.h"
#include "core/tool.h"
#include "sql/db.h"

#define PHOTO_VIEWS 4 /* 0 north, 1 east, 2 south, 3 west */

struct photo_location {
    char *uuid;              /* owned, as all below */
    int64_t id;              /* of the catalog; 0: not in it */
    char *part;              /* NULL: in no part */
    struct lonlat truth;     /* NAN: not known */
    char *view[PHOTO_VIEWS]; /* paths; NULL: there is none */
};

struct photos {
    struct photo_location *loc;
    size_t n, cap;
};

/*
 * photos_from_names - each name is a photo, which is a location with one view and the name as uuid,
 * or a folder. A folder with 0.jpg, 90.jpg, 180.jpg, 270.jpg or some of them is a location named
 * like the folder. Of any other folder every photo (by its name: *.jpg) is a location, and its
 * folders are looked at alike, in the order of names. "-" stands for the names on stdin, one a line.
 * ERR_INPUT for names that do not exist and for folders without photos.
 */
int photos_from_names(struct photos *p, const char *const *name, int n, FILE *in, struct err *e);

/*
 * photos_from_catalog - locations of a split's parts, by id. part: "train", "val", "test", any
 * other part of the split, "unknown" (places without coordinates) or "all". ERR_INPUT when a part
 * has no location.
 */
int photos_from_catalog(struct photos *p, struct db *db, int64_t run_id,
                        const struct opt_list *part, struct err *e);
void photos_release(struct photos *p);

/*
 * photos_load - one network input: [n_views, size_px, size_px, 3] u8. From the pack when it has the
 * location (pack may be NULL), else made from the files in the checkpoint's form. A missing view is a copy of the next
 * given one clockwise, as in training. ERR_INPUT with the reason when a photo cannot be used, or
 * when there is none. Threads: safe for different records.
 */
int photos_load(const struct photo_location *loc, const struct pack *pack, int n_views,
                const struct image_form *form, uint8_t *record, struct err *e);

#endif
