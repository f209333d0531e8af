/* SPDX-License-Identifier: MIT */
/* UTF-8: what is, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/utf8.h"

/* text begins with this code point, of so many bytes. */
static void begins(const char *text, uint32_t c, int n_bytes)
{
    const unsigned char *p = (const unsigned char *)text;
    assert_int_equal(utf8_next(&p), c);
    assert_int_equal(p - (const unsigned char *)text, n_bytes);
}

static void test_next(void **state)
{
    (void)state;
    begins("a", 'a', 1);
    begins("\xc3\xb8x", 0xF8, 2);
    begins("\xe2\x82\xac", 0x20AC, 3);
    begins("\xef\xbf\xbd", UTF8_REPLACEMENT, 3);
    begins("\xf0\x9f\x98\x80", 0x1F600, 4);
    begins("\xf4\x8f\xbf\xbf", 0x10FFFF, 4);
}

static void test_bad(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",         "\xf8rn",   "\xc3",         "\xe2\x82",         "\xc0\x80",
        "\xe0\x80\x80", "\xc1\xbf", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
        "\xff\xfe"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        begins(bad[i], UTF8_REPLACEMENT, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
