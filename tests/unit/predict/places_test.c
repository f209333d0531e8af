/* SPDX-License-Identifier: MIT */
/* Tables of places: what is read, what is refused and with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "predict/places.h"

static int parse(const char *text, struct places *t, struct err *e)
{
    char *copy = strdup(text);
    int rc = places_parse("t.csv", copy, strlen(copy), t, e);
    free(copy);
    return rc;
}

static void test_good(void **state)
{
    (void)state;
    struct err e = {0};
    struct places t = {0};
    assert_int_equal(parse("\xef\xbb\xbflongitude,uuid,latitude,note\r\n"
                           "16.5,\"b,\"\"x\"\"\n2\",45.25,\r\n\r\n"
                           "15,a,44,\"\"",
                           &t, &e),
                     0);
    assert_int_equal(t.n, 2);
    assert_string_equal(t.row[0].uuid, "a");
    assert_string_equal(t.row[1].uuid, "b,\"x\"\n2");
    assert_true(t.row[1].at.lat == 45.25 && t.row[1].at.lon == 16.5);
    assert_ptr_equal(places_find(&t, "a"), &t.row[0]);
    assert_null(places_find(&t, "c"));
    places_release(&t);
    assert_int_equal(parse("uuid,latitude,longitude\n", &t, &e), 0);
    assert_int_equal(t.n, 0);
    assert_null(places_find(&t, "c"));
    places_release(&t);
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "'t.csv' is empty"},
        {"uuid,latitude\na,1\n", "no column 'longitude'"},
        {"uuid,latitude,longitude\na,1\n", "line 2: longitude"},
        {"uuid,latitude,longitude\na,1,2\nb,x,2\n", "line 3: latitude"},
        {"uuid,latitude,longitude\na,91,2\n", "line 2: latitude"},
        {"uuid,latitude,longitude\na,1,nan\n", "line 2: longitude"},
        {"uuid,latitude,longitude\n\"a,1,2\n", "line 2: a quote is never closed"},
        {"uuid,latitude,longitude\n\"a\"b,1,2\n", "line 2: text behind a closing quote"},
        {"uuid,latitude,longitude\na,1,2\na,1,2\n", "uuid 'a' is given twice"},
        {"uuid,latitude,longitude\n\"a\nb\",1,2\nc,1,\n", "line 4: longitude"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err e = {0};
        struct places t = {0};
        assert_int_equal(parse(bad[i].text, &t, &e), -1);
        assert_int_equal(e.kind, ERR_INPUT);
        if (!strstr(e.msg, bad[i].says)) {
            fail_msg("'%s' does not say '%s'", e.msg, bad[i].says);
        }
    }
    struct err e = {0};
    struct places t = {0};
    char nul[] = "uuid,latitude,longitude\na\0b,1,2\n";
    assert_int_equal(places_parse("t.csv", nul, sizeof nul - 1, &t, &e), -1);
}

static void test_field(void **state)
{
    (void)state;
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    places_put_field(f, "plain");
    places_put_field(f, "a,\"b\"\n");
    assert_int_equal(fclose(f), 0);
    assert_string_equal(text, "plain\"a,\"\"b\"\"\n\"");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
