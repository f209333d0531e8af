/* SPDX-License-Identifier: MIT */
/*
 * Numbers from errors: what gdje-eval prints for every part and decoder.
 *
 * All of them come from great-circle errors in km over locations, never from means of batches.
 * Percentiles interpolate linearly between the two nearest ranks: the value at rank (n - 1) q / 100
 * of the sorted errors (Hyndman and Fan 1996, definition 7; NumPy's default).
 *
 * The GeoGuessr score of one guess is 5000 exp(-10 d / D) with D the diagonal of the map in km.
 * World scale: 5000 exp(-d / 1492.7), the constant that Haas et al. 2024 (PIGEON, CVPR) measured
 * with the world map. Country scale: D is the diagonal of the country's bounding box.
 */
#ifndef PREDICT_METRICS_H
#define PREDICT_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"

#define SCORE_MAX      5000.0
#define SCORE_WORLD_KM 1492.7

enum metric {
    METRIC_MEAN,
    METRIC_P10,
    METRIC_P25,
    METRIC_MEDIAN,
    METRIC_P75,
    METRIC_P90,
    METRIC_P95,
    METRIC_P99,
    METRIC_MAX,
    METRIC_RMSE, /* root of the mean squared error, metres */
    METRIC_SHARE_1,
    METRIC_SHARE_5,
    METRIC_SHARE_10,
    METRIC_SHARE_25,
    METRIC_SHARE_50,
    METRIC_SHARE_100,
    METRIC_SHARE_200,
    METRIC_WORLD,
    METRIC_COUNTRY,
    METRIC_COUNT
};

/* metric_name - "mean_km", "p10_km", "share_25km", "score_world": the catalog's names. Static. */
const char *metric_name(enum metric m);

/* quantile - at q in [0, 1] of n sorted values; NAN when n is 0. */
double quantile(const double *sorted, size_t n, double q);

/* Errors of one decoder in one part, sorted once and weighed many times. */
struct errors {
    size_t n;
    double *km;           /* [n] ascending, owned */
    double *world, *land; /* [n] scores of the same errors, owned */
    uint32_t *from;       /* [n] index before sorting, owned */
};

/* errors_init - from km [n], each finite and >= 0. country_km: the map's diagonal, > 0. */
int errors_init(struct errors *s, const double *km, size_t n, double country_km, struct err *e);
void errors_release(struct errors *s);

/*
 * errors_metrics - all metrics.
 *
 *   times  [n] how often each location counts, by its index before sorting; NULL: once each
 *   out    [METRIC_COUNT] f64 OUT; NAN when nothing counts
 * Threads: safe.
 */
void errors_metrics(const struct errors *s, const uint32_t *times, double *out);

/* What a classifier said of one location that has a label. */
struct guess {
    int32_t truth, top; /* class numbers: the label, the most probable */
    int32_t rank;       /* of the label among the most probable: 0 first; -1: not among them */
    double confidence;  /* probability of top */
};

enum class_metric { CLASS_TOP1, CLASS_TOP5, CLASS_TOP10, CLASS_F1, CLASS_METRIC_COUNT };

/* class_metric_name - "top1", "top5", "top10", "macro_f1". Static. */
const char *class_metric_name(enum class_metric m);

/*
 * guess_metrics - accuracies and macro F1 (mean over the classes that are a label or a guess).
 *
 *   times    as above, for guess i
 *   scratch  [3 * n_classes] f64, overwritten
 *   out      [CLASS_METRIC_COUNT] f64 OUT
 */
void guess_metrics(const struct guess *g, size_t n, size_t n_classes, const uint32_t *times,
                   double *scratch, double *out);

#define CALIBRATION_BINS 10

struct calibration_bin {
    size_t n;
    double confidence, accuracy; /* means; NAN when empty */
};

/* calibrate - bins of equal width in confidence; returns the expected calibration error, the mean
 * of |accuracy - confidence| over guesses (Guo et al. 2017, eq. 3). NAN when n is 0. */
double calibrate(const struct guess *g, size_t n, struct calibration_bin bin[CALIBRATION_BINS]);

/* bounds_diagonal_km - of the bounding box of n places: from its south-west to its north-east. */
double bounds_diagonal_km(const struct lonlat *p, size_t n);

#endif
