/* SPDX-License-Identifier: MIT */
/* Metrics of errors and of classifications; see metrics.h. Weights are whole numbers: how often a
 * bootstrap drew each location. */
#include "predict/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[METRIC_COUNT] = {
    "mean_km",     "p10_km",      "p25_km",      "median_km",     "p75_km",
    "p90_km",      "p95_km",      "p99_km",      "max_km",        "rmse_m",
    "share_1km",   "share_5km",   "share_10km",  "share_25km",    "share_50km",
    "share_100km", "share_200km", "score_world", "score_country",
};

static const struct {
    enum metric metric;
    double q;
} quantiles[] = {
    {METRIC_P10, 0.10}, {METRIC_P25, 0.25}, {METRIC_MEDIAN, 0.50}, {METRIC_P75, 0.75},
    {METRIC_P90, 0.90}, {METRIC_P95, 0.95}, {METRIC_P99, 0.99},    {METRIC_MAX, 1.0},
};

static const struct {
    enum metric metric;
    double km;
} shares[] = {
    {METRIC_SHARE_1, 1},   {METRIC_SHARE_5, 5},     {METRIC_SHARE_10, 10},   {METRIC_SHARE_25, 25},
    {METRIC_SHARE_50, 50}, {METRIC_SHARE_100, 100}, {METRIC_SHARE_200, 200},
};

#define N_QUANTILES (sizeof quantiles / sizeof quantiles[0])
#define N_SHARES    (sizeof shares / sizeof shares[0])

const char *metric_name(enum metric m)
{
    return names[m];
}

double quantile(const double *sorted, size_t n, double q)
{
    if (n == 0) {
        return (double)NAN;
    }
    double rank = q * (double)(n - 1);
    size_t i = (size_t)rank;
    if (i + 1 >= n) {
        return sorted[n - 1];
    }
    return sorted[i] + (rank - (double)i) * (sorted[i + 1] - sorted[i]);
}

struct keyed {
    double km;
    uint32_t from;
};

/* By error, then by index: the order does not depend on qsort. */
static int by_error(const void *a, const void *b)
{
    const struct keyed *x = a;
    const struct keyed *y = b;
    if (x->km < y->km || x->km > y->km) {
        return x->km < y->km ? -1 : 1;
    }
    return x->from < y->from ? -1 : x->from > y->from;
}

int errors_init(struct errors *s, const double *km, size_t n, double country_km, struct err *e)
{
    int rc = -1;
    struct errors r = {.n = n};
    size_t room = n ? n : 1;
    struct keyed *k = calloc(room, sizeof *k);
    r.km = calloc(room, sizeof *r.km);
    r.world = calloc(room, sizeof *r.world);
    r.land = calloc(room, sizeof *r.land);
    r.from = calloc(room, sizeof *r.from);
    if (!k || !r.km || !r.world || !r.land || !r.from) {
        rc = err_nomem(e, "errors");
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        k[i] = (struct keyed){km[i], (uint32_t)i};
    }
    qsort(k, n, sizeof *k, by_error);
    for (size_t i = 0; i < n; i++) {
        r.km[i] = k[i].km;
        r.from[i] = k[i].from;
        r.world[i] = SCORE_MAX * exp(-k[i].km / SCORE_WORLD_KM);
        r.land[i] = SCORE_MAX * exp(-10 * k[i].km / country_km);
    }
    *s = r;
    r = (struct errors){0};
    rc = 0;
out:
    free(k);
    errors_release(&r);
    return rc;
}

void errors_release(struct errors *s)
{
    free(s->km);
    free(s->world);
    free(s->land);
    free(s->from);
    *s = (struct errors){0};
}

static uint32_t times_of(const struct errors *s, const uint32_t *times, size_t i)
{
    return times ? times[s->from[i]] : 1;
}

/* Quantiles of the sequence in which value i stands times[i] times, without writing it out. */
static void weighted_quantiles(const struct errors *s, const uint32_t *times, uint64_t total,
                               double *out)
{
    size_t i = 0;
    uint64_t behind = times_of(s, times, 0); /* how many of the sequence end with value i */
    for (size_t k = 0; k < N_QUANTILES; k++) {
        double rank = quantiles[k].q * (double)(total - 1);
        uint64_t low = (uint64_t)rank;
        while (behind <= low) {
            behind += times_of(s, times, ++i);
        }
        size_t next = i;
        if (low + 1 < total && behind <= low + 1) {
            do {
                next++;
            } while (times_of(s, times, next) == 0);
        }
        out[quantiles[k].metric] = s->km[i] + (rank - (double)low) * (s->km[next] - s->km[i]);
    }
}

void errors_metrics(const struct errors *s, const uint32_t *times, double *out)
{
    uint64_t total = 0;
    uint64_t within[N_SHARES] = {0};
    double sum = 0, sum2 = 0, world = 0, land = 0;
    size_t band = 0;
    uint64_t seen = 0;
    for (size_t i = 0; i < s->n; i++) {
        double w = times_of(s, times, i);
        while (band < N_SHARES && s->km[i] > shares[band].km) {
            within[band++] = seen;
        }
        seen += times_of(s, times, i);
        sum += w * s->km[i];
        sum2 += w * s->km[i] * s->km[i];
        world += w * s->world[i];
        land += w * s->land[i];
    }
    while (band < N_SHARES) {
        within[band++] = seen;
    }
    total = seen;
    if (total == 0) {
        for (int m = 0; m < METRIC_COUNT; m++) {
            out[m] = (double)NAN;
        }
        return;
    }
    double n = (double)total;
    out[METRIC_MEAN] = sum / n;
    out[METRIC_RMSE] = 1000 * sqrt(sum2 / n);
    out[METRIC_WORLD] = world / n;
    out[METRIC_COUNTRY] = land / n;
    for (size_t k = 0; k < N_SHARES; k++) {
        out[shares[k].metric] = (double)within[k] / n;
    }
    weighted_quantiles(s, times, total, out);
}

const char *class_metric_name(enum class_metric m)
{
    static const char *const name[CLASS_METRIC_COUNT] = {"top1", "top5", "top10", "macro_f1"};
    return name[m];
}

void guess_metrics(const struct guess *g, size_t n, size_t n_classes, const uint32_t *times,
                   double *scratch, double *out)
{
    static const int32_t depth[] = {1, 5, 10};
    double *hit = scratch; /* [n_classes] each: right guesses, labels, guesses */
    double *label = scratch + n_classes;
    double *guessed = scratch + 2 * n_classes;
    double total = 0;
    double right[3] = {0};
    memset(scratch, 0, 3 * n_classes * sizeof *scratch);
    for (size_t i = 0; i < n; i++) {
        double w = times ? times[i] : 1;
        total += w;
        for (int k = 0; k < 3; k++) {
            right[k] += g[i].rank >= 0 && g[i].rank < depth[k] ? w : 0;
        }
        label[g[i].truth] += w;
        guessed[g[i].top] += w;
        hit[g[i].truth] += g[i].truth == g[i].top ? w : 0;
    }
    double f1 = 0;
    size_t n_seen = 0;
    for (size_t c = 0; c < n_classes; c++) {
        if (label[c] + guessed[c] > 0) {
            f1 += 2 * hit[c] / (label[c] + guessed[c]);
            n_seen++;
        }
    }
    out[CLASS_TOP1] = right[0] / total; /* 0 / 0 is the NAN that says "nothing to count" */
    out[CLASS_TOP5] = right[1] / total;
    out[CLASS_TOP10] = right[2] / total;
    out[CLASS_F1] = f1 / (double)n_seen;
}

double calibrate(const struct guess *g, size_t n, struct calibration_bin bin[CALIBRATION_BINS])
{
    double conf[CALIBRATION_BINS] = {0};
    double right[CALIBRATION_BINS] = {0};
    double ece = 0;
    memset(bin, 0, CALIBRATION_BINS * sizeof *bin);
    for (size_t i = 0; i < n; i++) {
        int b = (int)(g[i].confidence * CALIBRATION_BINS);
        b = b < 0 ? 0 : b >= CALIBRATION_BINS ? CALIBRATION_BINS - 1 : b;
        bin[b].n++;
        conf[b] += g[i].confidence;
        right[b] += g[i].truth == g[i].top;
    }
    for (int b = 0; b < CALIBRATION_BINS; b++) {
        bin[b].confidence = conf[b] / (double)bin[b].n;
        bin[b].accuracy = right[b] / (double)bin[b].n;
        ece += fabs(right[b] - conf[b]);
    }
    return ece / (double)n;
}

double bounds_diagonal_km(const struct lonlat *p, size_t n)
{
    struct lonlat sw = {(double)INFINITY, (double)INFINITY};
    struct lonlat ne = {-(double)INFINITY, -(double)INFINITY};
    for (size_t i = 0; i < n; i++) {
        sw = (struct lonlat){fmin(sw.lon, p[i].lon), fmin(sw.lat, p[i].lat)};
        ne = (struct lonlat){fmax(ne.lon, p[i].lon), fmax(ne.lat, p[i].lat)};
    }
    return n ? geo_distance_km(sw, ne) : 0;
}
