/* SPDX-License-Identifier: MIT */
/*
 * From cells and places to classes: who lies where, which cells are kept, the three points of each
 * class, and the floor: the mean error of a classifier that is always right. Validation and test
 * places are counted, and measured against, but move no point and keep no cell.
 */
#ifndef PREP_GRID_CLASSES_H
#define PREP_GRID_CLASSES_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "prep/places.h"

enum grid_state { GRID_KEPT, GRID_EMPTY, GRID_OUTSIDE };

enum grid_point { GRID_CENTROID, GRID_CLIPPED, GRID_DATA, GRID_POINT_COUNT };

struct grid_class {
    enum grid_state state;
    int64_t number;                        /* 0 .. n_kept-1 when kept, else -1 */
    struct lonlat point[GRID_POINT_COUNT]; /* DATA is NAN without train places */
    int64_t n[3];                          /* of train, val, test */
};

struct grid_classes {
    struct grid_class *v; /* [n] owned, one per cell, in the cells' order */
    size_t n, n_kept;
    size_t n_unlabelled; /* places in no kept class */
    double floor_km[GRID_POINT_COUNT];
};

/*
 * grid_classes_count - states, numbers, counts and data points. cell[p->n]: each place's cell. The
 * caller has set the state of cells without land to GRID_OUTSIDE, and fills the two centroids before
 * grid_classes_floor. ERR_INPUT when no cell is kept.
 */
int grid_classes_count(struct grid_classes *c, const struct places *p, const uint32_t *cell,
                       struct err *e);

/* grid_classes_floor - floor_km over val and test: to the own class's point, or for a place in no
 * kept class to the nearest kept one's. NAN when there are no such places. */
int grid_classes_floor(struct grid_classes *c, const struct places *p, const uint32_t *cell,
                       struct err *e);

#endif
