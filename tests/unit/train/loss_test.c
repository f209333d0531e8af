/* SPDX-License-Identifier: MIT */
/* Losses, targets, metrics and schedules, against PyTorch, central differences and hand cases. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"
#include "tests/unit/train/train_reference.h"
#include "train/loss.h"
#include "train/metrics.h"
#include "train/schedule.h"
#include "train/target.h"

#define N REFERENCE_N
#define K REFERENCE_K

typedef double loss_fn(const float *out, const float *target, size_t n, size_t k, float *dout,
                       double *each);

static bool near(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance * fmax(1, fabs(b));
}

/* What make_train.py makes. */
static void make_input(float *out, float *target)
{
    for (int i = 0; i < N * K; i++) {
        out[i] = (float)((i * 37) % 101) / 8.0F - 6.0F;
    }
    for (int i = 0; i < N; i++) {
        double sum = 0;
        double row[K];
        for (int k = 0; k < K; k++) {
            row[k] = i == 1 ? k == 3 : ((i * K + k) * 53) % 29 + 1;
            sum += row[k];
        }
        for (int k = 0; k < K; k++) {
            target[i * K + k] = (float)(row[k] / sum);
        }
    }
}

static void check_reference(loss_fn *fn, double want, const double *grad)
{
    float out[N * K];
    float target[N * K];
    float dout[N * K];
    double each[N];
    double sum = 0;
    make_input(out, target);
    assert_true(near(fn(out, target, N, K, dout, each), want, 1e-12));
    for (int i = 0; i < N * K; i++) {
        assert_true(near((double)dout[i], grad[i], 1e-7)); /* rounded to f32 */
    }
    for (int i = 0; i < N; i++) {
        sum += each[i];
    }
    assert_true(near(sum / N, want, 1e-12));
}

static void test_pytorch(void **state)
{
    (void)state;
    check_reference(loss_cross_entropy, REFERENCE_CROSS_ENTROPY, reference_cross_entropy_grad);
    check_reference(loss_mse, REFERENCE_MSE, reference_mse_grad);
}

/* The slope of the mean loss along each output, by central differences: the step is a power of two,
 * so that f32 holds it; its error is of second order, h^2 times the third derivative. */
static void check_gradient(loss_fn *fn)
{
    const float h = 0x1p-7F;
    float out[N * K];
    float target[N * K];
    float dout[N * K];
    double each[N];
    make_input(out, target);
    (void)fn(out, target, N, K, dout, each);
    for (int i = 0; i < N * K; i++) {
        const float x = out[i];
        out[i] = x + h;
        const double up = fn(out, target, N, K, NULL, each);
        out[i] = x - h;
        const double down = fn(out, target, N, K, NULL, each);
        out[i] = x;
        assert_true(fabs((up - down) / (2 * (double)h) - (double)dout[i]) < 1e-5);
    }
}

static void test_gradients(void **state)
{
    (void)state;
    check_gradient(loss_cross_entropy);
    check_gradient(loss_mse);
}

static void test_extremes(void **state)
{
    (void)state;
    const float out[4] = {1e4F, -1e4F, 0, 1e4F};
    const float target[4] = {1, 0, 0, 1};
    float dout[4];
    double each[1];
    assert_true(near(loss_cross_entropy(out, target, 1, 2, dout, each), 0, 1e-12));
    const float wrong[2] = {0, 1};
    assert_true(near(loss_cross_entropy(out, wrong, 1, 2, dout, each), 2e4, 1e-12));
    assert_true(near((double)dout[0], 1, 1e-6) && near((double)dout[1], -1, 1e-6));
    const float bad[2] = {NAN, 0};
    assert_true(isfinite(loss_cross_entropy(bad, target, 1, 2, dout, each)) == 0);
    const float huge[2] = {INFINITY, 0};
    assert_true(isfinite(loss_cross_entropy(huge, target, 1, 2, dout, each)) == 0);
}

static void test_target(void **state)
{
    (void)state;
    const struct lonlat point[3] = {{16, 45}, {17, 45}, {16, 46}};
    struct target_spec t = {.point = point, .n_classes = 3};
    float row[3];
    target_class(&t, 2, point[0], row);
    assert_true(row[0] == 0.0F && row[1] == 0.0F && row[2] == 1.0F);
    t.label_smoothing = 0.3;
    target_class(&t, 2, point[0], row);
    assert_true(near((double)row[0], 0.1, 1e-6) && near((double)row[2], 0.8, 1e-6));
    t.label_smoothing = 0;
    t.smooth_km = 50;
    target_class(&t, 2, point[0], row); /* distances count, the label does not */
    assert_true(near((double)row[0] + (double)row[1] + (double)row[2], 1, 1e-6));
    const double d = geo_distance_km(point[0], point[1]);
    assert_true(near((double)row[1] / (double)row[0], exp(-d / 50), 1e-5));
    t.smooth_km = 1e-3; /* so small that only the nearest remains, and nothing overflows */
    target_class(&t, 0, point[1], row);
    assert_true(row[1] == 1.0F);
}

static void test_metrics(void **state)
{
    (void)state;
    struct err e = {0};
    struct metrics m;
    assert_int_equal(metrics_new(&m, 4, &e), 0);
    assert_true(isnan(metrics_f1(&m)) != 0 && isnan(metrics_km(&m)) != 0);
    assert_true(isnan(metrics_accuracy(&m)) != 0);
    /* truth 0 0 0 1 1 2, guess 0 0 1 1 2 2; class 3 never occurs.
     * F1: 0: 2*2/(3+2) = 4/5; 1: 2*1/(2+2) = 1/2; 2: 2*1/(1+2) = 2/3 */
    const int64_t truth[6] = {0, 0, 0, 1, 1, 2};
    const int64_t guess[6] = {0, 0, 1, 1, 2, 2};
    for (int i = 0; i < 6; i++) {
        metrics_add_class(&m, truth[i], guess[i]);
        metrics_add_km(&m, i);
        metrics_add_loss(&m, 2 * i);
    }
    assert_true(near(metrics_accuracy(&m), 4.0 / 6, 1e-15));
    assert_true(near(metrics_f1(&m), (4.0 / 5 + 1.0 / 2 + 2.0 / 3) / 3, 1e-15));
    assert_true(near(metrics_km(&m), 2.5, 1e-15) && near(metrics_loss(&m), 5, 1e-15));
    metrics_reset(&m);
    metrics_add_class(&m, 1, 3); /* a class that is only guessed counts with 0 */
    assert_true(near(metrics_f1(&m), 0, 1e-15));
    metrics_release(&m);
}

static void check_plateau(double factor, int64_t patience, double min_lr, const double *want)
{
    static const double metric[] = {50, 40,          40, 39.9999, 39.99, 45, 44, 43, 42,
                                    41, (double)NAN, 39, 38,      60,    60, 60, 60, 60,
                                    60, 60,          60, 60,      60,    60, 60};
    double lr[2] = {1e-3, 2e-2};
    struct plateau p;
    plateau_init(&p, factor, patience, min_lr);
    for (size_t i = 0; i < sizeof metric / sizeof *metric; i++) {
        (void)plateau_step(&p, metric[i], lr, 2);
        assert_memory_equal(lr, want + 2 * i, sizeof lr);
    }
}

static void test_plateau(void **state)
{
    (void)state;
    check_plateau(0.5, 2, 1e-4, reference_plateau_a);
    check_plateau(0.1, 0, 0, reference_plateau_b);
    check_plateau(0.9, 1, 0, reference_plateau_c);
}

static void test_cosine(void **state)
{
    (void)state;
    assert_true(near(cosine_factor(0, 4, 12), 0.25, 1e-15));
    assert_true(near(cosine_factor(3, 4, 12), 1, 1e-15));
    assert_true(near(cosine_factor(4, 4, 12), 1, 1e-15));
    assert_true(near(cosine_factor(8, 4, 12), 0.5, 1e-15));
    assert_true(cosine_factor(11, 4, 12) > 0 && cosine_factor(11, 4, 12) < 0.04);
    assert_true(near(cosine_factor(0, 0, 1), 1, 1e-15));
    assert_true(isfinite(cosine_factor(4, 9, 5))); /* all of it warm-up */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pytorch),  cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_extremes), cmocka_unit_test(test_target),
        cmocka_unit_test(test_metrics),  cmocka_unit_test(test_plateau),
        cmocka_unit_test(test_cosine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
