/* SPDX-License-Identifier: MIT */
/* What an import has found so far: one item per row, folder or photo that was read. */
#ifndef PREP_IMPORT_ITEMS_H
#define PREP_IMPORT_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "prep/import.h"
#include "sql/catalog.h"

#define IMPORT_VIEWS 4

enum import_reason {
    IMPORT_ACCEPTED,
    IMPORT_MALFORMED,
    IMPORT_NO_ID,
    IMPORT_BAD_ID,
    IMPORT_DUPLICATE_ID,
    IMPORT_NO_POSITION,
    IMPORT_BAD_POSITION,
    IMPORT_DECIMAL_COMMA,
    IMPORT_NOT_A_NUMBER,
    IMPORT_OUT_OF_RANGE,
    IMPORT_ZERO,
    IMPORT_SWAPPED,
    IMPORT_OUTSIDE,
    IMPORT_NO_IMAGES,
    IMPORT_BAD_IMAGE,
    IMPORT_NO_ROW,
    IMPORT_REASON_COUNT
};

/* import_reason_name - as in the TSV: "decimal_comma". Static. */
const char *import_reason_name(enum import_reason r);

enum import_state { IMPORT_ABSENT, IMPORT_OK, IMPORT_MISSING, IMPORT_CORRUPT };

struct import_view {
    enum import_state state;
    int width, height; /* as stored */
    int64_t n_bytes;
    char *detail; /* owned; NULL when ok */
};

struct import_item {
    size_t line; /* of the CSV; 0: none, the path says where it comes from */
    char *id;    /* owned */
    char *path;  /* owned, absolute: the photo, or the folder of views */
    bool is_folder;
    struct lonlat at; /* {NAN, NAN}: to be predicted, or not yet known; as read when out of range */
    double heading_deg; /* NAN: unknown; of photos only */
    char captured[8];   /* YYYY-MM or "" */
    char *group;        /* owned; NULL: its own */
    char *copyright;    /* owned; NULL */
    enum import_reason reason;
    char *detail; /* owned; NULL */
    struct import_view view[IMPORT_VIEWS];
};

struct import_items {
    struct import_item *v; /* owned */
    size_t n, cap;
    bool exif_position; /* positions come from the photos themselves */
};

void import_items_release(struct import_items *items);

/* import_add - a new item at the end with a copy of id and path (NULL ok); *item is a view until the
 * next call. */
int import_add(struct import_items *items, const char *id, const char *path,
               struct import_item **item, struct err *e);

/* import_reject - give the item its reason unless it has one already. detail is copied. */
int import_reject(struct import_item *item, enum import_reason reason, struct err *e,
                  const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* import_forgive - without a reason again, for a better one. */
void import_forgive(struct import_item *item);

/* import_has_control - whether a name has characters that a TSV cannot hold. */
bool import_has_control(const char *name);

/* import_view_file - the file name of a view's picture in a folder: "90.jpg". Static. */
const char *import_view_file(int view);

/* The two readers. */
int import_read_csv(const struct import_prefs *prefs, struct import_items *items, struct err *e);
int import_read_folders(const struct import_prefs *prefs, struct import_items *items,
                        struct err *e);
int import_read_photos(const char *const *args, int n_args, const struct import_prefs *prefs,
                       struct import_items *items, struct err *e);

/* import_reject_duplicates - of items with one id the first is kept. */
int import_reject_duplicates(struct import_items *items, struct err *e);

/* import_check - headers of all pictures, and EXIF of photos; rejects items without any. */
int import_check(const struct cli *cli, const struct import_prefs *prefs,
                 struct import_items *items, struct err *e);

/* import_check_border - rejects positions farther than prefs->snap_m from the border, if there is
 * one: as swapped when they lie in it with latitude and longitude exchanged. */
int import_check_border(const struct import_prefs *prefs, struct import_items *items,
                        struct err *e);

/* import_note_same_places - notes (-v) of locations with the same coordinates to the last digit. */
int import_note_same_places(const struct import_items *items, struct err *e);

/* import_group_items - fill in group where the preferences ask for it. */
int import_group_items(const struct import_prefs *prefs, const char *name,
                       struct import_items *items, struct err *e);

/* import_store - write the accepted items under the data set's name; items whose id another data set
 * has are rejected. In one transaction, or nothing when the catalog has all of it already. */
int import_store(struct db *db, const struct cli *cli, const char *name, struct import_items *items,
                 struct err *e);

#endif
