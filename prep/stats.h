/* SPDX-License-Identifier: MIT */
/*
 * gdje-stats: mean, standard deviation, smallest and largest value of each colour channel over the
 * train part's pictures at the size a network will see them. Values are those of 0..255 divided by
 * 255; the deviation is of all values (not estimated from a sample: divisor n).
 *
 * Sums of 8-bit values and of their squares are integers, so they are kept as such: exact, in any
 * order, on any number of threads.
 */
#ifndef PREP_STATS_H
#define PREP_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/tool.h"

struct stats_prefs {
    const char *split;
    int64_t size_px;
    int64_t threads; /* 0: all cores */
};

#define STATS_PREFS_DEFAULT                \
    {                                      \
        .split = "default", .size_px = 224 \
    }

/* Sums over one channel. 2^64 holds the squares of 2.8e14 values: five billion pictures of 224 px. */
struct stats_sums {
    uint64_t n, sum, squares;
    uint8_t min, max;
};

/* stats_add - n pixels [n, 3] u8 into the sums of R, G, B (zeroed before the first). */
void stats_add(struct stats_sums sums[3], const uint8_t *rgb, size_t n);
void stats_merge(struct stats_sums sums[3], const struct stats_sums other[3]);

/* stats_mean, stats_std - of value / 255; n >= 1. */
double stats_mean(const struct stats_sums *s);
double stats_std(const struct stats_sums *s);

/* stats_run - the tool: prints what it stores as TSV. */
int stats_run(const struct cli *cli, const struct stats_prefs *prefs, struct err *e);

#endif
