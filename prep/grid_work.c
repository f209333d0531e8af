/* SPDX-License-Identifier: MIT */
#include "prep/grid_work.h"

#include <stdlib.h>

#include "core/sig.h"

#define SIG_EVERY 4096

void grid_work_release(struct grid_work *w)
{
    free(w->plane);
    free(w->train);
    free(w->cell);
    free(w->classes.v);
    grid_cells_release(&w->cells);
    places_release(&w->places);
    region_free(w->metres);
    region_free(w->degrees);
    border_free(w->border);
    crs_free(w->crs);
}

int grid_work_prepare(struct grid_work *w, struct err *e)
{
    size_t n = w->places.n;
    w->plane = malloc((n + 1) * sizeof *w->plane);
    w->train = malloc((n + 1) * sizeof *w->train);
    w->cell = malloc((n + 1) * sizeof *w->cell);
    if (!w->plane || !w->train || !w->cell) {
        return err_nomem(e, "projected locations");
    }
    if (places_project(&w->places, w->crs, w->plane, e) != 0 ||
        region_new(w->border, w->crs, &w->metres, e) != 0) {
        return -1;
    }
    if (w->cells.method->geographic) {
        if (region_new(w->border, NULL, &w->degrees, e) != 0) {
            return -1;
        }
        for (size_t i = 0; i < n; i++) {
            struct lonlat p = border_unwrap(w->border, w->places.at[i]);
            w->plane[i] = (struct xy){p.lon, p.lat};
        }
    }
    size_t n_train = 0;
    for (size_t i = 0; i < n; i++) {
        if (w->places.part[i] == SPLIT_TRAIN) {
            w->train[n_train++] = w->plane[i];
        }
    }
    w->ground.border = w->border;
    w->ground.crs = w->crs;
    w->ground.metres = w->metres;
    w->ground.degrees = w->degrees;
    w->ground.train = w->train;
    w->ground.n_train = n_train;
    return 0;
}

/* The cell that holds place i, or the one that it is near to. */
static uint32_t cell_of(struct grid_work *w, const struct grid_prefs *prefs, size_t i)
{
    const struct grid_cells *c = &w->cells;
    uint32_t own = grid_cells_find(c, w->places.at[i], w->plane[i]);
    if (prefs->snap_m <= 0 || (own != GRID_NO_CELL && c->v[own].land)) {
        return own;
    }
    uint32_t near = grid_cells_snap(c, w->places.at[i], w->plane[i], prefs->snap_m);
    w->n_snapped += near != GRID_NO_CELL;
    return near != GRID_NO_CELL ? near : own;
}

int grid_work_cut(struct grid_work *w, const struct grid_prefs *prefs, struct err *e)
{
    w->cells.n = 0;
    w->cells.max_level = 0;
    w->n_snapped = 0;
    if (grid_cells_make(&w->cells, &w->ground, prefs, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < w->places.n; i++) {
        if (i % SIG_EVERY == 0 && sig_check(e) != 0) {
            return -1;
        }
        w->cell[i] = cell_of(w, prefs, i);
    }
    return grid_cells_cover(&w->cells, w->plane, w->cell, w->places.n, e);
}
