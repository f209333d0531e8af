/* SPDX-License-Identifier: MIT */
/* gdje-split: locations into train, val and test, and how far apart the parts are. */
#ifndef PREP_SPLIT_H
#define PREP_SPLIT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/err.h"
#include "core/tool.h"
#include "sql/db.h"

/* Of ratios, parts, folds and from at most one is asked for. */
struct split_prefs {
    const char *name;
    const char *ratios;
    bool ratios_given;
    const char *parts; /* NULL: the three of ratios */
    int64_t folds;     /* 0: none */
    const char *from;  /* a file with the split; NULL: none */
    bool exact;
    const char *grid; /* exact within each of its classes; NULL: as a whole */
    int64_t seed;
    double block_km;  /* 0: by group, anywhere */
    double buffer_km; /* 0: none */
};

#define SPLIT_PREFS_DEFAULT                                \
    {                                                      \
        .name = "default", .ratios = "80/10/10", .seed = 1 \
    }

/* split_make - the scheme, its rows and distances, in one transaction; nothing when up to date. */
int split_make(struct db *db, const struct cli *cli, const struct split_prefs *prefs,
               struct err *e);

/* split_print - the report as TSV. */
int split_print(struct db *db, const char *name, FILE *f, struct err *e);

/* split_run - the tool. */
int split_run(const struct cli *cli, const struct split_prefs *prefs, struct err *e);

#endif
