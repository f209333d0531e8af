/* SPDX-License-Identifier: MIT */
#include "tests/unit/core/core_test.h"

#include <stdlib.h>
#include <string.h>

#include "core/vec.h"

static void test_items_stay(void **state)
{
    (void)state;
    struct err e = {0};
    int64_t *v = NULL;
    size_t cap = 0;
    for (size_t n = 0; n < 5000; n++) {
        assert_int_equal(vec_room(&v, n, &cap, sizeof *v, "numbers", &e), 0);
        assert_true(cap > n && cap < 2 * n + 100);
        v[n] = (int64_t)n * 7;
    }
    for (size_t n = 0; n < 5000; n++) {
        assert_int_equal(v[n], n * 7);
    }
    free(v);
}

static void test_too_much_is_an_error(void **state)
{
    (void)state;
    struct err e = {0};
    char *v = NULL;
    size_t cap = SIZE_MAX / 4;
    assert_int_equal(vec_room(&v, cap, &cap, 4, "numbers", &e), -1);
    assert_int_equal(e.kind, ERR_SYSTEM);
    assert_non_null(strstr(e.msg, "numbers"));
    assert_null(v);
    assert_int_equal(cap, SIZE_MAX / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items_stay),
        cmocka_unit_test(test_too_much_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
