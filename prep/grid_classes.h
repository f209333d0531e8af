/* SPDX-License-Identifier: MIT */
/*
 * From cells and places to classes: who lies where, which cells are kept, the four points of each
 * class, and the floor: the mean error of a classifier that is always right. Validation and test
 * places are counted, and measured against, but move no point and keep no cell.
 */
#ifndef PREP_GRID_CLASSES_H
#define PREP_GRID_CLASSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "prep/grid_cells.h"
#include "prep/places.h"

enum grid_state { GRID_KEPT, GRID_EMPTY, GRID_OUTSIDE, GRID_MERGED };

enum grid_point { GRID_CENTROID, GRID_CLIPPED, GRID_DATA, GRID_MEDIAN, GRID_POINT_COUNT };

struct grid_class {
    enum grid_state state;
    int64_t number;                        /* 0 .. n_kept-1 when kept, else -1 */
    struct lonlat point[GRID_POINT_COUNT]; /* DATA, MEDIAN: NAN without train places */
    int64_t n[3];                          /* of train, val, test that have the class */
    size_t n_places;                       /* in the cell, whatever their part */
    size_t into;                           /* merged: index of the class its places have */
};

struct grid_classes {
    struct grid_class *v; /* [n] owned, one per cell, in the cells' order */
    size_t n, n_kept;
    size_t n_unlabelled; /* places in no kept class */
    size_t n_merged;     /* cells */
    double floor_km[GRID_POINT_COUNT];
};

/*
 * grid_classes_count - states, numbers, counts and data points. cell[p->n]: each place's cell, or
 * GRID_NO_CELL. The caller has set the state of cells without land to GRID_OUTSIDE and the two
 * centroids of all. Cells on land with fewer than min_train train places are GRID_EMPTY, and their
 * places have no class; with merge they are GRID_MERGED, and their places are moved, in cell[], to
 * the class whose centroid is nearest to theirs. ERR_INPUT when no cell is kept.
 */
int grid_classes_count(struct grid_classes *c, const struct places *p, uint32_t *cell,
                       int64_t min_train, bool merge, struct err *e);

/* grid_classes_floor - floor_km over val and test: to the own class's point, or for a place in no
 * kept class to the nearest kept one's. NAN when there are no such places. */
int grid_classes_floor(struct grid_classes *c, const struct places *p, const uint32_t *cell,
                       struct err *e);

#endif
