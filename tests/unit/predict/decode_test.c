/* SPDX-License-Identifier: MIT */
/* Decoders against brute force: the median against a grid search refined to centimetres. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/rng.h"
#include "predict/decode.h"
#include "train/nn/place.h"

static double expected_km(const struct lonlat *p, const double *w, size_t n, struct lonlat x)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += w[i] * geo_distance_km(x, p[i]);
    }
    return sum;
}

/* The best of a 21 x 21 grid around the best so far, with ever smaller cells. */
static struct lonlat search(const struct lonlat *p, const double *w, size_t n, struct lonlat at,
                            double reach_deg)
{
    struct lonlat best = at;
    double f = expected_km(p, w, n, at);
    while (reach_deg > 1e-8) {
        struct lonlat centre = best;
        for (int i = -10; i <= 10; i++) {
            for (int j = -10; j <= 10; j++) {
                struct lonlat x = {centre.lon + i * reach_deg / 10 / cos(centre.lat * GEO_PI / 180),
                                   centre.lat + j * reach_deg / 10};
                double fx = expected_km(p, w, n, x);
                if (fx < f) {
                    f = fx;
                    best = x;
                }
            }
        }
        reach_deg /= 3;
    }
    for (size_t i = 0; i < n; i++) {
        if (expected_km(p, w, n, p[i]) < f) {
            f = expected_km(p, w, n, p[i]);
            best = p[i];
        }
    }
    return best;
}

static void check_median(const struct lonlat *p, const double *w, size_t n, double reach_deg)
{
    struct err e = {0};
    struct decoder *d = NULL;
    assert_int_equal(decoder_new(p, n, 0, &d, &e), 0);
    struct lonlat got = decoder_place(d, DECODE_MEDIAN, w);
    struct lonlat want = search(p, w, n, decoder_place(d, DECODE_MEAN, w), reach_deg);
    double f_got = expected_km(p, w, n, got);
    double f_want = expected_km(p, w, n, want);
    /* within a metre in place, unless the minimum is flat there, and never worse than 1e-9 */
    if (f_got > f_want * (1 + 1e-9) ||
        (geo_distance_km(got, want) > 0.001 && f_got > f_want * (1 - 1e-12))) {
        fail_msg("median %.7f %.7f costs %.9f km, search found %.7f %.7f at %.9f", got.lat, got.lon,
                 f_got, want.lat, want.lon, f_want);
    }
    decoder_free(d);
}

static void test_median_random(void **state)
{
    (void)state;
    struct lonlat p[40];
    double w[40];
    for (uint64_t round = 0; round < 60; round++) {
        size_t n = 3 + (size_t)rng_below(1, round, 999, 37);
        double sharp = (double)(round % 6);
        for (size_t i = 0; i < n; i++) {
            p[i].lon = 13.5 + 6 * rng_f64(2, round, i);
            p[i].lat = 42.4 + 4 * rng_f64(3, round, i);
            w[i] = exp(sharp * rng_normal(4, round, i)); /* from even to one class alone */
        }
        check_median(p, w, n, 1.0);
    }
}

static void test_median_special(void **state)
{
    (void)state;
    struct lonlat line[5] = {{15, 45}, {15, 45.1}, {15, 45.3}, {15, 45.6}, {15, 46}};
    double even[5] = {1, 1, 1, 1, 1};
    double heavy[5] = {1, 1, 1, 1, 4.5};
    check_median(line, even, 5, 1.0);
    check_median(line, heavy, 5, 1.0);
    struct lonlat date_line[4] = {{179.8, -17}, {-179.9, -17.2}, {-179.7, -16.9}, {179.9, -17.1}};
    double w4[4] = {0.1, 0.4, 0.3, 0.2};
    check_median(date_line, w4, 4, 0.5);
    struct lonlat same[3] = {{16, 45}, {16, 45}, {16, 45}};
    check_median(same, even, 3, 0.1);
    /* a point that is nearly the minimum, but not quite: where Weiszfeld crawls */
    struct lonlat near[4] = {{16, 45}, {17, 45}, {15, 45.5}, {15.2, 44.1}};
    double edge[4] = {0.90, 1, 1, 1};
    check_median(near, edge, 4, 1.0);
    edge[0] = 0.75;
    check_median(near, edge, 4, 1.0);
    /* far apart: a quarter of the globe */
    struct lonlat wide[4] = {{-20, 10}, {40, 60}, {10, -15}, {35, 20}};
    check_median(wide, w4, 4, 20.0);
}

static void test_two_points(void **state)
{
    (void)state;
    struct err e = {0};
    struct decoder *d = NULL;
    struct lonlat p[2] = {{14, 45}, {18, 45}};
    assert_int_equal(decoder_new(p, 2, 0, &d, &e), 0);
    struct lonlat x = decoder_place(d, DECODE_MEDIAN, (double[]){0.4, 0.6});
    assert_true(geo_distance_km(x, p[1]) < 1e-6);
    x = decoder_place(d, DECODE_MODE, (double[]){0.4, 0.6});
    assert_true(geo_distance_km(x, p[1]) < 1e-9);
    x = decoder_place(d, DECODE_MODE, (double[]){0.5, 0.5});
    assert_true(geo_distance_km(x, p[0]) < 1e-9);
    /* the mean of unit vectors is geo_mean */
    double w[2] = {0.25, 0.75};
    x = decoder_place(d, DECODE_MEAN, w);
    assert_true(geo_distance_km(x, geo_mean(p, w, 2)) < 1e-6);
    decoder_free(d);
    /* opposite points cancel: the heavier one, not a NAN */
    struct lonlat far[2] = {{0, 0}, {180, 0}};
    assert_int_equal(decoder_new(far, 2, 0, &d, &e), 0);
    x = decoder_place(d, DECODE_MEAN, (double[]){0.5, 0.5});
    assert_true(geo_valid(x));
    x = decoder_place(d, DECODE_MEDIAN, (double[]){0.5, 0.5});
    assert_true(geo_valid(x));
    decoder_free(d);
}

static void test_top(void **state)
{
    (void)state;
    struct err e = {0};
    struct decoder *d = NULL;
    double prob[6] = {0.1, 0.3, 0.05, 0.3, 0.2, 0.05};
    uint32_t index[6];
    decode_top(prob, 6, index, 6);
    const uint32_t want[6] = {1, 3, 4, 0, 2, 5};
    for (int i = 0; i < 6; i++) {
        assert_int_equal(index[i], want[i]);
    }
    decode_top(prob, 6, index, 2);
    assert_int_equal(index[0], 1);
    assert_int_equal(index[1], 3);
    struct lonlat p[6] = {{13, 43}, {14, 44}, {15, 45}, {16, 44}, {17, 46}, {18, 43}};
    assert_int_equal(decoder_new(p, 6, 2, &d, &e), 0);
    struct lonlat x = decoder_place(d, DECODE_MEAN, prob);
    struct lonlat two[2] = {p[1], p[3]};
    assert_true(geo_distance_km(x, geo_mean(two, NULL, 2)) < 1e-6);
    decoder_free(d);
    assert_int_equal(decoder_new(p, 0, 0, &d, &e), -1);
}

static void test_entropy(void **state)
{
    (void)state;
    assert_true(fabs(decode_entropy((double[]){0.25, 0.25, 0.25, 0.25}, 4) - log(4)) < 1e-12);
    assert_true(decode_entropy((double[]){0, 1, 0}, 3) == 0);
}

static void test_geo_median(void **state)
{
    (void)state;
    enum { N = 500 };
    struct lonlat p[N];
    double w[N];
    for (size_t i = 0; i < N; i++) {
        p[i] = (struct lonlat){13.5 + 6 * rng_f64(9, 0, i), 42.4 + 4 * rng_f64(9, 1, i)};
        w[i] = 1;
    }
    const struct lonlat got = geo_median(p, NULL, N);
    struct lonlat want = search(p, w, N, got, 0.01);
    assert_true(geo_distance_km(got, want) < 0.001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_median_random), cmocka_unit_test(test_median_special),
        cmocka_unit_test(test_two_points),    cmocka_unit_test(test_top),
        cmocka_unit_test(test_entropy),       cmocka_unit_test(test_geo_median),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
