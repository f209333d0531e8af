/* SPDX-License-Identifier: MIT */
/* The Street View Static API as the demo speaks it: every status and code, on strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/hash.h"
#include "core/image.h"
#include "core/pool.h"
#include "tests/unit/fetch/demo_ask.h"

#define META "/maps/api/streetview/metadata?"
#define VIEW "/maps/api/streetview?"
#define HERE "location=45.8,16.0" /* has imagery at seed 1 */
#define SIZE "&size=64x64"

static void test_metadata(void **state)
{
    static const char zero[] = "\"status\" : \"ZERO_RESULTS\"";
    static const char invalid[] = "\"status\" : \"INVALID_REQUEST\"";
    static const char ok[] = "\"status\" : \"OK\"";
    static const struct row row[] = {
        {META HERE, 200, "application/json", ok},
        {META "location=45.8%2C16.0&key=any", 200, "application/json", ok},
        {META "location=45.8,+16.0", 200, "application/json", ok},
        {META HERE "&radius=0&source=outdoor&size=640x640&fov=120", 200, "application/json", ok},
        {META HERE "&unknown=1&&", 200, "application/json", ok},
        {META "location=0,0", 200, "application/json", zero},
        {META "location=43.5,15.0", 200, "application/json", zero}, /* the open sea */
        {META "pano=AAAAAAAAAAAAAAAAAAAAAA", 200, "application/json", zero},
        {META "pano=", 200, "application/json", zero},
        {META "location=Split,+Riva", 200, "application/json", "\"NOT_FOUND\""},
        {META "location=45.8", 200, "application/json", "\"NOT_FOUND\""},
        {META "", 200, "application/json", invalid},
        {"/maps/api/streetview/metadata", 200, "application/json", invalid},
        {META "location=", 200, "application/json", invalid},
        {META "location=91,16", 200, "application/json", invalid},
        {META "location=45,181", 200, "application/json", invalid},
        {META HERE "&radius=-1", 200, "application/json", invalid},
        {META HERE "&radius=50.5", 200, "application/json", invalid},
        {META HERE "&source=indoor", 200, "application/json", invalid},
        {META HERE "&size=big", 200, "application/json", invalid},
        {META "location=%4", 200, "application/json", "malformed"},
        {META "location=45.8%002C16", 200, "application/json", "malformed"},
        {META HERE "&flag", 200, "application/json", "malformed"},
    };
    struct protocol p = ask_protocol(*state);
    ASK_ROWS(&p, row);
}

static void test_images(void **state)
{
    static const struct row row[] = {
        {VIEW HERE "&size=640x640", 200, "image/jpeg", NULL},
        {VIEW HERE SIZE "&heading=360&fov=10&pitch=-90", 200, "image/jpeg", NULL},
        {VIEW HERE SIZE "&return_error_code=true&source=default", 200, "image/jpeg", NULL},
        {VIEW "location=0,0" SIZE, 200, "image/jpeg", NULL},
        {VIEW "location=0,0" SIZE "&return_error_code=false", 200, "image/jpeg", NULL},
        {VIEW "location=0,0" SIZE "&return_error_code=true", 404, "text/plain", "no imagery"},
        {VIEW "location=Split" SIZE "&return_error_code=true", 404, "text/plain", "no imagery"},
        {VIEW "pano=x" SIZE "&return_error_code=true", 404, "text/plain", "no imagery"},
        {VIEW HERE, 400, "text/plain", "size"},
        {VIEW HERE "&size=640", 400, "text/plain", "size"},
        {VIEW HERE "&size=0x640", 400, "text/plain", "size"},
        {VIEW HERE "&size=-1x640", 400, "text/plain", "size"},
        {VIEW HERE "&size=640x640x640", 400, "text/plain", "size"},
        {VIEW "size=640x640", 400, "text/plain", "location"},
        {VIEW HERE SIZE "&heading=-1", 400, "text/plain", "heading"},
        {VIEW HERE SIZE "&heading=north", 400, "text/plain", "heading"},
        {VIEW HERE SIZE "&heading=nan", 400, "text/plain", "heading"},
        {VIEW HERE SIZE "&fov=121", 400, "text/plain", "fov"},
        {VIEW HERE SIZE "&fov=0", 400, "text/plain", "fov"},
        {VIEW HERE SIZE "&pitch=91", 400, "text/plain", "pitch"},
        {VIEW HERE SIZE "&return_error_code=1", 400, "text/plain", "return_error_code"},
        {"/", 404, "text/plain", "nothing"},
        {"", 404, "text/plain", "nothing"},
        {"/maps/api/streetview/", 404, "text/plain", "nothing"},
        {"/maps/api/streetview/metadata2?" HERE, 404, "text/plain", "nothing"},
    };
    struct protocol p = ask_protocol(*state);
    ASK_ROWS(&p, row);
}

static void test_too_long(void **state)
{
    struct protocol p = ask_protocol(*state);
    char *target = malloc(10000);
    assert_non_null(target);
    memset(target, 'x', 9999);
    memcpy(target, META HERE, strlen(META HERE));
    target[9999] = '\0';
    struct answer a = ask_target(&p, target);
    assert_int_equal(a.status, 414);
    answer_release(&a);
    free(target);
}

/* The body of OK, to the byte: the fields of the documentation, in its order. */
static void test_metadata_form(void **state)
{
    const struct world *w = *state;
    struct protocol p = ask_protocol(w);
    struct panorama pano;
    char expected[512];
    char target[128];
    assert_true(
        panorama_near(w->country, (struct lonlat){16.0, 45.8}, 50, PANORAMA_REACH_M, &pano));
    (void)snprintf(expected, sizeof expected,
                   "{\n   \"copyright\" : \"\xc2\xa9 gdje demo\",\n   \"date\" : \"%s\",\n"
                   "   \"location\" : {\n      \"lat\" : %.7f,\n      \"lng\" : %.7f\n   },\n"
                   "   \"pano_id\" : \"%s\",\n   \"status\" : \"OK\"\n}\n",
                   pano.date, pano.at.lat, pano.at.lon, pano.id);
    (void)snprintf(target, sizeof target, META "pano=%s", pano.id);
    struct answer by_place = ask_target(&p, META HERE);
    struct answer by_id = ask_target(&p, target);
    assert_string_equal((const char *)by_place.body, expected);
    assert_string_equal((const char *)by_id.body, expected);
    answer_release(&by_place);
    answer_release(&by_id);
}

static void assert_same(struct protocol *p, const char *a, const char *b, bool same)
{
    struct answer x = ask_target(p, a);
    struct answer y = ask_target(p, b);
    bool equal = x.n == y.n && memcmp(x.body, y.body, x.n) == 0;
    if (equal != same) {
        fail_msg("%s and %s %s", a, b, same ? "differ" : "are the same");
    }
    answer_release(&x);
    answer_release(&y);
}

/* Which parameters change the picture, and which spellings do not. */
static void test_same_picture(void **state)
{
    const struct world *w = *state;
    struct protocol p = ask_protocol(w);
    struct panorama pano;
    char by_id[128];
    assert_true(
        panorama_near(w->country, (struct lonlat){16.0, 45.8}, 50, PANORAMA_REACH_M, &pano));
    (void)snprintf(by_id, sizeof by_id, VIEW "pano=%s&size=64x64&heading=90", pano.id);
    assert_same(&p, VIEW HERE SIZE "&heading=90", by_id, true);
    assert_same(&p, VIEW HERE SIZE "&heading=90", VIEW HERE SIZE "&heading=90&fov=90&pitch=0",
                true);
    assert_same(&p, VIEW HERE SIZE "&heading=0", VIEW HERE SIZE "&heading=360", true);
    assert_same(&p, VIEW HERE "&size=9999x700", VIEW HERE "&size=640x640", true);
    assert_same(&p, VIEW HERE SIZE "&heading=0", VIEW HERE SIZE "&heading=90", false);
    assert_same(&p, VIEW HERE SIZE "&heading=0", VIEW HERE SIZE "&heading=0&fov=60", false);
    assert_same(&p, VIEW HERE SIZE "&heading=0", VIEW HERE SIZE "&heading=0&pitch=20", false);
    /* without a heading it looks from the panorama towards the place */
    struct xy from = frame_km(pano.at);
    struct xy to = frame_km((struct lonlat){16.0, 45.8});
    assert_same(&p, VIEW HERE SIZE,
                to.x > from.x ? VIEW HERE SIZE "&heading=270" : VIEW HERE SIZE "&heading=90",
                false);
}

static void test_size(void **state)
{
    static const int size[][2] = {{640, 640}, {456, 123}, {1, 1}};
    struct protocol p = ask_protocol(*state);
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
        struct err e = {0};
        struct image_info info;
        char target[128];
        (void)snprintf(target, sizeof target, VIEW HERE "&size=%dx%d", size[i][0], size[i][1]);
        struct answer a = ask_target(&p, target);
        assert_int_equal(image_read_info(a.body, a.n, &info, &e), 0);
        assert_int_equal(info.width, size[i][0]);
        assert_int_equal(info.height, size[i][1]);
        answer_release(&a);
    }
}

/* The picture that means "no imagery": mostly rgb 228,227,223, as the real one (97.3 %). */
static void test_grey_picture(void **state)
{
    struct protocol p = ask_protocol(*state);
    struct err e = {0};
    struct image img = {0};
    size_t n = 0;
    struct answer a = ask_target(&p, VIEW "location=0,0&size=600x300");
    assert_int_equal(image_decode(a.body, a.n, 0, &img, &e), 0);
    for (size_t i = 0; i < 600 * 300; i++) {
        const uint8_t *q = img.rgb + 3 * i;
        n += abs(q[0] - 228) <= 2 && abs(q[1] - 227) <= 2 && abs(q[2] - 223) <= 2;
    }
    print_message("grey: %.1f %% of the pixels\n", (double)n / 1800);
    assert_true(n > 600 * 300 * 95 / 100 && n < 600 * 300);
    image_release(&img);
    answer_release(&a);
}

static void test_key(void **state)
{
    static const struct row row[] = {
        {META HERE "&key=right", 200, "application/json", "\"OK\""},
        {META HERE "&key=wrong", 200, "application/json", "\"REQUEST_DENIED\""},
        {META HERE, 200, "application/json", "\"REQUEST_DENIED\""},
        {META "&key=wrong", 200, "application/json", "\"REQUEST_DENIED\""}, /* before validity */
        {VIEW HERE SIZE "&key=right", 200, "image/jpeg", NULL},
        {VIEW HERE SIZE "&key=wrong", 403, "text/plain", "API key"},
        {VIEW HERE SIZE, 403, "text/plain", "API key"},
    };
    struct protocol p = ask_protocol(*state);
    p.key = "right";
    ASK_ROWS(&p, row);
}

/* Google's public example secret. The signatures were made outside of this project. */
static void test_signature(void **state)
{
#define SIGNED_META META "location=45.815011,15.981919&key=YOUR_API_KEY"
#define SIGNED_VIEW VIEW "location=41.403609,2.174448&size=456x456&key=YOUR_API_KEY"
    static const struct row row[] = {
        {SIGNED_META "&signature=CRrOvjHQtI4U9pjejUpRZcQB_nk=", 200, "application/json", "status"},
        {SIGNED_META "&signature=CRrOvjHQtI4U9pjejUpRZcQB_nk%3D", 200, "application/json",
         "\"status\" : \""},
        {SIGNED_META "&signature=CRrOvjHQtI4U9pjejUpRZcQB_nk", 200, "application/json",
         "\"REQUEST_DENIED\""},
        {SIGNED_META "&signature=DRrOvjHQtI4U9pjejUpRZcQB_nk=", 200, "application/json",
         "\"REQUEST_DENIED\""},
        {SIGNED_META "&signature=CRrOvjHQtI4U9pjejUpRZcQB_nk=&radius=50", 200, "application/json",
         "\"REQUEST_DENIED\""}, /* it must come last */
        {SIGNED_META, 200, "application/json", "\"REQUEST_DENIED\""},
        {META, 200, "application/json", "\"REQUEST_DENIED\""},
        {SIGNED_VIEW "&signature=unSvqD2ohn7HgH2oS5Dr0gG_A4w=", 200, "image/jpeg", NULL},
        {SIGNED_VIEW, 403, "text/plain", "signature"},
        {VIEW "size=640x640&location=45.815011%2C15.981919&heading=90&fov=90&pitch=0&source=outdoor"
              "&return_error_code=true&key=YOUR_API_KEY&signature=iI8aoNscGplcUGDL5reNCCeVntw=",
         200, "image/jpeg", NULL},
    };
    struct err e = {0};
    uint8_t secret[64];
    struct protocol p = ask_protocol(*state);
    assert_int_equal(base64url_decode("vNIXE0xscrmjlyV-12Nj_BvUPaw=", secret, &p.n_secret, &e), 0);
    p.secret = secret;
    p.key = "YOUR_API_KEY";
    ASK_ROWS(&p, row);
    static const struct row no_key[] = {
        {META HERE "&signature=CRrOvjHQtI4U9pjejUpRZcQB_nk=", 200, "application/json",
         "\"REQUEST_DENIED\""},
    };
    ASK_ROWS(&p, no_key);
}

/* Pictures use it up, probes and refused requests do not; once used up, both kinds say so. */
static void test_quota(void **state)
{
    static const struct row before[] = {
        {META HERE, 200, "application/json", "\"OK\""},
        {VIEW HERE, 400, "text/plain", "size"},
        {VIEW HERE SIZE, 200, "image/jpeg", NULL},
        {META HERE, 200, "application/json", "\"OK\""},
        {VIEW HERE SIZE, 200, "image/jpeg", NULL},
        {VIEW HERE SIZE, 429, "text/plain", "quota"},
        {VIEW HERE SIZE, 429, "text/plain", "quota"},
        {META HERE, 200, "application/json", "\"OVER_QUERY_LIMIT\""},
    };
    struct protocol p = ask_protocol(*state);
    p.quota = 2;
    ASK_ROWS(&p, before);
}

/* The same target from several threads at once: the same bytes. */
struct crowd {
    struct protocol *p;
    struct answer first;
};

static int ask_again(void *ctx, size_t i, int worker, struct err *e)
{
    struct crowd *crowd = ctx;
    struct answer a = {0};
    (void)i;
    (void)worker;
    const struct ask ask = {.target = VIEW HERE SIZE "&heading=45"};
    if (protocol_answer(crowd->p, &ask, &a, e) != 0) {
        return -1;
    }
    bool same = a.n == crowd->first.n && memcmp(a.body, crowd->first.body, a.n) == 0;
    answer_release(&a);
    return same ? 0 : err_set(e, ERR_INPUT, "an answer differs");
}

static void test_threads(void **state)
{
    struct protocol p = ask_protocol(*state);
    struct err e = {0};
    struct crowd crowd = {&p, ask_target(&p, VIEW HERE SIZE "&heading=45")};
    assert_int_equal(pool_for(2, 40, ask_again, &crowd, &e), 0);
    answer_release(&crowd.first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metadata),     cmocka_unit_test(test_images),
        cmocka_unit_test(test_too_long),     cmocka_unit_test(test_metadata_form),
        cmocka_unit_test(test_same_picture), cmocka_unit_test(test_size),
        cmocka_unit_test(test_grey_picture), cmocka_unit_test(test_key),
        cmocka_unit_test(test_signature),    cmocka_unit_test(test_quota),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
