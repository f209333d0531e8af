/* SPDX-License-Identifier: MIT */
/*
 * gdje-import: a data set on disk into the catalog. Three forms are read: a CSV of ids and positions
 * with a folder of views per id, a CSV of photo files and positions, and photos whose EXIF has the
 * position. Nothing is copied.
 *
 * Stages of a run: items are read (import_csv.c, import_photos.c), their pictures looked at
 * (import_check.c) and their positions (import_place.c), grouped (import_group.c), and written in one transaction (import_store.c). Every
 * item is accepted or has one reason; the sums are printed.
 */
#ifndef PREP_IMPORT_H
#define PREP_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/tool.h"

enum import_group { IMPORT_GROUP_AUTO, IMPORT_GROUP_ID, IMPORT_GROUP_FOLDER, IMPORT_GROUP_NEAR };

struct import_prefs {
    const char *csv;     /* NULL: photos */
    const char *images;  /* folder of folders, or what file names are relative to */
    const char *columns; /* key=NAME,... */
    const char *name;    /* of the data set; NULL: from the paths */
    const char *border;  /* positions are to be inside; NULL: anywhere */
    bool strict;         /* an invalid border is refused, not repaired */
    double snap_m;       /* or not farther from it than this */
    bool to_predict;     /* positions are unknown, or not to be looked at */
    int group;           /* enum import_group */
    double near_m;
    int64_t threads; /* 0: all cores */
};

#define IMPORT_PREFS_DEFAULT         \
    {                                \
        .near_m = 50, .snap_m = 1000 \
    }

/* import_run - the tool: rejected items as TSV on stdout, counts on stderr. */
int import_run(const struct cli *cli, const struct import_prefs *prefs, struct err *e);

#endif
