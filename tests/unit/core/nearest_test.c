/* SPDX-License-Identifier: MIT */
/* The k-d tree against looking at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/nearest.h"
#include "core/rng.h"

static struct lonlat *places(size_t n, uint64_t seed, double width, double height)
{
    struct lonlat *p = calloc(n, sizeof *p);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++) {
        p[i].lon = geo_wrap_lon(175 + width * rng_f64(seed, 1, i));
        p[i].lat = 45 + height * (rng_f64(seed, 2, i) - 0.5);
    }
    return p;
}

static void compare(size_t n, double width, double height)
{
    struct err e = {0};
    struct nearest *t = NULL;
    struct lonlat *p = places(n, 1, width, height);
    struct lonlat *q = places(200, 2, width, height);
    assert_int_equal(nearest_new(p, n, &t, &e), 0);
    for (size_t i = 0; i < 200; i++) {
        double best = 1e9;
        double km = -1;
        for (size_t k = 0; k < n; k++) {
            double d = geo_distance_km(q[i], p[k]);
            best = d < best ? d : best;
        }
        size_t at = nearest_find(t, q[i], &km);
        assert_true(at < n);
        assert_true(km == geo_distance_km(q[i], p[at]));
        assert_true(km <= best + 1e-9);
    }
    nearest_free(t);
    free(p);
    free(q);
}

static void test_against_all(void **state)
{
    (void)state;
    compare(1, 5, 4);
    compare(2, 5, 4);
    compare(7, 5, 4);
    compare(100, 10, 4); /* across the antimeridian */
    compare(5000, 360, 90);
    compare(5000, 0, 4);       /* on one meridian */
    compare(3000, 1e-5, 1e-5); /* within a metre */
}

static void test_same_places(void **state)
{
    (void)state;
    struct err e = {0};
    struct nearest *t = NULL;
    double km = -1;
    struct lonlat p[1000];
    for (size_t i = 0; i < 1000; i++) {
        p[i] = (struct lonlat){16, i < 500 ? 45 : 46};
    }
    assert_int_equal(nearest_new(p, 1000, &t, &e), 0);
    assert_int_equal(nearest_find(t, (struct lonlat){16, 45}, &km), 0);
    assert_true(km == 0);
    assert_int_equal(nearest_find(t, (struct lonlat){16, 47}, NULL), 500);
    nearest_free(t);
}

static void test_none(void **state)
{
    (void)state;
    struct err e = {0};
    struct nearest *t = NULL;
    assert_int_equal(nearest_new(NULL, 0, &t, &e), -1);
    nearest_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_all),
        cmocka_unit_test(test_same_places),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
