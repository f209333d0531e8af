/* SPDX-License-Identifier: MIT */
#include "tests/unit/fetch/demo_ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

struct protocol ask_protocol(const struct world *w)
{
    return (struct protocol){.country = w->country, .reach_m = PANORAMA_REACH_M};
}

struct answer ask_for(struct protocol *p, const struct ask *ask)
{
    struct err e = {0};
    struct answer a = {0};
    assert_int_equal(protocol_answer(p, ask, &a, &e), 0);
    assert_non_null(a.body);
    return a;
}

struct answer ask_target(struct protocol *p, const char *target)
{
    return ask_for(p, &(struct ask){.target = target});
}

json_t *ask_json(struct protocol *p, const char *target, int status)
{
    json_error_t je;
    struct answer a = ask_target(p, target);
    if (a.status != status || strcmp(a.type, answer_type_json) != 0) {
        fail_msg("%s: %d %s", target, a.status, a.type);
    }
    json_t *root = json_loadb((const char *)a.body, a.n, JSON_REJECT_DUPLICATES, &je);
    assert_non_null(root);
    answer_release(&a);
    return root;
}

json_t *ask_list(struct protocol *p, const char *target, const char *name)
{
    json_t *root = ask_json(p, target, 200);
    json_t *list = json_incref(json_object_get(root, name));
    assert_true(json_is_array(list));
    json_decref(root);
    return list;
}

const char *ask_text(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));
    assert_non_null(text);
    return text;
}

void ask_rows(struct protocol *p, const struct row *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct answer a = ask_target(p, row[i].target);
        bool type = strncmp(a.type, row[i].type, strlen(row[i].type)) == 0;
        /* texts end with a NUL behind their n bytes */
        bool says = !row[i].says || strstr((const char *)a.body, row[i].says) != NULL;
        if (a.status != row[i].status || !type || !says) {
            fail_msg("%s: %d %s %.200s", row[i].target, a.status, a.type,
                     row[i].says ? (const char *)a.body : "");
        }
        answer_release(&a);
    }
}
