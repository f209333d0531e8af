/* SPDX-License-Identifier: MIT */
#include "prep/grid_classes.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/nearest.h"
#include "core/sig.h"

#define SIG_EVERY 4096

/* Train places of each cell side by side (a counting sort), then their mean and their median on
 * the ground. */
static int data_points(struct grid_classes *c, const struct places *p, const uint32_t *cell,
                       struct err *e)
{
    int rc = -1;
    size_t *start = calloc(c->n + 2, sizeof *start);
    struct lonlat *sorted = malloc((p->n + 1) * sizeof *sorted);
    if (!start || !sorted) {
        rc = err_nomem(e, "train locations by cell");
        goto out;
    }
    for (size_t i = 0; i < p->n; i++) {
        if (p->part[i] == SPLIT_TRAIN && cell[i] != GRID_NO_CELL) {
            start[cell[i] + 2]++;
        }
    }
    for (size_t k = 1; k < c->n; k++) {
        start[k + 1] += start[k];
    }
    for (size_t i = 0; i < p->n; i++) {
        if (p->part[i] == SPLIT_TRAIN && cell[i] != GRID_NO_CELL) {
            sorted[start[cell[i] + 1]++] = p->at[i];
        }
    }
    for (size_t k = 0; k < c->n; k++) {
        size_t n = start[k + 1] - start[k];
        c->v[k].point[GRID_DATA] = c->v[k].point[GRID_MEDIAN] =
            (struct lonlat){(double)NAN, (double)NAN};
        if (n > 0) {
            c->v[k].point[GRID_DATA] = geo_mean(sorted + start[k], NULL, n);
            c->v[k].point[GRID_MEDIAN] = geo_median(sorted + start[k], NULL, n);
        }
    }
    rc = 0;
out:
    free(start);
    free(sorted);
    return rc;
}

/* A search tree over one kind of point of the kept classes; at[]: those points. */
static int tree_of(const struct grid_classes *c, enum grid_point kind, struct lonlat *at,
                   struct nearest **t, struct err *e)
{
    size_t n = 0;
    for (size_t k = 0; k < c->n; k++) {
        if (c->v[k].state == GRID_KEPT) {
            at[n++] = c->v[k].point[kind];
        }
    }
    return nearest_new(at, n, t, e);
}

static void count_parts(struct grid_classes *c, const struct places *p, const uint32_t *cell)
{
    for (size_t k = 0; k < c->n; k++) {
        memset(c->v[k].n, 0, sizeof c->v[k].n);
    }
    for (size_t i = 0; i < p->n; i++) {
        if (p->part[i] <= SPLIT_TEST && cell[i] != GRID_NO_CELL) {
            c->v[cell[i]].n[p->part[i]]++;
        }
    }
}

static int set_states(struct grid_classes *c, int64_t min_train, struct err *e)
{
    c->n_kept = 0;
    for (size_t k = 0; k < c->n; k++) {
        struct grid_class *v = &c->v[k];
        if (v->state != GRID_OUTSIDE) {
            v->state = v->n[SPLIT_TRAIN] >= min_train ? GRID_KEPT : GRID_EMPTY;
        }
        v->number = v->state == GRID_KEPT ? (int64_t)c->n_kept++ : -1;
    }
    if (c->n_kept > 0) {
        return 0;
    }
    return min_train > 1
               ? err_set(e, ERR_INPUT, "no cell has %" PRId64 " train locations", min_train)
               : err_set(e, ERR_INPUT,
                         "no cell has a train location: the border and the locations do not meet");
}

/* Every empty cell to the kept class with the nearest centroid; of equally near ones the first. */
static int merge_empty(struct grid_classes *c, const struct places *p, uint32_t *cell,
                       struct err *e)
{
    int rc = -1;
    size_t n = 0;
    struct nearest *t = NULL;
    struct lonlat *at = malloc(c->n * sizeof *at);
    size_t *kept = malloc(c->n * sizeof *kept); /* index of the class with that number */
    if (!at || !kept) {
        rc = err_nomem(e, "class points");
        goto out;
    }
    TRY(tree_of(c, GRID_CENTROID, at, &t, e));
    for (size_t k = 0; k < c->n; k++) {
        if (c->v[k].state == GRID_KEPT) {
            kept[n++] = k;
        }
    }
    for (size_t k = 0; k < c->n; k++) {
        if (c->v[k].state == GRID_EMPTY) {
            c->v[k].state = GRID_MERGED;
            c->v[k].into = kept[nearest_find(t, c->v[k].point[GRID_CENTROID], NULL)];
            c->n_merged++;
        }
    }
    for (size_t i = 0; i < p->n; i++) {
        if (cell[i] != GRID_NO_CELL && c->v[cell[i]].state == GRID_MERGED) {
            cell[i] = (uint32_t)c->v[cell[i]].into;
        }
    }
    count_parts(c, p, cell);
    rc = 0;
out:
    nearest_free(t);
    free(at);
    free(kept);
    return rc;
}

int grid_classes_count(struct grid_classes *c, const struct places *p, uint32_t *cell,
                       int64_t min_train, bool merge, struct err *e)
{
    for (size_t i = 0; i < p->n; i++) {
        if (cell[i] != GRID_NO_CELL) {
            c->v[cell[i]].n_places++;
        }
    }
    count_parts(c, p, cell);
    if (set_states(c, min_train, e) != 0 || (merge && merge_empty(c, p, cell, e) != 0)) {
        return -1;
    }
    c->n_unlabelled = 0;
    for (size_t i = 0; i < p->n; i++) {
        c->n_unlabelled += cell[i] == GRID_NO_CELL || c->v[cell[i]].state != GRID_KEPT;
    }
    return data_points(c, p, cell, e);
}

static int floor_of(const struct grid_classes *c, const struct places *p, const uint32_t *cell,
                    enum grid_point kind, double *km, struct err *e)
{
    int rc = -1;
    double sum = 0;
    size_t n = 0;
    struct nearest *t = NULL;
    struct lonlat *at = malloc(c->n * sizeof *at);
    if (!at) {
        rc = err_nomem(e, "class points");
        goto out;
    }
    TRY(tree_of(c, kind, at, &t, e));
    for (size_t i = 0; i < p->n; i++) {
        const struct grid_class *v = cell[i] == GRID_NO_CELL ? NULL : &c->v[cell[i]];
        double d = 0;
        if (i % SIG_EVERY == 0) {
            TRY(sig_check(e));
        }
        if (p->part[i] != SPLIT_VAL && p->part[i] != SPLIT_TEST) {
            continue;
        }
        if (v && v->state == GRID_KEPT) {
            d = geo_distance_km(p->at[i], v->point[kind]);
        } else {
            (void)nearest_find(t, p->at[i], &d);
        }
        sum += d;
        n++;
    }
    *km = n > 0 ? sum / (double)n : (double)NAN;
    rc = 0;
out:
    nearest_free(t);
    free(at);
    return rc;
}

int grid_classes_floor(struct grid_classes *c, const struct places *p, const uint32_t *cell,
                       struct err *e)
{
    for (int kind = 0; kind < GRID_POINT_COUNT; kind++) {
        if (floor_of(c, p, cell, (enum grid_point)kind, &c->floor_km[kind], e) != 0) {
            return -1;
        }
    }
    return 0;
}
