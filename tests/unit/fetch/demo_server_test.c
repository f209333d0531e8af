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
#include "fetch/demo/server.h"
#include "tests/unit/fetch/demo_world.h"

#define PLACE "location=45.8,16.0"

struct reply {
    long status;
    struct buf body;
    char *type; /* view of the handle */
};

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
        cmocka_unit_test(test_serves),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_busy_port),
    };
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    int n_failed = cmocka_run_group_tests(tests, world_open, world_close);
    curl_global_cleanup();
    return n_failed;
}
