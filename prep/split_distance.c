/* SPDX-License-Identifier: MIT */
#include "prep/split_distance.h"

#include <math.h>
#include <stdlib.h>

#include "core/nearest.h"
#include "core/sig.h"

#define SIG_EVERY 4096

const struct split_distance split_no_distance = {0, NAN, NAN, NAN, NAN, NAN, NAN};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Linear between order statistics, as NumPy's default. v sorted, n >= 1. */
static double quantile(const double *v, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t i = (size_t)at;
    return i + 1 < n ? v[i] + (at - (double)i) * (v[i + 1] - v[i]) : v[n - 1];
}

static double share_within(const double *v, size_t n, double km)
{
    size_t k = 0;
    while (k < n && v[k] <= km) {
        k++;
    }
    return (double)k / (double)n;
}

static void summarise(double *km, size_t n, struct split_distance *d)
{
    qsort(km, n, sizeof *km, by_value);
    *d = (struct split_distance){.n = n,
                                 .p10_km = quantile(km, n, 0.1),
                                 .p50_km = quantile(km, n, 0.5),
                                 .p90_km = quantile(km, n, 0.9),
                                 .share_50m = share_within(km, n, 0.05),
                                 .share_1km = share_within(km, n, 1),
                                 .share_5km = share_within(km, n, 5)};
}

/* From each item of a part to the nearest of the tree's places; km[n] is scratch. */
static int measure(const struct split_item *item, size_t n, int part, const struct nearest *tree,
                   double *km, struct split_distance *d, struct err *e)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (i % SIG_EVERY == 0 && sig_check(e) != 0) {
            return -1;
        }
        if (item[i].part == part) {
            (void)nearest_find(tree, item[i].at, &km[k++]);
        }
    }
    if (k > 0) {
        summarise(km, k, d);
    }
    return 0;
}

int split_distances(const struct split_item *item, size_t n, const struct split_parts *parts,
                    struct split_distance *out, struct err *e)
{
    int rc = -1;
    struct nearest *tree = NULL;
    double *km = malloc((n + 1) * sizeof *km);
    if (!km) {
        return err_nomem(e, "distances");
    }
    for (int part = 0; part < parts->n; part++) {
        out[part] = split_no_distance;
        if (part == parts->train) {
            continue;
        }
        if (!tree) {
            TRY(split_tree(item, n, parts->train, part, &tree, e));
        }
        if (tree) {
            TRY(measure(item, n, part, tree, km, &out[part], e));
        }
        if (parts->train < 0) { /* without one, each part has its own others */
            nearest_free(tree);
            tree = NULL;
        }
    }
    rc = 0;
out:
    nearest_free(tree);
    free(km);
    return rc;
}
