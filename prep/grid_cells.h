/* SPDX-License-Identifier: MIT */
/*
 * Square cells in metres. Cell (column, row) covers [column, column + 1) x [row, row + 1) times the
 * spacing: the origin is that of the reference system, and a point belongs to exactly one cell.
 */
#ifndef PREP_GRID_CELLS_H
#define PREP_GRID_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "shapes/region.h"

struct grid_cell {
    int64_t column, row;
    bool land; /* has a point in common with the land, if only on an edge */
};

struct grid_cells {
    struct grid_cell *v; /* ascending by row, then column; owned */
    size_t n, cap;
    double spacing_m;
};

/* grid_cells_square - all cells that meet the land. ERR_USAGE when there would be too many. */
int grid_cells_square(struct region *r, double spacing_m, struct grid_cells *out, struct err *e);
void grid_cells_release(struct grid_cells *cells);

/* grid_cells_cover - add, as not land, the cells of points that have none yet. */
int grid_cells_cover(struct grid_cells *cells, const struct xy *p, size_t n, struct err *e);

/* grid_cell_at - column and row of a point. */
struct grid_cell grid_cell_at(double spacing_m, struct xy p);

/* grid_cells_find - index of the cell that holds p, or -1. */
ptrdiff_t grid_cells_find(const struct grid_cells *cells, struct xy p);

struct bbox grid_cell_box(const struct grid_cells *cells, size_t i);
struct xy grid_cell_centre(const struct grid_cells *cells, size_t i);

#endif
