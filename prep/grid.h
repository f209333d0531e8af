/* SPDX-License-Identifier: MIT */
/* gdje-grid: the classes of a classification, cut from the country's ground. */
#ifndef PREP_GRID_H
#define PREP_GRID_H

#include <stdint.h>
#include <stdio.h>

#include "core/err.h"
#include "core/tool.h"
#include "sql/db.h"

struct grid_prefs {
    const char *name;
    const char *split;
    const char *crs;
    const char *border;
    double spacing_m;
};

#define GRID_PREFS_DEFAULT                                                                         \
    {                                                                                              \
        .name = "default", .split = "default", .crs = "EPSG:3765", .border = "shapes/croatia.shp", \
        .spacing_m = 50000                                                                         \
    }

/* grid_make - grid, classes and labels in one transaction; nothing when up to date. */
int grid_make(struct db *db, const struct cli *cli, const struct grid_prefs *prefs, struct err *e);

/* grid_print - counts and floors as TSV. */
int grid_print(struct db *db, const char *name, FILE *f, struct err *e);

/* grid_run - the tool. */
int grid_run(const struct cli *cli, const struct grid_prefs *prefs, struct err *e);

#endif
