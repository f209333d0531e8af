/* SPDX-License-Identifier: MIT */
/* Views, probabilities and places: see place.h. */
#include "train/nn/place.h"

#include <math.h>
#include <string.h>

#define MEDIAN_STEPS  200
#define MEDIAN_END_KM 1e-3

void place_fill_views(uint8_t *record, uint32_t mask, int n_views, size_t view_bytes)
{
    for (int v = 0; v < n_views; v++) {
        if (mask >> v & 1u) {
            continue;
        }
        for (int k = 1; k < n_views; k++) {
            const int from = (v + k) % n_views;
            if (mask >> from & 1u) {
                memcpy(record + (size_t)v * view_bytes, record + (size_t)from * view_bytes,
                       view_bytes);
                break;
            }
        }
    }
}

void place_softmax(const float *logit, size_t n, double *p)
{
    double max = (double)logit[0];
    double sum = 0;
    for (size_t i = 1; i < n; i++) {
        max = fmax(max, (double)logit[i]);
    }
    for (size_t i = 0; i < n; i++) {
        p[i] = exp((double)logit[i] - max);
        sum += p[i];
    }
    for (size_t i = 0; i < n; i++) {
        p[i] /= sum;
    }
}

struct lonlat place_mean(const struct lonlat *point, const double *p, size_t n)
{
    const struct lonlat mean = geo_mean(point, p, n);
    size_t best = 0;
    if (isfinite(mean.lon) && isfinite(mean.lat)) {
        return mean;
    }
    for (size_t i = 1; p && i < n; i++) {
        best = p[i] > p[best] ? i : best;
    }
    return point[best];
}

/* Initial bearing of the great circle from a to b, radians. */
static double bearing(struct lonlat a, struct lonlat b)
{
    const double rad = GEO_PI / 180;
    const double d_lon = (b.lon - a.lon) * rad;
    return atan2(sin(d_lon) * cos(b.lat * rad),
                 cos(a.lat * rad) * sin(b.lat * rad) -
                     sin(a.lat * rad) * cos(b.lat * rad) * cos(d_lon));
}

/* One step: the mean of the tangent vectors to the points, weighted by weight / distance. A point
 * that m stands on has no direction; its weight holds m back (Vardi and Zhang 2000, PNAS 97,
 * eq. 2.6), so that m stays where the median is a point. Returns the length of the step. */
static double median_step(struct lonlat *m, const struct lonlat *point, const double *weight,
                          size_t n)
{
    double east = 0;
    double north = 0;
    double sum = 0;
    double here = 0;
    for (size_t i = 0; i < n; i++) {
        const double w = weight ? weight[i] : 1;
        const double d = geo_distance_km(*m, point[i]);
        if (d <= MEDIAN_END_KM / 10) {
            here += w;
        } else if (w > 0) {
            const double angle = bearing(*m, point[i]);
            east += w * sin(angle);
            north += w * cos(angle);
            sum += w / d;
        }
    }
    const double pull = hypot(east, north) - here;
    const double step = sum > 0 && pull > 0 ? pull / sum : 0;
    if (step > 0) {
        *m = geo_offset(*m, atan2(east, north) * 180 / GEO_PI, step);
    }
    return step;
}

struct lonlat place_median(const struct lonlat *point, const double *weight, size_t n)
{
    struct lonlat m = place_mean(point, weight, n);
    for (int i = 0; i < MEDIAN_STEPS; i++) {
        if (median_step(&m, point, weight, n) < MEDIAN_END_KM) {
            break;
        }
    }
    return m;
}

struct xy place_scaled(const float out[2], struct bbox scale)
{
    const double x = fmin(fmax((double)out[0], -1), 2);
    const double y = fmin(fmax((double)out[1], -1), 2);
    return (struct xy){scale.min_x + x * (scale.max_x - scale.min_x),
                       scale.min_y + y * (scale.max_y - scale.min_y)};
}
