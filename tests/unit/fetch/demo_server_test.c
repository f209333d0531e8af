/* SPDX-License-Identifier: MIT */
/* The demo's server in this process, asked over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <curl/curl.h>

#include "core/buf.h"
#include "fetch/demo/protocol_internal.h"
#include "fetch/demo/server.h"
#include "tests/unit/fetch/demo_world.h"

#define PLACE "location=45.8,16.0"

struct reply {
    long status;
    struct buf body;
    char *type; /* view of the handle */
};

static const struct world *world; /* for callbacks */

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    struct err ignored = {0};
    return buf_add(ctx, data, size * n, &ignored) == 0 ? size * n : 0;
}

/* One request on curl, whose connection stays open for the next. */
static void get(CURL *curl, const struct server *s, const char *target, struct reply *r)
{
    struct err e = {0};
    struct buf url;
    buf_init(&url, 65536);
    buf_init(&r->body, 1 << 20);
    assert_int_equal(buf_printf(&url, &e, "http://127.0.0.1:%d%s", server_port(s), target), 0);
    (void)curl_easy_setopt(curl, CURLOPT_URL, url.p);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &r->body);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    assert_int_equal(curl_easy_perform(curl), CURLE_OK);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &r->status);
    (void)curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &r->type);
    buf_release(&url);
}

static void test_serves(void **state)
{
    const struct world *w = *state;
    struct protocol p = {.country = w->country, .reach_m = PANORAMA_REACH_M};
    struct err e = {0};
    struct server *s = NULL;
    struct reply r = {0};
    struct answer direct = {0};
    static const char image[] = "/maps/api/streetview?" PLACE "&size=320x320&heading=90";
    CURL *curl = curl_easy_init();
    assert_non_null(curl);
    assert_int_equal(server_start(&p, NULL, 0, 2, &s, &e), 0);
    assert_true(server_port(s) > 0);

    get(curl, s, "/maps/api/streetview/metadata?" PLACE, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.type, "application/json; charset=UTF-8");
    assert_non_null(strstr(r.body.p, "\"OK\""));
    buf_release(&r.body);

    for (int i = 0; i < 20; i++) {
        get(curl, s, image, &r);
        assert_int_equal(r.status, 200);
        assert_string_equal(r.type, "image/jpeg");
        if (i == 0) {
            long n_new = 0; /* the connection was kept */
            (void)curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &n_new);
            assert_int_equal(n_new, 0);
            assert_int_equal(protocol_answer(&p, &(struct ask){.target = image}, &direct, &e), 0);
        }
        assert_int_equal(r.body.n, direct.n);
        assert_memory_equal(r.body.p, direct.body, direct.n);
        buf_release(&r.body);
    }
    assert_true(server_idle_s(s) < 5);
    server_stop(s);
    answer_release(&direct);
    curl_easy_cleanup(curl);
}

static void test_refuses(void **state)
{
    const struct world *w = *state;
    struct protocol p = {.country = w->country, .reach_m = PANORAMA_REACH_M};
    struct err e = {0};
    struct server *s = NULL;
    struct reply r = {0};
    static char target[40000];
    CURL *curl = curl_easy_init();
    assert_non_null(curl);
    assert_int_equal(server_start(&p, NULL, 0, 1, &s, &e), 0);

    get(curl, s, "/", &r);
    assert_int_equal(r.status, 404);
    buf_release(&r.body);
    get(curl, s, "/maps/api/streetview?" PLACE, &r);
    assert_int_equal(r.status, 400);
    buf_release(&r.body);

    /* what the protocol refuses, and what does not even fit the server's memory for a head */
    memset(target, 'x', sizeof target - 1);
    memcpy(target, "/maps/api/streetview?", 21);
    target[9000] = '\0';
    get(curl, s, target, &r);
    assert_int_equal(r.status, 414);
    buf_release(&r.body);
    target[9000] = 'x';
    get(curl, s, target, &r);
    assert_true(r.status == 414 || r.status == 431);
    buf_release(&r.body);

    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "size=640x640");
    get(curl, s, "/maps/api/streetview", &r);
    assert_int_equal(r.status, 405);
    buf_release(&r.body);
    server_stop(s);
    curl_easy_cleanup(curl);
}

/* Bodies reach the protocol whole or are refused; the address in an answer is the one asked. */
static void test_post(void **state)
{
    const struct world *w = *state;
    struct protocol p = {.country = w->country};
    struct err e = {0};
    struct server *s = NULL;
    struct reply r = {0};
    static char body[100000];
    CURL *curl = curl_easy_init();
    struct curl_slist *json = curl_slist_append(NULL, "Content-Type: application/json");
    assert_true(curl && json);
    assert_int_equal(server_start(&p, NULL, 0, 1, &s, &e), 0);
    memset(body, ' ', sizeof body - 1);
    memcpy(body, "{\"limit\":", 9);
    body[60000] = '1';
    body[60001] = '}';
    body[60002] = '\0';
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, json);
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    get(curl, s, "/api/search", &r);
    assert_int_equal(r.status, 200);
    char base[64];
    (void)snprintf(base, sizeof base, "http://127.0.0.1:%d/api/pictures/", server_port(s));
    assert_non_null(strstr(r.body.p, base));
    buf_release(&r.body);
    body[60002] = ' ';
    get(curl, s, "/api/search", &r);
    assert_int_equal(r.status, 413);
    buf_release(&r.body);
    server_stop(s);
    curl_slist_free_all(json);
    curl_easy_cleanup(curl);
}

static bool find_unfinished(void *ctx, const struct shot *shot)
{
    char *target = ctx;
    struct err e = {0};
    struct answer a = {0};
    char uuid[PANORAMAX_UUID_SIZE];
    struct protocol p = {.country = world->country};
    struct drives d = {world->country, DRIVE_PANORAMAX, DRIVE_DENSITY};
    panoramax_uuid(&d, shot->number, uuid);
    (void)snprintf(target, 64, "/api/pictures/%s", uuid);
    assert_int_equal(protocol_answer(&p, &(struct ask){.target = target}, &a, &e), 0);
    bool found = a.status == 102;
    answer_release(&a);
    return !found;
}

/* A status of 102 is sent, and nothing after it: the library would go on for ever. */
static void test_unfinished(void **state)
{
    world = *state;
    char target[64];
    struct protocol p = {.country = world->country};
    struct drives d = {world->country, DRIVE_PANORAMAX, DRIVE_DENSITY};
    struct err e = {0};
    struct server *s = NULL;
    char url[128];
    long status = 0;
    CURL *curl = curl_easy_init();
    assert_non_null(curl);
    drives_visit(&d, border_bbox(world->border), find_unfinished, target);
    assert_int_equal(server_start(&p, NULL, 0, 1, &s, &e), 0);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d%s", server_port(s), target);
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    assert_int_equal(curl_easy_perform(curl), CURLE_GOT_NOTHING);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    assert_int_equal(status, 102);
    server_stop(s);
    curl_easy_cleanup(curl);
}

static void test_busy_port(void **state)
{
    const struct world *w = *state;
    struct protocol p = {.country = w->country, .reach_m = PANORAMA_REACH_M};
    struct err e = {0};
    struct server *first = NULL;
    struct server *second = NULL;
    char expected[64];
    assert_int_equal(server_start(&p, NULL, 0, 1, &first, &e), 0);
    assert_int_equal(server_start(&p, NULL, server_port(first), 1, &second, &e), -1);
    assert_int_equal(e.kind, ERR_SYSTEM);
    (void)snprintf(expected, sizeof expected,
                   "cannot listen on 127.0.0.1:%d: ", server_port(first));
    assert_memory_equal(e.msg, expected, strlen(expected));
    assert_null(second);
    int port = server_port(first);
    server_stop(first);
    /* a port is free again at once */
    assert_int_equal(server_start(&p, NULL, port, 1, &second, &e), 0);
    server_stop(second);
    server_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_serves),    cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_post),      cmocka_unit_test(test_unfinished),
        cmocka_unit_test(test_busy_port),
    };
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    int n_failed = cmocka_run_group_tests(tests, world_open, world_close);
    curl_global_cleanup();
    return n_failed;
}
