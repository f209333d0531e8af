/* SPDX-License-Identifier: MIT */
/*
 * The cell nearest to a place that none holds. In columns and rows only the neighbours can be near
 * enough; of other cells, or where those are fewer, all are tried. Distances are planar around the
 * place, right to a thousandth over the few km that are asked.
 */
#include "prep/grid_cells.h"

#include <math.h>

#include "prep/grid_polygons.h"

#define KM_PER_DEGREE (GEO_EARTH_R_KM * GEO_PI / 180)

struct search {
    const struct grid_cells *cells;
    struct xy p;
    struct xy m; /* metres per unit of the plane */
    double best_m;
    uint32_t best;
};

static double to_edge_m(const struct search *s, struct xy a, struct xy b)
{
    double ax = (a.x - s->p.x) * s->m.x;
    double ay = (a.y - s->p.y) * s->m.y;
    double dx = (b.x - a.x) * s->m.x;
    double dy = (b.y - a.y) * s->m.y;
    double t = fmin(fmax(-(ax * dx + ay * dy) / (dx * dx + dy * dy), 0), 1);
    return hypot(ax + t * dx, ay + t * dy);
}

static void try_cell(struct search *s, size_t i)
{
    struct xy corner[REGION_MAX_CORNERS];
    if (!s->cells->v[i].land) {
        return;
    }
    size_t n = s->cells->method->corners(s->cells, &s->cells->v[i], corner);
    for (size_t k = 0; k < n; k++) {
        double d = to_edge_m(s, corner[k], corner[(k + 1) % n]);
        if (d < s->best_m) {
            s->best_m = d;
            s->best = (uint32_t)i;
        }
    }
}

static void try_neighbours(struct search *s, struct grid_cell at, int64_t columns, int64_t rows)
{
    for (int64_t row = at.row - rows; row <= at.row + rows; row++) {
        for (int64_t column = at.column - columns; column <= at.column + columns; column++) {
            struct grid_cell key = {column, row, 0, false};
            ptrdiff_t i = grid_cells_index(s->cells, &key);
            if (i >= 0) {
                try_cell(s, (size_t)i);
            }
        }
    }
}

uint32_t grid_cells_snap(const struct grid_cells *cells, struct lonlat at, struct xy p,
                         double snap_m)
{
    if (cells->layer) {
        return grid_layer_snap(cells->layer, at, snap_m);
    }
    double degree_m = KM_PER_DEGREE * 1000;
    struct search s = {cells, p, {1, 1}, nextafter(snap_m, (double)INFINITY), GRID_NO_CELL};
    if (cells->method->geographic) {
        s.m = (struct xy){degree_m * fmax(cos(at.lat * GEO_PI / 180), 1e-6), degree_m};
    }
    /* rows of hexagons are 0.866 of their width apart */
    double columns = ceil(snap_m / (0.8 * cells->side * s.m.x)) + 1;
    double rows = ceil(snap_m / (0.8 * cells->side * s.m.y)) + 1;
    if (cells->max_level > 0 || (2 * columns + 1) * (2 * rows + 1) > (double)cells->n) {
        for (size_t i = 0; i < cells->n; i++) {
            try_cell(&s, i);
        }
    } else {
        try_neighbours(&s, cells->method->at(cells, p), (int64_t)columns, (int64_t)rows);
    }
    return s.best;
}
