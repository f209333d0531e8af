/* SPDX-License-Identifier: MIT */
/*
 * The land's bounding box is halved until a block of cells is all land, all sea, or one cell: of the
 * cells only those at the coast are compared with it one by one.
 */
#include "prep/grid_cells.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/parse.h"
#include "core/sig.h"
#include "core/vec.h"
#include "prep/grid_polygons.h"

#define MAX_CANDIDATES 1e8 /* cells in the land's bounding box: 1 km over 100 million km2 */
#define MAX_CELLS      5000000
#define MAX_ORIGIN     1e8 /* metres or degrees */

void grid_cells_release(struct grid_cells *cells)
{
    free(cells->v);
    grid_layer_free(cells->layer);
    *cells = (struct grid_cells){0};
}

/* Rules ------------------------------------------------------------------------------------------- */

int grid_rule_parse(const char *text, struct grid_rule *rule, struct err *e)
{
    static const char *const word[] = {"intersects", "centre", "within"};
    static const char share[] = "share=";
    struct grid_rule r = {GRID_KEEP_SHARE, 0};
    for (int i = 0; i < 3; i++) {
        if (strcmp(text, word[i]) == 0) {
            *rule = (struct grid_rule){(enum grid_keep)i, 0};
            return 0;
        }
    }
    if (strncmp(text, share, sizeof share - 1) != 0) {
        return err_set(e, ERR_USAGE, "--keep: '%s' is none of intersects, centre, within, share=X",
                       text);
    }
    if (parse_f64(text + sizeof share - 1, 1e-9, 1, &r.share, e) != 0) {
        e->kind = ERR_USAGE;
        return err_ctx(e, "--keep share=");
    }
    *rule = r;
    return 0;
}

int grid_origin_parse(const char *text, struct bbox box, struct xy *origin, struct err *e)
{
    char x[64];
    size_t n = text ? strcspn(text, ",") : 0;
    struct xy o = {0, 0};
    if (!text) {
        *origin = o;
        return 0;
    }
    if (strcmp(text, "border") == 0) {
        *origin = (struct xy){box.min_x, box.min_y};
        return 0;
    }
    if (text[n] != ',' || n >= sizeof x) {
        return err_set(e, ERR_USAGE, "--origin: '%s' is neither two numbers nor 'border'", text);
    }
    (void)snprintf(x, sizeof x, "%.*s", (int)n, text);
    if (parse_f64(x, -MAX_ORIGIN, MAX_ORIGIN, &o.x, e) != 0 ||
        parse_f64(text + n + 1, -MAX_ORIGIN, MAX_ORIGIN, &o.y, e) != 0) {
        e->kind = ERR_USAGE;
        return err_ctx(e, "--origin");
    }
    *origin = o;
    return 0;
}

struct xy grid_centre(const struct xy *corner, size_t n)
{
    /* opposite corners: their middle is that of the cell, without summing up */
    const struct xy *a = &corner[0];
    const struct xy *b = &corner[n / 2];
    return (struct xy){(a->x + b->x) / 2, (a->y + b->y) / 2};
}

int grid_rule_keeps(struct region *land, const struct grid_rule *rule, const struct xy *corner,
                    size_t n, enum region_relation relation, bool *keep, struct err *e)
{
    double share = 0;
    *keep = relation == REGION_INSIDE;
    if (relation != REGION_CROSSES) {
        return 0;
    }
    switch (rule->keep) {
    case GRID_KEEP_INTERSECTS:
        *keep = true;
        return 0;
    case GRID_KEEP_CENTRE:
        return region_contains(land, grid_centre(corner, n), keep, e);
    case GRID_KEEP_WITHIN:
        return 0;
    case GRID_KEEP_SHARE:
        if (region_share(land, corner, n, &share, e) != 0) {
            return -1;
        }
        *keep = share >= rule->share;
        return 0;
    }
    return 0;
}

/* The array ---------------------------------------------------------------------------------------- */

int64_t grid_index(double x, double origin, double side)
{
    double i = floor((x - origin) / side);
    if (x < origin + i * side) { /* the division was rounded across an edge */
        i--;
    } else if (x >= origin + (i + 1) * side) {
        i++;
    }
    return (int64_t)i;
}

int grid_cells_add(struct grid_cells *cells, struct grid_cell cell, struct err *e)
{
    if (cells->n == MAX_CELLS) {
        return err_set(e, ERR_USAGE, "the cells are too small: more than %d", MAX_CELLS);
    }
    if (vec_room(&cells->v, cells->n, &cells->cap, sizeof *cells->v, "cells", e) != 0) {
        return -1;
    }
    cells->v[cells->n++] = cell;
    return 0;
}

static int by_level_row_column(const void *a, const void *b)
{
    const struct grid_cell *p = a;
    const struct grid_cell *q = b;
    if (p->level != q->level) {
        return p->level < q->level ? -1 : 1;
    }
    if (p->row != q->row) {
        return p->row < q->row ? -1 : 1;
    }
    return (p->column > q->column) - (p->column < q->column);
}

void grid_cells_sort(struct grid_cells *cells)
{
    if (cells->n > 0) {
        qsort(cells->v, cells->n, sizeof *cells->v, by_level_row_column);
    }
    cells->n_made = cells->n;
}

/* In v[from .. to-1], which is sorted. */
static ptrdiff_t find(const struct grid_cells *cells, size_t from, size_t to,
                      const struct grid_cell *key)
{
    const struct grid_cell *at =
        from == to ? NULL
                   : bsearch(key, cells->v + from, to - from, sizeof *key, by_level_row_column);
    return at ? at - cells->v : -1;
}

ptrdiff_t grid_cells_index(const struct grid_cells *cells, const struct grid_cell *key)
{
    return find(cells, 0, cells->n_made, key);
}

uint32_t grid_cells_find(const struct grid_cells *cells, struct lonlat at, struct xy p)
{
    if (cells->layer) {
        return grid_layer_find(cells->layer, at);
    }
    struct grid_cell key = cells->method->at(cells, p);
    ptrdiff_t i = grid_cells_index(cells, &key);
    return i < 0 ? GRID_NO_CELL : (uint32_t)i;
}

int grid_cells_cover(struct grid_cells *cells, const struct xy *p, uint32_t *cell, size_t n,
                     struct err *e)
{
    size_t kept = cells->n_made;
    if (cells->layer) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (cell[i] == GRID_NO_CELL &&
            grid_cells_add(cells, cells->method->at(cells, p[i]), e) != 0) {
            return -1;
        }
    }
    if (cells->n == cells->n_made) {
        return 0;
    }
    qsort(cells->v + kept, cells->n - kept, sizeof *cells->v, by_level_row_column);
    for (size_t i = kept; i < cells->n; i++) {
        if (kept == cells->n_made || by_level_row_column(&cells->v[kept - 1], &cells->v[i]) != 0) {
            cells->v[kept++] = cells->v[i];
        }
    }
    cells->n = kept;
    for (size_t i = 0; i < n; i++) {
        if (cell[i] == GRID_NO_CELL) {
            struct grid_cell key = cells->method->at(cells, p[i]);
            cell[i] = (uint32_t)find(cells, cells->n_made, cells->n, &key);
        }
    }
    return 0;
}

/* From blocks to cells ------------------------------------------------------------------------------ */

static int add_block(struct grid_cells *cells, const struct grid_block *b, struct err *e)
{
    for (int64_t row = b->row; row < b->to_row; row++) {
        for (int64_t column = b->column; column < b->to_column; column++) {
            if (grid_cells_add(cells, (struct grid_cell){column, row, 0, true}, e) != 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int add_one(struct grid_cells *cells, struct region *land, const struct grid_rule *rule,
                   const struct grid_block *b, struct err *e)
{
    struct xy corner[REGION_MAX_CORNERS];
    enum region_relation relation = REGION_OUTSIDE;
    bool keep = false;
    struct grid_cell cell = {b->column, b->row, 0, true};
    size_t n = cells->method->corners(cells, &cell, corner);
    if (region_relate_ring(land, corner, n, &relation, e) != 0 ||
        grid_rule_keeps(land, rule, corner, n, relation, &keep, e) != 0) {
        return -1;
    }
    return keep ? grid_cells_add(cells, cell, e) : 0;
}

/* Recursion: as deep as the sides can be halved, some 30. */
static int descend(struct region *land, const struct grid_rule *rule, struct grid_cells *cells,
                   struct grid_block b, struct err *e)
{
    enum region_relation relation = REGION_OUTSIDE;
    int64_t width = b.to_column - b.column;
    int64_t height = b.to_row - b.row;
    if (sig_check(e) != 0) {
        return -1;
    }
    if (width == 1 && height == 1) {
        return add_one(cells, land, rule, &b, e);
    }
    if (region_relate(land, cells->method->box(cells, &b), &relation, e) != 0) {
        return -1;
    }
    if (relation == REGION_OUTSIDE) {
        return 0;
    }
    if (relation == REGION_INSIDE) {
        return add_block(cells, &b, e);
    }
    struct grid_block low = b;
    struct grid_block high = b;
    if (width >= height) {
        low.to_column = high.column = b.column + width / 2;
    } else {
        low.to_row = high.row = b.row + height / 2;
    }
    return descend(land, rule, cells, low, e) != 0 ? -1 : descend(land, rule, cells, high, e);
}

int grid_cells_descend(struct grid_cells *cells, struct region *land, struct grid_ground *g,
                       struct err *e)
{
    struct bbox box = region_bbox(land);
    double farthest =
        fmax(fmax(fabs(box.min_x), fabs(box.max_x)), fmax(fabs(box.min_y), fabs(box.max_y)));
    if ((box.max_x - box.min_x) / cells->side * ((box.max_y - box.min_y) / cells->side) >
            MAX_CANDIDATES ||
        farthest / cells->side > 0x1p52) {
        return err_set(e, ERR_USAGE, "cells of %g %s are too small for this border", cells->side,
                       cells->method->geographic ? "degrees" : "m");
    }
    struct grid_cell low = cells->method->at(cells, (struct xy){box.min_x, box.min_y});
    struct grid_cell high = cells->method->at(cells, (struct xy){box.max_x, box.max_y});
    /* one more on each side: an edge that only touches counts, and hexagons lean over */
    struct grid_block all = {low.column - 1, low.row - 1, high.column + 2, high.row + 2};
    if (descend(land, &g->rule, cells, all, e) != 0) {
        return -1;
    }
    grid_cells_sort(cells);
    return 0;
}

int grid_cells_make(struct grid_cells *cells, struct grid_ground *g, const struct grid_prefs *prefs,
                    struct err *e)
{
    return cells->method->make(cells, g, prefs, e);
}

/* Points -------------------------------------------------------------------------------------------- */

double grid_clamp_lat(double lat)
{
    return fmin(fmax(lat, -90), 90);
}

int grid_cells_points(const struct grid_cells *cells, struct grid_ground *g, size_t i,
                      struct lonlat *centre, struct lonlat *clipped, struct err *e)
{
    struct xy corner[REGION_MAX_CORNERS];
    struct xy middle;
    struct xy land;
    if (cells->layer) {
        return grid_layer_points(cells->layer, i, g->crs, centre, clipped, e);
    }
    middle = grid_centre(corner, cells->method->corners(cells, &cells->v[i], corner));
    if (cells->method->geographic) {
        *centre = (struct lonlat){geo_lon_near(middle.x, 0), grid_clamp_lat(middle.y)};
        if (crs_project(g->crs, centre, &middle, 1, e) != 0) {
            return -1;
        }
    } else if (crs_unproject(g->crs, &middle, centre, 1, e) != 0) {
        return -1;
    }
    if (!clipped) {
        return 0;
    }
    if (region_nearest(g->metres, middle, &land, e) != 0) {
        return -1;
    }
    if (land.x == middle.x && land.y == middle.y) { /* most are on land */
        *clipped = *centre;
        return 0;
    }
    return crs_unproject(g->crs, &land, clipped, 1, e);
}
