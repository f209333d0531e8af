/* SPDX-License-Identifier: MIT */
/* What hostile text becomes in HTML and in JSON inside a script element. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/rng.h"
#include "predict/markup.h"

static char *written(void (*fn)(FILE *, const char *), const char *in)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    fn(f, in);
    assert_int_equal(fclose(f), 0);
    return text;
}

static void expect(void (*fn)(FILE *, const char *), const char *in, const char *want)
{
    char *text = written(fn, in);
    assert_string_equal(text, want);
    free(text);
}

static void test_html(void **state)
{
    (void)state;
    expect(html_text, "plain \xc4\x8d\xc5\xa1 \xf0\x9f\x98\x80",
           "plain \xc4\x8d\xc5\xa1 \xf0\x9f\x98\x80");
    expect(html_text, "</script><b a='x' b=\"y\">&amp;",
           "&#60;/script&#62;&#60;b a=&#39;x&#39; b=&#34;y&#34;&#62;&#38;amp;");
    expect(html_text, "\x01\x7f\xff", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    expect(html_text, "a\nb\tc", "a\nb\tc");
    /* overlong slash, a surrogate, beyond the last plane, a sequence cut short */
    expect(html_text, "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");
    expect(html_text, "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    expect(html_text, "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    expect(html_text, "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd");
}

static void test_json(void **state)
{
    (void)state;
    expect(json_text, "a\"b\\c\n", "\"a\\\"b\\\\c\\u000a\"");
    expect(json_text, "</script><!--&", "\"\\u003c/script\\u003e\\u003c!--\\u0026\"");
    expect(json_text, "\xe2\x80\xa8\xe2\x80\xa9", "\"\\u2028\\u2029\"");
    expect(json_text, "\xff", "\"\xef\xbf\xbd\"");
}

/* Whatever the bytes: valid JSON, and nothing in it that HTML would see as a tag. */
static void test_json_any(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 2000; round++) {
        char in[33];
        size_t n = (size_t)rng_below(3, round, 99, 32);
        for (size_t i = 0; i < n; i++) {
            in[i] = (char)(1 + rng_below(3, round, i, 255));
        }
        in[n] = '\0';
        char *text = written(json_text, in);
        assert_null(strpbrk(text, "<>&"));
        json_error_t e;
        json_t *v = json_loads(text, JSON_DECODE_ANY, &e);
        if (!v) {
            fail_msg("%s: %s", e.text, text);
        }
        json_decref(v);
        free(text);
        text = written(html_text, in);
        assert_null(strpbrk(text, "<>\"'"));
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_html),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
