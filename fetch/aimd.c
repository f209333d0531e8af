/* SPDX-License-Identifier: MIT */
/* Latency holds while its moving mean is below twice the best seen. The best is forgotten slowly, so
 * that a service that has become slower for everybody is not held to its past. */
#include "fetch/aimd.h"

#define MEAN_WEIGHT 0.1
#define FORGET      1.001
#define HOLDS       2.0

void aimd_init(struct aimd *a, int max)
{
    *a = (struct aimd){.size = max < AIMD_FIRST ? max : AIMD_FIRST, .max = max, .halved_s = -1e300};
}

int aimd_window(const struct aimd *a)
{
    return (int)a->size;
}

static bool holds(struct aimd *a, enum aimd_kind kind, double latency_s)
{
    double *best_s = &a->best_s[kind];
    double *mean_s = &a->mean_s[kind];
    if (*best_s == 0) {
        *best_s = *mean_s = latency_s;
    }
    *best_s = latency_s < *best_s ? latency_s : *best_s * FORGET;
    *mean_s += MEAN_WEIGHT * (latency_s - *mean_s);
    return *mean_s <= AIMD_FAST_S || *mean_s <= HOLDS * *best_s;
}

void aimd_good(struct aimd *a, enum aimd_kind kind, double sent_s, double now_s)
{
    if (holds(a, kind, now_s - sent_s)) {
        a->size += a->cautious ? 1 / a->size : 1;
        a->size = a->size < a->max ? a->size : a->max;
    }
}

void aimd_bad(struct aimd *a, double sent_s, double now_s)
{
    if (sent_s >= a->halved_s) {
        a->size = a->size > 2 ? a->size / 2 : 1;
        a->halved_s = now_s;
        a->cautious = true;
    }
}
