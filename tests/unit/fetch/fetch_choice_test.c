/* SPDX-License-Identifier: MIT */
/* What gdje-fetch asks for, keeps and pays: duplicates, second chances, caps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/file.h"
#include "fetch/fetch.h"
#include "tests/unit/fetch/fake.h"
#include "tests/unit/fetch/run.h"

/* Panoramas are 1.1 km apart: of neighbours, one is kept. */
static void test_min_distance(void **state)
{
    (void)state;
    static const char far_enough[] =
        "SELECT count(*) FROM location a, location b WHERE a.id < b.id AND"
        " abs(a.lat_deg - b.lat_deg) < 0.0105";
    queue_points(10);
    run_prefs.min_distance_m = 1200;
    fake.world->delay_ms = 5;
    trouble(4, FAULT_STATUS, true, -1)->arg = 404; /* its neighbours must not wait in vain */
    run_ok();
    int64_t n_done = n_state("done");
    assert_true(n_done >= 3 && n_done <= 6);
    assert_int_equal(n_done + n_state("duplicate") + n_state("failed"), 10);
    assert_int_equal(get(far_enough), 0);
    assert_int_equal(get("SELECT count(*) FROM request r JOIN location l ON l.id = r.location_id"
                         " WHERE r.state = 'duplicate' AND (l.pano_id = r.pano_id OR"
                         " last_error NOT LIKE 'closer than 1200 m%')"),
                     0);
    assert_consistent();
    /* against what the catalog has already, and again the same way */
    exec_sql("UPDATE request SET state = 'queued' WHERE state = 'duplicate'");
    run_ok();
    assert_int_equal(n_state("done"), n_done);
    assert_int_equal(get(far_enough), 0);
    assert_consistent();
}

static void test_identical_pictures(void **state)
{
    (void)state;
    queue_points(12);
    fake.world->picture[7] = fake.world->picture[8] = 2;
    run_ok();
    assert_states(10, 0, 2, 0, 0);
    assert_int_equal(get("SELECT count(*) FROM request WHERE state = 'duplicate' AND last_error ="
                         " 'the same pictures as another location' AND location_id IN"
                         " (SELECT id FROM location WHERE pano_id IN ('pano2', 'pano7', 'pano8'))"),
                     2);
    fake.world->picture[20] = 3; /* in a later run too */
    exec_sql("INSERT INTO request (lat_deg, lon_deg, queued) VALUES (45.2, 16, 'now')");
    run_ok();
    assert_states(10, 0, 3, 0, 0);
}

/* Two points find a panorama whose pictures another location has. */
static void test_identical_pictures_of_one_panorama(void **state)
{
    (void)state;
    exec_sql("INSERT INTO request (lat_deg, lon_deg, queued) VALUES (45.2, 16, 'now')");
    run_ok();
    queue_points(2);
    fake.world->pano[1] = 0;
    fake.world->picture[0] = 20;
    fake.world->delay_ms = 10;
    run_ok();
    assert_states(1, 0, 2, 0, 0);
    assert_int_equal(get("SELECT count(*) FROM request WHERE location_id = (SELECT id FROM"
                         " location) AND state = 'duplicate' AND pano_id = 'pano0'"),
                     2);
}

/* --- what to ask for again --------------------------------------------------------------------------- */

static void test_retry_failed(void **state)
{
    (void)state;
    queue_points(10);
    for (int k = 0; k < 3; k++) {
        trouble(k, FAULT_STATUS, true, -1)->arg = k == 0 ? 400 : 404;
    }
    set_json(5, "{\"status\": \"ZERO_RESULTS\"}", -1);
    run_ok();
    assert_states(6, 1, 0, 3, 0);
    for (int k = 0; k < 6; k++) {
        trouble(k, FAULT_NONE, false, 0);
    }
    run_prefs.retry_failed = true;
    run_prefs.only = "status 404";
    run_prefs.since = "2999-01-01";
    run_ok(); /* none since then */
    assert_states(6, 1, 0, 3, 0);
    run_prefs.since = "2020-01-01";
    run_ok();
    assert_states(8, 1, 0, 1, 0);
    run_prefs.only = "no_imagery";
    run_ok();
    assert_states(9, 0, 0, 1, 0);
    run_prefs.only = NULL;
    run_prefs.since = NULL;
    run_ok();
    assert_states(10, 0, 0, 0, 0);
    run_prefs.retry_failed = false;
    run_prefs.only = "x";
    run_fails(ERR_USAGE, "--only");
    run_prefs.only = NULL;
    run_prefs.since = "yesterday";
    run_fails(ERR_USAGE, "--since");
}

static void test_since(void **state)
{
    (void)state;
    queue_points(6);
    exec_sql("UPDATE request SET queued = iif(id <= 4, '2020-01-01T00:00:00Z', '2026-05-01')");
    run_prefs.since = "2026-05-01";
    run_ok();
    assert_states(2, 0, 0, 0, 4);
    assert_int_equal(get("SELECT n_locations FROM fetch_run"), 2);
    assert_int_equal(get("SELECT seconds > 0 FROM fetch_run"), 1);
}

/* --- money ------------------------------------------------------------------------------------------- */

/* A price table that makes pictures of the demo provider cost 10.00 a thousand. */
static void set_prices(void)
{
    static char path[128];
    static const char table[] = "provider\tkind\tfrom_count\tper_1000\tcurrency\tread\n"
                                "demo\timage\t0\t10\tEUR\t2026-11-20\n";
    (void)snprintf(path, sizeof path, "%s/prices.tsv", run_dir);
    assert_int_equal(file_write(path, table, sizeof table - 1, &run_err), 0);
    run_prefs.prices = path;
}

static void test_cap_on_requests(void **state)
{
    (void)state;
    queue_points(20);
    trouble(1, FAULT_STATUS, true, 1)->arg = 503; /* a second try is billed like any other */
    run_prefs.max_billed = "30";
    run_fails(ERR_INCOMPLETE, "of 30 billed requests");
    int64_t n_done = n_state("done");
    assert_true(n_done >= 6 && n_done <= 7);
    assert_states((int)n_done, 0, 0, 0, 20 - (int)n_done);
    assert_true(n_asked(fake.world->n_views) <= 30);
    assert_int_equal(SPENT("image"), n_asked(fake.world->n_views));
    assert_int_equal(SPENT("metadata"), n_asked(fake.world->n_probes));
    int n_all = fake.world->n_all;
    run_fails(ERR_INCOMPLETE, "nothing was asked"); /* the cap is over all runs */
    assert_int_equal(fake.world->n_all, n_all);
    run_prefs.max_billed = "1k";
    run_ok();
    assert_states(20, 0, 0, 0, 0);
    assert_int_equal(SPENT("image"), 81);
}

static void test_cap_on_money(void **state)
{
    (void)state;
    queue_points(20);
    set_prices();
    run_prefs.budget = "0.42"; /* 42 pictures: 10 locations */
    run_fails(ERR_INCOMPLETE, "0.40 of 0.42 EUR spent");
    assert_states(10, 0, 0, 0, 10);
    assert_int_equal(n_asked(fake.world->n_views), 40);
    assert_int_equal(get("SELECT round(100 * sum(cost)) FROM spend"), 40);
    run_prefs.budget = "0.8";
    run_ok();
    assert_states(20, 0, 0, 0, 0);
}

/* The cap leaves no pictures for second tries: what has been promised to others is not taken. */
static void test_cap_and_trouble(void **state)
{
    (void)state;
    queue_points(12);
    for (int k = 0; k < 12; k++) {
        trouble(k, FAULT_CUT, true, 1);
    }
    run_prefs.max_billed = "20";
    run_fails(ERR_INCOMPLETE, "stopped at the cap");
    assert_true(n_asked(fake.world->n_views) <= 20);
    assert_int_equal(n_state("failed"), 0);
    assert_consistent();
    run_prefs.max_billed = NULL;
    run_ok();
    assert_states(12, 0, 0, 0, 0);
}

static void test_stop_after(void **state)
{
    (void)state;
    queue_points(40);
    fake.world->delay_ms = 60;
    run_prefs.stop_after_s = 0.5;
    double start = time_monotonic_s();
    run_fails(ERR_INCOMPLETE, "stopped after");
    assert_true(time_monotonic_s() - start < 3);
    assert_int_equal(n_asked(fake.world->n_views), 4 * n_state("done"));
    assert_true(n_state("done") > 0 && n_state("done") < 40);
    assert_consistent();
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_min_distance),
        T(test_identical_pictures),
        T(test_identical_pictures_of_one_panorama),
        T(test_retry_failed),
        T(test_since),
        T(test_cap_on_requests),
        T(test_cap_on_money),
        T(test_cap_and_trouble),
        T(test_stop_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
