/* SPDX-License-Identifier: MIT */
/* gdje-grid: the classes of a classification, cut from the country's ground. */
#ifndef PREP_GRID_H
#define PREP_GRID_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/err.h"
#include "core/tool.h"
#include "sql/db.h"

#define GRID_MIN_SPACING_M 10
#define GRID_MAX_SPACING_M 5000000

/* Which way of cutting is what is given: polygons, quadtree, hex_m, degrees; else squares. */
struct grid_prefs {
    const char *name;
    const char *split;
    const char *crs;
    const char *border;
    double spacing_m;       /* of squares; of a quadtree's largest cells */
    int64_t n_classes;      /* > 0: find the spacing of squares that gives so many */
    double degrees;         /* > 0: squares in degrees */
    const char *origin;     /* of squares: x,y of a corner, or border; NULL: 0,0 */
    double hex_m;           /* > 0: hexagons, between opposite sides */
    const char *polygons;   /* a layer whose names are the classes, or NULL */
    const char *name_field; /* of that layer */
    const char *keep;       /* intersects, centre, within, share=X */
    int64_t max_per_cell;   /* of a quadtree: quartered when it has more train locations, */
    int64_t min_per_cell;   /* unless a quarter that has some would have fewer */
    int64_t min_train;      /* a class has as many train locations */
    double snap_m; /* how far outside of all cells a location still has the nearest one's */
    bool quadtree;
    bool strict;        /* invalid polygons are refused, not repaired */
    bool merge;         /* cells with too few train locations go to the nearest class */
    bool spacing_given; /* on the command line */
};

#define GRID_PREFS_DEFAULT                                                                         \
    {                                                                                              \
        .name = "default", .split = "default", .crs = "EPSG:3765", .border = "shapes/croatia.shp", \
        .spacing_m = 50000, .keep = "intersects", .max_per_cell = 500, .min_per_cell = 1,          \
        .min_train = 1, .snap_m = 1000, .name_field = "name"                                       \
    }

/* grid_make - grid, classes and labels in one transaction; nothing when up to date. */
int grid_make(struct db *db, const struct cli *cli, const struct grid_prefs *prefs, struct err *e);

/* grid_print - counts and floors as TSV. */
int grid_print(struct db *db, const char *name, FILE *f, struct err *e);

/* grid_run - the tool. */
int grid_run(const struct cli *cli, const struct grid_prefs *prefs, struct err *e);

#endif
