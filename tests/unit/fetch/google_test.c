/* SPDX-License-Identifier: MIT */
/* The Street View protocol on bytes: URLs that are asked, every status that may come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/rng.h"
#include "fetch/picture.h"
#include "fetch/provider.h"

#define FIXTURES "../shared/data/gsv-fixtures/"

static const struct provider *const google = &provider_google;

static struct provider_prefs prefs(void)
{
    return (struct provider_prefs){.base_url = "https://maps.googleapis.com",
                                   .key = "YOUR_API_KEY",
                                   .source = "outdoor",
                                   .radius_m = 50,
                                   .fov_deg = 90,
                                   .size_px = 640};
}

static void test_table(void **state)
{
    (void)state;
    for (int i = 0; provider_names[i]; i++) {
        const struct provider *p = provider_at(i);
        assert_string_equal(p->name, provider_names[i]);
        assert_true(p->local || (p->plan_probe && p->read_probe && p->plan_view && p->judge_view));
    }
}

/* --- what is asked ----------------------------------------------------------------------------------- */

static void test_probe_url(void **state)
{
    (void)state;
    struct err e = {0};
    struct buf b;
    struct provider_prefs p = prefs();
    buf_init(&b, 4096);
    const struct request r = {.at = {15.981919, 45.815011}};
    assert_int_equal(google->plan_probe(&p, &r, &b, &e), 0);
    assert_string_equal(b.p, "https://maps.googleapis.com/maps/api/streetview/metadata"
                             "?location=45.8150110%2C15.9819190&radius=50&source=outdoor"
                             "&key=YOUR_API_KEY");
    buf_release(&b);
}

static void test_view_url(void **state)
{
    (void)state;
    struct err e = {0};
    struct buf b;
    struct provider_prefs p = prefs();
    struct pano pano = {.id = "CAoS/L&F x"};
    p.pitch_deg = -2.5;
    p.sign_secret = "vNIXE0xscrmjlyV-12Nj_BvUPaw=";
    buf_init(&b, 4096);
    assert_int_equal(google->plan_view(&p, &pano, 3, &b, &e), 0);
    static const char expect[] = "https://maps.googleapis.com/maps/api/streetview?size=640x640"
                                 "&pano=CAoS%2FL%26F%20x&heading=270&fov=90&pitch=-2.5"
                                 "&source=outdoor&return_error_code=true&key=YOUR_API_KEY"
                                 "&signature=";
    assert_int_equal(strncmp(b.p, expect, sizeof expect - 1), 0);
    assert_int_equal(strlen(b.p), sizeof expect - 1 + 28);
    buf_release(&b);
}

static void test_no_key(void **state)
{
    (void)state;
    struct err e = {0};
    struct buf b;
    struct provider_prefs p = prefs();
    p.key = NULL;
    buf_init(&b, 4096);
    const struct request r = {.at = {1, 2}};
    assert_int_equal(google->plan_probe(&p, &r, &b, &e), 0);
    assert_null(strstr(b.p, "key="));
    buf_release(&b);
}

/* --- probes -------------------------------------------------------------------------------------------- */

static char why[256];
static struct pano found;

static enum verdict probe(int status, const char *type, const char *body)
{
    const struct answer a = {status, type, body, strlen(body)};
    const struct provider_prefs p = prefs();
    const struct request r = {.at = {1, 2}};
    memset(&found, 0, sizeof found);
    why[0] = '\0';
    return google->read_probe(&p, &r, &a, &found, why);
}

static enum verdict json(const char *body)
{
    return probe(200, "application/json; charset=UTF-8", body);
}

static void test_ok(void **state)
{
    (void)state;
    assert_int_equal(json("{\"copyright\": \"\xc2\xa9 Google\", \"date\": \"2014-04\","
                          " \"location\": {\"lat\": 46.5, \"lng\": 10},"
                          " \"pano_id\": \"vPnURflnc8AZu5NMLYRddw\", \"status\": \"OK\"}"),
                     VERDICT_GOOD);
    assert_string_equal(found.id, "vPnURflnc8AZu5NMLYRddw");
    assert_string_equal(found.captured, "2014-04");
    assert_string_equal(found.copyright, "\xc2\xa9 Google");
    assert_true(found.at.lat == 46.5 && found.at.lon == 10);
}

static void test_ok_with_less(void **state)
{
    (void)state;
    assert_int_equal(json("{\"location\": {\"lat\": 1, \"lng\": 2}, \"pano_id\": \"x\","
                          " \"status\": \"OK\"}"),
                     VERDICT_GOOD);
    assert_string_equal(found.captured, "");
    assert_string_equal(found.copyright, "");
    /* a date that is none, a copyright of another type: dropped, not fatal */
    static const char *const dates[] = {"\"2014\"",    "\"April\"",   "201404", "\"2014-041\"",
                                        "\"2014-13\"", "\"2014-00\"", "null"};
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        char body[256];
        (void)snprintf(body, sizeof body,
                       "{\"date\": %s, \"copyright\": [], \"location\": {\"lat\": 1, \"lng\": 2},"
                       " \"pano_id\": \"x\", \"status\": \"OK\"}",
                       dates[i]);
        assert_int_equal(json(body), VERDICT_GOOD);
        assert_string_equal(found.captured, "");
    }
    assert_int_equal(json("{\"date\": \"2014-04-17\", \"location\": {\"lat\": 1, \"lng\": 2},"
                          " \"pano_id\": \"x\", \"status\": \"OK\"}"),
                     VERDICT_GOOD);
    assert_string_equal(found.captured, "2014-04");
}

static void test_ok_but_useless(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"status\": \"OK\"}",
        "{\"status\": \"OK\", \"pano_id\": \"\", \"location\": {\"lat\": 1, \"lng\": 2}}",
        "{\"status\": \"OK\", \"pano_id\": 5, \"location\": {\"lat\": 1, \"lng\": 2}}",
        "{\"status\": \"OK\", \"pano_id\": \"a\\nb\", \"location\": {\"lat\": 1, \"lng\": 2}}",
        "{\"status\": \"OK\", \"pano_id\": \"x\"}",
        "{\"status\": \"OK\", \"pano_id\": \"x\", \"location\": []}",
        "{\"status\": \"OK\", \"pano_id\": \"x\", \"location\": {\"lat\": \"1\", \"lng\": 2}}",
        "{\"status\": \"OK\", \"pano_id\": \"x\", \"location\": {\"lat\": 91, \"lng\": 2}}",
        "{\"status\": \"OK\", \"pano_id\": \"x\", \"location\": {\"lat\": 1}}",
        "{\"status\": \"SOMETHING_NEW\"}",
        "{\"status\": 5}",
        "{}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_int_equal(json(bodies[i]), VERDICT_RETRY_BAD);
        assert_true(why[0] != '\0');
    }
}

static void test_statuses(void **state)
{
    (void)state;
    assert_int_equal(json("{\"status\": \"ZERO_RESULTS\"}"), VERDICT_NO_IMAGERY);
    assert_int_equal(json("{\"status\": \"NOT_FOUND\"}"), VERDICT_NO_IMAGERY);
    assert_int_equal(json("{\"status\": \"OVER_QUERY_LIMIT\"}"), VERDICT_RETRY);
    assert_int_equal(json("{\"status\": \"UNKNOWN_ERROR\"}"), VERDICT_RETRY);
    assert_int_equal(json("{\"status\": \"INVALID_REQUEST\"}"), VERDICT_FAILED);
    assert_int_equal(json("{\"status\": \"REQUEST_DENIED\", \"error_message\": \"Bad key.\"}"),
                     VERDICT_STOP);
    assert_string_equal(why, "REQUEST_DENIED: Bad key.");
}

static void test_http(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum verdict verdict;
    } rows[] = {{400, VERDICT_FAILED}, {404, VERDICT_FAILED}, {302, VERDICT_FAILED},
                {401, VERDICT_STOP},   {403, VERDICT_STOP},   {408, VERDICT_RETRY},
                {429, VERDICT_RETRY},  {500, VERDICT_RETRY},  {502, VERDICT_RETRY},
                {503, VERDICT_RETRY},  {504, VERDICT_RETRY},  {501, VERDICT_FAILED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct answer a = {rows[i].status, "image/jpeg", "", 0};
        assert_int_equal(probe(rows[i].status, "text/html", "<html>"), rows[i].verdict);
        assert_int_equal(google->judge_view(&a, why), rows[i].verdict);
        assert_non_null(strstr(why, "HTTP status"));
    }
}

static void test_not_json(void **state)
{
    (void)state;
    char deep[4000];
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    static const char *const bodies[] = {
        "",
        "<html>",
        "[]",
        "\"OK\"",
        "{\"status\": \"OK\"",
        "{\"status\": \"OK\"} trailing",
        "\xff\xfe",
        "{\"status\": \"ZERO_RESULTS\", \"status\": \"OK\"}" /* which one counts? */};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_int_equal(json(bodies[i]), VERDICT_RETRY);
    }
    assert_int_equal(json(deep), VERDICT_RETRY);
    const struct answer nothing = {200, "", NULL, 0};
    const struct provider_prefs p = prefs();
    const struct request r = {.at = {1, 2}};
    assert_int_equal(google->read_probe(&p, &r, &nothing, &found, why), VERDICT_RETRY);
}

static void test_views(void **state)
{
    (void)state;
    static const char *const good[] = {"image/jpeg", "image/jpeg; charset=x", "IMAGE/JPEG"};
    static const char *const bad[] = {"", "text/html", "image/png", "image/jpeg2000"};
    for (size_t i = 0; i < 3; i++) {
        const struct answer a = {200, good[i], "x", 1};
        assert_int_equal(google->judge_view(&a, why), VERDICT_GOOD);
    }
    for (size_t i = 0; i < 4; i++) {
        const struct answer a = {200, bad[i], "x", 1};
        assert_int_equal(google->judge_view(&a, why), VERDICT_RETRY);
    }
}

/* The documented answers, where the data set is present. */
static void test_fixtures(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum verdict verdict;
    } rows[] = {{"OK", VERDICT_GOOD},
                {"OK_no_date", VERDICT_GOOD},
                {"ZERO_RESULTS", VERDICT_NO_IMAGERY},
                {"NOT_FOUND", VERDICT_NO_IMAGERY},
                {"OVER_QUERY_LIMIT", VERDICT_RETRY},
                {"UNKNOWN_ERROR", VERDICT_RETRY},
                {"INVALID_REQUEST", VERDICT_FAILED},
                {"REQUEST_DENIED", VERDICT_STOP}};
    if (!file_exists(FIXTURES "constructed")) {
        (void)printf("skip: no " FIXTURES "\n");
        skip();
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err e = {0};
        char path[256];
        uint8_t *data = NULL;
        size_t n = 0;
        (void)snprintf(path, sizeof path, FIXTURES "constructed/metadata_%s.json", rows[i].name);
        assert_int_equal(file_read(path, 1 << 16, &data, &n, &e), 0);
        assert_int_equal(json((char *)data), rows[i].verdict);
        free(data);
    }
}

/* --- pictures -------------------------------------------------------------------------------------------- */

static void fill(struct image *img, int px, int noise)
{
    struct err e = {0};
    assert_int_equal(image_new(img, px, px, &e), 0);
    for (int i = 0; i < px * px * 3; i++) {
        static const int base[] = {228, 227, 223};
        img->rgb[i] = (uint8_t)(base[i % 3] +
                                (int)rng_below(1, 1, (uint64_t)i, (uint64_t)noise + 1) - noise / 2);
    }
}

static void test_card(void **state)
{
    (void)state;
    struct image img = {0};
    fill(&img, 64, 6);
    assert_true(picture_is_card(&img));
    for (int i = 0; i < 64 * 5 * 3; i++) { /* letters on 8 % of it */
        img.rgb[64 * 20 * 3 + i] = 30;
    }
    assert_true(picture_is_card(&img));
    for (int i = 0; i < 64 * 12 * 3; i++) { /* a fifth is something else */
        img.rgb[64 * 40 * 3 + i] = (uint8_t)(i % 200);
    }
    assert_false(picture_is_card(&img));
    image_release(&img);
    fill(&img, 64, 50);
    assert_false(picture_is_card(&img));
    image_release(&img);
}

static void check(const uint8_t *data, size_t n, int px, const char *expect)
{
    char text[256] = "";
    bool good = picture_check(data, n, px, true, text);
    if (good != (expect == NULL) || (expect && !strstr(text, expect))) {
        fail_msg("'%s' instead of '%s'", text, expect ? expect : "good");
    }
}

static void test_picture_check(void **state)
{
    (void)state;
    struct err e = {0};
    struct image img = {0};
    uint8_t *data = NULL;
    size_t n = 0;
    fill(&img, 64, 50);
    assert_int_equal(image_encode(&img, 80, &data, &n, &e), 0);
    check(data, n, 64, NULL);
    check(data, n, 640, "64x64 instead of 640x640");
    check(data, n / 2, 64, "");
    check(data, n - 2, 64, ""); /* only the end marker is missing */
    check(data, 3, 64, "");
    check((const uint8_t *)"<html>", 6, 64, "not a JPEG");
    free(data);
    image_release(&img);
}

/* A black row of pixels more or less at an edge is a photograph's, a tenth of it is not; nor is a
 * night, which is never quite black, a bar. */
static void test_picture_bars(void **state)
{
    (void)state;
    struct err e = {0};
    struct image img = {0};
    uint8_t *data = NULL;
    size_t n = 0;
    const size_t row = 160 * (size_t)3;
    fill(&img, 160, 50);
    assert_false(picture_has_bars(&img));
    memset(img.rgb, 0, 12 * row);
    assert_false(picture_has_bars(&img));
    memset(img.rgb + 148 * row, 2, 12 * row);
    assert_true(picture_has_bars(&img));
    assert_int_equal(image_encode(&img, 80, &data, &n, &e), 0);
    check(data, n, 160, "black bars");
    free(data);
    image_release(&img);
    fill(&img, 160, 50);
    for (size_t y = 0; y < 160; y++) {
        memset(img.rgb + y * row + 3 * (size_t)130, 0, 3 * (size_t)30);
    }
    assert_true(picture_has_bars(&img));
    for (size_t i = 0; i < 160 * row; i++) { /* a night: noise */
        img.rgb[i] = (uint8_t)(rng_below(1, 2, i, 24));
    }
    assert_false(picture_has_bars(&img));
    image_release(&img);
}

/* What decoding at full size finds, decoding to an eighth finds: cut and flipped at many places. */
static void test_picture_damage(void **state)
{
    (void)state;
    struct image img = {0};
    uint8_t *data = NULL;
    size_t n = 0;
    int n_bad = 0;
    struct err e = {0};
    char text[256];
    fill(&img, 640, 50);
    for (size_t i = 0; i < (size_t)640 * 640 * 3; i++) { /* or it would be a card */
        img.rgb[i] = (uint8_t)(img.rgb[i] - i % ((size_t)640 * 3) / 12);
    }
    assert_int_equal(image_encode(&img, 60, &data, &n, &e), 0);
    image_release(&img);
    uint8_t *copy = malloc(n);
    assert_non_null(copy);
    for (uint64_t i = 0; i < 150; i++) {
        struct err cause = {0};
        size_t m = i % 3 == 0 ? rng_below(7, 0, i, n) : n;
        memcpy(copy, data, n);
        if (i % 3 != 0) {
            copy[600 + rng_below(7, 1, i, n - 600)] ^= (uint8_t)(1u << rng_below(7, 2, i, 8));
        }
        bool whole = image_decode(copy, m, 0, &img, &cause) == 0;
        image_release(&img);
        assert_int_equal(image_decode(copy, m, 640 / 8, &img, &cause) == 0, whole);
        image_release(&img);
        assert_false(!whole && picture_check(copy, m, 640, true, text));
        n_bad += !whole;
    }
    assert_in_range(n_bad, 50, 149);
    free(copy);
    free(data);
}

/* Without decoding: the headers and the end, and nothing between. */
static void test_picture_ends(void **state)
{
    (void)state;
    struct err e = {0};
    struct image img = {0};
    uint8_t *data = NULL;
    size_t n = 0;
    char text[256] = "";
    fill(&img, 64, 50);
    assert_int_equal(image_encode(&img, 80, &data, &n, &e), 0);
    assert_true(picture_check(data, n, 64, false, text));
    assert_false(picture_check(data, n, 32, false, text));
    assert_non_null(strstr(text, "64x64 instead of 32x32"));
    assert_false(picture_check(data, n - 1, 64, false, text));
    assert_string_equal(text, "a JPEG without its end");
    assert_false(picture_check((const uint8_t *)"<html>", 6, 64, false, text));
    data[n / 2] = 0xff; /* an end of image where none should be */
    data[n / 2 + 1] = 0xd9;
    assert_true(picture_check(data, n, 64, false, text));
    assert_false(picture_check(data, n, 64, true, text));
    free(data);
    image_release(&img);
}

static void test_real_pictures(void **state)
{
    (void)state;
    static const char *const names[] = {
        FIXTURES "maps_http_streetview_binary_response.jpg",
        FIXTURES "maps_http_streetview_error_invalid_pano_binary_response.jpg"};
    if (!file_exists(names[0])) {
        (void)printf("skip: no " FIXTURES "\n");
        skip();
    }
    for (int i = 0; i < 2; i++) {
        struct err e = {0};
        struct image img = {0};
        uint8_t *data = NULL;
        size_t n = 0;
        assert_int_equal(file_read(names[i], 1 << 20, &data, &n, &e), 0);
        for (int min_px = 0; min_px <= 75; min_px += 75) { /* whole, and as it is checked */
            assert_int_equal(image_decode(data, n, min_px, &img, &e), 0);
            assert_int_equal(picture_is_card(&img), i == 1);
            image_release(&img);
        }
        free(data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_probe_url),
        cmocka_unit_test(test_view_url),
        cmocka_unit_test(test_no_key),
        cmocka_unit_test(test_ok),
        cmocka_unit_test(test_ok_with_less),
        cmocka_unit_test(test_ok_but_useless),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_not_json),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_fixtures),
        cmocka_unit_test(test_card),
        cmocka_unit_test(test_picture_check),
        cmocka_unit_test(test_picture_bars),
        cmocka_unit_test(test_picture_damage),
        cmocka_unit_test(test_picture_ends),
        cmocka_unit_test(test_real_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
