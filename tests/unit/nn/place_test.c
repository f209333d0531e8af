/* SPDX-License-Identifier: MIT */
/* Missing views, probabilities, places: hand cases and the properties they must have. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"
#include "train/nn/place.h"

static void test_views(void **state)
{
    (void)state;
    uint8_t r[12] = {1, 2, 3, 0, 0, 0, 7, 8, 9, 0, 0, 0}; /* north and south are there */
    const uint8_t want[12] = {1, 2, 3, 7, 8, 9, 7, 8, 9, 1, 2, 3};
    place_fill_views(r, 5, 4, 3);
    assert_memory_equal(r, want, 12);
    uint8_t one[4] = {0, 0, 0, 9};
    place_fill_views(one, 8, 4, 1);
    const uint8_t nines[4] = {9, 9, 9, 9};
    assert_memory_equal(one, nines, 4);
    uint8_t all[4] = {1, 2, 3, 4};
    const uint8_t same[4] = {1, 2, 3, 4};
    place_fill_views(all, 15, 4, 1);
    assert_memory_equal(all, same, 4);
}

static void test_softmax(void **state)
{
    (void)state;
    const float logit[3] = {1000.0F, 1000.0F + logf(2), -1000.0F};
    double p[3];
    place_softmax(logit, 3, p);
    assert_true(fabs(p[0] - 1.0 / 3) < 1e-4); /* f32 spacing at 1000 */
    assert_true(fabs(p[0] + p[1] + p[2] - 1) < 1e-15);
    assert_true(p[2] >= 0 && p[2] < 1e-300);
}

static void test_mean(void **state)
{
    (void)state;
    const struct lonlat at[2] = {{10, 0}, {20, 0}};
    const struct lonlat opposite[2] = {{0, 0}, {180, 0}};
    const double half[2] = {0.5, 0.5};
    const double sure[2] = {0, 1};
    assert_true(geo_distance_km(place_mean(at, half, 2), (struct lonlat){15, 0}) < 1e-9);
    assert_true(geo_distance_km(place_mean(at, sure, 2), at[1]) < 1e-9);
    const struct lonlat m = place_mean(opposite, half, 2);
    assert_true(isfinite(m.lon) && isfinite(m.lat));
}

static double expected_km(struct lonlat m, const struct lonlat *p, const double *w, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (w ? w[i] : 1) * geo_distance_km(m, p[i]);
    }
    return sum;
}

static void test_median_is_least(void **state)
{
    (void)state;
    struct lonlat p[40];
    double w[40];
    for (size_t i = 0; i < 40; i++) {
        p[i] = (struct lonlat){13 + 6 * rng_f64(1, 1, i), 42 + 4 * rng_f64(1, 2, i)};
        w[i] = rng_f64(1, 3, i);
    }
    for (int weighted = 0; weighted < 2; weighted++) {
        const double *use = weighted ? w : NULL;
        const struct lonlat m = geo_median(p, use, 40);
        const double best = expected_km(m, p, use, 40);
        for (int b = 0; b < 360; b += 30) {
            assert_true(expected_km(geo_offset(m, b, 0.5), p, use, 40) > best - 1e-9);
        }
    }
}

static void test_median_at_a_point(void **state)
{
    (void)state;
    const struct lonlat p[3] = {{16, 45}, {17, 45}, {16, 46}};
    const double w[3] = {0.8, 0.1, 0.1};
    assert_true(geo_distance_km(geo_median(p, w, 3), p[0]) < 0.01);
    const double sure[3] = {0, 1, 0};
    assert_true(geo_distance_km(geo_median(p, sure, 3), p[1]) < 1e-6);
    assert_true(geo_distance_km(geo_median(p, NULL, 1), p[0]) < 1e-6);
}

static void test_scaled(void **state)
{
    (void)state;
    const struct bbox scale = {100, 1000, 200, 3000};
    const float out[2] = {0.25F, 1.5F};
    const float wild[2] = {-1e30F, 1e30F};
    struct xy p = place_scaled(out, scale);
    assert_true(fabs(p.x - 125) < 1e-9 && fabs(p.y - 4000) < 1e-9);
    p = place_scaled(wild, scale);
    assert_true(fabs(p.x - 0) < 1e-9 && fabs(p.y - 5000) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_mean),
        cmocka_unit_test(test_median_is_least),
        cmocka_unit_test(test_median_at_a_point),
        cmocka_unit_test(test_scaled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
