/* SPDX-License-Identifier: MIT */
/* The Mapillary API v4 as the demo speaks it, and the drives behind it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/image.h"
#include "fetch/demo/drive.h"
#include "fetch/demo/lens.h"
#include "fetch/demo/render.h"
#include "tests/unit/fetch/demo_ask.h"

#define BOX  "bbox=15.95,45.75,16.04,45.84" /* has some ten roads at seed 1 */
#define JSON "application/json"

static int64_t now_s = 1700000000;

static int64_t fixed_now(void)
{
    return now_s;
}

/* The records of a search; the array is owned. */
static json_t *search(struct protocol *p, const char *query)
{
    char target[512];
    (void)snprintf(target, sizeof target, "/images?%s", query);
    return ask_list(p, target, "data");
}

static void check_place(const json_t *record, const char *name, struct bbox box)
{
    const json_t *place = json_object_get(record, name);
    const json_t *c = json_object_get(place, "coordinates");
    assert_string_equal(ask_text(place, "type"), "Point");
    assert_int_equal(json_array_size(c), 2);
    double lon = json_number_value(json_array_get(c, 0));
    double lat = json_number_value(json_array_get(c, 1));
    assert_true(lon >= box.min_x - 1e-4 && lon <= box.max_x + 1e-4);
    assert_true(lat >= box.min_y - 1e-4 && lat <= box.max_y + 1e-4);
}

/* Each record has what was asked for, and is the same when it is asked for by itself. */
static void test_search(void **state)
{
    struct protocol p = ask_protocol(*state);
    p.now_s = fixed_now;
    json_t *data = search(&p, BOX "&fields=id,geometry,captured_at,compass_angle,is_pano,"
                                  "camera_type,sequence,creator,thumb_2048_url,width,height");
    assert_in_range(json_array_size(data), 30, 300);
    for (size_t i = 0; i < json_array_size(data); i++) {
        const json_t *r = json_array_get(data, i);
        char target[512];
        assert_int_equal(json_object_size(r), 11);
        check_place(r, "geometry", (struct bbox){15.95, 45.75, 16.04, 45.84});
        assert_true(json_integer_value(json_object_get(r, "captured_at")) > 1388534400000);
        double angle = json_number_value(json_object_get(r, "compass_angle"));
        assert_true(angle >= 0 && angle < 360);
        bool pano = strcmp(ask_text(r, "camera_type"), "spherical") == 0;
        assert_int_equal(json_is_true(json_object_get(r, "is_pano")), pano);
        assert_int_equal(strlen(ask_text(r, "sequence")), 22);
        assert_true(*ask_text(json_object_get(r, "creator"), "username") != '\0');
        (void)snprintf(target, sizeof target,
                       "/%s?fields=geometry,captured_at,compass_angle,is_pano,camera_type,"
                       "sequence,creator,thumb_2048_url,width,height",
                       ask_text(r, "id"));
        json_t *again = ask_json(&p, target, 200);
        assert_true(json_equal(again, r));
        json_decref(again);
    }
    json_decref(data);
}

static void test_fields(void **state)
{
    struct protocol p = ask_protocol(*state);
    json_t *data = search(&p, BOX);
    size_t n = json_array_size(data);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(json_object_size(json_array_get(data, i)), 1);
    }
    json_decref(data);
    size_t n_solved = 0;
    data = search(&p, BOX "&fields=computed_geometry,mesh,camera_parameters,geometry");
    assert_int_equal(json_array_size(data), n);
    for (size_t i = 0; i < n; i++) {
        n_solved += json_object_get(json_array_get(data, i), "computed_geometry") != NULL;
        assert_null(json_object_get(json_array_get(data, i), "mesh"));
    }
    print_message("%zu of %zu have a computed place\n", n_solved, n);
    assert_true(n_solved < n && n_solved > n * 3 / 4);
    json_decref(data);
    data = search(&p, BOX "&limit=7");
    assert_int_equal(json_array_size(data), 7);
    json_decref(data);
    json_t *panos = search(&p, BOX "&is_pano=true");
    json_t *others = search(&p, BOX "&is_pano=false");
    assert_int_equal(json_array_size(panos) + json_array_size(others), n);
    assert_true(json_array_size(panos) > 0 && json_array_size(others) > 0);
    json_decref(panos);
    json_decref(others);
}

static void test_errors(void **state)
{
    static const char parameter[] = "\"code\":100";
    static const struct row row[] = {
        {"/images?bbox=15,45,15.1,45.1", 400, JSON, "0.01 square degrees"},
        {"/images?bbox=15,45,15.0999,45.1", 200, JSON, "\"data\":["},
        {"/images?bbox=0,0,0.05,0.05", 200, JSON, "{\"data\":[]}"},
        {"/images", 400, JSON, parameter},
        {"/images?bbox=15,45,15.1", 400, JSON, parameter},
        {"/images?bbox=15,45,15.01,45.01,1", 400, JSON, parameter},
        {"/images?bbox=15,45,15,45.01", 400, JSON, parameter},
        {"/images?bbox=15.1,45,15,45.01", 400, JSON, parameter},
        {"/images?bbox=a,45,15,45.01", 400, JSON, parameter},
        {"/images?bbox=181,45,182,45.001", 400, JSON, parameter},
        {"/images?" BOX "&limit=0", 400, JSON, "limit"},
        {"/images?" BOX "&limit=2001", 400, JSON, "limit"},
        {"/images?" BOX "&is_pano=1", 400, JSON, "is_pano"},
        {"/images?" BOX "&fields=id,colour", 400, JSON, "(colour)"},
        {"/images?" BOX "&fields=%ff%01", 400, JSON, "(?\?)"},
        {"/images?" BOX "&start_captured_at=2020-01-01T00:00:00Z", 400, JSON, "does not know"},
        {"/images?" BOX "&fields=%4", 400, JSON, "malformed"},
        {"/0", 400, JSON, "does not exist"},
        {"/17", 400, JSON, "does not exist"},
        {"/99999999999999999999999", 400, JSON, "does not exist"},
        {"/4556842823502536042?limit=1", 400, JSON, "does not know"},
        {"/m1/v/", 403, "text/plain", "Bad URL"},
        {"/m1/v/17_256.jpg", 403, "text/plain", "Bad URL"},
        {"/m1/v/17_256.jpg?oe=ffffffff&oh=00", 403, "text/plain", "mismatch"},
        {"/image", 404, "text/plain", "nothing"},
        {"/17a", 404, "text/plain", "nothing"},
    };
    struct protocol p = ask_protocol(*state);
    ASK_ROWS(&p, row);
}

static void test_token(void **state)
{
    static const char refused[] = "\"code\":190";
    static const struct row row[] = {
        {"/images?" BOX "&access_token=MLY|1|x", 200, JSON, "data"},
        {"/images?" BOX "&access_token=MLY%7C1%7Cx", 200, JSON, "data"},
        {"/images?" BOX "&access_token=MLY|1|y", 400, JSON, refused},
        {"/images?" BOX, 400, JSON, refused},
        {"/images?access_token=wrong", 400, JSON, refused}, /* before validity */
        {"/17", 400, JSON, refused},
        {"/17?access_token=MLY|1|x", 400, JSON, "does not exist"},
    };
    struct protocol p = ask_protocol(*state);
    p.key = "MLY|1|x";
    ASK_ROWS(&p, row);
    struct ask ask = {.target = "/images?" BOX, .authorization = "OAuth MLY|1|x"};
    struct answer a = ask_for(&p, &ask);
    assert_int_equal(a.status, 200);
    answer_release(&a);
    ask.authorization = "Bearer MLY|1|x";
    a = ask_for(&p, &ask);
    assert_int_equal(a.status, 400);
    answer_release(&a);
}

/* An address works until it expires, and only as it was given. */
static void test_addresses(void **state)
{
    struct err e = {0};
    struct image_info info;
    struct protocol p = ask_protocol(*state);
    char target[300];
    p.now_s = fixed_now;
    p.url_ttl_s = 30;
    struct ask ask = {.target = "/images?" BOX "&limit=1&is_pano=true&fields=thumb_256_url",
                      .host = "localhost:8080"};
    struct answer a = ask_for(&p, &ask);
    json_t *root = json_loadb((const char *)a.body, a.n, 0, NULL);
    const char *url = ask_text(json_array_get(json_object_get(root, "data"), 0), "thumb_256_url");
    static const char base[] = "http://localhost:8080/m1/v/";
    assert_int_equal(strncmp(url, base, strlen(base)), 0);
    (void)snprintf(target, sizeof target, "%s", url + strlen("http://localhost:8080"));
    answer_release(&a);
    json_decref(root);
    now_s += 29;
    a = ask_target(&p, target);
    assert_int_equal(a.status, 200);
    assert_int_equal(image_read_info(a.body, a.n, &info, &e), 0);
    assert_int_equal(info.width, 256);
    assert_int_equal(info.height, 128);
    answer_release(&a);
    now_s += 1;
    a = ask_target(&p, target);
    assert_int_equal(a.status, 403);
    assert_string_equal((const char *)a.body, "URL signature expired\n");
    answer_release(&a);
    now_s -= 30;
    target[strlen(target) - 1] ^= 1;
    a = ask_target(&p, target);
    assert_int_equal(a.status, 403);
    answer_release(&a);
    /* what is no host name does not get into an answer */
    ask.host = "evil\"host";
    a = ask_for(&p, &ask);
    assert_non_null(strstr((const char *)a.body, "http://127.0.0.1/m1/v/"));
    answer_release(&a);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A box that is too full is told to the 2000th record, and its quarters have all of it once. */
static void test_dense(void **state)
{
    struct protocol p = ask_protocol(*state);
    const char *id[8000];
    json_t *quarter[4];
    size_t n = 0;
    p.density = 400;
    json_t *full = search(&p, BOX);
    assert_int_equal(json_array_size(full), 2000);
    json_decref(full);
    for (int i = 0; i < 4; i++) {
        char query[128];
        double w = i % 2 ? 15.995 : 15.95;
        double s = i / 2 ? 45.795 : 45.75;
        (void)snprintf(query, sizeof query, "bbox=%.3f,%.3f,%.3f,%.3f", w, s, w + 0.045, s + 0.045);
        quarter[i] = search(&p, query);
        assert_true(json_array_size(quarter[i]) < 2000);
        for (size_t k = 0; k < json_array_size(quarter[i]); k++) {
            id[n++] = ask_text(json_array_get(quarter[i], k), "id");
        }
    }
    print_message("%zu images in four quarters\n", n);
    assert_true(n > 2000);
    qsort(id, n, sizeof id[0], by_text);
    for (size_t i = 1; i < n; i++) {
        assert_string_not_equal(id[i - 1], id[i]);
    }
    for (int i = 0; i < 4; i++) {
        json_decref(quarter[i]);
    }
}

/* --- drives ----------------------------------------------------------------------------------------- */

struct census {
    const struct drives *drives;
    size_t n, n_lens[3], n_home;
    struct shot last;
    double shortest_m, longest_m;
};

static bool count(void *ctx, const struct shot *s)
{
    struct census *c = ctx;
    struct shot again;
    c->n++;
    c->n_lens[s->drive.camera.lens]++;
    assert_true(drives_shot(c->drives, s->number, &again));
    assert_memory_equal(&again.at, &s->at, sizeof s->at);
    if (s->index == s->drive.home) {
        struct panorama pano;
        c->n_home++;
        assert_true(panorama_near(c->drives->country, s->at, 0, 1, &pano));
        assert_true(geo_distance_km(pano.at, s->at) == 0);
    }
    if (c->n > 1 && c->last.drive.number == s->drive.number && s->index == c->last.index + 1) {
        double m = 1000 * geo_distance_km(c->last.at, s->at);
        c->shortest_m = fmin(c->shortest_m, m);
        c->longest_m = fmax(c->longest_m, m);
        assert_true(s->taken_ms > c->last.taken_ms);
    }
    c->last = *s;
    return true;
}

static void test_drives(void **state)
{
    const struct world *w = *state;
    struct drives d = {w->country, DRIVE_MAPILLARY, DRIVE_DENSITY};
    struct census c = {.drives = &d, .shortest_m = 1e9};
    struct shot shot;
    drives_visit(&d, border_bbox(w->border), count, &c);
    print_message("%zu shots: %zu flat, %zu spheres, %zu fisheyes; %.1f to %.1f m apart\n", c.n,
                  c.n_lens[LENS_FLAT], c.n_lens[LENS_SPHERE], c.n_lens[LENS_FISHEYE], c.shortest_m,
                  c.longest_m);
    assert_in_range(c.n, 60000, 75000);
    assert_in_range(c.n_home, 8000, 9000);
    assert_in_range(c.n_lens[LENS_FLAT], c.n * 60 / 100, c.n * 70 / 100);
    assert_in_range(c.n_lens[LENS_SPHERE], c.n * 24 / 100, c.n * 34 / 100);
    assert_in_range(c.n_lens[LENS_FISHEYE], c.n * 3 / 100, c.n * 9 / 100);
    assert_true(c.shortest_m > 2 && c.longest_m < 50);
    assert_false(drives_shot(&d, 0, &shot));
    assert_false(drives_shot(&d, UINT64_MAX, &shot));
    assert_false(drives_shot(&d, c.last.number | 4095, &shot));
}

/* The first shots at panoramas of a flat camera and of one with a sphere. */
struct homes {
    struct shot shot[2];
    bool found[2];
};

static bool find_homes(void *ctx, const struct shot *s)
{
    struct homes *h = ctx;
    int which = s->drive.camera.lens == LENS_FLAT ? 0 : 1;
    if (s->drive.camera.lens != LENS_FISHEYE && s->index == s->drive.home && !h->found[which]) {
        h->shot[which] = *s;
        h->found[which] = true;
    }
    return !h->found[0] || !h->found[1];
}

static void test_same_as_street_view(void **state)
{
    const struct world *w = *state;
    struct drives d = {w->country, DRIVE_MAPILLARY, DRIVE_DENSITY};
    struct homes h = {.found = {false}};
    struct err e = {0};
    struct panorama pano;
    struct scene scene;
    struct image taken = {0};
    struct image seen = {0};
    drives_visit(&d, border_bbox(w->border), find_homes, &h);
    for (int i = 0; i < 2; i++) {
        const struct shot *s = &h.shot[i];
        assert_true(h.found[i] && panorama_near(w->country, s->at, 0, 1, &pano));
        panorama_scene(w->country, &pano, &scene);
        struct view v = {s->heading_deg, s->drive.camera.fov_deg, 0, 256,
                         lens_height(&s->drive.camera, 256)};
        assert_int_equal(lens_picture(&d, s, 256, &taken, &e), 0);
        assert_int_equal(i == 0 ? render_view(w->country, &scene, &v, &seen, &e)
                                : render_round(w->country, &scene, s->heading_deg, 256, &seen, &e),
                         0);
        assert_int_equal(taken.width, seen.width);
        assert_int_equal(taken.height, seen.height);
        assert_memory_equal(taken.rgb, seen.rgb, (size_t)seen.width * (size_t)seen.height * 3);
        image_release(&taken);
        image_release(&seen);
    }
}

/* Pictures use it up; once it is used up, questions are refused too. */
static void test_quota(void **state)
{
    struct protocol p = ask_protocol(*state);
    char target[300];
    p.now_s = fixed_now;
    p.quota = 1;
    json_t *data = search(&p, BOX "&limit=1&fields=thumb_256_url");
    (void)snprintf(target, sizeof target, "%s",
                   strstr(ask_text(json_array_get(data, 0), "thumb_256_url"), "/m1/"));
    json_decref(data);
    const struct row row[] = {
        {"/images?" BOX, 200, JSON, "data"},
        {"/m1/v/17_256.jpg", 403, "text/plain", "Bad URL"},
        {target, 200, "image/jpeg", NULL},
        {target, 429, "text/plain", "Too many"},
        {"/images?" BOX, 403, JSON, "Application request limit reached"},
    };
    ASK_ROWS(&p, row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_search),    cmocka_unit_test(test_fields),
        cmocka_unit_test(test_errors),    cmocka_unit_test(test_token),
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_dense),
        cmocka_unit_test(test_drives),    cmocka_unit_test(test_same_as_street_view),
        cmocka_unit_test(test_quota),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
