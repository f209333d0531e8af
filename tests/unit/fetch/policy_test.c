/* SPDX-License-Identifier: MIT */
/* What needs no network: the token bucket, the retry policy, URLs and their signatures, names. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"
#include "fetch/aimd.h"
#include "fetch/limiter.h"
#include "fetch/retry.h"
#include "fetch/store.h"
#include "fetch/url.h"

/* --- limiter ---------------------------------------------------------------------------------------- */

/* How many tokens a greedy client gets in [from, to), coming back when it is told to. */
static int take_greedily(struct limiter *l, double from, double to)
{
    int n = 0;
    double now = from;
    while (now < to) {
        double wait = limiter_take(l, now);
        n += wait == 0;
        now += wait;
    }
    return n;
}

static void test_rate_is_held(void **state)
{
    (void)state;
    static const double rates[] = {0.5, 1, 7, 50, 500};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct limiter l;
        limiter_init(&l, rates[i], 0, 1000);
        int n = take_greedily(&l, 1000, 1030);
        double expect = 30 * rates[i] + l.capacity;
        assert_true(n <= expect + 1e-6 && n >= expect - 2);
    }
}

static void test_no_window_exceeds_rate_and_bucket(void **state)
{
    (void)state;
    struct limiter l;
    static double at[5000];
    int n = 0;
    double now = 0;
    limiter_init(&l, 100, 0, 0);
    for (int burst = 0; burst < 20; burst++) { /* bursts after pauses */
        double end = now + 1.3;
        while (now < end && n < 5000) {
            double wait = limiter_take(&l, now);
            if (wait == 0) {
                at[n++] = now;
            }
            now += wait;
        }
        now += rng_f64(1, 2, (uint64_t)burst);
    }
    for (int i = 0, j = 0; i < n; i++) {
        while (j < n && at[j] < at[i] + 1) {
            j++;
        }
        assert_true(j - i <= 100 + l.capacity + 1);
    }
}

static void test_hold(void **state)
{
    (void)state;
    struct limiter l;
    limiter_init(&l, 0, 0, 10);
    assert_true(limiter_take(&l, 10) == 0);
    limiter_hold(&l, 15);
    limiter_hold(&l, 12); /* a shorter pause does not end a longer one */
    assert_true(limiter_take(&l, 11) == 4);
    assert_true(limiter_take(&l, 15) == 0);
}

static void test_clock_that_stands_still(void **state)
{
    (void)state;
    struct limiter l;
    limiter_init(&l, 10, 0, 5);
    assert_true(limiter_take(&l, 5) == 0);
    assert_true(limiter_take(&l, 5) > 0);
    assert_true(limiter_take(&l, 4) > 0); /* nor does going back give tokens */
}

/* The loop's timers are late and in whole milliseconds: 500/s within 1 % over 30 s all the same, and
 * no second has more than the rate and the bucket. */
static void test_rate_with_late_timers(void **state)
{
    (void)state;
    struct limiter l;
    static double at[20000];
    int n = 0;
    double now = 100;
    limiter_init(&l, 500, 0, now);
    for (uint64_t k = 0; now < 130; k++) {
        double wait = limiter_take(&l, now);
        if (wait == 0) {
            at[n++] = now;
        }
        now += wait == 0 ? 0 : ceil(wait * 1e3) * 1e-3 + 0.002 * rng_f64(3, 4, k);
    }
    assert_true(n > 0.99 * 15000 && n < 1.01 * 15000);
    for (int i = 0, j = 0; i < n; i++) {
        while (j < n && at[j] < at[i] + 1) {
            j++;
        }
        assert_true(j - i <= 500 + l.capacity + 1);
    }
}

static void test_minute(void **state)
{
    (void)state;
    struct limiter l;
    static double at[5000];
    int n = 0;
    double now = 77.3;
    limiter_init(&l, 50, 600, now);
    for (uint64_t k = 0; now < 77.3 + 400; k++) {
        double wait = limiter_take(&l, now);
        if (wait == 0) {
            at[n++] = now;
        }
        now += wait + (wait > 0 ? 0.3 * rng_f64(5, 6, k) : 0);
    }
    for (int i = 0; i + 600 < n; i++) {
        assert_true(at[i + 600] - at[i] >= 60);
    }
    assert_true(n > 0.95 * 4000 && at[599] - at[0] < 200);
    limiter_init(&l, 0, 5, 1e6); /* alone, and after a pause of many minutes */
    for (int i = 0; i < 5; i++) {
        assert_true(limiter_take(&l, 1e6) == 0);
    }
    assert_true(limiter_take(&l, 1e6 + 1) >= 59);
    assert_true(limiter_take(&l, 1e6 + 1000) == 0);
}

/* --- requests in flight ------------------------------------------------------------------------------- */

/* n answers, one after the other, each after latency_s. */
static double answers(struct aimd *a, int n, double latency_s, double now)
{
    for (int i = 0; i < n; i++) {
        now += 0.001;
        aimd_good(a, AIMD_VIEW, now - latency_s, now);
    }
    return now;
}

static void test_window(void **state)
{
    (void)state;
    struct aimd a;
    aimd_init(&a, 3);
    assert_int_equal(aimd_window(&a), 3);
    aimd_init(&a, 64);
    assert_int_equal(aimd_window(&a), AIMD_FIRST);
    double now = answers(&a, 100, 0.2, 50);
    assert_int_equal(aimd_window(&a), 64);
    aimd_bad(&a, now - 0.1, now);
    assert_int_equal(aimd_window(&a), 32);
    aimd_bad(&a, now - 0.1, now + 0.1); /* sent before: the same trouble */
    assert_int_equal(aimd_window(&a), 32);
    aimd_bad(&a, now + 0.2, now + 0.3);
    assert_int_equal(aimd_window(&a), 16);
    answers(&a, 17, 0.2, now + 1); /* now one more per window's worth of answers */
    assert_int_equal(aimd_window(&a), 17);
    for (int i = 0; i < 20; i++) {
        aimd_bad(&a, now + 10 + i, now + 10 + i);
    }
    assert_int_equal(aimd_window(&a), 1);
    answers(&a, 3000, 0.2, now + 40);
    assert_int_equal(aimd_window(&a), 64);
}

static void test_window_and_latency(void **state)
{
    (void)state;
    struct aimd a;
    aimd_init(&a, 64);
    double now = answers(&a, 4, 0.2, 50);
    int size = aimd_window(&a);
    now = answers(&a, 30, 0.9, now); /* slower than twice the best: no more for now */
    assert_true(aimd_window(&a) < size + 6);
    size = aimd_window(&a);
    now = answers(&a, 5, 0.9, now);
    assert_int_equal(aimd_window(&a), size);
    answers(&a, 2000, 0.9, now); /* slow for good: that is the new normal */
    assert_int_equal(aimd_window(&a), 64);
    aimd_init(&a, 64);
    (void)answers(&a, 100, 0.001, 50); /* a server near by may queue a little */
    (void)answers(&a, 100, 0.04, 60);
    assert_int_equal(aimd_window(&a), 64);
}

/* --- retry ------------------------------------------------------------------------------------------ */

static void test_retry_statuses(void **state)
{
    (void)state;
    static const int again[] = {102, 408, 429, 500, 502, 503, 504};
    int n = 0;
    for (int status = 100; status < 600; status++) {
        n += retry_status(status);
    }
    assert_int_equal(n, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_true(retry_status(again[i]));
    }
}

static void test_retry_delay(void **state)
{
    (void)state;
    assert_true(retry_delay_s(1, 0) == 0);
    assert_true(retry_delay_s(1, 0.5) == 0.5 * RETRY_BASE_S);
    assert_true(retry_delay_s(4, 0.5) == 0.5 * RETRY_BASE_S * 8);
    assert_true(retry_delay_s(100, 0.999) <= RETRY_CAP_S);
    assert_true(retry_delay_s(100000, 0.5) == 0.5 * RETRY_CAP_S);
}

/* --- URLs ------------------------------------------------------------------------------------------- */

static void test_param(void **state)
{
    (void)state;
    struct err e = {0};
    struct buf b;
    buf_init(&b, 4096);
    assert_int_equal(buf_add_str(&b, "http://h/p", &e), 0);
    assert_int_equal(url_param(&b, "a", "x y", &e), 0);
    assert_int_equal(url_param(&b, "b", "1,2&c=\xc3\x84~-._", &e), 0);
    assert_string_equal(b.p, "http://h/p?a=x%20y&b=1%2C2%26c%3D%C3%84~-._");
    buf_release(&b);
}

/* The secret is that of Google's documentation, the first signature too. */
static void test_signatures(void **state)
{
    (void)state;
    static const char secret[] = "vNIXE0xscrmjlyV-12Nj_BvUPaw=";
    static const char *const vector[][2] = {
        {"/maps/api/geocode/json?address=New+York&client=clientID", "chaRF2hTJKOScPr-RQCEhZbSzIE="},
        {"/maps/api/streetview?location=41.403609,2.174448&size=456x456&key=YOUR_API_KEY",
         "unSvqD2ohn7HgH2oS5Dr0gG_A4w="},
        {"/maps/api/streetview/metadata?location=45.815011,15.981919&key=YOUR_API_KEY",
         "CRrOvjHQtI4U9pjejUpRZcQB_nk="},
        {"/maps/api/streetview?size=640x640&location=45.815011%2C15.981919&heading=90&fov=90"
         "&pitch=0&source=outdoor&return_error_code=true&key=YOUR_API_KEY",
         "iI8aoNscGplcUGDL5reNCCeVntw="},
    };
    for (size_t i = 0; i < sizeof vector / sizeof vector[0]; i++) {
        struct err e = {0};
        struct buf b;
        char expect[512];
        buf_init(&b, 4096);
        assert_int_equal(buf_printf(&b, &e, "https://maps.googleapis.com%s", vector[i][0]), 0);
        assert_int_equal(url_sign(&b, secret, &e), 0);
        (void)snprintf(expect, sizeof expect, "https://maps.googleapis.com%s&signature=%s",
                       vector[i][0], vector[i][1]);
        assert_string_equal(b.p, expect);
        buf_release(&b);
    }
}

static void test_bad_secret(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "not base64!", "====", "a+b/"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err e = {0};
        struct buf b;
        buf_init(&b, 4096);
        assert_int_equal(buf_add_str(&b, "http://h/p?a=1", &e), 0);
        assert_int_equal(url_sign(&b, bad[i], &e), -1);
        assert_int_equal(e.kind, ERR_USAGE);
        assert_string_equal(b.p, "http://h/p?a=1");
        assert_true(bad[i][0] == '\0' || !strstr(e.msg, bad[i]));
        buf_release(&b);
    }
}

static void redacts(const char *text, const char *secret, const char *expect)
{
    char out[256];
    url_redact(text, secret, out, sizeof out);
    assert_string_equal(out, expect);
}

static void test_redact(void **state)
{
    (void)state;
    redacts("http://h/p?key=ABC&size=1&signature=x_-=", NULL,
            "http://h/p?key=***&size=1&signature=***");
    redacts("KEY=ABC is wrong", NULL, "KEY=*** is wrong");
    redacts("your ABC is wrong: ABCABC", "ABC", "your *** is wrong: ******");
    redacts("access_token=MLY|1|2 \"key=1\"", NULL, "access_token=*** \"key=***\"");
    redacts("a\x1b[31m\nb\x7f\xc2\x9b", "", "a?[31m?b???");
    redacts("", "x", "");
    /* as a peer repeats it out of a URL, and cut off */
    redacts("no MLY%7C1%2f2, no MLY|1/2", "MLY|1/2", "no ***, no ***");
    redacts("no MLY%7C1%2f3", "MLY|1/2", "no MLY%7C1%2f3");
    redacts("wrong: MLY|1", "MLY|1/2", "wrong: ***");
    redacts("wrong: MLY%7C1%2", "MLY|1/2", "wrong: ***");
    redacts("wrong: MLY", "MLY|1/2", "wrong: MLY");
    redacts("http://me:pass@h:1/x@y, ftp://h/a@b", NULL, "http://***@h:1/x@y, ftp://h/a@b");
    char small[24];
    url_redact("0123456789key=ABCDEFGHIJKLMNOP", NULL, small, sizeof small);
    assert_null(strstr(small, "ABC"));
}

static void test_loopback(void **state)
{
    (void)state;
    assert_true(url_is_loopback("http://127.0.0.1:80"));
    assert_true(url_is_loopback("http://localhost"));
    assert_true(url_is_loopback("http://LOCALHOST/x"));
    assert_true(url_is_loopback("http://[::1]:8"));
    assert_false(url_is_loopback("http://localhost.example.com"));
    assert_false(url_is_loopback("https://maps.googleapis.com"));
    assert_false(url_is_loopback("127.0.0.1"));
}

/* --- names ------------------------------------------------------------------------------------------ */

static void test_uuid(void **state)
{
    (void)state;
    struct err e = {0};
    char a[STORE_UUID_SIZE];
    char b[STORE_UUID_SIZE];
    assert_int_equal(store_uuid("google", "vPnURflnc8AZu5NMLYRddw", a, &e), 0);
    assert_int_equal(strlen(a), 36);
    assert_int_equal(a[14], '8');
    assert_non_null(strchr("89ab", a[19]));
    /* the name of files on somebody's disk: it must never change. printf 'google\0vPnU...\0' |
     * sha256sum begins 633aee2a */
    assert_string_equal(a, "633aee2a-70a4-83a9-a17b-b495a23ae30b");
    assert_int_equal(store_uuid("demo", "vPnURflnc8AZu5NMLYRddw", b, &e), 0);
    assert_string_not_equal(a, b);
    assert_int_equal(store_uuid("googlev", "PnURflnc8AZu5NMLYRddw", b, &e), 0);
    assert_string_not_equal(a, b);
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        double heading_deg;
        const char *name;
    } rows[] = {{0, "0.jpg"},     {270, "270.jpg"}, {137.4, "137.jpg"},
                {359.6, "0.jpg"}, {0.49, "0.jpg"},  {(double)NAN, "unknown.jpg"}};
    char name[STORE_NAME_SIZE];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        store_name(rows[i].heading_deg, name);
        assert_string_equal(name, rows[i].name);
    }
    assert_true(store_is_uuid("633aee2a-70a4-83a9-a17b-b495a23ae30b"));
    assert_true(store_is_uuid("633AEE2A-70a4-83a9-a17b-b495a23ae30b"));
    assert_false(store_is_uuid(""));
    assert_false(store_is_uuid("633aee2a-70a4-83a9-a17b-b495a23ae30"));
    assert_false(store_is_uuid("633aee2a-70a4-83a9-a17b-b495a23ae30b0"));
    assert_false(store_is_uuid("633aee2a/70a4-83a9-a17b-b495a23ae30b"));
    assert_false(store_is_uuid("633aee2a-70a4-83a9-a17b-b495a23ae3.."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate_is_held),
        cmocka_unit_test(test_no_window_exceeds_rate_and_bucket),
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_clock_that_stands_still),
        cmocka_unit_test(test_rate_with_late_timers),
        cmocka_unit_test(test_minute),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_window_and_latency),
        cmocka_unit_test(test_retry_statuses),
        cmocka_unit_test(test_retry_delay),
        cmocka_unit_test(test_param),
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_bad_secret),
        cmocka_unit_test(test_redact),
        cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_uuid),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
