/* SPDX-License-Identifier: MIT */
/* What one run of gdje-grid holds, and the cutting itself: cells, and every place's cell. */
#ifndef PREP_GRID_WORK_H
#define PREP_GRID_WORK_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "prep/grid.h"
#include "prep/grid_cells.h"
#include "prep/grid_classes.h"
#include "prep/places.h"
#include "shapes/border.h"
#include "shapes/crs.h"
#include "shapes/region.h"

struct grid_work {
    struct border *border; /* all owned */
    struct crs *crs;
    struct region *metres;
    struct region *degrees;
    struct grid_ground ground; /* views of those above */
    struct places places;
    struct xy *plane; /* [places.n] in the method's plane */
    struct xy *train; /* those of the train part */
    struct grid_cells cells;
    uint32_t *cell;   /* [places.n] index into cells, or GRID_NO_CELL */
    size_t n_snapped; /* places that have the cell they are near to */
    struct grid_classes classes;
};

/* grid_work_prepare - border, crs, places, rule and the method are there; adds what cutting needs. */
int grid_work_prepare(struct grid_work *w, struct err *e);
void grid_work_release(struct grid_work *w);

/* grid_work_cut - cells and cell, anew. */
int grid_work_cut(struct grid_work *w, const struct grid_prefs *prefs, struct err *e);

/* grid_work_spacing - the whole number of metres between squares with which the number of classes
 * comes nearest to prefs->n_classes. */
int grid_work_spacing(struct grid_work *w, const struct grid_prefs *prefs, double *spacing_m,
                      struct err *e);

#endif
