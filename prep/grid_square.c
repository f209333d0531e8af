/* SPDX-License-Identifier: MIT */
/*
 * Squares. Cell (column, row) covers [column, column + 1) x [row, row + 1) times the side, from the
 * origin: by default that of the plane. In metres of the projection, or in degrees: those are some 1.4 times
 * as high as wide in Croatia, and are here to compare with the published system, which used them.
 */
#include "prep/grid_cells.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

struct grid_cell grid_square_at(const struct grid_cells *cells, struct xy p)
{
    return (struct grid_cell){grid_index(p.x, cells->origin.x, cells->side),
                              grid_index(p.y, cells->origin.y, cells->side), 0, false};
}

size_t grid_square_corners(const struct grid_cells *cells, const struct grid_cell *cell,
                           struct xy corner[REGION_MAX_CORNERS])
{
    double side = ldexp(cells->side, -cell->level);
    struct xy o = cells->origin;
    double x[2] = {o.x + (double)cell->column * side, o.x + (double)(cell->column + 1) * side};
    double y[2] = {o.y + (double)cell->row * side, o.y + (double)(cell->row + 1) * side};
    corner[0] = (struct xy){x[0], y[0]};
    corner[1] = (struct xy){x[1], y[0]};
    corner[2] = (struct xy){x[1], y[1]};
    corner[3] = (struct xy){x[0], y[1]};
    return 4;
}

struct bbox grid_square_box(const struct grid_cells *cells, const struct grid_block *b)
{
    struct xy o = cells->origin;
    double side = cells->side;
    return (struct bbox){o.x + (double)b->column * side, o.y + (double)b->row * side,
                         o.x + (double)b->to_column * side, o.y + (double)b->to_row * side};
}

static int make_square(struct grid_cells *cells, struct grid_ground *g,
                       const struct grid_prefs *prefs, struct err *e)
{
    cells->side = prefs->spacing_m;
    return grid_origin_parse(prefs->origin, region_bbox(g->metres), &cells->origin, e) != 0
               ? -1
               : grid_cells_descend(cells, g->metres, g, e);
}

/* Named like the cells of INSPIRE's grids: size, then south-west corner in units of it. */
static void name_square(const struct grid_cells *cells, size_t i, char *text, size_t size)
{
    (void)snprintf(text, size, "%gkmE%" PRId64 "N%" PRId64, cells->side / 1000, cells->v[i].column,
                   cells->v[i].row);
}

const struct grid_method grid_square = {
    .name = "square",
    .make = make_square,
    .name_of = name_square,
    .at = grid_square_at,
    .corners = grid_square_corners,
    .box = grid_square_box,
};

static int make_degrees(struct grid_cells *cells, struct grid_ground *g,
                        const struct grid_prefs *prefs, struct err *e)
{
    cells->side = prefs->degrees;
    return grid_origin_parse(prefs->origin, region_bbox(g->degrees), &cells->origin, e) != 0
               ? -1
               : grid_cells_descend(cells, g->degrees, g, e);
}

static void name_degrees(const struct grid_cells *cells, size_t i, char *text, size_t size)
{
    (void)snprintf(text, size, "%gdegE%" PRId64 "N%" PRId64, cells->side, cells->v[i].column,
                   cells->v[i].row);
}

const struct grid_method grid_degrees = {
    .name = "degrees",
    .geographic = true,
    .make = make_degrees,
    .name_of = name_degrees,
    .at = grid_square_at,
    .corners = grid_square_corners,
    .box = grid_square_box,
};
