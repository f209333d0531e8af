/* SPDX-License-Identifier: MIT */
/* Threads: every item once, the lowest error wins; distances and bearings on the sphere. */
#include "tests/unit/core/core_test.h"

#include <math.h>
#include <stdatomic.h>

#include "core/geo.h"
#include "core/pool.h"

static int add_one(void *ctx, size_t i, int worker, struct err *e)
{
    (void)worker;
    (void)e;
    atomic_int *count = ctx;
    atomic_fetch_add(&count[i], 1);
    return 0;
}

static void test_every_item_once(void **state)
{
    (void)state;
    struct err e = {0};
    static atomic_int count[1000];
    assert_int_equal(pool_for(4, 1000, add_one, count, &e), 0);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(atomic_load(&count[i]), 1);
    }
    assert_int_equal(pool_for(4, 0, add_one, count, &e), 0);
}

static int fail_some(void *ctx, size_t i, int worker, struct err *e)
{
    (void)ctx;
    (void)worker;
    return i == 3 || i == 5 ? err_set(e, ERR_INPUT, "item %zu", i) : 0;
}

static void test_error_stops(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(pool_for(1, 100, fail_some, NULL, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_string_equal(e.msg, "item 3");
    assert_int_equal(pool_for(3, 100, fail_some, NULL, &e), -1);
}

static void test_threads(void **state)
{
    (void)state;
    assert_true(pool_threads(0) >= 1);
    assert_int_equal(pool_threads(1), 1);
    assert_true(pool_threads(1000000) <= pool_threads(0));
}

/* Expected: the haversine formula evaluated with 50 digits (R = 6371.0088 km). A quarter of a
 * great circle is R * pi / 2. */
static void test_distance(void **state)
{
    (void)state;
    struct lonlat zagreb = {15.981919, 45.815011};
    struct lonlat pole = {0, 90};
    struct lonlat origin = {0, 0};
    assert_true(fabs(geo_distance_km(origin, pole) - GEO_EARTH_R_KM * GEO_PI / 2) < 1e-9);
    assert_true(geo_distance_km(zagreb, zagreb) == 0);
    /* antipodes: rounding must not leave the domain of asin */
    assert_true(fabs(geo_distance_km(zagreb, (struct lonlat){15.981919 - 180, -45.815011}) -
                     GEO_EARTH_R_KM * GEO_PI) < 1e-3);
    /* across the antimeridian */
    assert_true(fabs(geo_distance_km((struct lonlat){179.9, 0}, (struct lonlat){-179.9, 0}) -
                     GEO_EARTH_R_KM * GEO_PI / 900) < 1e-9);
}

static void test_offset_and_mean(void **state)
{
    (void)state;
    struct lonlat p = {16, 45};
    for (int bearing = 0; bearing < 360; bearing += 30) {
        struct lonlat q = geo_offset(p, bearing, 25);
        assert_true(fabs(geo_distance_km(p, q) - 25) < 1e-9);
    }
    assert_true(geo_offset(p, 0, 10).lat > 45 && geo_offset(p, 90, 10).lon > 16);
    struct lonlat pair[2] = {{179, 10}, {-179, 10}};
    struct lonlat m = geo_mean(pair, NULL, 2);
    assert_true(fabs(fabs(m.lon) - 180) < 1e-9 && m.lat > 10); /* the great circle bends north */
    struct lonlat opposite[2] = {{0, 0}, {180, 0}};
    struct lonlat none = geo_mean(opposite, (double[]){0, 0}, 2);
    assert_true(isnan(none.lon));
    assert_true(geo_wrap_lon(190) == -170 && geo_wrap_lon(-190) == 170 &&
                geo_wrap_lon(180) == -180);
    assert_false(geo_valid((struct lonlat){0, 91}));
    assert_false(geo_valid((struct lonlat){(double)NAN, 0}));
}

/* Nothing within the radius is outside of the box, and the box is not much larger. */
static void test_box(void **state)
{
    (void)state;
    static const struct lonlat places[] = {{16, 45}, {0, 0}, {179.999, -17}, {10, 84}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct lonlat p = places[i];
        struct bbox b = geo_box(p, 500);
        for (int bearing = 0; bearing < 360; bearing++) {
            struct lonlat q = geo_offset(p, bearing, 0.5);
            double lon = p.lon + geo_wrap_lon(q.lon - p.lon);
            assert_true(lon >= b.min_x && lon <= b.max_x && q.lat >= b.min_y && q.lat <= b.max_y);
        }
        struct lonlat corner = {b.max_x, b.max_y};
        assert_true(geo_distance_km(p, corner) < 0.5 * 1.42 * 1.01);
    }
    struct bbox pole = geo_box((struct lonlat){16, 89.9999}, 500);
    assert_true(pole.max_x - pole.min_x >= 360);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_item_once), cmocka_unit_test(test_error_stops),
        cmocka_unit_test(test_threads),         cmocka_unit_test(test_distance),
        cmocka_unit_test(test_offset_and_mean), cmocka_unit_test(test_box),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
