/* SPDX-License-Identifier: MIT */
/* Exact sums of pixel values. */
#include <math.h>

#include "prep/stats.h"

/* Pixels whose squares fit 32 bits in sum: 255^2 * 65,000 < 2^32. */
#define BLOCK 65000

__extension__ typedef unsigned __int128 u128;

void stats_merge(struct stats_sums sums[3], const struct stats_sums other[3])
{
    for (int c = 0; c < 3; c++) {
        struct stats_sums *s = &sums[c];
        const struct stats_sums *o = &other[c];
        if (o->n == 0) {
            continue;
        }
        s->min = s->n == 0 || o->min < s->min ? o->min : s->min;
        s->max = s->n == 0 || o->max > s->max ? o->max : s->max;
        s->n += o->n;
        s->sum += o->sum;
        s->squares += o->squares;
    }
}

void stats_add(struct stats_sums sums[3], const uint8_t *rgb, size_t n)
{
    while (n > 0) {
        size_t m = n < BLOCK ? n : BLOCK;
        uint32_t sum[3] = {0};
        uint32_t squares[3] = {0};
        uint8_t min[3] = {255, 255, 255};
        uint8_t max[3] = {0};
        for (size_t i = 0; i < m; i++) {
            for (int c = 0; c < 3; c++) {
                uint8_t v = *rgb++;
                sum[c] += v;
                squares[c] += (uint32_t)v * v;
                min[c] = v < min[c] ? v : min[c];
                max[c] = v > max[c] ? v : max[c];
            }
        }
        struct stats_sums block[3];
        for (int c = 0; c < 3; c++) {
            block[c] = (struct stats_sums){m, sum[c], squares[c], min[c], max[c]};
        }
        stats_merge(sums, block);
        n -= m;
    }
}

double stats_mean(const struct stats_sums *s)
{
    return (double)s->sum / (double)s->n / 255;
}

/* n sum x^2 - (sum x)^2 = n^2 variance, in integers: nothing is lost where the two are close. */
double stats_std(const struct stats_sums *s)
{
    u128 n2_variance = (u128)s->n * s->squares - (u128)s->sum * s->sum;
    return sqrt((double)n2_variance) / (double)s->n / 255;
}
