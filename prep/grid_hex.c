/* SPDX-License-Identifier: MIT */
/*
 * Regular hexagons with a corner to the north, rows shifted by half a width in turn: column and row
 * are "offset" coordinates. A point belongs to the nearest centre; of several, to the one farthest
 * east, then north.
 */
#include "prep/grid_cells.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define SQRT3 1.7320508075688772

/* from the centre to a corner, when the distance between opposite sides is `side` */
static double radius(double side)
{
    return side / SQRT3;
}

static struct xy centre(double side, int64_t column, int64_t row)
{
    return (struct xy){side * ((double)column + (row % 2 != 0 ? 0.5 : 0)),
                       1.5 * radius(side) * (double)row};
}

static struct grid_cell at_hex(const struct grid_cells *cells, struct xy p)
{
    double side = cells->side;
    struct grid_cell best = {0};
    double best_d2 = (double)INFINITY;
    int64_t low = grid_index(p.y, 0, 1.5 * radius(side));
    for (int64_t row = low; row <= low + 1; row++) {
        int64_t left = grid_index(p.x - (row % 2 != 0 ? side / 2 : 0), 0, side);
        for (int64_t column = left; column <= left + 1; column++) {
            struct xy c = centre(side, column, row);
            double d2 = (p.x - c.x) * (p.x - c.x) + (p.y - c.y) * (p.y - c.y);
            struct xy old = centre(side, best.column, best.row);
            if (d2 < best_d2 || (d2 <= best_d2 && (c.x > old.x || (c.x >= old.x && c.y > old.y)))) {
                best = (struct grid_cell){column, row, 0, false};
                best_d2 = d2;
            }
        }
    }
    return best;
}

static size_t corners_hex(const struct grid_cells *cells, const struct grid_cell *cell,
                          struct xy corner[REGION_MAX_CORNERS])
{
    double r = radius(cells->side);
    double half = cells->side / 2;
    struct xy c = centre(cells->side, cell->column, cell->row);
    corner[0] = (struct xy){c.x - half, c.y - r / 2};
    corner[1] = (struct xy){c.x, c.y - r};
    corner[2] = (struct xy){c.x + half, c.y - r / 2};
    corner[3] = (struct xy){c.x + half, c.y + r / 2};
    corner[4] = (struct xy){c.x, c.y + r};
    corner[5] = (struct xy){c.x - half, c.y + r / 2};
    return 6;
}

static struct bbox box_hex(const struct grid_cells *cells, const struct grid_block *b)
{
    double r = radius(cells->side);
    return (struct bbox){cells->side * ((double)b->column - 0.5), 1.5 * r * (double)b->row - r,
                         cells->side * (double)b->to_column, 1.5 * r * (double)(b->to_row - 1) + r};
}

static int make_hex(struct grid_cells *cells, struct grid_ground *g, const struct grid_prefs *prefs,
                    struct err *e)
{
    cells->side = prefs->hex_m;
    return grid_cells_descend(cells, g->metres, g, e);
}

static void name_hex(const struct grid_cells *cells, size_t i, char *text, size_t size)
{
    (void)snprintf(text, size, "hex%gkmE%" PRId64 "N%" PRId64, cells->side / 1000,
                   cells->v[i].column, cells->v[i].row);
}

const struct grid_method grid_hex = {
    .name = "hex",
    .make = make_hex,
    .name_of = name_hex,
    .at = at_hex,
    .corners = corners_hex,
    .box = box_hex,
};
