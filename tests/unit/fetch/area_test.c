/* SPDX-License-Identifier: MIT */
/* What a survey is of, and the boxes that it is made of. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"
#include "fetch/area.h"
#include "fetch/survey.h"

#define SIDE 0.09

static struct area *opened(const char *text)
{
    struct err e = {0};
    struct area *a = NULL;
    if (area_open(text, &a, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    return a;
}

static void assert_holds(const struct area *a, double lon, double lat, bool holds)
{
    assert_int_equal(area_contains(a, (struct lonlat){lon, lat}), holds);
}

/* Every point of the area is in exactly one box, but for their edges. */
static void assert_covers(const struct area *a, struct bbox within, double area_deg2)
{
    struct err e = {0};
    struct bbox *box = NULL;
    size_t n = 0;
    double sum = 0;
    assert_int_equal(area_boxes(a, SIDE, &box, &n, &e), 0);
    for (size_t i = 0; i < n; i++) {
        assert_true(box[i].min_x >= -180 && box[i].max_x <= 180 + 1e-9);
        assert_true(box[i].max_x - box[i].min_x <= SIDE + 1e-9 && box[i].max_x > box[i].min_x);
        assert_true(box[i].max_y - box[i].min_y <= SIDE + 1e-9 && box[i].max_y > box[i].min_y);
        sum += (box[i].max_x - box[i].min_x) * (box[i].max_y - box[i].min_y);
    }
    for (uint64_t k = 0; k < 2000; k++) {
        struct lonlat p = {within.min_x + (within.max_x - within.min_x) * rng_f64(1, 1, k),
                           within.min_y + (within.max_y - within.min_y) * rng_f64(1, 2, k)};
        p.lon = geo_wrap_lon(p.lon);
        int n_in = 0;
        for (size_t i = 0; i < n; i++) {
            n_in += p.lon >= box[i].min_x && p.lon < box[i].max_x && p.lat >= box[i].min_y &&
                    p.lat < box[i].max_y;
        }
        assert_true(area_contains(a, p) ? n_in == 1 : n_in <= 1);
    }
    if (area_deg2 > 0) {
        assert_true(fabs(sum - area_deg2) < 1e-6);
    }
    free(box);
}

static void test_rectangle(void **state)
{
    (void)state;
    struct area *a = opened("13.4,42.3,14.5,43");
    assert_string_equal(area_name(a), "13.4,42.3,14.5,43");
    assert_holds(a, 13.4, 42.3, true);
    assert_holds(a, 14, 42.5, true);
    assert_holds(a, 14.6, 42.5, false);
    assert_holds(a, 14, 43.1, false);
    assert_covers(a, (struct bbox){13, 42, 15, 44}, 1.1 * 0.7);
    area_free(a);
    a = opened("13.40,+42.3,14.5,43.0"); /* the same, however it is written */
    assert_string_equal(area_name(a), "13.4,42.3,14.5,43");
    area_free(a);
}

static void test_antimeridian(void **state)
{
    (void)state;
    struct area *a = opened("177,-20,-178,-16");
    assert_holds(a, 179, -17, true);
    assert_holds(a, -179, -17, true);
    assert_holds(a, 180, -17, true);
    assert_holds(a, -180, -17, true);
    assert_holds(a, -177, -17, false);
    assert_holds(a, 0, -17, false);
    assert_covers(a, (struct bbox){176.5, -20.5, 182.5, -15.5}, 5 * 4);
    area_free(a);
}

static void test_border(void **state)
{
    (void)state;
    struct err e = {0};
    struct bbox *box = NULL;
    size_t n = 0;
    struct area *a = opened("shapes/croatia.shp");
    assert_int_equal(strncmp(area_name(a), "border ", 7), 0);
    assert_holds(a, 15.98, 45.81, true);
    assert_holds(a, 15, 44, false); /* the sea */
    assert_covers(a, (struct bbox){13, 42, 20, 47}, 0);
    assert_int_equal(area_boxes(a, SIDE, &box, &n, &e), 0);
    /* 56,594 km2 in boxes of about 70 km2, and those on coasts */
    assert_true(n > 800 && n < 2000);
    free(box);
    area_free(a);
}

static void test_too_small_to_split(void **state)
{
    (void)state;
    struct survey_box b = {1, {16, 45, 16.09, 45.09}};
    int n = 0;
    while (survey_can_split(&b)) {
        b.box.max_x = (b.box.min_x + b.box.max_x) / 2;
        b.box.max_y = (b.box.min_y + b.box.max_y) / 2;
        n++;
    }
    assert_int_equal(n, 13);
    /* a strip is split until its length is done */
    b.box = (struct bbox){16, 45, 16.09, 45 + 1e-7};
    assert_true(survey_can_split(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rectangle),
        cmocka_unit_test(test_antimeridian),
        cmocka_unit_test(test_border),
        cmocka_unit_test(test_too_small_to_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
