/* SPDX-License-Identifier: MIT */
/* CSV as people and spreadsheets write it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/csv.h"

/* A text read whole, shown as "a|b;c|d;": rows end in ';', a malformed row in '!'. */
static void show(const char *text, size_t n, char *out, size_t size)
{
    struct err e = {0};
    struct csv c;
    char *copy = malloc(n + 1);
    size_t at = 0;
    bool row = true;
    assert_non_null(copy);
    memcpy(copy, text, n);
    copy[n] = '\0';
    if (csv_init(&c, "t.csv", copy, n, &e) != 0) {
        (void)snprintf(out, size, "error: %.400s", e.msg);
        free(copy);
        return;
    }
    for (int i = 0; i < c.n_columns; i++) {
        at += (size_t)snprintf(out + at, size - at, "%s%s", i ? "|" : "", c.column[i]);
    }
    at += (size_t)snprintf(out + at, size - at, ";");
    while (csv_next(&c, &row, &e) == 0 && row) {
        for (int i = 0; i < c.n_fields; i++) {
            at += (size_t)snprintf(out + at, size - at, "%s%s", i ? "|" : "", c.field[i]);
        }
        at += (size_t)snprintf(out + at, size - at, c.problem ? "!" : ";");
    }
    if (e.kind != ERR_NONE) {
        (void)snprintf(out + at, size - at, "error: %s", e.msg);
    }
    free(copy);
}

static void test_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expect;
    } t[] = {
        {"a,b\n1,2\n", "a|b;1|2;"},
        {"a,b\n1,2", "a|b;1|2;"},
        {"a,b\r\n1,2\r\n", "a|b;1|2;"},
        {"a,b\r1,2\r3,4", "a|b;1|2;3|4;"},
        {"\xef\xbb\xbf"
         "a,b\n1,2\n",
         "a|b;1|2;"},
        {"a;b\n1,5;2\n", "a|b;1,5|2;"},
        {"a\tb\n1\t2\n\t\n", "a|b;1|2;|;"},
        {"a,b\n\"x,y\",2\n", "a|b;x,y|2;"},
        {"a,b\n\"x\"\"y\",\"\"\n", "a|b;x\"y|;"},
        {"a,b\n\"two\nlines\",2\n", "a|b;two\nlines|2;"},
        {"\"a,1\";b\n1;2\n", "a,1|b;1|2;"},
        {" a , b \n 1 ,\" 2 \" \n", "a|b;1| 2 ;"},
        {"a,b\n\n1,2\n\n\n3,4\n\n", "a|b;1|2;3|4;"},
        {"\n\na,b\n1,2\n", "a|b;1|2;"},
        {"a,b\n1\n1,2,3\n,\n", "a|b;1;1|2|3;|;"},
        {"a,b\n\"x\"y,2\n3,4\n", "a|b;x|2!3|4;"},
        {"a,b\n1,\"open\n2,3\n", "a|b;error: 't.csv' line 2: a quote is never closed"},
        {"a\n1\n\n2\n", "a;1;2;"},
        {"a,b\n1,\n", "a|b;1|;"},
        {"a,b\n\"1\",", "a|b;1|;"},
        {"", "error: 't.csv' is empty"},
        {"\xef\xbb\xbf", "error: 't.csv' is empty"},
        {"\n\n", "error: 't.csv' is empty"},
        {"\"a", "error: 't.csv' line 1: a quote is never closed"},
        {"\xff\xfe"
         "a",
         "error: 't.csv' is UTF-16: save it as UTF-8"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char out[512];
        show(t[i].text, strlen(t[i].text), out, sizeof out);
        assert_string_equal(out, t[i].expect);
    }
    char out[512];
    show("a,b\n1\0,2\n", 9, out, sizeof out);
    assert_string_equal(out, "error: 't.csv' is not a text: it has NUL bytes");
}

static void test_columns_and_lines(void **state)
{
    (void)state;
    struct err e = {0};
    struct csv c;
    bool row = false;
    char text[] = "uuid,Latitude,latitude\n\"a\nb\",1,2\n\nx,3\n";
    assert_int_equal(csv_init(&c, "t", text, sizeof text - 1, &e), 0);
    assert_int_equal(csv_column(&c, "latitude"), 2);
    assert_int_equal(csv_column(&c, "LATITUDE"), 1);
    assert_int_equal(csv_column(&c, "lat"), -1);
    assert_int_equal(csv_next(&c, &row, &e), 0);
    assert_int_equal(c.line, 2);
    assert_string_equal(csv_field(&c, 2), "2");
    assert_int_equal(csv_next(&c, &row, &e), 0);
    assert_int_equal(c.line, 5);
    assert_string_equal(csv_field(&c, 2), "");
    assert_string_equal(csv_field(&c, -1), "");
    assert_int_equal(csv_next(&c, &row, &e), 0);
    assert_false(row);
    assert_int_equal(csv_next(&c, &row, &e), 0);
    assert_false(row);
}

static void test_too_many_fields(void **state)
{
    (void)state;
    struct err e = {0};
    struct csv c;
    char text[CSV_MAX_FIELDS + 2];
    memset(text, ',', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_int_equal(csv_init(&c, "t", text, sizeof text - 1, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_columns_and_lines),
        cmocka_unit_test(test_too_many_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
