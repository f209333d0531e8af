/* SPDX-License-Identifier: MIT */
/* Providers of single pictures: points, surveys, addresses that expire, pictures that are cut. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "fetch/fetch.h"
#include "fetch/provider.h"
#include "sql/catalog.h"
#include "tests/unit/fetch/fake.h"
#include "tests/unit/fetch/run.h"

#define AREA_ALL "15.9,44.9,16.1,45.7" /* where all items are */

static int provider_index(const char *name)
{
    int i = 0;
    while (strcmp(provider_names[i], name) != 0) {
        i++;
    }
    return i;
}

static int setup_items(const char *provider, void **state)
{
    if (setup(state) != 0) {
        return -1;
    }
    run_prefs.provider = provider_index(provider);
    run_prefs.rate_per_s = 1e6;
    run_prefs.rate_minute = 1000000000;
    exec_sql("SELECT 1"); /* a catalog */
    return 0;
}

static int setup_mapillary(void **state)
{
    int rc = setup_items("mapillary", state);
    fake.world->needs_key = true;
    return rc == 0 ? setenv("MAPILLARY_TOKEN", WORLD_KEY, 1) : rc;
}

static int setup_panoramax(void **state)
{
    return setup_items("panoramax", state);
}

static void assert_boxes(int done, int split, int failed, int queued)
{
    assert_int_equal(get("SELECT count(*) FROM survey_box WHERE state = 'done'"), done);
    assert_int_equal(get("SELECT count(*) FROM survey_box WHERE state = 'split'"), split);
    assert_int_equal(get("SELECT count(*) FROM survey_box WHERE state = 'failed'"), failed);
    assert_int_equal(get("SELECT count(*) FROM survey_box WHERE state = 'queued'"), queued);
}

/* --- points ------------------------------------------------------------------------------------------- */

static void test_mapillary_points(void **state)
{
    (void)state;
    queue_points(20);
    fake.world->camera[3] = CAMERA_FISHEYE; /* the only picture there: as if there were none */
    run_ok();
    assert_states(19, 1, 0, 0, 0);
    assert_int_equal(fake.world->n_searches, 20);
    assert_int_equal(n_asked(fake.world->n_probes), 19);
    assert_int_equal(n_asked(fake.world->n_views), 19);
    assert_int_equal(fake.world->n_leaked, 0);
    assert_int_equal(fake.world->n_without_token, 0);
    assert_int_equal(fake.world->n_stale, 0);
    assert_int_equal(get("SELECT count(*) FROM location WHERE lon_deg = 16.0003 AND captured ="
                         " '2020-05' AND licence = 'CC BY-SA 4.0' AND provider = 'mapillary' AND"
                         " copyright LIKE 'ana_, https://www.mapillary.com/app/?pKey=9000__'"),
                     19);
    assert_int_equal(get("SELECT count(DISTINCT group_key) FROM location"
                         " WHERE group_key LIKE 'mapillary:seq_'"),
                     5);
    assert_int_equal(get("SELECT count(*) FROM image WHERE heading_deg = (SELECT"
                         " (pano_id - 900000) * 10.5 FROM location WHERE id = location_id)"
                         " AND view = cast(round(heading_deg / 90) AS INTEGER) % 4"
                         " AND width = 64 AND height = 64"
                         " AND path LIKE '%/' || cast(round(heading_deg) AS INTEGER) || '.jpg'"),
                     19);
    /* another run knows them: the search is all that is asked */
    exec_sql("UPDATE request SET state = 'queued' WHERE id = 1");
    run_ok();
    assert_int_equal(n_asked(fake.world->n_probes), 19);
    assert_int_equal(get("SELECT count(*) FROM location"), 19);
}

static void test_radius(void **state)
{
    (void)state;
    queue_points(3);
    run_prefs.radius_m = 20; /* items are 24 m away */
    run_ok();
    assert_states(0, 3, 0, 0, 0);
    run_prefs.radius_m = 3000;
    run_fails(ERR_USAGE, "--radius: provider 'mapillary' is asked for 2000 m at most");
}

static void test_panoramax_points(void **state)
{
    (void)state;
    queue_points(8);
    run_ok();
    assert_states(8, 0, 0, 0, 0);
    assert_int_equal(fake.world->n_all, 16); /* a search tells the address, too */
    assert_int_equal(get("SELECT count(*) FROM location WHERE captured = '2023-07' AND licence ="
                         " 'etalab-2.0' AND copyright LIKE 'Ivo, http://%/#focus=pic&pic=%'"
                         " AND group_key LIKE 'panoramax:col_'"),
                     8);
}

/* --- pictures ------------------------------------------------------------------------------------------ */

static void test_views_of_a_sphere(void **state)
{
    (void)state;
    queue_points(2);
    fake.world->camera[1] = CAMERA_SPHERE;
    run_prefs.size_px = 48;
    run_ok();
    assert_states(2, 0, 0, 0, 0);
    assert_int_equal(
        get("SELECT count(*) FROM image WHERE width = 48 AND height = 48"
            " AND heading_deg = 90 * view AND path LIKE '%/' || (90 * view) || '.jpg'"),
        4);
    assert_int_equal(get("SELECT count(*) FROM image"), 5);
    assert_int_equal(n_asked(fake.world->n_views), 2);
}

/* A panorama that is none, or of which nobody knows where it looks: with the reason, no retry. */
static void test_no_panorama(void **state)
{
    (void)state;
    queue_points(3);
    fake.world->camera[0] = CAMERA_SPHERE;
    fake.world->camera[1] = CAMERA_NO_HEADING;
    trouble(0, FAULT_SIZE, true, -1);
    run_ok();
    assert_states(1, 0, 0, 2, 0);
    assert_int_equal(fake.world->n_views[0], 1);
    assert_int_equal(fake.world->n_views[1], 0);
    assert_int_equal(get("SELECT count(*) FROM request WHERE id = 2 AND last_error ="
                         " 'metadata: a panorama of unknown heading'"),
                     1);
}

/* --- addresses ----------------------------------------------------------------------------------------- */

static void test_expired_address(void **state)
{
    (void)state;
    static const int statuses[] = {403, 404, 410};
    queue_points(8);
    for (int k = 0; k < 3; k++) {
        trouble(k, FAULT_STATUS, true, 1)->arg = statuses[k];
    }
    trouble(3, FAULT_STATUS, true, -1)->arg = 403; /* every address we are told */
    run_prefs.tries = 3;
    run_ok();
    assert_states(7, 0, 0, 1, 0);
    assert_int_equal(fake.world->n_probes[0], 2);
    assert_int_equal(fake.world->n_probes[3], 3);
    assert_int_equal(fake.world->n_views[3], 3);
    assert_int_equal(fake.world->n_stale, 0);
    assert_int_equal(get("SELECT count(*) FROM request WHERE id = 4 AND state = 'failed' AND"
                         " last_error = 'view 0: HTTP status 403'"),
                     1);
}

static void test_passing_trouble_of_items(void **state)
{
    (void)state;
    queue_points(8);
    trouble(0, FAULT_STATUS, false, 1)->arg = 503;
    trouble(1, FAULT_STATUS, true, 1)->arg = 500;
    trouble(2, FAULT_HALF, true, 1);
    trouble(3, FAULT_CARD, true, 1);
    set_json(4, "{\"error\":{\"message\":\"Application request limit reached\",\"code\":4}}", 2);
    trouble(5, FAULT_STATUS, false, -1)->arg = 404;
    trouble(6, FAULT_REDIRECT, true, -1); /* to where nobody is */
    run_prefs.tries = 3;
    run_fails(ERR_INCOMPLETE, "1 of 8 locations could not be settled");
    assert_states(6, 0, 0, 1, 1);
    assert_int_equal(fake.world->n_probes[5], 1);
}

static void test_refused_token(void **state)
{
    (void)state;
    queue_points(30);
    assert_int_equal(setenv("MAPILLARY_TOKEN", "WRONG-TOKEN", 1), 0);
    run_fails(ERR_REMOTE, "refuses the key: HTTP status 400: Invalid OAuth access token");
    assert_null(strstr(run_err.msg, "WRONG-TOKEN"));
    assert_int_equal(get("SELECT count(*) FROM request WHERE state = 'queued' AND attempts = 0"),
                     30);
    assert_int_equal(unsetenv("MAPILLARY_TOKEN"), 0);
    run_fails(ERR_USAGE, "set MAPILLARY_TOKEN");
}

/* --- surveys ------------------------------------------------------------------------------------------- */

static void test_survey(void **state)
{
    (void)state;
    run_prefs.area = AREA_ALL;
    run_prefs.limit = 10;
    run_ok();
    assert_boxes(30, 0, 0, 0); /* 15.84 .. 16.11 by 44.82 .. 45.72, clipped */
    assert_int_equal(fake.world->n_searches, 30);
    assert_int_equal(get("SELECT count(*) FROM request WHERE provider = 'mapillary' AND item ="
                         " cast(900000 + round((lat_deg - 45) * 100) AS INTEGER)"),
                     64);
    assert_int_equal(n_state("done"), 10);
    assert_int_equal(n_asked(fake.world->n_probes), 10);
    /* another run: nothing is listed again */
    run_prefs.limit = 0;
    run_ok();
    assert_int_equal(fake.world->n_searches, 30);
    assert_states(64, 0, 0, 0, 0);
    int n_all = fake.world->n_all;
    run_ok();
    assert_int_equal(fake.world->n_all, n_all);
    /* another area with the same pictures: listed, but none is new */
    run_prefs.area = "15.95,44.95,16.05,45.65";
    run_ok();
    assert_int_equal(n_asked(fake.world->n_probes), 64);
    assert_int_equal(get("SELECT count(*) FROM request"), 64);
}

/* Items that came as points are not asked for again as items, nor the other way round. */
static void test_survey_after_points(void **state)
{
    (void)state;
    queue_points(5);
    run_ok();
    run_prefs.area = AREA_ALL;
    run_ok();
    assert_states(64, 0, 5, 0, 0);
    assert_int_equal(n_asked(fake.world->n_probes), 64);
}

static void test_split(void **state)
{
    (void)state;
    run_prefs.area = "15.99,44.99,16.08,45.08"; /* one box across: two by two */
    fake.world->full_above_deg = 0.03;
    run_ok();
    assert_true(get("SELECT count(*) FROM survey_box WHERE state = 'split'") > 2);
    assert_int_equal(get("SELECT count(*) FROM survey_box WHERE state NOT IN ('split', 'done')"),
                     0);
    assert_int_equal(get("SELECT count(*) FROM survey_box"), fake.world->n_searches);
    assert_states(9, 0, 0, 0, 0);
}

static void test_heavy_boxes(void **state)
{
    (void)state;
    static const int statuses[] = {500, 400, 504};
    run_prefs.tries = 2;
    fake.world->heavy_above_deg = 0.03;
    for (size_t i = 0; i < 3; i++) {
        static const char *const areas[] = {"15.99,44.99,16.08,45.08", "15.98,44.99,16.08,45.08",
                                            "15.97,44.99,16.08,45.08"};
        run_prefs.area = areas[i];
        fake.world->heavy = statuses[i];
        run_ok();
        assert_int_equal(
            get("SELECT count(*) FROM survey_box WHERE state NOT IN ('split', 'done')"), 0);
    }
    assert_states(9, 0, 0, 0, 0);
}

/* More pictures at one place than an answer can hold: reported, not split for ever. */
static void test_crowd(void **state)
{
    (void)state;
    run_prefs.area = "15.99,44.99,16.08,45.08";
    fake.world->crowd = 3;
    run_ok();
    assert_true(get("SELECT count(*) FROM survey_box WHERE state = 'failed' AND n_found = 2000"
                    " AND last_error LIKE '2000 pictures or more within two metres%'") >= 1);
    assert_true(fake.world->n_searches < 120);
    assert_states(9, 0, 0, 0, 0);
    run_prefs.retry_failed = true;
    fake.world->crowd = 0;
    run_ok();
    assert_int_equal(get("SELECT count(*) FROM survey_box WHERE state = 'failed'"), 0);
}

/* A strip becomes shorter, not thinner. */
static void test_crowd_in_a_strip(void **state)
{
    (void)state;
    run_prefs.area = "15.99,45.00,16.08,45.000015";
    fake.world->crowd = 1;
    run_ok();
    assert_true(get("SELECT count(*) FROM survey_box WHERE state = 'failed'") >= 1);
    assert_int_equal(fake.world->n_thin, 0);
    assert_true(fake.world->n_searches < 60);
    assert_states(1, 0, 0, 0, 0);
}

/* A provider that is down leaves the area in one piece. */
static void test_survey_of_a_dead_provider(void **state)
{
    (void)state;
    run_prefs.area = "15.5,44.5,16.5,45.5"; /* more than 64 boxes */
    run_prefs.tries = 1;
    fake.world->heavy_above_deg = 1e-9;
    fake.world->heavy = 500;
    run_fails(ERR_REMOTE, "for 64 boxes in a row");
    assert_int_equal(get("SELECT count(*) FROM survey_box WHERE state <> 'queued'"), 0);
    int64_t n = get("SELECT count(*) FROM survey_box");
    fake.world->heavy_above_deg = 0;
    run_ok();
    assert_boxes((int)n, 0, 0, 0);
    assert_states(51, 0, 0, 0, 0); /* 45.00 .. 45.50 */
}

static void test_survey_put_off(void **state)
{
    (void)state;
    run_prefs.area = "15.99,44.99,16.08,45.08";
    run_prefs.tries = 2;
    fake.world->search_trouble = (struct trouble){FAULT_STATUS, false, -1, 503, ""};
    run_fails(ERR_INCOMPLETE, "4 boxes of the survey could not be settled");
    fake.world->search_trouble = (struct trouble){FAULT_JSON, false, 2, 0, "[1]"};
    fake.world->n_searches = 0;
    run_ok();
    assert_boxes(4, 0, 0, 0);
    assert_states(9, 0, 0, 0, 0);
}

static void test_panoramax_survey(void **state)
{
    (void)state;
    run_prefs.area = AREA_ALL;
    run_prefs.size_px = 48;
    fake.world->camera[2] = CAMERA_SPHERE;
    fake.world->full_above_deg = 0.06;
    run_ok();
    assert_states(64, 0, 0, 0, 0);
    assert_int_equal(get("SELECT count(*) FROM image"), 67);
    assert_int_equal(get("SELECT count(*) FROM survey_box WHERE state NOT IN ('split', 'done')"),
                     0);
}

/* 102: the rest is fetched, it waits for another run. */
static void test_panoramax_not_ready(void **state)
{
    (void)state;
    run_prefs.area = AREA_ALL;
    for (int k = 10; k < 25; k++) { /* more than it takes to give up a provider */
        trouble(k, FAULT_PROCESSING, false, 1);
    }
    run_fails(ERR_INCOMPLETE, "15 of 64 locations could not be settled");
    assert_states(49, 0, 0, 0, 15);
    assert_int_equal(n_asked(fake.world->n_probes), 64);
    run_ok();
    assert_states(64, 0, 0, 0, 0);
}

static void test_bad_areas(void **state)
{
    (void)state;
    static const struct {
        const char *area;
        const char *words;
        enum err_kind kind;
    } rows[] = {{"1,2,3", "--area: ", ERR_INPUT},
                {"1,2,3,2", "is not west,south,east,north", ERR_USAGE},
                {"1,2,1,3", "is not west,south,east,north", ERR_USAGE},
                {"1,2,3,91", "--area", ERR_USAGE},
                {"-180,-90,180,90", "more than 2000000 boxes", ERR_USAGE},
                {"/no/such/border.shp", "/no/such/border.shp", ERR_INPUT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        run_prefs.area = rows[i].area;
        run_fails(rows[i].kind, rows[i].words);
    }
    assert_int_equal(fake.world->n_all, 0);
    run_prefs.provider = provider_index("demo");
    run_prefs.area = AREA_ALL;
    run_fails(ERR_USAGE, "provider 'demo' lists no pictures");
}

/* Killed in the middle, and again: rows and files are those of an undisturbed run, and no finished
 * box is asked for twice. */
static void test_kill_survey(void **state)
{
    (void)state;
    run_prefs.area = AREA_ALL;
    fake.world->full_above_deg = 0.05;
    fake.world->delay_ms = 3;
    int n_killed = 0;
    for (int i = 0; i < 6; i++) {
        n_killed += WIFSIGNALED(run_child(0.04 * (i + 1), SIGKILL));
    }
    assert_true(n_killed >= 3);
    run_ok();
    assert_states(64, 0, 0, 0, 0);
    assert_int_equal(get("SELECT count(*) FROM survey_box WHERE state NOT IN ('split', 'done')"),
                     0);
    assert_int_equal(get("SELECT count(*) FROM survey_box WHERE attempts <> 1"), 0);
    /* what the boxes cover is the area, once */
    assert_int_equal(get("SELECT round(1e6 * sum((east_deg - west_deg) * (north_deg - south_deg)))"
                         " FROM survey_box WHERE state = 'done'"),
                     160000);
    assert_int_equal(get("SELECT count(*) FROM request"), 64);
}

/* Requests have the same ids whatever box was answered first. */
static void test_order_of_a_survey(void **state)
{
    (void)state;
    static const char order[] = "SELECT sum(id * CAST(item AS INTEGER)) FROM request";
    run_prefs.area = AREA_ALL;
    run_prefs.limit = 1;
    fake.world->full_above_deg = 0.05;
    run_prefs.connections = 1;
    run_ok();
    int64_t expect = get(order);
    exec_sql("DELETE FROM survey_box; DELETE FROM survey; DELETE FROM request");
    run_prefs.connections = 8;
    fake.world->n_searches = 0;
    fake.world->search_trouble = (struct trouble){FAULT_STATUS, false, 7, 500, ""};
    run_ok();
    assert_int_equal(get(order), expect);
}

/* Ctrl-C during the survey: what is in flight is finished, the rest is left as it was. */
static void test_interrupt_survey(void **state)
{
    (void)state;
    run_prefs.area = AREA_ALL;
    run_prefs.connections = 4;
    fake.world->delay_ms = 60;
    int status = run_child(0.3, SIGTERM);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    int64_t n_done = get("SELECT count(*) FROM survey_box WHERE state = 'done' AND attempts = 1");
    assert_true(n_done > 0 && n_done < 30);
    assert_int_equal(n_done, fake.world->n_searches);
    assert_boxes((int)n_done, 0, 0, 30 - (int)n_done);
    fake.world->delay_ms = 0;
    assert_int_equal(run_child(0, 0), 0);
    assert_states(64, 0, 0, 0, 0);
}

/* Pictures that are too near to another are not even asked for. */
static void test_min_distance_of_items(void **state)
{
    (void)state;
    run_prefs.area = AREA_ALL;
    run_prefs.min_distance_m = 1500; /* they are 1,112 m apart */
    fake.world->delay_ms = 2;
    trouble(7, FAULT_STATUS, false, -1)->arg = 404; /* its neighbours must not wait in vain */
    run_ok();
    int64_t n_done = n_state("done");
    assert_true(n_done >= 21 && n_done <= 32);
    assert_int_equal(n_done + n_state("duplicate") + n_state("failed"), 64);
    assert_true(n_asked(fake.world->n_probes) <= n_done + 2);
    assert_int_equal(get("SELECT count(*) FROM location a, location b WHERE a.id < b.id AND"
                         " abs(a.lat_deg - b.lat_deg) < 0.0105"),
                     0);
    assert_consistent();
}

int main(void)
{
#define M(f) cmocka_unit_test_setup_teardown(f, setup_mapillary, teardown)
#define P(f) cmocka_unit_test_setup_teardown(f, setup_panoramax, teardown)
    const struct CMUnitTest tests[] = {
        M(test_kill_survey), /* these fork: first */
        M(test_interrupt_survey),
        M(test_mapillary_points),
        M(test_radius),
        P(test_panoramax_points),
        M(test_views_of_a_sphere),
        M(test_no_panorama),
        M(test_expired_address),
        M(test_passing_trouble_of_items),
        M(test_refused_token),
        M(test_survey),
        M(test_survey_after_points),
        M(test_order_of_a_survey),
        M(test_min_distance_of_items),
        M(test_split),
        M(test_heavy_boxes),
        M(test_crowd),
        M(test_crowd_in_a_strip),
        M(test_survey_of_a_dead_provider),
        M(test_survey_put_off),
        P(test_panoramax_survey),
        P(test_panoramax_not_ready),
        M(test_bad_areas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
