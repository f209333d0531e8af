/* SPDX-License-Identifier: MIT */
/* Schedulers: see schedule.h. */
#include "train/schedule.h"

#include <math.h>

#include "core/geo.h"

#define THRESHOLD 1e-4 /* relative improvement that counts */
#define EPS       1e-8 /* smaller reductions are not made */

void plateau_init(struct plateau *p, double factor, int64_t patience, double min_lr)
{
    *p = (struct plateau){
        .factor = factor, .patience = patience, .min_lr = min_lr, .best = INFINITY};
}

bool plateau_step(struct plateau *p, double metric, double *lr, int n)
{
    if (metric < p->best * (1 - THRESHOLD)) {
        p->best = metric;
        p->n_bad = 0;
    } else {
        p->n_bad++;
    }
    if (p->n_bad <= p->patience) {
        return false;
    }
    p->n_bad = 0;
    for (int i = 0; i < n; i++) {
        const double lower = fmax(lr[i] * p->factor, p->min_lr);
        if (lr[i] - lower > EPS) {
            lr[i] = lower;
        }
    }
    return true;
}

double cosine_factor(int64_t step, int64_t n_warmup, int64_t n_steps)
{
    if (step < n_warmup) {
        return (double)(step + 1) / (double)n_warmup;
    }
    const double done = (double)(step - n_warmup) / (double)(n_steps - n_warmup);
    return 0.5 * (1 + cos(GEO_PI * done));
}
