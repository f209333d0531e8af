/* SPDX-License-Identifier: MIT */
/*
 * 95 % intervals by the percentile bootstrap over locations (Efron 1979): every resample draws n
 * of n locations with replacement, the interval is the 2.5 and 97.5 percentile of the metric over
 * the resamples. All decoders of a part see the same resamples, so their differences are paired.
 *
 * Repeat: the same bits for the same errors and seed, for any number of threads.
 */
#ifndef PREDICT_BOOTSTRAP_H
#define PREDICT_BOOTSTRAP_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "predict/metrics.h"

struct interval {
    double low, high; /* NAN when unknown */
};

struct bootstrap_spec {
    size_t n_resamples;
    uint64_t seed;
    int n_threads;
};

/*
 * bootstrap_errors - intervals of every metric for n_sets sets of errors over the same locations.
 *
 *   set  [n_sets]                each of the same n
 *   out  [n_sets * METRIC_COUNT] struct interval OUT
 */
int bootstrap_errors(const struct bootstrap_spec *spec, const struct errors *set, size_t n_sets,
                     struct interval *out, struct err *e);

/* bootstrap_guesses - the same for accuracies and F1: out [CLASS_METRIC_COUNT]. */
int bootstrap_guesses(const struct bootstrap_spec *spec, const struct guess *g, size_t n,
                      size_t n_classes, struct interval *out, struct err *e);

#endif
