/* SPDX-License-Identifier: MIT */
/* The generator against the known answers of its authors, and its use. */
#include "tests/unit/core/core_test.h"

#include <math.h>

#include "core/rng.h"

/* Known answers: Random123 1.14, tests/kat_vectors, philox4x32 10. Our seed is the key, our index
 * the low half of the counter, our stream the high half; a draw is the low half of the result. */
static void test_known_answers(void **state)
{
    (void)state;
    assert_true(rng_u64(0, 0, 0) == 0xe169c58d6627e8d5u);
    assert_true(rng_u64(UINT64_MAX, UINT64_MAX, UINT64_MAX) == 0x41c83b0e408f276du);
    assert_true(rng_u64(0x299f31d0a4093822u, 0x0370734413198a2eu, 0x85a308d3243f6a88u) ==
                0x94fdccebd16cfe09u);
}

static void test_uniform(void **state)
{
    (void)state;
    double sum = 0;
    double sum2 = 0;
    const int n = 20000;
    for (int i = 0; i < n; i++) {
        double u = rng_f64(7, rng_stream("test"), (uint64_t)i);
        assert_true(u >= 0 && u < 1);
        sum += u;
        sum2 += u * u;
    }
    /* five standard errors of the mean and of the second moment */
    assert_true(fabs(sum / n - 0.5) < 5 * sqrt(1.0 / 12 / n));
    assert_true(fabs(sum2 / n - 1.0 / 3) < 5 * sqrt(4.0 / 45 / n));
}

static void test_normal(void **state)
{
    (void)state;
    double sum = 0;
    double sum2 = 0;
    const int n = 20000;
    for (int i = 0; i < n; i++) {
        double v = rng_normal(7, 1, (uint64_t)i);
        sum += v;
        sum2 += v * v;
    }
    assert_true(fabs(sum / n) < 5 / sqrt(n));
    assert_true(fabs(sum2 / n - 1) < 5 * sqrt(2.0 / n));
}

static void test_streams_differ(void **state)
{
    (void)state;
    assert_true(rng_stream("a") != rng_stream("b"));
    assert_true(rng_u64(1, rng_stream("a"), 0) != rng_u64(1, rng_stream("b"), 0));
}

static void test_below(void **state)
{
    (void)state;
    int count[7] = {0};
    for (uint64_t i = 0; i < 7000; i++) {
        uint64_t v = rng_below(3, 0, i, 7);
        assert_true(v < 7);
        count[v]++;
    }
    for (int k = 0; k < 7; k++) {
        assert_in_range(count[k], 850, 1150); /* five standard deviations */
    }
}

static void test_shuffle_is_a_permutation(void **state)
{
    (void)state;
    uint32_t v[100];
    uint32_t w[100];
    int moved = 0;
    bool seen[100] = {false};
    for (uint32_t i = 0; i < 100; i++) {
        v[i] = w[i] = i;
    }
    rng_shuffle(5, 6, v, 100);
    rng_shuffle(5, 6, w, 100);
    assert_memory_equal(v, w, sizeof v);
    for (uint32_t i = 0; i < 100; i++) {
        assert_false(seen[v[i]]);
        seen[v[i]] = true;
        moved += v[i] != i;
    }
    assert_true(moved > 90);
    rng_shuffle(5, 6, v, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers), cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_normal),        cmocka_unit_test(test_streams_differ),
        cmocka_unit_test(test_below),         cmocka_unit_test(test_shuffle_is_a_permutation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
