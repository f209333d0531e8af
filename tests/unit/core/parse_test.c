/* SPDX-License-Identifier: MIT */
/* Strict numbers as a table: text, accepted or not, value. */
#include "tests/unit/core/core_test.h"

#include <math.h>
#include <string.h>

#include "core/parse.h"

struct row {
    const char *text;
    bool ok;
    double value;
};

static void test_f64(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"1.5", true, 1.5},  {"-0.25", true, -0.25}, {"1e3", true, 1000}, {".5", true, 0.5},
        {"", false, 0},      {" 1", false, 0},       {"1 ", false, 0},    {"1,5", false, 0},
        {"nan", false, 0},   {"inf", false, 0},      {"-inf", false, 0},  {"0x10", false, 0},
        {"1e999", false, 0}, {"12abc", false, 0},    {"--1", false, 0},   {"2000", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err e = {0};
        double v = NAN;
        int rc = parse_f64(rows[i].text, -1000, 1000, &v, &e);
        if ((rc == 0) != rows[i].ok || (rc == 0 && v != rows[i].value)) {
            fail_msg("'%s': rc %d value %g (%s)", rows[i].text, rc, v, e.msg);
        }
    }
}

static void test_decimal_comma_has_a_hint(void **state)
{
    (void)state;
    struct err e = {0};
    double v = 0;
    assert_int_equal(parse_f64("45,81", -90, 90, &v, &e), -1);
    assert_non_null(strstr(e.msg, "point"));
}

static void test_count(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"0", true, 0},
        {"12", true, 12},
        {"3k", true, 3000},
        {"2M", true, 2e6},
        {"1G", true, 1e9},
        {"1.5k", false, 0},
        {"99999999999999999999", false, 0},
        {"k", false, 0},
        {"10G", false, 0},
        {"-1", false, 0},
        {"1kk", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err e = {0};
        int64_t v = -7;
        int rc = parse_count(rows[i].text, 0, 5000000000, &v, &e);
        if ((rc == 0) != rows[i].ok || (rc == 0 && (double)v != rows[i].value)) {
            fail_msg("'%s': rc %d value %lld (%s)", rows[i].text, rc, (long long)v, e.msg);
        }
        if (rc != 0) {
            assert_int_equal(v, -7); /* untouched on failure */
        }
    }
}

static void test_units(void **state)
{
    (void)state;
    struct err e = {0};
    double v = 0;
    assert_int_equal(parse_length_m("10km", 0, 1e6, &v, &e), 0);
    assert_true(v == 10000);
    assert_int_equal(parse_length_m("250", 0, 1e6, &v, &e), 0);
    assert_true(v == 250);
    assert_int_equal(parse_length_m("10miles", 0, 1e6, &v, &e), -1);
    assert_int_equal(parse_seconds("250ms", 0, 10, &v, &e), 0);
    assert_true(v == 0.25);
    assert_int_equal(parse_seconds("2m", 0, 1000, &v, &e), 0);
    assert_true(v == 120);
    assert_int_equal(parse_seconds("1h", 0, 10, &v, &e), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_f64),
        cmocka_unit_test(test_decimal_comma_has_a_hint),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
