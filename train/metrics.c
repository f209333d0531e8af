/* SPDX-License-Identifier: MIT */
/* Counting: see metrics.h. */
#include "train/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int metrics_new(struct metrics *m, int64_t n_classes, struct err *e)
{
    *m = (struct metrics){.n_classes = n_classes};
    m->hit = calloc((size_t)n_classes * 3 + 1, sizeof *m->hit);
    if (!m->hit) {
        return err_nomem(e, "counts per class");
    }
    m->truth = m->hit + n_classes;
    m->guess = m->truth + n_classes;
    return 0;
}

void metrics_release(struct metrics *m)
{
    free(m->hit);
    *m = (struct metrics){0};
}

void metrics_reset(struct metrics *m)
{
    m->loss_sum = m->km_sum = 0;
    m->n_loss = m->n_km = m->n_right = m->n_labelled = 0;
    memset(m->hit, 0, (size_t)m->n_classes * 3 * sizeof *m->hit);
}

void metrics_add_loss(struct metrics *m, double loss)
{
    m->loss_sum += loss;
    m->n_loss++;
}

void metrics_add_class(struct metrics *m, int64_t label, int64_t guess)
{
    m->n_labelled++;
    m->n_right += label == guess;
    m->hit[label] += label == guess;
    m->truth[label]++;
    m->guess[guess]++;
}

void metrics_add_km(struct metrics *m, double km)
{
    m->km_sum += km;
    m->n_km++;
}

static double mean(double sum, int64_t n)
{
    return n > 0 ? sum / (double)n : (double)NAN;
}

double metrics_loss(const struct metrics *m)
{
    return mean(m->loss_sum, m->n_loss);
}

double metrics_km(const struct metrics *m)
{
    return mean(m->km_sum, m->n_km);
}

double metrics_accuracy(const struct metrics *m)
{
    return mean((double)m->n_right, m->n_labelled);
}

double metrics_f1(const struct metrics *m)
{
    double sum = 0;
    int64_t n = 0;
    for (int64_t k = 0; k < m->n_classes; k++) {
        const int64_t both = m->truth[k] + m->guess[k];
        if (both > 0) {
            sum += 2 * (double)m->hit[k] / (double)both;
            n++;
        }
    }
    return mean(sum, n);
}
