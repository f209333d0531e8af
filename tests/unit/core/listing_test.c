/* SPDX-License-Identifier: MIT */
#include "tests/unit/core/core_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/listing.h"

static void test_names_in_order(void **state)
{
    static const char *const made[] = {"b", "a.jpg", ".hidden", "A", "\xc4\x8d"};
    static const char *const want[] = {"A", "a.jpg", "b", "\xc4\x8d"};
    char dir[] = "/tmp/gdje-listing.XXXXXX";
    char path[64];
    struct listing l = {0};
    struct err e = {0};
    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(listing_read(dir, &l, &e), 0);
    assert_int_equal(l.n, 0);
    listing_release(&l);
    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, made[i]);
        assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
    }
    assert_int_equal(listing_read(dir, &l, &e), 0);
    assert_int_equal(l.n, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(l.name[i], want[i]);
    }
    listing_release(&l);
    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, made[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(dir), 0);
    assert_int_equal(listing_read(dir, &l, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_non_null(strstr(e.msg, dir));
}

static void test_jpeg_names(void **state)
{
    (void)state;
    assert_true(name_is_jpeg("a.jpg"));
    assert_true(name_is_jpeg("A.JPEG"));
    assert_true(name_is_jpeg("a.b.jpe"));
    assert_false(name_is_jpeg(".jpg")); /* nothing before it: a hidden file */
    assert_false(name_is_jpeg("jpg"));
    assert_false(name_is_jpeg("a.jpg.txt"));
    assert_false(name_is_jpeg(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_in_order),
        cmocka_unit_test(test_jpeg_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
