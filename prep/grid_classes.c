/* SPDX-License-Identifier: MIT */
#include "prep/grid_classes.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/nearest.h"
#include "core/pool.h"

/*
 * The train places of each cell side by side, or those of val and test. Within a cell they are
 * sorted by where they are: sums do not depend on the locations' order in the catalog.
 */
struct members {
    struct lonlat *at; /* [n] owned */
    size_t *start;     /* [cells + 2] owned: of cell k's; behind the last cell, of those in none */
};

static void members_release(struct members *m)
{
    free(m->at);
    free(m->start);
    *m = (struct members){0};
}

static bool is_member(const struct places *p, size_t i, bool train)
{
    return train ? p->part[i] == SPLIT_TRAIN : p->part[i] == SPLIT_VAL || p->part[i] == SPLIT_TEST;
}

/* A counting sort by cell; sort_members sorts within one. */
static int members_init(struct members *m, const struct places *p, const uint32_t *cell,
                        size_t n_cells, bool train, struct err *e)
{
    size_t n = 0;
    *m =
        (struct members){malloc((p->n + 1) * sizeof *m->at), calloc(n_cells + 3, sizeof *m->start)};
    if (!m->at || !m->start) {
        members_release(m);
        return err_nomem(e, "locations by cell");
    }
    size_t *end = m->start + 1; /* while filling: where the next one of cell k goes */
    for (size_t i = 0; i < p->n; i++) {
        if (is_member(p, i, train)) {
            end[(cell[i] == GRID_NO_CELL ? n_cells : cell[i]) + 1]++;
        }
    }
    for (size_t k = 0; k < n_cells + 2; k++) {
        n += end[k];
        end[k] = n;
    }
    for (size_t i = 0; i < p->n; i++) {
        if (is_member(p, i, train)) {
            m->at[end[cell[i] == GRID_NO_CELL ? n_cells : cell[i]]++] = p->at[i];
        }
    }
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct lonlat *p = a;
    const struct lonlat *q = b;
    int lon = (p->lon > q->lon) - (p->lon < q->lon);
    return lon != 0 ? lon : (p->lat > q->lat) - (p->lat < q->lat);
}

/* Those of cell k, sorted; *n OUT: how many. */
static struct lonlat *sort_members(const struct members *m, size_t k, size_t *n)
{
    struct lonlat *at = m->at + m->start[k];
    *n = m->start[k + 1] - m->start[k];
    qsort(at, *n, sizeof *at, by_place);
    return at;
}

/* For threads: cell by cell. */
struct job {
    struct grid_classes *c;
    struct members m;
    struct nearest *tree[GRID_POINT_COUNT]; /* of the kept classes' points */
    double (*sum_km)[GRID_POINT_COUNT];     /* [cells + 1] owned */
};

static int find_data_points(void *ctx, size_t k, int worker, struct err *e)
{
    size_t n = 0;
    struct job *j = ctx;
    struct lonlat *point = j->c->v[k].point;
    const struct lonlat *at = sort_members(&j->m, k, &n);
    (void)worker;
    (void)e;
    point[GRID_DATA] = point[GRID_MEDIAN] = (struct lonlat){(double)NAN, (double)NAN};
    if (n > 0) {
        point[GRID_DATA] = geo_mean(at, NULL, n);
        point[GRID_MEDIAN] = geo_median(at, NULL, n);
    }
    return 0;
}

/* Mean and median of each cell's train places on the ground. */
static int data_points(struct grid_classes *c, const struct places *p, const uint32_t *cell,
                       struct err *e)
{
    struct job j = {.c = c};
    if (members_init(&j.m, p, cell, c->n, true, e) != 0) {
        return -1;
    }
    int rc = pool_for(pool_threads(0), c->n, find_data_points, &j, e);
    members_release(&j.m);
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

static int measure_cell(void *ctx, size_t k, int worker, struct err *e)
{
    size_t n = 0;
    struct job *j = ctx;
    const struct lonlat *at = sort_members(&j->m, k, &n);
    const struct grid_class *v = &j->c->v[k]; /* k == c->n: of no cell */
    bool kept = k < j->c->n && v->state == GRID_KEPT;
    (void)worker;
    (void)e;
    for (int kind = 0; kind < GRID_POINT_COUNT; kind++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++) {
            double km = 0;
            if (kept) {
                km = geo_distance_km(at[i], v->point[kind]);
            } else {
                (void)nearest_find(j->tree[kind], at[i], &km);
            }
            sum += km;
        }
        j->sum_km[k][kind] = sum;
    }
    return 0;
}

static int make_trees(struct job *j, struct err *e)
{
    int rc = -1;
    struct lonlat *at = malloc(j->c->n * sizeof *at);
    if (!at) {
        return err_nomem(e, "class points");
    }
    for (int kind = 0; kind < GRID_POINT_COUNT; kind++) {
        TRY(tree_of(j->c, (enum grid_point)kind, at, &j->tree[kind], e));
    }
out:
    free(at);
    return rc;
}

int grid_classes_floor(struct grid_classes *c, const struct places *p, const uint32_t *cell,
                       struct err *e)
{
    int rc = -1;
    struct job j = {.c = c, .sum_km = calloc(c->n + 1, sizeof *j.sum_km)};
    size_t n = 0;
    if (!j.sum_km) {
        return err_nomem(e, "class floors");
    }
    TRY(members_init(&j.m, p, cell, c->n, false, e));
    TRY(make_trees(&j, e));
    TRY(pool_for(pool_threads(0), c->n + 1, measure_cell, &j, e));
    n = j.m.start[c->n + 1];
    for (int kind = 0; kind < GRID_POINT_COUNT; kind++) {
        double sum = 0;
        for (size_t k = 0; k <= c->n; k++) {
            sum += j.sum_km[k][kind];
        }
        c->floor_km[kind] = n > 0 ? sum / (double)n : (double)NAN;
    }
out:
    for (int kind = 0; kind < GRID_POINT_COUNT; kind++) {
        nearest_free(j.tree[kind]);
    }
    free(j.sum_km);
    members_release(&j.m);
    return rc;
}
