/* SPDX-License-Identifier: MIT */
/* The grid's rows: grid, class, label. Inside the stage's transaction. */
#ifndef PREP_GRID_STORE_H
#define PREP_GRID_STORE_H

#include <stdint.h>

#include "core/err.h"
#include "prep/grid.h"
#include "prep/grid_work.h"
#include "sql/db.h"

/* grid_store - replaces what the grid of that name had; its id stays, runs refer to it. */
int grid_store(struct db *db, const struct grid_prefs *prefs, int64_t scheme,
               const struct grid_work *w, struct err *e);

#endif
