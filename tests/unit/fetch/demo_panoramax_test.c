/* SPDX-License-Identifier: MIT */
/* Panoramax as the demo speaks it: every endpoint and every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/image.h"
#include "fetch/demo/protocol_internal.h"
#include "tests/unit/fetch/demo_ask.h"

#define BOX  "bbox=15.95,45.75,16.04,45.84" /* has some ten roads at seed 1 */
#define JSON "application/json"

/* The features of a search; the array is owned. */
static json_t *search(struct protocol *p, const char *query)
{
    char target[512];
    (void)snprintf(target, sizeof target, "/api/search?%s", query);
    return ask_list(p, target, "features");
}

static struct lonlat place_of(const json_t *item)
{
    const json_t *c = json_object_get(json_object_get(item, "geometry"), "coordinates");
    return (struct lonlat){json_number_value(json_array_get(c, 0)),
                           json_number_value(json_array_get(c, 1))};
}

static void test_search(void **state)
{
    struct protocol p = ask_protocol(*state);
    const struct lonlat middle = {15.995, 45.795};
    json_t *some = search(&p, BOX);
    json_t *all = search(&p, BOX "&limit=10000");
    size_t n = json_array_size(all);
    double last_km = 0;
    assert_int_equal(json_array_size(some), 10);
    assert_in_range(n, 30, 300);
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(all, i);
        struct lonlat at = place_of(item);
        double km = geo_distance_km(at, middle);
        assert_true(at.lon >= 15.95 && at.lon <= 16.04 && at.lat >= 45.75 && at.lat <= 45.84);
        assert_true(km > last_km * 0.97); /* the demo's frame is off by some per cent */
        last_km = km;
        assert_true(i >= 10 || json_equal(item, json_array_get(some, i)));
    }
    json_decref(some);
    json_decref(all);
    p.density = 200;
    all = search(&p, "bbox=15.5,45.3,16.5,46.3&limit=10000");
    assert_int_equal(json_array_size(all), 10000);
    json_decref(all);
    all = search(&p, "bbox=0,0,1,1");
    assert_int_equal(json_array_size(all), 0);
    json_decref(all);
}

/* A picture by either address is what the search told; its members are those of the documentation,
 * some of them not everywhere. */
static void test_items(void **state)
{
    struct protocol p = ask_protocol(*state);
    json_t *all = search(&p, "bbox=15.8,45.6,16.2,46&limit=1000");
    size_t n = json_array_size(all);
    size_t n_round = 0;
    size_t n_sd = 0;
    size_t n_azimuth = 0;
    size_t n_free = 0;
    assert_true(n > 300);
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(all, i);
        const json_t *properties = json_object_get(item, "properties");
        char target[200];
        (void)snprintf(target, sizeof target, "/api/pictures/%s", ask_text(item, "id"));
        json_t *one = ask_json(&p, target, 200);
        assert_true(json_equal(one, item));
        json_decref(one);
        (void)snprintf(target, sizeof target, "/api/collections/%s/items/%s",
                       ask_text(item, "collection"), ask_text(item, "id"));
        one = ask_json(&p, target, 200);
        assert_true(json_equal(one, item));
        json_decref(one);
        assert_int_equal(strlen(ask_text(properties, "datetime")), 29);
        assert_string_equal(ask_text(properties, "geovisio:status"), "ready");
        assert_string_equal(
            ask_text(properties, "geovisio:producer"),
            ask_text(json_array_get(json_object_get(item, "providers"), 0), "name"));
        n_round +=
            json_integer_value(json_object_get(
                json_object_get(properties, "pers:interior_orientation"), "field_of_view")) == 360;
        n_sd += json_object_get(json_object_get(item, "assets"), "sd") != NULL;
        n_azimuth += json_object_get(properties, "view:azimuth") != NULL;
        n_free += strcmp(ask_text(properties, "license"), "etalab-2.0") == 0;
    }
    print_message("%zu pictures: %zu round, %zu with sd, %zu with azimuth, %zu etalab-2.0\n", n,
                  n_round, n_sd, n_azimuth, n_free);
    assert_in_range(n_round, n / 4, n * 3 / 4);
    assert_in_range(n_sd, n * 9 / 10, n - 1);
    assert_in_range(n_azimuth, n * 9 / 10, n - 1);
    assert_in_range(n_free, n / 10, n / 2);
    json_decref(all);
}

/* The path of an asset, or NULL. */
static const char *asset_of(const json_t *item, const char *size)
{
    const json_t *asset = json_object_get(json_object_get(item, "assets"), size);
    return asset ? strstr(ask_text(asset, "href"), "/api/") : NULL;
}

static void test_files(void **state)
{
    static const struct {
        const char *size;
        int flat, flat_height, round;
    } expected[] = {{"hd", 2560, 1920, 4096}, {"sd", 2048, 1536, 2048}, {"thumb", 500, 375, 500}};
    struct protocol p = ask_protocol(*state);
    struct err e = {0};
    bool seen[2] = {false, false};
    json_t *all = search(&p, BOX "&limit=1000");
    for (size_t i = 0; i < json_array_size(all) && !(seen[0] && seen[1]); i++) {
        const json_t *item = json_array_get(all, i);
        bool round =
            json_integer_value(json_object_get(
                json_object_get(json_object_get(item, "properties"), "pers:interior_orientation"),
                "field_of_view")) == 360;
        if (seen[round] || !asset_of(item, "sd")) {
            continue;
        }
        seen[round] = true;
        for (int k = 0; k < 3; k++) {
            struct image_info info;
            struct answer a = ask_target(&p, asset_of(item, expected[k].size));
            assert_int_equal(a.status, 200);
            assert_int_equal(image_read_info(a.body, a.n, &info, &e), 0);
            assert_int_equal(info.width, round ? expected[k].round : expected[k].flat);
            assert_int_equal(info.height, round ? expected[k].round / 2 : expected[k].flat_height);
            answer_release(&a);
        }
    }
    assert_true(seen[0] && seen[1]);
    json_decref(all);
}

static void test_errors(void **state)
{
    static const char limit[] =
        "Parameter limit must be either empty or a number between 1 and 10000";
    static const struct row row[] = {
        {"/api/search?" BOX "&limit=", 200, JSON, "FeatureCollection"},
        {"/api/search?" BOX "&limit=0", 400, JSON, limit},
        {"/api/search?" BOX "&limit=10001", 400, JSON, limit},
        {"/api/search?" BOX "&limit=ten", 400, JSON, limit},
        {"/api/search?bbox=1,2,3", 400, JSON, "Parameter bbox"},
        {"/api/search?bbox=16,45,15,46", 400, JSON, "Parameter bbox"},
        {"/api/search?" BOX "&place_position=16,45", 400, JSON, "knows no parameters"},
        {"/api/search?bbox=%4", 400, JSON, "malformed"},
        {"/api/configuration", 200, JSON, "\"license\":{\"id\":\"CC-BY-SA-4.0\""},
        {"/api/", 404, JSON, "nothing"},
        {"/api/searches", 404, JSON, "nothing"},
        {"/api/pictures/", 404, JSON, "find this picture"},
        {"/api/pictures/17", 404, JSON, "find this picture"},
        {"/api/pictures/b0278e98-e35a-4f7e-a7c3-6d9024740d69", 404, JSON, "find this picture"},
        {"/api/pictures/b0278e98-e35a-4f7e-a7c3-6d9024740d69/hd.jpg", 404, JSON, "find"},
        {"/api/collections/x/items/y", 404, JSON, "find this picture"},
        {"/api/collections/", 404, JSON, "find this picture"},
    };
    struct protocol p = ask_protocol(*state);
    p.key = "only for others";
    ASK_ROWS(&p, row);
}

static void posted(struct protocol *p, const char *type, const char *body, int status,
                   const char *says)
{
    struct answer a = ask_for(p, &(struct ask){.target = "/api/search",
                                               .content_type = type,
                                               .body = body,
                                               .n_body = body ? strlen(body) : 0,
                                               .post = true});
    if (a.status != status || !strstr((const char *)a.body, says)) {
        fail_msg("%s: %d %.200s", body, a.status, (const char *)a.body);
    }
    answer_release(&a);
}

static void test_post(void **state)
{
    struct protocol p = ask_protocol(*state);
    const char *good = "{\"bbox\": [15.95, 45.75, 16.04, 45.84], \"limit\": 3}";
    struct answer by_get = ask_target(&p, "/api/search?" BOX "&limit=3");
    struct answer by_post = ask_for(&p, &(struct ask){.target = "/api/search",
                                                      .content_type = JSON,
                                                      .body = good,
                                                      .n_body = strlen(good),
                                                      .post = true});
    assert_string_equal((const char *)by_get.body, (const char *)by_post.body);
    answer_release(&by_get);
    answer_release(&by_post);
    posted(&p, JSON "; charset=utf-8", good, 400, "JSON body");
    posted(&p, NULL, good, 400, "JSON body");
    posted(&p, JSON, NULL, 400, "not a JSON object");
    posted(&p, JSON, "[]", 400, "not a JSON object");
    posted(&p, JSON, "{\"limit\": 0}", 400, "Parameter limit");
    posted(&p, JSON, "{\"limit\": \"5\"}", 400, "Parameter limit");
    posted(&p, JSON, "{\"bbox\": [1, 2, 3]}", 400, "Parameter bbox");
    posted(&p, JSON, "{\"bbox\": [1e300, 2, 3, 4]}", 400, "Parameter bbox");
    posted(&p, JSON, "{\"bbox\": \"15,45,16,46\"}", 400, "Parameter bbox");
    posted(&p, JSON, "{\"ids\": []}", 400, "knows no parameters");
    struct answer a =
        ask_for(&p, &(struct ask){.target = "/api/configuration", .body = "", .post = true});
    assert_int_equal(a.status, 405);
    answer_release(&a);
}

/* --- pictures that are not ready -------------------------------------------------------------------- */

struct states {
    struct protocol *p;
    const struct drives *drives;
    char uuid[2][PANORAMAX_UUID_SIZE]; /* of one in preparation and a broken one */
    int n[3];
};

static bool on_shot(void *ctx, const struct shot *s)
{
    struct states *t = ctx;
    char target[100];
    char uuid[PANORAMAX_UUID_SIZE];
    panoramax_uuid(t->drives, s->number, uuid);
    (void)snprintf(target, sizeof target, "/api/pictures/%s", uuid);
    struct answer a = ask_target(t->p, target);
    int which = a.status == 200 ? 2 : a.status == 102 ? 0 : 1;
    assert_true(a.status == 200 || a.status == 102 || a.status == 500);
    t->n[which]++;
    if (which < 2) {
        memcpy(t->uuid[which], uuid, sizeof uuid);
    }
    answer_release(&a);
    return t->n[0] + t->n[1] + t->n[2] < 2000;
}

static void test_states(void **state)
{
    const struct world *w = *state;
    struct protocol p = ask_protocol(w);
    struct drives d = {w->country, DRIVE_PANORAMAX, DRIVE_DENSITY};
    struct states t = {.p = &p, .drives = &d};
    drives_visit(&d, border_bbox(w->border), on_shot, &t);
    print_message("%d in preparation, %d broken\n", t.n[0], t.n[1]);
    assert_in_range(t.n[0], 8, 40);
    assert_in_range(t.n[1], 8, 40);
    for (int i = 0; i < 2; i++) {
        char target[100];
        (void)snprintf(target, sizeof target, "/api/pictures/%s/sd.jpg", t.uuid[i]);
        struct answer a = ask_target(&p, target);
        assert_int_equal(a.status, i == 0 ? 102 : 500);
        answer_release(&a);
    }
}

static void test_quota(void **state)
{
    struct protocol p = ask_protocol(*state);
    json_t *all = search(&p, BOX "&limit=1");
    const char *thumb = asset_of(json_array_get(all, 0), "thumb");
    const struct row row[] = {
        {"/api/search?" BOX, 200, JSON, "features"},
        {thumb, 200, "image/jpeg", NULL},
        {thumb, 429, JSON, "\"status_code\":429"},
        {"/api/search?" BOX, 429, JSON, "\"status_code\":429"},
    };
    p.quota = 1;
    ASK_ROWS(&p, row);
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_search), cmocka_unit_test(test_items), cmocka_unit_test(test_files),
        cmocka_unit_test(test_errors), cmocka_unit_test(test_post),  cmocka_unit_test(test_states),
        cmocka_unit_test(test_quota),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
