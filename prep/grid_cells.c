/* SPDX-License-Identifier: MIT */
/*
 * The land's bounding box is halved until a block of cells is all land, all sea, or one cell: of the
 * cells only those at the coast are compared with it one by one.
 */
#include "prep/grid_cells.h"

#include <math.h>
#include <stdlib.h>

#include "core/sig.h"

#define MAX_CANDIDATES 1e8 /* cells in the land's bounding box: 1 km over 100 million km2 */
#define MAX_CELLS      5000000

/* A block of cells: columns and rows from .. to-1. */
struct block {
    int64_t column, row, to_column, to_row;
};

void grid_cells_release(struct grid_cells *cells)
{
    free(cells->v);
    *cells = (struct grid_cells){0};
}

/* floor(x / spacing), put right where the division was rounded across an edge. */
static int64_t index_of(double x, double spacing)
{
    double i = floor(x / spacing);
    if (x < i * spacing) {
        i--;
    } else if (x >= (i + 1) * spacing) {
        i++;
    }
    return (int64_t)i;
}

struct grid_cell grid_cell_at(double spacing_m, struct xy p)
{
    return (struct grid_cell){index_of(p.x, spacing_m), index_of(p.y, spacing_m), false};
}

static struct bbox box_of(double spacing, const struct block *b)
{
    return (struct bbox){(double)b->column * spacing, (double)b->row * spacing,
                         (double)b->to_column * spacing, (double)b->to_row * spacing};
}

static int add(struct grid_cells *cells, struct grid_cell cell, struct err *e)
{
    if (cells->n == MAX_CELLS) {
        return err_set(e, ERR_USAGE, "--spacing: more than %d cells", MAX_CELLS);
    }
    if (cells->n == cells->cap) {
        size_t cap = cells->cap ? 2 * cells->cap : 256;
        struct grid_cell *v = realloc(cells->v, cap * sizeof *v);
        if (!v) {
            return err_nomem(e, "cells");
        }
        cells->v = v;
        cells->cap = cap;
    }
    cells->v[cells->n++] = cell;
    return 0;
}

static int add_block(struct grid_cells *cells, const struct block *b, struct err *e)
{
    for (int64_t row = b->row; row < b->to_row; row++) {
        for (int64_t column = b->column; column < b->to_column; column++) {
            if (add(cells, (struct grid_cell){column, row, true}, e) != 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* Recursion: as deep as the sides can be halved, some 30. */
static int descend(struct region *r, struct grid_cells *cells, struct block b, struct err *e)
{
    enum region_relation relation = REGION_OUTSIDE;
    int64_t width = b.to_column - b.column;
    int64_t height = b.to_row - b.row;
    if (sig_check(e) != 0 || region_relate(r, box_of(cells->spacing_m, &b), &relation, e) != 0) {
        return -1;
    }
    if (relation == REGION_OUTSIDE) {
        return 0;
    }
    if (relation == REGION_INSIDE || (width == 1 && height == 1)) {
        return add_block(cells, &b, e);
    }
    struct block low = b;
    struct block high = b;
    if (width >= height) {
        low.to_column = high.column = b.column + width / 2;
    } else {
        low.to_row = high.row = b.row + height / 2;
    }
    return descend(r, cells, low, e) != 0 ? -1 : descend(r, cells, high, e);
}

static int by_row_then_column(const void *a, const void *b)
{
    const struct grid_cell *p = a;
    const struct grid_cell *q = b;
    if (p->row != q->row) {
        return p->row < q->row ? -1 : 1;
    }
    return (p->column > q->column) - (p->column < q->column);
}

static void sort(struct grid_cells *cells)
{
    if (cells->n > 0) {
        qsort(cells->v, cells->n, sizeof *cells->v, by_row_then_column);
    }
}

int grid_cells_square(struct region *r, double spacing_m, struct grid_cells *out, struct err *e)
{
    int rc = -1;
    struct grid_cells cells = {.spacing_m = spacing_m};
    struct bbox land = region_bbox(r);
    if ((land.max_x - land.min_x) / spacing_m * ((land.max_y - land.min_y) / spacing_m) >
            MAX_CANDIDATES ||
        fmax(fmax(fabs(land.min_x), fabs(land.max_x)), fmax(fabs(land.min_y), fabs(land.max_y))) /
                spacing_m >
            0x1p52) {
        return err_set(e, ERR_USAGE, "--spacing: cells of %g m are too small for this border",
                       spacing_m);
    }
    struct grid_cell low = grid_cell_at(spacing_m, (struct xy){land.min_x, land.min_y});
    struct grid_cell high = grid_cell_at(spacing_m, (struct xy){land.max_x, land.max_y});
    /* one more on the low side: an edge that only touches counts */
    TRY(descend(r, &cells,
                (struct block){low.column - 1, low.row - 1, high.column + 1, high.row + 1}, e));
    sort(&cells);
    *out = cells;
    cells = (struct grid_cells){0};
out:
    grid_cells_release(&cells);
    return rc;
}

static ptrdiff_t find(const struct grid_cells *cells, size_t n, struct grid_cell key)
{
    const struct grid_cell *at =
        n == 0 ? NULL : bsearch(&key, cells->v, n, sizeof key, by_row_then_column);
    return at ? at - cells->v : -1;
}

ptrdiff_t grid_cells_find(const struct grid_cells *cells, struct xy p)
{
    return find(cells, cells->n, grid_cell_at(cells->spacing_m, p));
}

int grid_cells_cover(struct grid_cells *cells, const struct xy *p, size_t n, struct err *e)
{
    size_t n_sorted = cells->n;
    for (size_t i = 0; i < n; i++) {
        struct grid_cell key = grid_cell_at(cells->spacing_m, p[i]);
        if (find(cells, n_sorted, key) < 0 && add(cells, key, e) != 0) {
            return -1;
        }
    }
    sort(cells);
    size_t kept = 0;
    for (size_t i = 0; i < cells->n; i++) {
        if (kept == 0 || by_row_then_column(&cells->v[kept - 1], &cells->v[i]) != 0) {
            cells->v[kept++] = cells->v[i];
        }
    }
    cells->n = kept;
    return 0;
}

struct bbox grid_cell_box(const struct grid_cells *cells, size_t i)
{
    const struct grid_cell *c = &cells->v[i];
    return box_of(cells->spacing_m, &(struct block){c->column, c->row, c->column + 1, c->row + 1});
}

struct xy grid_cell_centre(const struct grid_cells *cells, size_t i)
{
    struct bbox b = grid_cell_box(cells, i);
    return (struct xy){(b.min_x + b.max_x) / 2, (b.min_y + b.max_y) / 2};
}
