/* SPDX-License-Identifier: MIT */
/* Channel statistics against NumPy (tests/reference/make_image.py) and in the extremes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "core/csv.h"
#include "core/file.h"
#include "core/parse.h"
#include "prep/stats.h"

#define DATA "tests/data/image/"

static double number(const struct csv *c, const char *column)
{
    struct err e = {0};
    double v = NAN;
    assert_int_equal(parse_f64(csv_field(c, csv_column(c, column)), -1e9, 1e9, &v, &e), 0);
    return v;
}

static void test_numpy(void **state)
{
    (void)state;
    static const char *const name[] = {"plain", "full", "grey", "cmyk", "progressive"};
    struct err e = {0};
    struct stats_sums sums[3] = {{0}};
    struct stats_sums parts[5][3] = {{{0}}};
    uint8_t *data = NULL;
    size_t n = 0;
    struct csv c;
    bool row = false;
    for (int i = 0; i < 5; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, DATA "%s.rgb", name[i]);
        assert_int_equal(file_read(path, 1 << 20, &data, &n, &e), 0);
        stats_add(sums, data + 4, (n - 4) / 3);
        stats_add(parts[i], data + 4, (n - 4) / 3);
        free(data);
    }
    /* any order of merging gives the same bits */
    struct stats_sums merged[3] = {{0}};
    for (int i = 4; i >= 0; i--) {
        stats_merge(merged, parts[i]);
    }
    assert_memory_equal(&merged[1].squares, &sums[1].squares, sizeof sums[1].squares);
    assert_int_equal(file_read(DATA "stats.tsv", 1 << 20, &data, &n, &e), 0);
    assert_int_equal(csv_init(&c, "stats.tsv", (char *)data, n, &e), 0);
    for (int ch = 0; ch < 3; ch++) {
        assert_int_equal(csv_next(&c, &row, &e), 0);
        assert_true(row);
        assert_int_equal(sums[ch].n, 5 * 35 * 22);
        assert_true(fabs(stats_mean(&sums[ch]) - number(&c, "mean")) < 1e-12);
        assert_true(fabs(stats_std(&sums[ch]) - number(&c, "std")) < 1e-12);
        assert_true(fabs(sums[ch].min / 255.0 - number(&c, "min")) < 1e-12);
        assert_true(fabs(sums[ch].max / 255.0 - number(&c, "max")) < 1e-12);
        assert_int_equal(merged[ch].sum, sums[ch].sum);
        assert_int_equal(merged[ch].min, sums[ch].min);
        assert_int_equal(merged[ch].max, sums[ch].max);
    }
    free(data);
}

/* White pictures as many as 32 bits of squares would not hold: deviation exactly zero. */
static void test_extremes(void **state)
{
    (void)state;
    static uint8_t white[3 * 200000];
    struct stats_sums sums[3] = {{0}};
    memset(white, 255, sizeof white);
    for (int i = 0; i < 100; i++) {
        stats_add(sums, white, 200000);
    }
    for (int c = 0; c < 3; c++) {
        assert_int_equal(sums[c].n, 20000000);
        assert_true(stats_mean(&sums[c]) == 1.0);
        assert_true(stats_std(&sums[c]) == 0.0);
        assert_int_equal(sums[c].min, 255);
    }
    /* as many as will ever be: the same picture of two levels 1e9 times */
    struct stats_sums huge = {2000000000000, 1000000000000 * 254, 1000000000000 * 254 * 254, 0,
                              254};
    assert_true(fabs(stats_std(&huge) - 127 / 255.0) < 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numpy),
        cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
