/* SPDX-License-Identifier: MIT */
/*
 * gdje-eval: scores of a run, or of a file of predictions. What each metric is: metrics.h; what the
 * baselines are: truth.h. Slices carry their group in the metric's name:
 *
 *     near_0_1:mean_km       locations whose nearest train location is less than 1 km away
 *     class_17:median_km     locations of class 17
 *     region_Istria:n        locations of all classes that share this name
 *     bin_3:accuracy         guesses of confidence 0.3 to 0.4
 */
#ifndef PREDICT_EVAL_H
#define PREDICT_EVAL_H

#include <stdint.h>

#include "core/err.h"
#include "core/tool.h"
#include "predict/bootstrap.h"
#include "predict/scores.h"
#include "predict/truth.h"

struct eval_prefs {
    const char *run;         /* NULL: the only one */
    const char *predictions; /* CSV files instead of a run, with truth; train optional */
    const char *truth;
    const char *train;
    int64_t n_resamples, seed, n_threads;
};

#define EVAL_PREFS_DEFAULT             \
    {                                  \
        .n_resamples = 1000, .seed = 1 \
    }

/* The near_ slices: locations at least from_km and less than to_km from the nearest train one. */
struct near_band {
    const char *name;
    double from_km, to_km;
};
#define N_NEAR_BANDS 4
extern const struct near_band near_bands[N_NEAR_BANDS];

/* eval_scores - everything that can be said about t, which has its baselines. */
int eval_scores(const struct truth *t, const struct bootstrap_spec *spec, struct scores *s,
                struct err *e);

/* eval_run - the tool: reads, scores, prints TSV on stdout, stores a run's scores. */
int eval_run(const struct cli *cli, const struct eval_prefs *prefs, struct err *e);

#endif
