/* SPDX-License-Identifier: MIT */
/* Mapillary's and Panoramax's protocols on bytes: what is asked, and every answer that may come. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fetch/provider.h"

static const struct provider *const mapillary = &provider_mapillary;
static const struct provider *const panoramax = &provider_panoramax;

static char why[256];
static struct pano found;

static struct provider_prefs prefs(void)
{
    return (struct provider_prefs){.base_url = "https://api.example",
                                   .key = "MLY|1|secret",
                                   .radius_m = 50,
                                   .fov_deg = 90,
                                   .size_px = 640};
}

static const struct request point = {.id = 1, .at = {15.98, 45.81}};

static struct request item(const char *id)
{
    struct request r = point;
    (void)snprintf(r.item, sizeof r.item, "%s", id);
    return r;
}

static enum verdict answer(const struct provider *p, const struct request *r, int status,
                           const char *body)
{
    const struct answer a = {status, "application/json", body, strlen(body)};
    const struct provider_prefs ask = prefs();
    memset(&found, 0, sizeof found);
    why[0] = '\0';
    return p->read_probe(&ask, r, &a, &found, why);
}

static enum verdict box(const struct provider *p, int status, const char *body,
                        struct provider_items *items)
{
    const struct answer a = {status, "application/json", body, strlen(body)};
    const struct provider_prefs ask = prefs();
    why[0] = '\0';
    *items = (struct provider_items){0};
    return p->read_box(&ask, &a, items, why);
}

/* --- what is asked ----------------------------------------------------------------------------------- */

static void assert_plan(const struct provider *p, const struct request *r, const char *expect)
{
    struct err e = {0};
    struct buf b;
    const struct provider_prefs ask = prefs();
    buf_init(&b, 4096);
    assert_int_equal(p->plan_probe(&ask, r, &b, &e), 0);
    assert_string_equal(b.p, expect);
    assert_null(strstr(b.p, "secret")); /* a header's */
    buf_release(&b);
}

static void test_plans(void **state)
{
    (void)state;
    struct err e = {0};
    struct buf b;
    const struct provider_prefs ask = prefs();
    const struct bbox area = {13.5, 42.25, 13.59, 42.34};
    struct request one = item("12/3 ?");
    assert_plan(mapillary, &point,
                "https://api.example/images?fields=id%2Ccomputed_geometry%2Cgeometry%2Ccamera_type"
                "&bbox=15.9793538%2C45.8095495%2C15.9806462%2C45.8104505&limit=2000");
    assert_plan(mapillary, &one,
                "https://api.example/12%2F3%20%3F?fields=id%2Ccomputed_geometry%2Cgeometry%2C"
                "camera_type%2Cis_pano%2Ccaptured_at%2Ccompass_angle%2Ccomputed_compass_angle%2C"
                "sequence%2Ccreator%2Cthumb_2048_url");
    assert_plan(panoramax, &point,
                "https://api.example/api/search?bbox=15.9793538%2C45.8095495%2C15.9806462%2C"
                "45.8104505&limit=20");
    assert_plan(panoramax, &one,
                "https://api.example/api/search?bbox=15.9799871%2C45.8099910%2C15.9800129%2C"
                "45.8100090&limit=1000");
    buf_init(&b, 4096);
    assert_int_equal(mapillary->plan_box(&ask, &area, &b, &e), 0);
    assert_non_null(strstr(b.p, "&bbox=13.5000000%2C42.2500000%2C13.5900000%2C42.3400000&limit="));
    buf_clear(&b);
    assert_int_equal(panoramax->plan_box(&ask, &area, &b, &e), 0);
    assert_string_equal(b.p, "https://api.example/api/search?bbox=13.5000000%2C42.2500000%2C"
                             "13.5900000%2C42.3400000&limit=1000");
    buf_release(&b);
    /* the largest box is one that may be asked for */
    assert_true(mapillary->box_deg * mapillary->box_deg < 0.01);
    struct bbox widest = provider_box((struct lonlat){16, 80}, (double)mapillary->max_radius_m);
    assert_true((widest.max_x - widest.min_x) * (widest.max_y - widest.min_y) < 0.01);
}

static void test_boxes_on_the_map(void **state)
{
    (void)state;
    struct bbox b = provider_box((struct lonlat){179.9999, -89.9999}, 50);
    assert_true(b.max_x <= 180 && b.min_y >= -90 && b.min_x >= -180);
}

/* --- mapillary ---------------------------------------------------------------------------------------- */

#define PLACE "\"geometry\":{\"type\":\"Point\",\"coordinates\":[15.9801,45.8101]}"

static void test_mapillary_item(void **state)
{
    (void)state;
    const struct request r = item("498763468214164");
    assert_int_equal(
        answer(mapillary, &r, 200,
               "{\"id\":\"498763468214164\"," PLACE ",\"computed_geometry\":{\"type\":\"Point\","
               "\"coordinates\":[15.98,45.81]},\"camera_type\":\"spherical\",\"is_pano\":true,"
               "\"captured_at\":1609459199999,\"compass_angle\":-45.5,\"sequence\":\"aB_c-1\","
               "\"creator\":{\"username\":\"ana\",\"id\":\"1\"},"
               "\"thumb_2048_url\":\"https://cdn.example/t?oh=1&oe=2\"}"),
        VERDICT_GOOD);
    assert_string_equal(found.id, "498763468214164");
    assert_true(found.at.lon == 15.98 && found.at.lat == 45.81);
    assert_true(found.sphere && found.heading_deg == 314.5);
    assert_string_equal(found.captured, "2020-12");
    assert_string_equal(found.group, "aB_c-1");
    assert_string_equal(found.licence, "CC BY-SA 4.0");
    assert_string_equal(found.copyright,
                        "ana, https://www.mapillary.com/app/?pKey=498763468214164");
    assert_string_equal(found.url, "https://cdn.example/t?oh=1&oe=2");
}

/* What is not there or of another type is left out; only id, place and address are needed. */
static void test_mapillary_item_with_less(void **state)
{
    (void)state;
    const struct request r = item("1");
    assert_int_equal(answer(mapillary, &r, 200,
                            "{\"id\":\"1\"," PLACE ",\"computed_geometry\":null,\"captured_at\":"
                            "\"2020\",\"compass_angle\":\"north\",\"computed_compass_angle\":10,"
                            "\"sequence\":7,\"creator\":\"ana\",\"camera_type\":[],"
                            "\"thumb_2048_url\":\"https://cdn.example/t\"}"),
                     VERDICT_GOOD);
    assert_true(found.at.lon == 15.9801 && !found.sphere && found.heading_deg == 10);
    assert_string_equal(found.captured, "");
    assert_string_equal(found.group, "");
    assert_string_equal(found.copyright, "Mapillary, https://www.mapillary.com/app/?pKey=1");
    static const char *const moments[] = {"-1", "0", "1e300", "4102444800000", "null", "{}"};
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        char body[512];
        (void)snprintf(body, sizeof body,
                       "{\"id\":\"1\"," PLACE ",\"captured_at\":%s,\"compass_angle\":%s,"
                       "\"thumb_2048_url\":\"https://cdn.example/t\"}",
                       moments[i], moments[i]);
        assert_int_equal(answer(mapillary, &r, 200, body), VERDICT_GOOD);
        assert_string_equal(found.captured, "");
        assert_true(isnan(found.heading_deg) ||
                    (found.heading_deg >= 0 && found.heading_deg < 360));
    }
}

static void test_mapillary_useless_items(void **state)
{
    (void)state;
    const struct request r = item("1");
    static const char *const bodies[] = {
        "{}",
        "{\"id\":\"1\"}",
        "{\"id\":1," PLACE ",\"thumb_2048_url\":\"https://x/\"}",
        "{\"id\":\"2\"," PLACE ",\"thumb_2048_url\":\"https://x/\"}",
        "{\"id\":\"1\"," PLACE "}",
        "{\"id\":\"1\"," PLACE ",\"thumb_2048_url\":null}",
        "{\"id\":\"1\"," PLACE ",\"thumb_2048_url\":\"http://x/\"}", /* the API is asked by https */
        "{\"id\":\"1\"," PLACE ",\"thumb_2048_url\":\"file:///etc/passwd\"}",
        "{\"id\":\"1\"," PLACE ",\"thumb_2048_url\":\"https://x/ y\"}",
        "{\"id\":\"1\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[200,1]},"
        "\"thumb_2048_url\":\"https://x/\"}",
        "{\"id\":\"1\",\"geometry\":{\"type\":\"Line\",\"coordinates\":[2,1]},"
        "\"thumb_2048_url\":\"https://x/\"}",
        "{\"id\":\"1\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[2]},"
        "\"thumb_2048_url\":\"https://x/\"}",
        "{\"data\":[]}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_int_equal(answer(mapillary, &r, 200, bodies[i]), VERDICT_RETRY_BAD);
        assert_true(why[0] != '\0');
    }
    assert_int_equal(answer(mapillary, &r, 200,
                            "{\"id\":\"1\"," PLACE ",\"camera_type\":\"fisheye\","
                            "\"thumb_2048_url\":\"https://x/\"}"),
                     VERDICT_FAILED);
    assert_string_equal(why, "a fisheye picture");
}

static void test_mapillary_search(void **state)
{
    (void)state;
    assert_int_equal(answer(mapillary, &point, 200, "{\"data\":[]}"), VERDICT_NO_IMAGERY);
    assert_int_equal(answer(mapillary, &point, 200, "{}"), VERDICT_RETRY_BAD);
    assert_int_equal(answer(mapillary, &point, 200, "{\"data\":{}}"), VERDICT_RETRY_BAD);
    assert_int_equal(answer(mapillary, &point, 200, "{\"data\":[1,null,{},[],{\"id\":\"x\"}]}"),
                     VERDICT_NO_IMAGERY);
    /* the nearest that is no fisheye's, computed place first; the last is too far */
    assert_int_equal(
        answer(mapillary, &point, 200,
               "{\"data\":["
               "{\"id\":\"a\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[15.9803,45.81]}},"
               "{\"id\":\"b\",\"camera_type\":\"fisheye\",\"geometry\":{\"type\":\"Point\","
               "\"coordinates\":[15.98,45.81]}},"
               "{\"id\":\"c\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[15.98,45.81]},"
               "\"computed_geometry\":{\"type\":\"Point\",\"coordinates\":[15.9802,45.81]}},"
               "{\"id\":\"d\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[15.98,45.82]}}]}"),
        VERDICT_GOOD);
    assert_string_equal(found.id, "c");
    assert_string_equal(found.url, "");
}

static void test_mapillary_errors(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum verdict verdict;
        const char *body;
    } rows[] = {
        {401, VERDICT_STOP, ""},
        {403, VERDICT_STOP, "{}"},
        {400, VERDICT_STOP,
         "{\"error\":{\"type\":\"OAuthException\",\"code\":190,\"message\":\"x\"}}"},
        {200, VERDICT_STOP, "{\"error\":{\"code\":190}}"},
        {400, VERDICT_RETRY, "{\"error\":{\"code\":4,\"message\":\"x\"}}"},
        {403, VERDICT_RETRY, "{\"error\":{\"code\":4,\"message\":\"x\"}}"},
        {400, VERDICT_RETRY, "{\"error\":{\"message\":\"Application request limit reached\"}}"},
        {400, VERDICT_FAILED, "{\"error\":{\"code\":100,\"message\":\"Unsupported get request\"}}"},
        {404, VERDICT_FAILED, ""},
        {302, VERDICT_FAILED, ""},
        {429, VERDICT_RETRY, ""},
        {500, VERDICT_RETRY,
         "{\"error\":{\"code\":1,\"message\":\"Please reduce the amount of data\"}}"},
        {503, VERDICT_RETRY, "<html>"},
        {200, VERDICT_RETRY, "<html>"},
        {200, VERDICT_RETRY, ""},
        {200, VERDICT_RETRY, "[]"},
        {200, VERDICT_RETRY_BAD, "{\"error\":5}"},
        {400, VERDICT_FAILED, "{\"error\":{\"code\":\"190\",\"message\":[]}}"},
    };
    const struct request one = item("1");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct provider_items items;
        assert_int_equal(answer(mapillary, &point, rows[i].status, rows[i].body), rows[i].verdict);
        assert_int_equal(answer(mapillary, &one, rows[i].status, rows[i].body), rows[i].verdict);
        assert_int_equal(box(mapillary, rows[i].status, rows[i].body, &items), rows[i].verdict);
        assert_true(why[0] != '\0');
        assert_null(items.v);
    }
}

/* --- panoramax ---------------------------------------------------------------------------------------- */

#define STAC(id, more, assets)                                                              \
    "{\"type\":\"Feature\",\"id\":\"" id "\",\"collection\":\"c1\",\"geometry\":{\"type\":" \
    "\"Point\",\"coordinates\":[15.9801,45.8101]},\"properties\":{\"datetime\":"            \
    "\"2022-03-04T05:06:07Z\",\"license\":\"etalab-2.0\"" more "},\"assets\":{" assets "}}"
#define LIST(items) "{\"features\":[" items "]}"
#define SD          "\"sd\":{\"href\":\"https://x/sd.jpg\"}"
#define HD          "\"hd\":{\"href\":\"https://x/hd.jpg\"}"
#define SPHERE      ",\"view:azimuth\":10,\"pers:interior_orientation\":{\"field_of_view\":360}"

static void test_panoramax_item(void **state)
{
    (void)state;
    const struct request r = item("u1");
    assert_int_equal(answer(panoramax, &r, 200,
                            LIST(STAC("u1",
                                      ",\"geovisio:producer\":\"ivo\",\"geovisio:status\":\"ready\""
                                      ",\"view:azimuth\":359.5,\"pers:interior_orientation\":"
                                      "{\"field_of_view\":70}",
                                      SD "," HD))),
                     VERDICT_GOOD);
    assert_string_equal(found.copyright, "ivo, https://api.example/#focus=pic&pic=u1");
    assert_string_equal(found.licence, "etalab-2.0");
    assert_string_equal(found.captured, "2022-03");
    assert_string_equal(found.group, "c1");
    assert_string_equal(found.url, "https://x/sd.jpg");
    assert_true(!found.sphere && found.heading_deg == 359.5);
    /* null fields are left out; another asset than the one that would do best */
    assert_int_equal(answer(panoramax, &r, 200, LIST(STAC("u1", "", HD))), VERDICT_GOOD);
    assert_string_equal(found.url, "https://x/hd.jpg");
    assert_string_equal(found.copyright, "Panoramax, https://api.example/#focus=pic&pic=u1");
    assert_true(isnan(found.heading_deg));
}

/* A view of 640 pixels needs more than 2048 of a sphere, one of 512 does not. */
static void test_panoramax_assets(void **state)
{
    (void)state;
    const struct request r = item("u1");
    struct provider_prefs ask = prefs();
    static const char body[] = LIST(STAC("u1", SPHERE, SD "," HD));
    const struct answer a = {200, "application/geo+json", body, sizeof body - 1};
    assert_int_equal(panoramax->read_probe(&ask, &r, &a, &found, why), VERDICT_GOOD);
    assert_true(found.sphere);
    assert_string_equal(found.url, "https://x/hd.jpg");
    ask.size_px = 512;
    assert_int_equal(panoramax->read_probe(&ask, &r, &a, &found, why), VERDICT_GOOD);
    assert_string_equal(found.url, "https://x/sd.jpg");
    assert_int_equal(answer(panoramax, &r, 200, LIST(STAC("u1", SPHERE, SD))), VERDICT_GOOD);
    assert_string_equal(found.url, "https://x/sd.jpg");
}

static void test_panoramax_useless_items(void **state)
{
    (void)state;
    const struct request r = item("u1");
    static const struct {
        const char *body;
        enum verdict verdict;
    } rows[] = {
        {"{}", VERDICT_RETRY_BAD},
        {LIST(""), VERDICT_FAILED},
        {LIST(STAC("u2", "", SD)), VERDICT_FAILED},
        {LIST(STAC("u2", "", SD) ",{\"id\":17}"), VERDICT_RETRY_BAD},
        {LIST("{\"id\":\"u1\",\"assets\":{" SD "}}"), VERDICT_RETRY_BAD},
        {LIST(STAC("u1", "", "")), VERDICT_FAILED},
        {LIST(STAC("u1", "", "\"sd\":{\"href\":7}")), VERDICT_FAILED},
        {LIST(STAC("u1", "", "\"sd\":[]")), VERDICT_FAILED},
        {LIST(STAC("u1", "", "\"thumb\":{\"href\":\"https://x/t.jpg\"}")), VERDICT_FAILED},
        {LIST(STAC("u1", ",\"geovisio:status\":\"preparing\"", SD)), VERDICT_LATER},
        {LIST(STAC("u1", ",\"geovisio:status\":\"waiting-for-process\"", SD)), VERDICT_LATER},
        {LIST(STAC("u1", ",\"geovisio:status\":\"broken\"", SD)), VERDICT_FAILED},
        {LIST(STAC("u1", ",\"geovisio:status\":\"hidden\"", SD)), VERDICT_FAILED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(answer(panoramax, &r, 200, rows[i].body), rows[i].verdict);
        assert_true(why[0] != '\0');
    }
}

static void test_panoramax_search(void **state)
{
    (void)state;
    assert_int_equal(answer(panoramax, &point, 200, "{\"features\":[]}"), VERDICT_NO_IMAGERY);
    assert_int_equal(answer(panoramax, &point, 200, "{\"features\":7}"), VERDICT_RETRY_BAD);
    assert_int_equal(answer(panoramax, &point, 200, "{}"), VERDICT_RETRY_BAD);
    /* what is not ready or has no picture is passed over */
    assert_int_equal(
        answer(panoramax, &point, 200,
               "{\"features\":[5," STAC("u1", ",\"geovisio:status\":\"broken\"",
                                        SD) "," STAC("u2", "", "") "," STAC("u3", "", SD) "]}"),
        VERDICT_GOOD);
    assert_string_equal(found.id, "u3");
    assert_string_equal(found.url, "https://x/sd.jpg");
}

static void test_panoramax_errors(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum verdict verdict;
        const char *body;
    } rows[] = {{102, VERDICT_LATER, ""},
                {404, VERDICT_FAILED, "{\"message\":\"Picture doesn't exist\"}"},
                {400, VERDICT_FAILED, "{\"message\":\"Parameter limit must be\"}"},
                {500, VERDICT_RETRY, ""},
                {503, VERDICT_RETRY, ""},
                {403, VERDICT_STOP, ""},
                {200, VERDICT_RETRY, "<html>"}};
    const struct request one = item("u1");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct provider_items items;
        assert_int_equal(answer(panoramax, &point, rows[i].status, rows[i].body), rows[i].verdict);
        assert_int_equal(answer(panoramax, &one, rows[i].status, rows[i].body), rows[i].verdict);
        assert_int_equal(box(panoramax, rows[i].status, rows[i].body, &items), rows[i].verdict);
        assert_true(why[0] != '\0');
    }
}

/* --- both ----------------------------------------------------------------------------------------------- */

static void test_boxes(void **state)
{
    (void)state;
    static const struct {
        const struct provider *provider;
        const char *head, *tail;
        size_t most;
    } rows[] = {{&provider_mapillary, "{\"data\":[", "]}", 2000},
                {&provider_panoramax, "{\"features\":[", "]}", 1000}};
    for (size_t i = 0; i < 2; i++) {
        for (size_t n = rows[i].most - 1; n <= rows[i].most; n++) {
            struct err e = {0};
            struct buf b;
            struct provider_items items;
            buf_init(&b, 4 << 20);
            assert_int_equal(buf_add_str(&b, rows[i].head, &e), 0);
            for (size_t k = 0; k < n; k++) {
                assert_int_equal(
                    buf_printf(&b, &e, "%s{\"id\":\"%zu\"," PLACE "}", k ? "," : "", k), 0);
            }
            assert_int_equal(buf_add_str(&b, rows[i].tail, &e), 0);
            assert_int_equal(box(rows[i].provider, 200, b.p, &items), VERDICT_GOOD);
            assert_int_equal(items.n, n);
            assert_int_equal(items.full, n == rows[i].most);
            assert_string_equal(items.v[n - 1].id, n == 2000   ? "1999"
                                                   : n == 1999 ? "1998"
                                                   : n == 1000 ? "999"
                                                               : "998");
            provider_items_release(&items);
            buf_release(&b);
        }
    }
}

static void test_box_of_odd_records(void **state)
{
    (void)state;
    struct provider_items items;
    char body[1024];
    char id[80];
    memset(id, 'x', sizeof id - 1); /* longer than an id may be */
    id[sizeof id - 1] = '\0';
    (void)snprintf(body, sizeof body,
                   "{\"data\":[1,{\"id\":\"a\"},{" PLACE "},{\"id\":\"%s\"," PLACE
                   "},{\"id\":\"f\","
                   "\"camera_type\":\"fisheye\"," PLACE "},{\"id\":\"ok\"," PLACE "}]}",
                   id);
    assert_int_equal(box(mapillary, 200, body, &items), VERDICT_GOOD);
    assert_int_equal(items.n, 1);
    assert_string_equal(items.v[0].id, "ok");
    assert_false(items.full);
    provider_items_release(&items);
    assert_int_equal(box(mapillary, 200, "{\"data\":[]}", &items), VERDICT_GOOD);
    assert_int_equal(items.n, 0);
    assert_int_equal(box(panoramax, 200, "{\"features\":[]}", &items), VERDICT_GOOD);
    assert_int_equal(box(panoramax, 200, "{\"features\":null}", &items), VERDICT_RETRY_BAD);
}

static void test_deep_and_odd_json(void **state)
{
    (void)state;
    static char deep[100000];
    memset(deep, '[', sizeof deep - 1);
    memcpy(deep, "{\"data\":", 8);
    static const char *const bodies[] = {
        deep,   "{\"data\":[]} x",         "{\"data\":[],\"data\":[]}",
        "\xff", "{\"data\":[\"\\u0000\"]", "null"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct provider_items items;
        assert_int_equal(answer(mapillary, &point, 200, bodies[i]), VERDICT_RETRY);
        assert_int_equal(answer(panoramax, &point, 200, bodies[i]), VERDICT_RETRY);
        assert_int_equal(box(mapillary, 200, bodies[i], &items), VERDICT_RETRY);
        assert_int_equal(box(panoramax, 200, bodies[i], &items), VERDICT_RETRY);
    }
}

static void test_pictures(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum verdict verdict;
        const char *type;
    } rows[] = {{200, VERDICT_GOOD, "image/jpeg"}, {403, VERDICT_EXPIRED, "text/plain"},
                {404, VERDICT_EXPIRED, ""},        {410, VERDICT_EXPIRED, ""},
                {401, VERDICT_EXPIRED, ""},        {200, VERDICT_RETRY, "text/html"},
                {302, VERDICT_FAILED, ""},         {500, VERDICT_RETRY, ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct answer a = {rows[i].status, rows[i].type, "x", 1};
        assert_int_equal(mapillary->judge_view(&a, why), rows[i].verdict);
        assert_int_equal(panoramax->judge_view(&a, why), rows[i].verdict);
    }
}

static void test_slots(void **state)
{
    (void)state;
    static const struct {
        double heading_deg;
        int view;
    } rows[] = {{0, 0},   {44.9, 0},  {45.1, 1}, {90, 1},         {181, 2},
                {270, 3}, {314.9, 3}, {316, 0},  {359.999999, 0}, {(double)NAN, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(provider_view(rows[i].heading_deg), rows[i].view);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_boxes_on_the_map),
        cmocka_unit_test(test_mapillary_item),
        cmocka_unit_test(test_mapillary_item_with_less),
        cmocka_unit_test(test_mapillary_useless_items),
        cmocka_unit_test(test_mapillary_search),
        cmocka_unit_test(test_mapillary_errors),
        cmocka_unit_test(test_panoramax_item),
        cmocka_unit_test(test_panoramax_assets),
        cmocka_unit_test(test_panoramax_useless_items),
        cmocka_unit_test(test_panoramax_search),
        cmocka_unit_test(test_panoramax_errors),
        cmocka_unit_test(test_boxes),
        cmocka_unit_test(test_box_of_odd_records),
        cmocka_unit_test(test_deep_and_odd_json),
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
