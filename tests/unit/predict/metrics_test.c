/* SPDX-License-Identifier: MIT */
/* Metrics against NumPy, weights against written-out repetition, bootstrap intervals. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"
#include "predict/bootstrap.h"
#include "predict/metrics.h"
#include "tests/unit/predict/eval_reference.h"

#define N REFERENCE_N

static double km[N];
static struct guess guess[N];

static int fill(void **state)
{
    (void)state;
    for (int64_t i = 0; i < N; i++) {
        int32_t truth = (int32_t)(i * 31 % REFERENCE_CLASSES);
        int32_t top = i % 3 == 0 ? truth : (int32_t)((i * 17 + 5) % REFERENCE_CLASSES);
        km[i] = (double)(i * 7919 % 10007) / 37.0;
        guess[i] = (struct guess){.truth = truth,
                                  .top = top,
                                  .rank = top == truth ? 0 : (int32_t)(1 + i * 5 % 14),
                                  .confidence = ((double)(i * 613 % 1000) + 0.5) / 1000.0};
    }
    return 0;
}

static void close_to(double got, double want, const char *what)
{
    if (!(fabs(got - want) <= 1e-12 * fmax(1, fabs(want)))) {
        fail_msg("%s: %.17g, expected %.17g", what, got, want);
    }
}

static void test_errors_numpy(void **state)
{
    (void)state;
    struct err e = {0};
    struct errors s;
    double got[METRIC_COUNT];
    assert_int_equal(errors_init(&s, km, N, 600.0, &e), 0);
    errors_metrics(&s, NULL, got);
    for (int m = 0; m < METRIC_COUNT; m++) {
        bool found = false;
        for (size_t r = 0; r < sizeof reference_errors / sizeof reference_errors[0]; r++) {
            if (strcmp(metric_name((enum metric)m), reference_errors[r].name) == 0) {
                close_to(got[m], reference_errors[r].value, reference_errors[r].name);
                found = true;
            }
        }
        assert_true(found);
    }
    errors_release(&s);
}

static void test_classes_numpy(void **state)
{
    (void)state;
    double scratch[3 * REFERENCE_CLASSES];
    double got[CLASS_METRIC_COUNT];
    struct calibration_bin bin[CALIBRATION_BINS];
    guess_metrics(guess, N, REFERENCE_CLASSES, NULL, scratch, got);
    for (int m = 0; m < CLASS_METRIC_COUNT; m++) {
        assert_string_equal(class_metric_name((enum class_metric)m), reference_classes[m].name);
        close_to(got[m], reference_classes[m].value, reference_classes[m].name);
    }
    close_to(calibrate(guess, N, bin), REFERENCE_ECE, "ece");
    size_t n = 0;
    for (int b = 0; b < CALIBRATION_BINS; b++) {
        n += bin[b].n;
    }
    assert_int_equal(n, N);
}

/* Counting a location k times is the same as having it k times. */
static void test_times(void **state)
{
    (void)state;
    struct err e = {0};
    enum { FEW = 57 };
    uint32_t times[FEW];
    double out[4 * FEW];
    for (uint64_t round = 0; round < 50; round++) {
        size_t n = 0;
        for (size_t i = 0; i < FEW; i++) {
            times[i] = (uint32_t)rng_below(7, round, i, 4);
            for (uint32_t k = 0; k < times[i]; k++) {
                out[n++] = km[i];
            }
        }
        struct errors a;
        struct errors b;
        double ma[METRIC_COUNT];
        double mb[METRIC_COUNT];
        assert_int_equal(errors_init(&a, km, FEW, 500, &e), 0);
        assert_int_equal(errors_init(&b, out, n, 500, &e), 0);
        errors_metrics(&a, times, ma);
        errors_metrics(&b, NULL, mb);
        for (int m = 0; m < METRIC_COUNT; m++) {
            close_to(ma[m], mb[m], metric_name((enum metric)m));
        }
        errors_release(&a);
        errors_release(&b);
    }
}

static void test_small(void **state)
{
    (void)state;
    struct err e = {0};
    struct errors s;
    double m[METRIC_COUNT];
    const double one = 12.5;
    assert_int_equal(errors_init(&s, &one, 1, 500, &e), 0);
    errors_metrics(&s, NULL, m);
    close_to(m[METRIC_MEAN], 12.5, "mean");
    close_to(m[METRIC_P10], 12.5, "p10");
    close_to(m[METRIC_MAX], 12.5, "max");
    close_to(m[METRIC_SHARE_10], 0, "share 10");
    close_to(m[METRIC_SHARE_25], 1, "share 25");
    errors_release(&s);
    assert_int_equal(errors_init(&s, NULL, 0, 500, &e), 0);
    errors_metrics(&s, NULL, m);
    assert_true(isnan(m[METRIC_MEAN]));
    assert_true(isnan(m[METRIC_SHARE_1]));
    errors_release(&s);
    close_to(bounds_diagonal_km((struct lonlat[]){{13.5, 42.4}, {19.45, 46.55}, {15, 44}}, 3),
             geo_distance_km((struct lonlat){13.5, 42.4}, (struct lonlat){19.45, 46.55}), "bounds");
}

static void test_bootstrap(void **state)
{
    (void)state;
    struct err e = {0};
    struct errors set[2];
    struct interval one[2 * METRIC_COUNT];
    struct interval two[2 * METRIC_COUNT];
    double half[N];
    for (int i = 0; i < N; i++) {
        half[i] = km[i] / 2;
    }
    assert_int_equal(errors_init(&set[0], km, N, 600, &e), 0);
    assert_int_equal(errors_init(&set[1], half, N, 600, &e), 0);
    struct bootstrap_spec spec = {.n_resamples = 1000, .seed = 1, .n_threads = 1};
    assert_int_equal(bootstrap_errors(&spec, set, 2, one, &e), 0);
    spec.n_threads = 2;
    assert_int_equal(bootstrap_errors(&spec, set, 2, two, &e), 0);
    assert_memory_equal(one, two, sizeof one);
    double m[METRIC_COUNT];
    errors_metrics(&set[0], NULL, m);
    /* normal theory for the mean: 1.96 s / sqrt(n), to within the noise of 1000 resamples */
    double var = 0;
    for (int i = 0; i < N; i++) {
        var += (km[i] - m[METRIC_MEAN]) * (km[i] - m[METRIC_MEAN]) / (N - 1);
    }
    double want = 1.96 * sqrt(var / N);
    assert_true(fabs(one[METRIC_MEAN].high - m[METRIC_MEAN] - want) < 0.15 * want);
    assert_true(fabs(m[METRIC_MEAN] - one[METRIC_MEAN].low - want) < 0.15 * want);
    /* paired: half the errors, half the interval */
    close_to(one[METRIC_COUNT + METRIC_MEAN].high, one[METRIC_MEAN].high / 2, "paired");
    for (int k = 0; k < METRIC_COUNT; k++) {
        assert_true(one[k].low <= m[k] + 1e-9 && m[k] <= one[k].high + 1e-9);
    }
    struct interval c[CLASS_METRIC_COUNT];
    assert_int_equal(bootstrap_guesses(&spec, guess, N, REFERENCE_CLASSES, c, &e), 0);
    assert_true(c[CLASS_TOP1].low < reference_classes[0].value);
    assert_true(c[CLASS_TOP1].high > reference_classes[0].value);
    errors_release(&set[0]);
    errors_release(&set[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors_numpy), cmocka_unit_test(test_classes_numpy),
        cmocka_unit_test(test_times),        cmocka_unit_test(test_small),
        cmocka_unit_test(test_bootstrap),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
