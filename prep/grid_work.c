/* SPDX-License-Identifier: MIT */
#include "prep/grid_work.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "core/pool.h"

#define PIECE 2048 /* places that a thread labels at a time */

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

/* Places cell by cell, in pieces: what threads share. */
struct labelling {
    struct grid_work *w;
    const struct grid_prefs *prefs;
    atomic_size_t n_snapped;
};

/* The cell that holds place i, or the one that it is near to. */
static uint32_t cell_of(const struct labelling *l, size_t i, size_t *n_snapped)
{
    const struct grid_work *w = l->w;
    const struct grid_cells *c = &w->cells;
    uint32_t own = grid_cells_find(c, w->places.at[i], w->plane[i]);
    if (l->prefs->snap_m <= 0 || (own != GRID_NO_CELL && c->v[own].land)) {
        return own;
    }
    uint32_t near = grid_cells_snap(c, w->places.at[i], w->plane[i], l->prefs->snap_m);
    *n_snapped += near != GRID_NO_CELL;
    return near != GRID_NO_CELL ? near : own;
}

static int label_piece(void *ctx, size_t piece, int worker, struct err *e)
{
    struct labelling *l = ctx;
    size_t n_snapped = 0;
    size_t end = (piece + 1) * PIECE;
    (void)worker;
    (void)e;
    for (size_t i = piece * PIECE; i < end && i < l->w->places.n; i++) {
        l->w->cell[i] = cell_of(l, i, &n_snapped);
    }
    atomic_fetch_add(&l->n_snapped, n_snapped);
    return 0;
}

int grid_work_cut(struct grid_work *w, const struct grid_prefs *prefs, struct err *e)
{
    struct labelling l = {.w = w, .prefs = prefs};
    w->cells.n = 0;
    w->cells.max_level = 0;
    if (grid_cells_make(&w->cells, &w->ground, prefs, e) != 0 ||
        pool_for(pool_threads(0), (w->places.n + PIECE - 1) / PIECE, label_piece, &l, e) != 0) {
        return -1;
    }
    w->n_snapped = atomic_load(&l.n_snapped);
    return grid_cells_cover(&w->cells, w->plane, w->cell, w->places.n, e);
}
