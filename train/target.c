/* SPDX-License-Identifier: MIT */
/* Targets of classification: see target.h. */
#include "train/target.h"

#include <math.h>
#include <string.h>

static void one_hot(int64_t n, int64_t label, float *row)
{
    memset(row, 0, (size_t)n * sizeof *row);
    row[label] = 1;
}

/* Distances are held in the row itself; its f32 is good to metres. */
static void by_distance(const struct target_spec *t, struct lonlat truth, float *row)
{
    double least = INFINITY;
    double sum = 0;
    for (int64_t k = 0; k < t->n_classes; k++) {
        const double d = geo_distance_km(truth, t->point[k]);
        row[k] = (float)d;
        least = fmin(least, d);
    }
    for (int64_t k = 0; k < t->n_classes; k++) {
        const double w = exp(-((double)row[k] - least) / t->smooth_km);
        row[k] = (float)w;
        sum += w;
    }
    for (int64_t k = 0; k < t->n_classes; k++) {
        row[k] = (float)((double)row[k] / sum);
    }
}

void target_class(const struct target_spec *t, int64_t label, struct lonlat truth, float *row)
{
    if (t->smooth_km > 0) {
        by_distance(t, truth, row);
    } else {
        one_hot(t->n_classes, label, row);
    }
    const double even = t->label_smoothing / (double)t->n_classes;
    for (int64_t k = 0; t->label_smoothing > 0 && k < t->n_classes; k++) {
        row[k] = (float)((1 - t->label_smoothing) * (double)row[k] + even);
    }
}
