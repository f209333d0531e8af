/* SPDX-License-Identifier: MIT */
/* The grid's rows: grid, class, label. Inside the stage's transaction. */
#ifndef PREP_GRID_STORE_H
#define PREP_GRID_STORE_H

#include <stdint.h>

#include "core/err.h"
#include "prep/grid.h"
#include "prep/grid_cells.h"
#include "prep/grid_classes.h"
#include "prep/places.h"
#include "shapes/crs.h"
#include "sql/db.h"

/* grid_store - replaces what the grid of that name had; its id stays, runs refer to it. */
int grid_store(struct db *db, const struct grid_prefs *prefs, int64_t scheme,
               const char *border_sha256, struct crs *crs, const struct grid_cells *cells,
               const struct grid_classes *classes, const struct places *p, const uint32_t *cell,
               struct err *e);

#endif
