/* SPDX-License-Identifier: MIT */
#include "prep/split_exact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/sig.h"

#define ROUNDING 1e-9 /* of a quota that is an integer but for floating point */

struct group {
    const uint8_t *key;        /* view of an item */
    struct split_item **first; /* [n] view of the sorted items */
    size_t n;
    int64_t stratum;
};

/* Where the deal of one stratum stands. */
struct deal {
    const struct split_parts *parts;
    double carry[SPLIT_MAX_PARTS]; /* what rounding has kept from each part so far */
    double worst;
};

static int by_key_then_id(const void *a, const void *b)
{
    const struct split_item *const *p = a;
    const struct split_item *const *q = b;
    int order = memcmp((*p)->key, (*q)->key, SPLIT_KEY_SIZE);
    return order != 0 ? order : ((*p)->id > (*q)->id) - ((*p)->id < (*q)->id);
}

static int by_stratum_size_key(const void *a, const void *b)
{
    const struct group *p = a;
    const struct group *q = b;
    if (p->stratum != q->stratum) {
        return p->stratum < q->stratum ? -1 : 1;
    }
    if (p->n != q->n) {
        return p->n > q->n ? -1 : 1;
    }
    return memcmp(p->key, q->key, SPLIT_KEY_SIZE);
}

/* out[n_parts]: total cut in proportion to weight, each quota rounded down or up; those that were
 * owed most are rounded up. carry is brought up to date. */
static void apportion(size_t total, const double *weight, int n_parts, double *carry, size_t *out)
{
    double quota[SPLIT_MAX_PARTS] = {0};
    double owed[SPLIT_MAX_PARTS] = {0};
    double sum = 0;
    size_t given = 0;
    for (int i = 0; i < n_parts; i++) {
        sum += weight[i];
    }
    for (int i = 0; i < n_parts; i++) {
        quota[i] = sum > 0 ? (double)total * weight[i] / sum : 0;
        out[i] = (size_t)(quota[i] + ROUNDING);
        double rest = quota[i] - (double)out[i];
        owed[i] = rest > ROUNDING ? rest + carry[i] : (double)-INFINITY; /* nothing to round up */
        given += out[i];
    }
    for (; given < total; given++) {
        int most = 0;
        for (int i = 1; i < n_parts; i++) {
            most = owed[i] > owed[most] + ROUNDING ? i : most;
        }
        out[most]++;
        owed[most] = -INFINITY; /* at most one more than its quota */
    }
    for (int i = 0; i < n_parts; i++) {
        carry[i] += quota[i] - (double)out[i];
    }
}

static void give(const struct group *g, int part, double *room)
{
    for (size_t i = 0; i < g->n; i++) {
        g->first[i]->part = (uint8_t)part;
    }
    room[part] -= (double)g->n;
}

/* Groups of several locations, largest first; returns how many groups that were. */
static size_t deal_groups(const struct split_parts *parts, const struct group *g, size_t n,
                          double *room)
{
    size_t k = 0;
    for (; k < n && g[k].n > 1; k++) {
        int part = split_hash_part(g[k].key, parts);
        if (room[part] < (double)g[k].n) {
            for (int i = 0; i < parts->n; i++) {
                part = room[i] > room[part] ? i : part;
            }
        }
        give(&g[k], part, room);
    }
    return k;
}

/* Single locations, in the order of their keys, into what room there is. */
static void deal_singles(const struct split_parts *parts, const struct group *g, size_t n,
                         double *room)
{
    size_t quota[SPLIT_MAX_PARTS] = {0};
    double free_room[SPLIT_MAX_PARTS] = {0};
    double no_carry[SPLIT_MAX_PARTS] = {0};
    size_t k = 0;
    for (int i = 0; i < parts->n; i++) {
        free_room[i] = fmax(room[i], 0);
    }
    apportion(n, free_room, parts->n, no_carry, quota);
    for (int i = 0; i < parts->n; i++) {
        for (size_t left = quota[i]; left > 0 && k < n; left--) {
            give(&g[k++], i, room);
        }
    }
}

static void deal_stratum(struct deal *d, const struct group *g, size_t n)
{
    size_t total = 0;
    size_t target[SPLIT_MAX_PARTS] = {0};
    double room[SPLIT_MAX_PARTS];
    for (size_t i = 0; i < n; i++) {
        total += g[i].n;
    }
    apportion(total, d->parts->share, d->parts->n, d->carry, target);
    for (int i = 0; i < d->parts->n; i++) {
        room[i] = (double)target[i];
    }
    size_t n_groups = deal_groups(d->parts, g, n, room);
    deal_singles(d->parts, g + n_groups, n - n_groups, room);
    for (int i = 0; i < d->parts->n; i++) {
        double quota = (double)total * d->parts->share[i];
        d->worst = fmax(d->worst, fabs((double)target[i] - room[i] - quota));
    }
}

/* sorted[n] by key: runs of one key become groups; returns how many. */
static size_t find_groups(struct split_item **sorted, size_t n, struct group *group)
{
    size_t n_groups = 0;
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && memcmp(sorted[i]->key, sorted[i - 1]->key, SPLIT_KEY_SIZE) == 0) {
            group[n_groups - 1].n++;
        } else {
            group[n_groups++] = (struct group){
                .key = sorted[i]->key, .first = &sorted[i], .n = 1, .stratum = sorted[i]->stratum};
        }
    }
    return n_groups;
}

int split_exact(struct split_item *item, size_t n, const struct split_parts *parts, double *worst,
                struct err *e)
{
    int rc = -1;
    struct deal d = {.parts = parts};
    struct split_item **sorted = malloc((n + 1) * sizeof(struct split_item *));
    struct group *group = malloc((n + 1) * sizeof *group);
    if (!sorted || !group) {
        rc = err_nomem(e, "groups");
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        sorted[i] = &item[i];
    }
    qsort(sorted, n, sizeof(struct split_item *), by_key_then_id);
    size_t n_groups = find_groups(sorted, n, group);
    qsort(group, n_groups, sizeof *group, by_stratum_size_key);
    for (size_t first = 0, end = 0; first < n_groups; first = end) {
        while (end < n_groups && group[end].stratum == group[first].stratum) {
            end++;
        }
        TRY(sig_check(e));
        deal_stratum(&d, group + first, end - first);
    }
    *worst = d.worst;
    rc = 0;
out:
    free(sorted);
    free(group);
    return rc;
}
