/* SPDX-License-Identifier: MIT */
/* The demo's faults: which request gets which, what becomes of answers, and how they are sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <jansson.h>

#include "core/buf.h"
#include "core/image.h"
#include "core/progress.h"
#include "fetch/demo/fault.h"
#include "fetch/demo/missend.h"
#include "fetch/demo/server.h"
#include "fetch/demo/spoil.h"
#include "tests/unit/fetch/demo_world.h"

#define PLACE    "location=45.8,16.0"
#define IMAGE    PROTOCOL_IMAGE "?" PLACE "&size=64x64&heading=90"
#define METADATA PROTOCOL_METADATA "?" PLACE
#define MANY     4000

static void refused(const char *text, const char *words)
{
    struct err e = {0};
    struct faults *f = NULL;
    assert_int_equal(faults_new(text, 1, &f, &e), -1);
    assert_int_equal(e.kind, ERR_USAGE);
    if (!strstr(e.msg, words)) {
        fail_msg("'%s': '%s' lacks '%s'", text, e.msg, words);
    }
    assert_null(f);
}

static void test_rates_are_read(void **state)
{
    (void)state;
    refused("", "not NAME=RATE");
    refused("503", "'503' is not NAME=RATE");
    refused("504=0.1", "no fault '504'");
    refused("503=", "the rate of '503'");
    refused("503=1.5", "the rate of '503'");
    refused("503=0.5,none=0.1", "no fault 'none'");
    refused("503=0.5,stall=0.6", "pictures add up to 1.1");
    refused("503=0.5,grey=0.2,huge=0.6", "metadata add up to 1.1");
    refused("all=0.1", "add up to");
}

static void target_of(char target[64], bool image, int i)
{
    (void)snprintf(target, 64, "%s?n=%d", image ? PROTOCOL_IMAGE : PROTOCOL_METADATA, i);
}

static void test_shares(void **state)
{
    struct err e = {0};
    struct faults *f = NULL;
    char target[64];
    (void)state;
    assert_int_equal(faults_new("all=0.01,503=0.2,over-limit=0", 7, &f, &e), 0);
    for (int image = 0; image < 2; image++) {
        int n[FAULT_COUNT] = {0};
        for (int i = 0; i < MANY; i++) {
            target_of(target, image != 0, i);
            n[fault_at(f, target, 0)]++;
        }
        for (int k = FAULT_NONE + 1; k < FAULT_COUNT; k++) {
            bool strikes = fault_strikes((enum fault)k, image != 0);
            if (!strikes || k == FAULT_OVER_LIMIT) {
                assert_int_equal(n[k], 0);
            } else if (k == FAULT_503) {
                assert_in_range(n[k], 700, 900);
            } else {
                assert_in_range(n[k], 15, 75);
            }
        }
    }
    assert_int_equal(fault_at(f, "/", 0), FAULT_NONE);
    assert_int_equal(fault_at(f, FAULT_LOOP, 5), FAULT_REDIRECT);
    faults_free(f);
    faults_free(NULL);
}

/* The same seed, target and number give the same fault; another number may give none. */
static void test_repeats(void **state)
{
    struct err e = {0};
    struct faults *f = NULL;
    struct faults *g = NULL;
    char target[64];
    int n_later = 0;
    (void)state;
    assert_int_equal(faults_new("503=0.5", 7, &f, &e), 0);
    assert_int_equal(faults_new("503=0.5", 7, &g, &e), 0);
    for (uint32_t nth = 0; nth < 3; nth++) {
        for (int i = 0; i < MANY; i++) {
            target_of(target, true, nth % 2 ? i : MANY - 1 - i);
            enum fault now = faults_next(f, target);
            assert_int_equal(now, fault_at(g, target, nth));
            n_later += now == FAULT_503 && fault_at(g, target, nth + 1) == FAULT_NONE;
        }
    }
    assert_in_range(n_later, 3 * MANY / 5, 3 * MANY);
    faults_free(f);
    faults_free(g);
}

static void test_over_limit_lasts(void **state)
{
    struct err e = {0};
    struct faults *f = NULL;
    char target[64];
    int n_runs = 0;
    (void)state;
    assert_int_equal(faults_new("over-limit=0.05", 7, &f, &e), 0);
    for (int i = 0; i < 200; i++) {
        target_of(target, false, i);
        if (fault_at(f, target, 0) == FAULT_OVER_LIMIT) {
            n_runs++;
            assert_int_equal(fault_at(f, target, 1), FAULT_OVER_LIMIT);
            assert_int_equal(fault_at(f, target, 2), FAULT_OVER_LIMIT);
        }
    }
    assert_true(n_runs > 0);
    faults_free(f);
}

/* --- answers --------------------------------------------------------------------------------------- */

static void spoilt(const struct world *w, enum fault f, const char *target, struct answer *a)
{
    struct protocol p = {.country = w->country, .reach_m = PANORAMA_REACH_M};
    struct err e = {0};
    assert_int_equal(protocol_answer(&p, &(struct ask){.target = target}, a, &e), 0);
    assert_int_equal(a->status, 200);
    assert_int_equal(spoil_answer(f, protocol_route(target), a, &e), 0);
}

/* What the other services say, in their own words. */
static void test_other_services(void **state)
{
    static const char mapillary[] = "/images?bbox=15.95,45.75,16.04,45.84&limit=3&fields=geometry";
    static const char panoramax[] = "/api/search?bbox=15.95,45.75,16.04,45.84&limit=3";
    static const struct {
        const char *target, *says;
        enum fault fault;
        int status;
    } expected[] = {
        {mapillary, "\"code\":190", FAULT_403, 403},
        {panoramax, "\"status_code\":403", FAULT_403, 403},
        {mapillary, "\"code\":4}", FAULT_OVER_LIMIT, 403},
        {panoramax, "\"status_code\":429", FAULT_OVER_LIMIT, 429},
        {mapillary, "\"code\":1}", FAULT_UNKNOWN_ERROR, 500},
        {panoramax, "\"status_code\":500", FAULT_UNKNOWN_ERROR, 500},
        {mapillary, "Too many", FAULT_RETRY_AFTER, 429},
        {panoramax, "<html>", FAULT_HTML, 200},
        {mapillary, "{\"data\":[{\"id\":17,\"geometry\":[\"45.8\",null]}", FAULT_TYPES, 200},
        {panoramax, "{\"type\":17,\"stac_version\":17", FAULT_TYPES, 200},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct answer a = {0};
        spoilt(*state, expected[i].fault, expected[i].target, &a);
        if (a.status != expected[i].status || !strstr((const char *)a.body, expected[i].says)) {
            fail_msg("%s: %d %.300s", fault_name(expected[i].fault), a.status,
                     (const char *)a.body);
        }
        answer_release(&a);
    }
    for (int i = 0; i < 2; i++) {
        struct answer a = {0};
        spoilt(*state, FAULT_DUPLICATE, i ? panoramax : mapillary, &a);
        json_t *root = json_loadb((char *)a.body, a.n, 0, NULL);
        const json_t *list = json_object_get(root, i ? "features" : "data");
        assert_int_equal(json_array_size(list), 6);
        for (size_t k = 0; k < 6; k += 2) {
            assert_true(json_equal(json_array_get(list, k), json_array_get(list, k + 1)));
        }
        json_decref(root);
        answer_release(&a);
    }
}

/* The same picture is the same target, whenever its address was made. */
static void test_addresses_that_expire(void **state)
{
    struct err e = {0};
    struct faults *f = NULL;
    int n_bad = 0;
    (void)state;
    assert_int_equal(faults_new("expired=0.5", 7, &f, &e), 0);
    for (int i = 0; i < 200; i++) {
        char a[64];
        char b[64];
        (void)snprintf(a, sizeof a, "/m1/v/%d_2048.jpg?oe=1&oh=2", i);
        (void)snprintf(b, sizeof b, "/m1/v/%d_2048.jpg?oe=3&oh=4", i);
        assert_int_equal(fault_at(f, a, 0), fault_at(f, b, 0));
        assert_int_equal(faults_next(f, a), fault_at(f, a, 0));
        assert_int_equal(faults_next(f, b), fault_at(f, a, 1));
        n_bad += fault_at(f, a, 0) == FAULT_EXPIRED;
    }
    assert_in_range(n_bad, 70, 130);
    faults_free(f);
}

static void test_statuses(void **state)
{
    static const struct {
        enum fault fault;
        int status;
        const char *header, *value;
    } expected[] = {
        {FAULT_429, 429, NULL, NULL},        {FAULT_RETRY_AFTER, 429, "Retry-After", "1"},
        {FAULT_500, 500, NULL, NULL},        {FAULT_502, 502, NULL, NULL},
        {FAULT_503, 503, NULL, NULL},        {FAULT_403, 403, NULL, NULL},
        {FAULT_HTML, 200, NULL, NULL},       {FAULT_REDIRECT, 302, "Location", FAULT_LOOP},
        {FAULT_EXPIRED, 404, NULL, NULL},    {FAULT_NONE, 200, NULL, NULL},
        {FAULT_OVER_LIMIT, 429, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct answer a = {0};
        spoilt(*state, expected[i].fault, IMAGE, &a);
        assert_int_equal(a.status, expected[i].status);
        assert_int_equal(a.header != NULL, expected[i].header != NULL);
        if (a.header) {
            assert_string_equal(a.header, expected[i].header);
            assert_string_equal(a.header_value, expected[i].value);
        }
        answer_release(&a);
    }
}

static void test_pictures(void **state)
{
    struct err e = {0};
    struct answer a = {0};
    struct image img = {0};
    spoilt(*state, FAULT_TRUNCATED, IMAGE, &a);
    assert_string_equal(a.type, "image/jpeg");
    assert_int_equal(image_decode(a.body, a.n, 0, &img, &e), -1);
    answer_release(&a);
    spoilt(*state, FAULT_GREY, IMAGE, &a);
    assert_int_equal(image_decode(a.body, a.n, 0, &img, &e), 0);
    assert_int_equal(img.width, 64);
    assert_in_range(img.rgb[0], 222, 234);
    image_release(&img);
    answer_release(&a);
}

static void test_metadata(void **state)
{
    json_error_t je;
    struct answer a = {0};
    spoilt(*state, FAULT_DEEP, METADATA, &a);
    assert_true(a.n < 64 * 1024);
    assert_null(json_loadb((char *)a.body, a.n, 0, &je));
    answer_release(&a);
    spoilt(*state, FAULT_DUPLICATE, METADATA, &a);
    assert_null(json_loadb((char *)a.body, a.n, JSON_REJECT_DUPLICATES, &je));
    json_t *root = json_loadb((char *)a.body, a.n, 0, &je);
    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "pano_id")), "nowhere");
    json_decref(root);
    answer_release(&a);
    spoilt(*state, FAULT_TYPES, METADATA, &a);
    root = json_loadb((char *)a.body, a.n, 0, &je);
    assert_string_equal(json_string_value(json_object_get(root, "status")), "OK");
    assert_true(json_is_integer(json_object_get(root, "pano_id")));
    json_decref(root);
    answer_release(&a);
    spoilt(*state, FAULT_UNKNOWN_ERROR, METADATA, &a);
    assert_non_null(strstr((char *)a.body, "UNKNOWN_ERROR"));
    answer_release(&a);
    spoilt(*state, FAULT_OVER_LIMIT, METADATA, &a);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr((char *)a.body, "OVER_QUERY_LIMIT"));
    answer_release(&a);
}

/* --- sending --------------------------------------------------------------------------------------- */

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    (void)data;
    *(size_t *)ctx += size * n;
    return size * n;
}

/* One request to a server on which every answer has this fault; *n: bytes of the body. */
static CURLcode ask(const struct world *w, const char *fault, const char *target, long timeout_ms,
                    size_t *n)
{
    struct protocol p = {.country = w->country, .reach_m = PANORAMA_REACH_M};
    struct err e = {0};
    struct server *s = NULL;
    struct faults *f = NULL;
    char text[64];
    char url[256];
    (void)snprintf(text, sizeof text, "%s=1", fault);
    assert_int_equal(faults_new(text, 1, &f, &e), 0);
    assert_int_equal(server_start(&p, f, 0, 2, &s, &e), 0);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d%s", server_port(s), target);
    CURL *curl = curl_easy_init();
    assert_non_null(curl);
    *n = 0;
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, n);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    double start_s = time_monotonic_s();
    server_stop(s); /* what still waits does not keep it */
    assert_true(time_monotonic_s() - start_s < 5);
    faults_free(f);
    return code;
}

static void test_sending(void **state)
{
    struct answer good = {0};
    size_t n = 0;
    spoilt(*state, FAULT_NONE, IMAGE, &good);
    assert_int_equal(ask(*state, "cut", IMAGE, 20000, &n), CURLE_PARTIAL_FILE);
    assert_int_equal(n, good.n / 2);
    assert_int_equal(ask(*state, "long-length", IMAGE, 20000, &n), CURLE_PARTIAL_FILE);
    assert_int_equal(n, good.n);
    assert_int_equal(ask(*state, "short-length", IMAGE, 20000, &n), CURLE_OK);
    assert_int_equal(n, good.n / 2);
    assert_int_equal(ask(*state, "stall", IMAGE, 400, &n), CURLE_OPERATION_TIMEDOUT);
    assert_int_equal(n, 0);
    assert_int_equal(ask(*state, "drip", IMAGE, 1700, &n), CURLE_OPERATION_TIMEDOUT);
    assert_in_range(n, 1, 3);
    assert_int_equal(ask(*state, "huge", METADATA, 20000, &n), CURLE_OK);
    assert_int_equal(n, MISSEND_HUGE);
    assert_int_equal(ask(*state, "redirect", METADATA, 20000, &n), CURLE_TOO_MANY_REDIRECTS);
    answer_release(&good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates_are_read),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_over_limit_lasts),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_other_services),
        cmocka_unit_test(test_addresses_that_expire),
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_sending),
    };
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    int n_failed = cmocka_run_group_tests(tests, world_open, world_close);
    curl_global_cleanup();
    return n_failed;
}
