/* SPDX-License-Identifier: MIT */
/* Views, probabilities and places: see place.h. */
#include "train/nn/place.h"

#include <math.h>
#include <string.h>

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

struct xy place_scaled(const float out[2], struct bbox scale)
{
    const double x = fmin(fmax((double)out[0], -1), 2);
    const double y = fmin(fmax((double)out[1], -1), 2);
    return (struct xy){scale.min_x + x * (scale.max_x - scale.min_x),
                       scale.min_y + y * (scale.max_y - scale.min_y)};
}
