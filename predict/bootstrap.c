/* SPDX-License-Identifier: MIT */
/* Resampling, one resample per item of a thread pool; see bootstrap.h. A resample is the count of
 * how often each location was drawn: metrics take counts, nothing is copied or sorted again. */
#include "predict/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/pool.h"
#include "core/rng.h"

struct job {
    const struct bootstrap_spec *spec;
    size_t n, n_metrics; /* locations; numbers per resample */
    uint32_t *times;     /* [n_threads, n] scratch */
    double *value;       /* [n_resamples, n_metrics] */
    uint64_t stream;
    /* one of the two */
    const struct errors *set;
    size_t n_sets;
    const struct guess *guess;
    size_t n_classes;
    double *scratch; /* [n_threads, 3 * n_classes] */
};

static int resample(void *ctx, size_t i, int worker, struct err *e)
{
    const struct job *j = ctx;
    uint32_t *times = j->times + (size_t)worker * j->n;
    double *value = j->value + i * j->n_metrics;
    (void)e;
    memset(times, 0, j->n * sizeof *times);
    for (size_t k = 0; k < j->n; k++) {
        times[rng_below(j->spec->seed, j->stream, i * j->n + k, j->n)]++;
    }
    for (size_t s = 0; s < j->n_sets; s++) {
        errors_metrics(&j->set[s], times, value + s * METRIC_COUNT);
    }
    if (j->guess) {
        guess_metrics(j->guess, j->n, j->n_classes, times,
                      j->scratch + (size_t)worker * 3 * j->n_classes, value);
    }
    return 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static int run(struct job *j, struct interval *out, struct err *e)
{
    int rc = -1;
    size_t n_threads = (size_t)j->spec->n_threads;
    size_t n_resamples = j->spec->n_resamples;
    double *column = calloc(n_resamples ? n_resamples : 1, sizeof *column);
    j->times = calloc(n_threads * j->n + 1, sizeof *j->times);
    j->value = calloc(n_resamples * j->n_metrics + 1, sizeof *j->value);
    j->scratch = calloc(n_threads * 3 * j->n_classes + 1, sizeof *j->scratch);
    if (!column || !j->times || !j->value || !j->scratch) {
        rc = err_nomem(e, "the bootstrap");
        goto out;
    }
    TRY(pool_for(j->spec->n_threads, j->n ? n_resamples : 0, resample, j, e));
    for (size_t m = 0; m < j->n_metrics; m++) {
        for (size_t i = 0; i < n_resamples; i++) {
            column[i] = j->value[i * j->n_metrics + m];
        }
        qsort(column, n_resamples, sizeof *column, by_value);
        size_t known = j->n ? n_resamples : 0;
        out[m] = (struct interval){quantile(column, known, 0.025), quantile(column, known, 0.975)};
    }
    rc = 0;
out:
    free(column);
    free(j->times);
    free(j->value);
    free(j->scratch);
    return rc;
}

int bootstrap_errors(const struct bootstrap_spec *spec, const struct errors *set, size_t n_sets,
                     struct interval *out, struct err *e)
{
    struct job j = {.spec = spec,
                    .n = n_sets ? set[0].n : 0,
                    .n_metrics = n_sets * METRIC_COUNT,
                    .stream = rng_stream("bootstrap"),
                    .set = set,
                    .n_sets = n_sets};
    return run(&j, out, e);
}

int bootstrap_guesses(const struct bootstrap_spec *spec, const struct guess *g, size_t n,
                      size_t n_classes, struct interval *out, struct err *e)
{
    struct job j = {.spec = spec,
                    .n = n,
                    .n_metrics = CLASS_METRIC_COUNT,
                    .stream = rng_stream("bootstrap.guesses"),
                    .guess = g,
                    .n_classes = n_classes};
    return run(&j, out, e);
}
