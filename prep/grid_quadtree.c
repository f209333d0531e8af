/* SPDX-License-Identifier: MIT */
/*
 * Squares in metres, small where many train locations are: a square with too many is quartered,
 * unless a quarter would be left with some, but too few. Edges are exact multiples of halves of the
 * largest side, so that half-open cells of different sizes meet without gaps.
 */
#include "prep/grid_cells.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/sig.h"

#define SMALLEST_M 20.0 /* is not quartered: places nearer than that are one */

static double side_of(const struct grid_cells *cells, int level)
{
    return ldexp(cells->side, -level);
}

/* The root, or the leaf below it. */
static struct grid_cell at_quadtree(const struct grid_cells *cells, struct xy p)
{
    struct grid_cell key = grid_square_at(cells, p);
    for (int level = 0; level <= cells->max_level; level++) {
        double side = side_of(cells, level);
        struct grid_cell leaf = {grid_index(p.x, 0, side), grid_index(p.y, 0, side), level, false};
        if (grid_cells_index(cells, &leaf) >= 0) {
            return leaf;
        }
    }
    return key;
}

struct tree {
    struct grid_cells *leaf; /* those found so far */
    struct grid_ground *ground;
    int64_t max, min;
};

/* Points of p[n] in the lower half (of x or y) to the front; how many. */
static size_t part(struct xy *p, size_t n, bool by_x, double middle)
{
    size_t low = 0;
    for (size_t i = 0; i < n; i++) {
        if ((by_x ? p[i].x : p[i].y) < middle) {
            struct xy moved = p[i];
            p[i] = p[low];
            p[low++] = moved;
        }
    }
    return low;
}

static int add_leaf(struct tree *t, struct grid_cell cell, struct err *e)
{
    struct xy corner[REGION_MAX_CORNERS];
    enum region_relation relation = REGION_OUTSIDE;
    struct region *land = t->ground->metres;
    size_t n = grid_square_corners(t->leaf, &cell, corner);
    if (region_relate_ring(land, corner, n, &relation, e) != 0 ||
        grid_rule_keeps(land, &t->ground->rule, corner, n, relation, &cell.land, e) != 0) {
        return -1;
    }
    if (cell.level > t->leaf->max_level) {
        t->leaf->max_level = cell.level;
    }
    return grid_cells_add(t->leaf, cell, e);
}

/* Recursion: a side can be halved some 20 times. */
static int grow(struct tree *t, struct grid_cell cell, struct xy *p, size_t n, struct err *e)
{
    double half = side_of(t->leaf, cell.level + 1);
    size_t count[4]; /* south-west, north-west, south-east, north-east */
    bool lonely = false;
    if (sig_check(e) != 0) {
        return -1;
    }
    if ((int64_t)n <= t->max || 2 * half < SMALLEST_M) {
        return add_leaf(t, cell, e);
    }
    size_t west = part(p, n, true, (double)(2 * cell.column + 1) * half);
    count[0] = part(p, west, false, (double)(2 * cell.row + 1) * half);
    count[1] = west - count[0];
    count[2] = part(p + west, n - west, false, (double)(2 * cell.row + 1) * half);
    count[3] = n - west - count[2];
    for (int i = 0; i < 4; i++) {
        lonely = lonely || (count[i] > 0 && (int64_t)count[i] < t->min);
    }
    if (lonely) {
        return add_leaf(t, cell, e);
    }
    for (int i = 0; i < 4; i++) {
        struct grid_cell quarter = {2 * cell.column + i / 2, 2 * cell.row + i % 2, cell.level + 1,
                                    false};
        if (grow(t, quarter, p, count[i], e) != 0) {
            return -1;
        }
        p += count[i];
    }
    return 0;
}

/* The points of each root side by side, by counting; root[n]: whose each is. first[n_roots + 1]
 * comes zeroed. */
static void by_root(size_t n_roots, const uint32_t *root, const struct xy *p, size_t n,
                    struct xy *sorted, size_t *first)
{
    for (size_t i = 0; i < n; i++) {
        first[root[i] + 1]++;
    }
    for (size_t k = 0; k < n_roots; k++) {
        first[k + 1] += first[k];
    }
    for (size_t i = n; i > 0; i--) {
        sorted[--first[root[i - 1] + 1]] = p[i - 1];
    }
    /* first[k + 1] is now where root k begins */
    for (size_t k = 0; k < n_roots; k++) {
        first[k] = first[k + 1];
    }
    first[n_roots] = n;
}

/* The largest squares: those with land and those with train places. root[n_train] OUT */
static int make_roots(struct grid_cells *roots, const struct grid_ground *g,
                      const struct grid_prefs *prefs, uint32_t *root, struct err *e)
{
    struct grid_ground any = *g;
    any.rule = (struct grid_rule){GRID_KEEP_INTERSECTS, 0};
    roots->method = &grid_square;
    if (grid_cells_make(roots, &any, prefs, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < g->n_train; i++) {
        struct grid_cell key = grid_square_at(roots, g->train[i]);
        ptrdiff_t k = grid_cells_index(roots, &key);
        root[i] = k < 0 ? GRID_NO_CELL : (uint32_t)k;
    }
    return grid_cells_cover(roots, g->train, root, g->n_train, e);
}

static int make_quadtree(struct grid_cells *cells, struct grid_ground *g,
                         const struct grid_prefs *prefs, struct err *e)
{
    int rc = -1;
    struct tree t = {cells, g, prefs->max_per_cell, prefs->min_per_cell};
    struct grid_cells roots = {0};
    uint32_t *root = malloc((g->n_train + 1) * sizeof *root);
    struct xy *sorted = malloc((g->n_train + 1) * sizeof *sorted);
    size_t *first = NULL;
    cells->side = prefs->spacing_m;
    if (!root || !sorted) {
        rc = err_nomem(e, "train locations by cell");
        goto out;
    }
    TRY(make_roots(&roots, g, prefs, root, e));
    first = calloc(roots.n + 1, sizeof *first);
    if (!first) {
        rc = err_nomem(e, "train locations by cell");
        goto out;
    }
    by_root(roots.n, root, g->train, g->n_train, sorted, first);
    for (size_t k = 0; k < roots.n; k++) {
        TRY(grow(&t, roots.v[k], sorted + first[k], first[k + 1] - first[k], e));
    }
    grid_cells_sort(cells);
    rc = 0;
out:
    grid_cells_release(&roots);
    free(root);
    free(sorted);
    free(first);
    return rc;
}

static void name_quadtree(const struct grid_cells *cells, size_t i, char *text, size_t size)
{
    const struct grid_cell *c = &cells->v[i];
    (void)snprintf(text, size, "%gkmE%" PRId64 "N%" PRId64, side_of(cells, c->level) / 1000,
                   c->column, c->row);
}

const struct grid_method grid_quadtree = {
    .name = "quadtree",
    .make = make_quadtree,
    .name_of = name_quadtree,
    .at = at_quadtree,
    .corners = grid_square_corners,
    .box = grid_square_box,
};
