/* SPDX-License-Identifier: MIT */
/*
 * A balanced k-d tree without pointers: the nodes of a range lie in an array, the one in its middle
 * splits the others, to its left what is lower on the node's axis (ties by index), to its right what
 * is higher. Ranges of a few nodes are searched one by one. Bentley 1975 (CACM 18(9)).
 */
#include "core/nearest.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define LEAF 8

struct node {
    double v[3]; /* unit vector */
    uint32_t index;
    uint32_t axis; /* that this node splits its range on */
};

struct nearest {
    struct node *node; /* [n] owned */
    size_t n;
    struct lonlat *place; /* [n] owned, in the caller's order */
};

struct search {
    double v[3];
    double best2; /* squared chord */
    size_t best;
};

static void unit_vector(struct lonlat p, double v[3])
{
    const double rad = GEO_PI / 180;
    v[0] = cos(p.lat * rad) * cos(p.lon * rad);
    v[1] = cos(p.lat * rad) * sin(p.lon * rad);
    v[2] = sin(p.lat * rad);
}

static bool before(const struct node *a, const struct node *b, uint32_t axis)
{
    if (a->v[axis] != b->v[axis]) {
        return a->v[axis] < b->v[axis];
    }
    return a->index < b->index;
}

static void swap(struct node *a, struct node *b)
{
    struct node t = *a;
    *a = *b;
    *b = t;
}

/* The axis on which node[lo, hi) is widest. */
static uint32_t widest(const struct node *node, size_t lo, size_t hi)
{
    uint32_t axis = 0;
    double best = -1;
    for (uint32_t a = 0; a < 3; a++) {
        double min = node[lo].v[a];
        double max = min;
        for (size_t i = lo + 1; i < hi; i++) {
            min = node[i].v[a] < min ? node[i].v[a] : min;
            max = node[i].v[a] > max ? node[i].v[a] : max;
        }
        if (max - min > best) {
            best = max - min;
            axis = a;
        }
    }
    return axis;
}

/* Quickselect with the median of three: node[k] gets what would be there if [lo, hi) were sorted. */
static void select_kth(struct node *node, size_t lo, size_t hi, size_t k, uint32_t axis)
{
    while (hi - lo > 1) {
        struct node *first = &node[lo];
        struct node *mid = &node[lo + (hi - lo) / 2];
        struct node *last = &node[hi - 1];
        struct node *small = before(mid, first, axis) ? mid : first;
        struct node *large = small == mid ? first : mid;
        struct node *pivot = before(last, small, axis)   ? small
                             : before(large, last, axis) ? large
                                                         : last;
        size_t at = lo;
        swap(pivot, last);
        for (size_t i = lo; i + 1 < hi; i++) {
            if (before(&node[i], last, axis)) {
                swap(&node[i], &node[at++]);
            }
        }
        swap(&node[at], last);
        if (at == k) {
            return;
        }
        if (at < k) {
            lo = at + 1;
        } else {
            hi = at;
        }
    }
}

static void build(struct node *node, size_t lo, size_t hi)
{
    while (hi - lo > LEAF) {
        size_t mid = lo + (hi - lo) / 2;
        uint32_t axis = widest(node, lo, hi);
        select_kth(node, lo, hi, mid, axis);
        node[mid].axis = axis;
        build(node, lo, mid);
        lo = mid + 1;
    }
}

int nearest_new(const struct lonlat *p, size_t n, struct nearest **out, struct err *e)
{
    if (n == 0 || n > UINT32_MAX) {
        return err_set(e, ERR_INPUT, "cannot search the nearest of %zu places", n);
    }
    struct nearest *t = calloc(1, sizeof *t);
    if (!t || !(t->node = malloc(n * sizeof *t->node)) ||
        !(t->place = malloc(n * sizeof *t->place))) {
        nearest_free(t);
        return err_nomem(e, "a search tree");
    }
    t->n = n;
    for (size_t i = 0; i < n; i++) {
        t->place[i] = p[i];
        t->node[i] = (struct node){.index = (uint32_t)i};
        unit_vector(p[i], t->node[i].v);
    }
    build(t->node, 0, n);
    *out = t;
    return 0;
}

void nearest_free(struct nearest *t)
{
    if (t) {
        free(t->node);
        free(t->place);
        free(t);
    }
}

static void look(struct search *s, const struct node *node)
{
    double dx = node->v[0] - s->v[0];
    double dy = node->v[1] - s->v[1];
    double dz = node->v[2] - s->v[2];
    double d2 = dx * dx + dy * dy + dz * dz;
    if (d2 < s->best2 || (d2 == s->best2 && node->index < s->best)) {
        s->best2 = d2;
        s->best = node->index;
    }
}

static void descend(struct search *s, const struct node *node, size_t lo, size_t hi)
{
    while (hi - lo > LEAF) {
        size_t mid = lo + (hi - lo) / 2;
        double gap = s->v[node[mid].axis] - node[mid].v[node[mid].axis];
        look(s, &node[mid]);
        if (gap < 0) {
            descend(s, node, lo, mid);
        } else {
            descend(s, node, mid + 1, hi);
        }
        if (gap * gap > s->best2) {
            return;
        }
        if (gap < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    for (size_t i = lo; i < hi; i++) {
        look(s, &node[i]);
    }
}

size_t nearest_find(const struct nearest *t, struct lonlat q, double *km)
{
    struct search s = {.best2 = INFINITY, .best = SIZE_MAX};
    unit_vector(q, s.v);
    descend(&s, t->node, 0, t->n);
    if (km) {
        *km = geo_distance_km(q, t->place[s.best]);
    }
    return s.best;
}
