/* SPDX-License-Identifier: MIT */
/* gdje-fetch against a provider that fails on command, and killed at random moments. */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/rng.h"
#include "core/sig.h"
#include "fetch/engine.h"
#include "fetch/fetch.h"
#include "sql/catalog.h"
#include "tests/unit/fetch/fake.h"
#include "tests/unit/fetch/run.h"

/* --- the good way ------------------------------------------------------------------------------------- */

static void test_all_good(void **state)
{
    (void)state;
    queue_points(40);
    run_ok();
    assert_states(40, 0, 0, 0, 0);
    assert_int_equal(fake.world->n_all, 40 * 5);
    assert_true(fake.world->n_connections <= 8);
    assert_true(fake.world->max_in_flight <= 8);
    assert_int_equal(get("SELECT sum(n_requests) FROM spend WHERE kind = 'image'"), 160);
    assert_int_equal(get("SELECT sum(n_requests) FROM spend WHERE kind = 'metadata'"), 40);
    /* the panorama's own position, not the point asked for */
    assert_int_equal(get("SELECT count(*) FROM location WHERE lon_deg = 16.5"), 40);
    assert_int_equal(get("SELECT count(*) FROM location WHERE captured LIKE '2020-__'"
                         " AND copyright = '© Test' AND group_key = 'demo:' || pano_id"),
                     40);
    assert_int_equal(get("SELECT count(*) FROM rtree_location_geom"), 40);
    run_ok(); /* nothing left: asks nothing */
    assert_int_equal(fake.world->n_all, 40 * 5);
}

static void test_no_imagery_and_duplicates(void **state)
{
    (void)state;
    queue_points(12);
    set_json(3, "{\"status\": \"ZERO_RESULTS\"}", -1);
    set_json(4, "{\"status\": \"NOT_FOUND\"}", -1);
    fake.world->pano[2] = 9; /* the first point that has it is done, whoever came first */
    fake.world->pano[11] = 9;
    fake.world->delay_ms = 5;
    run_ok();
    assert_states(8, 2, 2, 0, 0);
    assert_int_equal(get("SELECT id FROM request WHERE state = 'done' AND pano_id = 'pano9'"), 3);
    assert_int_equal(get("SELECT count(*) FROM request WHERE state = 'duplicate'"
                         " AND location_id = (SELECT id FROM location WHERE pano_id = 'pano9')"),
                     2);
    assert_int_equal(fake.world->n_views[9], 4);
    /* and a point queued later finds it known */
    exec_sql("INSERT INTO request (lat_deg, lon_deg, queued) VALUES (45.09, 16, 'now')");
    run_ok();
    assert_states(8, 2, 3, 0, 0);
    assert_int_equal(fake.world->n_views[9], 4);
}

static void test_limit(void **state)
{
    (void)state;
    queue_points(20);
    run_prefs.limit = 7;
    run_ok();
    assert_states(7, 0, 0, 0, 13);
    assert_int_equal(get("SELECT max(id) FROM request WHERE state = 'done'"), 7);
}

static void test_rate(void **state)
{
    (void)state;
    queue_points(12);
    run_prefs.rate_per_s = 40;
    double start = time_monotonic_s();
    run_ok();
    double elapsed = time_monotonic_s() - start;
    assert_states(12, 0, 0, 0, 0);
    assert_true(elapsed > (60 - 3) / 40.0 && elapsed < 60 / 40.0 + 1);
}

/* --- trouble that passes ---------------------------------------------------------------------------------- */

static void test_passing_trouble(void **state)
{
    (void)state;
    static const int statuses[] = {408, 429, 500, 502, 503, 504};
    static const enum fault faults[] = {FAULT_CUT,  FAULT_LONG_LENGTH, FAULT_SHORT_LENGTH,
                                        FAULT_HTML, FAULT_JPEG_LIE,    FAULT_CARD,
                                        FAULT_HALF, FAULT_SIZE,        FAULT_HUGE};
    int k = 0;
    for (size_t i = 0; i < 6; i++, k += 2) {
        trouble(k, FAULT_STATUS, false, 1)->arg = statuses[i];
        trouble(k + 1, FAULT_STATUS, true, 1)->arg = statuses[i];
    }
    for (size_t i = 0; i < 9; i++) {
        trouble(k++, faults[i], true, 1);
    }
    trouble(k++, FAULT_CUT, false, 1);
    trouble(k++, FAULT_LONG_LENGTH, false, 1);
    trouble(k++, FAULT_SHORT_LENGTH, false, 1);
    trouble(k++, FAULT_HTML, false, 1);
    trouble(k++, FAULT_HUGE, false, 1);
    set_json(k++, "{\"status\": \"OVER_QUERY_LIMIT\"}", 2);
    set_json(k++, "{\"status\": \"UNKNOWN_ERROR\"}", 2);
    set_json(k++, "{\"status\": \"OK\"}", 2);
    set_json(k++, "[[[[", 2);
    queue_points(k);
    run_ok();
    assert_states(k, 0, 0, 0, 0);
    for (int i = 12; i < 21; i++) {
        assert_int_equal(fake.world->n_views[i], 5);
    }
}

static void test_retry_after(void **state)
{
    (void)state;
    queue_points(4);
    trouble(1, FAULT_RETRY_AFTER, false, 1)->arg = 2;
    double start = time_monotonic_s();
    run_ok();
    assert_states(4, 0, 0, 0, 0);
    assert_true(time_monotonic_s() - start >= 1.9);
    /* one day: not in this run */
    exec_sql("UPDATE request SET lat_deg = 45.3, state = 'queued' WHERE id = 1");
    trouble(30, FAULT_RETRY_AFTER, false, -1)->arg = 86400;
    run_fails(ERR_REMOTE, "asks for a pause of 86400 s");
    assert_int_equal(n_state("queued"), 1);
}

/* As a date, which is of whole seconds; one that has passed asks for no pause. */
static void test_retry_after_date(void **state)
{
    (void)state;
    queue_points(4);
    trouble(0, FAULT_RETRY_DATE, false, 1)->arg = -100;
    trouble(1, FAULT_RETRY_DATE, false, 1)->arg = 3;
    double start = time_monotonic_s();
    run_ok();
    assert_states(4, 0, 0, 0, 0);
    assert_true(time_monotonic_s() - start >= 1.9);
    exec_sql("UPDATE request SET lat_deg = 45.3, state = 'queued' WHERE id = 1");
    trouble(30, FAULT_RETRY_DATE, false, -1)->arg = 86400;
    run_fails(ERR_REMOTE, "asks for a pause of 86");
}

static void test_stalled(void **state)
{
    (void)state;
    queue_points(4);
    run_prefs.stall_s = 1;
    trouble(0, FAULT_STALL, true, 1);
    trouble(1, FAULT_STALL, false, 1);
    trouble(2, FAULT_DRIP, true, 1);
    run_ok();
    assert_states(4, 0, 0, 0, 0);
}

/* A lone transfer that ends by its deadline must be noticed (curl's own libuv example does not). */
static void test_lone_deadline(void **state)
{
    (void)state;
    queue_points(1);
    run_prefs.deadline_s = 0.3;
    run_prefs.tries = 2;
    trouble(0, FAULT_STALL, false, -1);
    double start = time_monotonic_s();
    run_fails(ERR_INCOMPLETE, "1 of 1 locations could not be settled");
    assert_true(time_monotonic_s() - start < 3);
    assert_int_equal(fake.world->n_probes[0], 2);
    assert_states(0, 0, 0, 0, 1);
}

/* --- trouble that stays ------------------------------------------------------------------------------------- */

static void test_lasting_trouble(void **state)
{
    (void)state;
    static const enum fault bad[] = {FAULT_CARD, FAULT_HALF, FAULT_SIZE, FAULT_HUGE,
                                     FAULT_JPEG_LIE};
    queue_points(20);
    run_prefs.tries = 2;
    for (int i = 0; i < 5; i++) { /* nonsense to the end: failed */
        trouble(i, bad[i], true, -1);
    }
    trouble(5, FAULT_STATUS, true, -1)->arg = 404; /* no use in asking twice */
    trouble(6, FAULT_STATUS, true, -1)->arg = 400;
    trouble(7, FAULT_REDIRECT, true, -1);
    trouble(8, FAULT_STATUS, false, -1)->arg = 404;
    set_json(9, "{\"status\": \"INVALID_REQUEST\"}", -1);
    set_json(10, "{\"status\": \"OK\", \"pano_id\": \"x\"}", -1);
    trouble(11, FAULT_STATUS, true, -1)->arg = 503; /* the service's fault: next time */
    trouble(12, FAULT_CUT, true, -1);
    trouble(13, FAULT_STATUS, false, -1)->arg = 500;
    trouble(14, FAULT_HTML, true, -1);
    run_fails(ERR_INCOMPLETE, "4 of 20 locations could not be settled");
    assert_states(5, 0, 0, 11, 4);
    assert_int_equal(n_state("probed"), 3);
    assert_true(fake.world->n_views[5] <= 4);
    assert_int_equal(fake.world->n_probes[8], 1);
    assert_int_equal(fake.world->n_probes[13], 2);
    assert_int_equal(get("SELECT count(*) FROM request WHERE last_error IS NULL"
                         " AND state IN ('failed', 'queued', 'probed')"),
                     0);
    assert_int_equal(get("SELECT count(*) FROM request WHERE id = 6"
                         " AND last_error LIKE 'view %: HTTP status 404'"),
                     1);
    /* the trouble passes: a rerun settles the rest and asks nothing else again */
    memset(fake.world->trouble, 0, sizeof fake.world->trouble);
    int before = fake.world->n_all;
    run_ok();
    assert_states(9, 0, 0, 11, 0);
    assert_int_equal(fake.world->n_all - before, 4 * 5);
}

static void test_duplicate_of_a_failure(void **state)
{
    (void)state;
    queue_points(6);
    fake.world->pano[1] = 0;
    fake.world->pano[2] = 0;
    fake.world->delay_ms = 20;
    trouble(0, FAULT_STATUS, true, -1)->arg = 404;
    run_ok();
    assert_states(3, 0, 0, 3, 0);
}

/* A point fails; before that is committed, a later one comes by its panorama and has luck. */
static void test_failure_before_a_success(void **state)
{
    (void)state;
    queue_points(2);
    fake.world->pano[1] = 0;
    trouble(0, FAULT_STATUS, true, 1)->arg = 404;
    trouble(1, FAULT_STATUS, false, 1)->arg = 503; /* so that it comes later */
    run_ok();
    assert_int_equal(n_state("failed") + n_state("done"), 2);
    assert_true(n_state("failed") >= 1);
    assert_consistent();
}

static void test_server_that_only_talks_nonsense(void **state)
{
    (void)state;
    queue_points(60);
    run_prefs.tries = 2;
    for (int k = 0; k < 60; k++) {
        trouble(k, FAULT_CARD, true, -1);
    }
    run_fails(ERR_REMOTE, "no usable answer");
    assert_states(0, 0, 0, 0, 60); /* none is blamed for it */
}

static void test_unreachable(void **state)
{
    (void)state;
    queue_points(30);
    run_prefs.base_url = "http://127.0.0.1:1";
    run_prefs.tries = 2;
    run_fails(ERR_REMOTE, "no usable answer from 'http://127.0.0.1:1'");
    assert_states(0, 0, 0, 0, 30);
}

static void test_refused_key(void **state)
{
    (void)state;
    queue_points(50);
    fake.world->needs_key = true;
    assert_int_equal(setenv("STREETVIEW_KEY", "WRONG-KEY-42", 1), 0);
    run_fails(ERR_REMOTE, "refuses the key: REQUEST_DENIED");
    assert_null(strstr(run_err.msg, "WRONG-KEY-42"));
    assert_null(strstr(run_err.msg, WORLD_KEY));
    assert_int_equal(get("SELECT count(*) FROM request WHERE state = 'queued' AND attempts = 0"
                         " AND last_error IS NULL"),
                     50);
    assert_true(fake.world->n_all <= 8);
    assert_int_equal(setenv("STREETVIEW_KEY", WORLD_KEY, 1), 0);
    run_ok();
    assert_states(50, 0, 0, 0, 0);
}

/* 403 for a picture in the middle of a run. */
static void test_key_refused_later(void **state)
{
    (void)state;
    queue_points(40);
    trouble(20, FAULT_STATUS, true, -1)->arg = 403;
    run_fails(ERR_REMOTE, "refuses the key: HTTP status 403");
    assert_int_equal(n_state("failed"), 0);
    assert_int_equal(get("SELECT count(*) FROM request WHERE id = 21 AND state = 'queued'"), 1);
    trouble(20, FAULT_NONE, true, 0);
    run_ok();
    assert_states(40, 0, 0, 0, 0);
}

/* --- the disk -------------------------------------------------------------------------------------------------- */

static void test_unwritable_images(void **state)
{
    (void)state;
    char path[128];
    queue_points(3);
    (void)snprintf(path, sizeof path, "%s/file", run_dir);
    assert_int_equal(file_write(path, "x", 1, &run_err), 0);
    run_prefs.images = path; /* a file where a folder should be */
    assert_int_equal(run(), -1);
    assert_non_null(strstr(run_err.msg, path));
    assert_int_equal(fake.world->n_all, 0);
    run_prefs.images = "/proc/gdje";
    assert_int_equal(run(), -1);
    assert_non_null(strstr(run_err.msg, "/proc/gdje"));
    assert_int_equal(fake.world->n_all, 0);
    assert_int_equal(n_state("queued"), 3);
}

static void test_images_elsewhere(void **state)
{
    (void)state;
    char path[128];
    char sql[256];
    queue_points(2);
    (void)snprintf(path, sizeof path, "%s/else/where", run_dir);
    run_prefs.images = path;
    run_ok();
    /* inside the catalog's folder: relative */
    assert_int_equal(get("SELECT count(*) FROM image WHERE path LIKE 'else/where/%'"), 8);
    char other[] = "/tmp/gdje-else.XXXXXX";
    assert_non_null(mkdtemp(other));
    run_prefs.images = other;
    exec_sql("INSERT INTO request (lat_deg, lon_deg, queued) VALUES (45.09, 16, 'now')");
    run_ok();
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM image WHERE path LIKE '%s/%%'", other);
    assert_int_equal(get(sql), 4);
    remove_tree(other);
}

static void test_disk_fails_later(void **state)
{
    (void)state;
    struct err e = {0};
    char path[256];
    char uuid[STORE_UUID_SIZE];
    queue_points(30);
    /* a file stands where the folder of one location belongs */
    assert_int_equal(store_uuid("demo", "pano17", uuid, &e), 0);
    (void)snprintf(path, sizeof path, "%s/images", run_dir);
    assert_int_equal(mkdir(path, 0777), 0);
    (void)snprintf(path, sizeof path, "%s/images/%s", run_dir, uuid);
    assert_int_equal(file_write(path, "x", 1, &e), 0);
    run_fails(ERR_SYSTEM, uuid);
    assert_int_equal(n_state("failed"), 0);
    assert_int_equal(unlink(path), 0);
    run_ok();
    assert_states(30, 0, 0, 0, 0);
}

static void test_second_fetch_is_refused(void **state)
{
    (void)state;
    struct db *db = NULL;
    struct queue *q = NULL;
    queue_points(1);
    assert_int_equal(catalog_open(run_catalog, CATALOG_WRITE, &db, &run_err), 0);
    assert_int_equal(queue_open(db, run_catalog, "demo", NULL, &q, &run_err), 0);
    run_fails(ERR_SYSTEM, "another gdje-fetch");
    exec_sql("UPDATE request SET state = 'failed'");
    run_prefs.retry_failed = true;
    run_fails(ERR_SYSTEM, "another gdje-fetch");
    assert_int_equal(n_state("failed"), 1);
    queue_close(q);
    catalog_close(db);
    run_ok();
    assert_int_equal(n_state("failed"), 0);
}

/* --- interruption ------------------------------------------------------------------------------------------------ */

/* What must be the same in the end, however it came about: states, locations, files. (Not which of
 * several bad views was noticed first, nor times and attempts.) */
static void digest(char hex[SHA256_HEX_SIZE])
{
    struct err e = {0};
    struct db *db = NULL;
    struct sha256 *s = NULL;
    struct stmt *st = NULL;
    bool row = false;
    assert_int_equal(catalog_open(run_catalog, CATALOG_READ, &db, &e), 0);
    assert_int_equal(sha256_new(&s, &e), 0);
    assert_int_equal(db_digest(db, s,
                               "SELECT r.id, r.state, r.pano_id, l.uuid FROM request r"
                               " LEFT JOIN location l ON l.id = r.location_id ORDER BY r.id",
                               &e),
                     0);
    assert_int_equal(db_digest(db, s,
                               "SELECT uuid, geom, lat_deg, lon_deg, provider, pano_id, captured,"
                               " copyright, group_key FROM location ORDER BY uuid",
                               &e),
                     0);
    assert_int_equal(
        db_prepare(db, &st, "SELECT path, n_bytes, view, state FROM image ORDER BY path", &e), 0);
    while (stmt_step(st, &row, &e) == 0 && row) {
        char file_hex[SHA256_HEX_SIZE];
        char *path = catalog_path(db, col_text(st, 0));
        assert_int_equal(sha256_hex_file(path, file_hex, &e), 0);
        sha256_add_str(s, col_text(st, 0));
        sha256_add_str(s, file_hex);
        free(path);
    }
    stmt_free(st);
    sha256_hex(s, hex);
    sha256_free(s);
    catalog_close(db);
}

static void make_mixed_world(void)
{
    for (int k = 0; k < 60; k++) {
        if (k % 10 == 3) {
            set_json(k, "{\"status\": \"ZERO_RESULTS\"}", -1);
        }
        if (k % 10 == 5) {
            fake.world->pano[k] = k - 4;
        }
        if (k % 20 == 7) {
            fake.world->pano[k] = k + 11; /* a later point's */
        }
        if (k % 20 == 9) {
            trouble(k, FAULT_STATUS, true, -1)->arg = 404;
        }
    }
    fake.world->delay_ms = 3;
}

static void test_kill_and_resume(void **state)
{
    (void)state;
    char expect[SHA256_HEX_SIZE];
    char got[SHA256_HEX_SIZE];
    int n_killed = 0;
    make_mixed_world();
    queue_points(60);
    assert_int_equal(run_child(0, 0), 0);
    digest(expect);
    int n_views = n_asked(fake.world->n_views);
    int n_probes = n_asked(fake.world->n_probes);
    assert_int_equal(SPENT("image"), n_views);
    assert_int_equal(SPENT("metadata"), n_probes);
    for (uint64_t round = 0; round < 3; round++) {
        remove_tree(run_dir);
        assert_int_equal(mkdir(run_dir, 0777), 0);
        queue_points(60);
        int status = 1;
        for (uint64_t i = 0; status != 0 && i < 50; i++) {
            double after_s = 0.005 + 0.12 * rng_f64(round, 1, i);
            status = run_child(after_s, i < 8 ? SIGKILL : 0);
            n_killed += WIFSIGNALED(status);
        }
        assert_int_equal(status, 0);
        assert_consistent();
        /* a kill may leave requests counted that were not sent, never the other way round */
        assert_true(SPENT("image") >= n_asked(fake.world->n_views) - n_views);
        assert_true(SPENT("metadata") >= n_asked(fake.world->n_probes) - n_probes);
        n_views = n_asked(fake.world->n_views);
        n_probes = n_asked(fake.world->n_probes);
        digest(got);
        assert_string_equal(got, expect);
    }
    assert_true(n_killed >= 6);
}

static void test_interrupt(void **state)
{
    (void)state;
    queue_points(60);
    fake.world->delay_ms = 60;
    double start = time_monotonic_s();
    int status = run_child(0.4, SIGINT);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    assert_true(time_monotonic_s() - start < 3);
    int64_t n_done = n_state("done");
    assert_true(n_done > 0 && n_done < 60);
    /* what was in flight has been finished: nothing paid for was thrown away */
    int n_views = 0;
    for (int k = 0; k < WORLD_N; k++) {
        n_views += fake.world->n_views[k];
    }
    assert_int_equal(n_views, 4 * n_done);
    assert_consistent();
    fake.world->delay_ms = 0;
    assert_int_equal(run_child(0, 0), 0);
    assert_states(60, 0, 0, 0, 0);
}

static void test_interrupt_while_waiting(void **state)
{
    (void)state;
    queue_points(8);
    for (int k = 0; k < 4; k++) {
        trouble(k, FAULT_RETRY_AFTER, true, -1)->arg = 100;
    }
    double start = time_monotonic_s();
    int status = run_child(0.5, SIGTERM);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_true(time_monotonic_s() - start < 3);
    assert_consistent();
}

/* Points that wait for the limiter are forgotten as if they had not been taken. */
static void test_interrupt_while_limited(void **state)
{
    (void)state;
    queue_points(40);
    run_prefs.rate_per_s = 20;
    int status = run_child(0.6, SIGTERM);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_int_equal(get("SELECT count(*) FROM request WHERE state = 'queued' AND attempts = 0"),
                     n_state("queued"));
    assert_true(n_state("queued") > 30);
    assert_consistent();
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        /* these fork: first, while this process has no threads yet (ThreadSanitizer asks for it) */
        T(test_kill_and_resume),
        T(test_interrupt),
        T(test_interrupt_while_waiting),
        T(test_interrupt_while_limited),
        T(test_all_good),
        T(test_no_imagery_and_duplicates),
        T(test_limit),
        T(test_rate),
        T(test_passing_trouble),
        T(test_retry_after),
        T(test_retry_after_date),
        T(test_stalled),
        T(test_lone_deadline),
        T(test_lasting_trouble),
        T(test_duplicate_of_a_failure),
        T(test_failure_before_a_success),
        T(test_server_that_only_talks_nonsense),
        T(test_unreachable),
        T(test_refused_key),
        T(test_key_refused_later),
        T(test_unwritable_images),
        T(test_images_elsewhere),
        T(test_disk_fails_later),
        T(test_second_fetch_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
