/* SPDX-License-Identifier: MIT */
/* Runs of gdje-fetch for tests: see run.h. */
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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/log.h"
#include "core/sig.h"
#include "fetch/fetch.h"
#include "fetch/provider.h"
#include "sql/catalog.h"
#include "tests/unit/fetch/fake.h"
#include "tests/unit/fetch/run.h"

struct fake fake;
char run_dir[64];
char run_catalog[128];
struct fetch_prefs run_prefs;
struct err run_err;

/* --- a run_catalog, a server, a run --------------------------------------------------------------------- */

void exec_sql(const char *sql)
{
    struct err e = {0};
    struct db *db = NULL;
    if (catalog_open(run_catalog, CATALOG_CREATE, &db, &e) != 0 || db_exec(db, sql, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    catalog_close(db);
}

int64_t get(const char *sql)
{
    struct err e = {0};
    struct db *db = NULL;
    int64_t v = -1;
    bool found = false;
    if (catalog_open(run_catalog, CATALOG_READ, &db, &e) != 0 ||
        db_get_i64(db, sql, &v, &found, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    catalog_close(db);
    return v;
}

/* Points 0 .. n-1 of the server's world, with ids 1 .. n. */
void queue_points(int n)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "WITH RECURSIVE k(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM k LIMIT %d)"
                   " INSERT INTO request (lat_deg, lon_deg, queued)"
                   " SELECT 45 + k * 0.01, 16, 'now' FROM k",
                   n);
    exec_sql(sql);
}

int setup(void **state)
{
    (void)state;
    log_init("test", -1);
    (void)snprintf(run_dir, sizeof run_dir, "/tmp/gdje-fetch.XXXXXX");
    if (!mkdtemp(run_dir) || fake_start(&fake) != 0) {
        return -1;
    }
    (void)snprintf(run_catalog, sizeof run_catalog, "%s/c.gpkg", run_dir);
    run_prefs = (struct fetch_prefs)FETCH_PREFS_DEFAULT;
    run_prefs.base_url = fake.url;
    run_prefs.size_px = WORLD_PX;
    run_prefs.connections = 8;
    run_prefs.deadline_s = 10;
    (void)unsetenv("STREETVIEW_KEY");
    (void)unsetenv("MAPILLARY_TOKEN");
    (void)unsetenv("STREETVIEW_SECRET");
    return 0;
}

/* What is below a folder, gone. */
void remove_tree(const char *path)
{
    DIR *d = opendir(path);
    const struct dirent *entry = NULL;
    (void)chmod(path, 0700);
    while (d && (entry = readdir(d)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            char *name = path_join(path, entry->d_name);
            if (unlink(name) != 0) {
                remove_tree(name);
            }
            free(name);
        }
    }
    if (d) {
        (void)closedir(d);
    }
    (void)rmdir(path);
}

int teardown(void **state)
{
    (void)state;
    fake_stop(&fake);
    remove_tree(run_dir);
    return 0;
}

int run(void)
{
    const struct cli cli = {.tool = "gdje-fetch",
                            .catalog = run_catalog,
                            .progress = PROGRESS_NONE,
                            .command_line = "--test"};
    memset(&run_err, 0, sizeof run_err);
    return fetch_run(&cli, &run_prefs, &run_err);
}

void run_ok(void)
{
    if (run() != 0) {
        fail_msg("%s", run_err.msg);
    }
}

void run_fails(enum err_kind kind, const char *words)
{
    assert_int_equal(run(), -1);
    if (run_err.kind != kind || !strstr(run_err.msg, words)) {
        fail_msg("kind %d: %s", (int)run_err.kind, run_err.msg);
    }
}

int run_child(double after_s, int s)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        sig_install();
        int rc = run();
        if (rc != 0 && run_err.kind == ERR_INTERRUPTED) {
            sig_reraise(sig_caught());
        }
        _exit(rc == 0 ? 0 : (int)run_err.kind);
    }
    if (s) {
        const struct timespec wait = {0, (long)(after_s * 1e9)};
        (void)nanosleep(&wait, NULL);
        (void)kill(pid, s);
    }
    (void)waitpid(pid, &status, 0);
    return status;
}

struct trouble *trouble(int k, enum fault fault, bool on_view, int times)
{
    fake.world->trouble[k] = (struct trouble){.fault = fault, .on_view = on_view, .times = times};
    return &fake.world->trouble[k];
}

void set_json(int k, const char *body, int times)
{
    struct trouble *t = trouble(k, FAULT_JSON, false, times);
    (void)snprintf(t->text, sizeof t->text, "%s", body);
}

/* Every file on disk is a row, every row a file of the size it says. */
void assert_consistent(void)
{
    struct err e = {0};
    struct db *db = NULL;
    struct stmt *st = NULL;
    bool row = false;
    int64_t n_rows = 0;
    char cmd[256];
    assert_int_equal(catalog_open(run_catalog, CATALOG_READ, &db, &e), 0);
    assert_int_equal(db_prepare(db, &st, "SELECT path, n_bytes FROM image", &e), 0);
    while (stmt_step(st, &row, &e) == 0 && row) {
        struct stat s;
        char *path = catalog_path(db, col_text(st, 0));
        assert_int_equal(stat(path, &s), 0);
        assert_int_equal(s.st_size, col_i64(st, 1));
        free(path);
        n_rows++;
    }
    stmt_free(st);
    catalog_close(db);
    (void)snprintf(cmd, sizeof cmd, "%s/images", run_dir);
    DIR *d = opendir(cmd);
    const struct dirent *entry = NULL;
    int64_t n_folders = 0;
    while (d && (entry = readdir(d)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        n_folders += entry->d_name[0] != '.';
    }
    if (d) {
        (void)closedir(d);
    }
    if (strcmp(provider_at(run_prefs.provider)->name, "demo") == 0) {
        assert_int_equal(n_rows, 4 * n_folders);
    }
    assert_int_equal(get("SELECT count(*) FROM location"), n_folders);
}

int64_t n_state(const char *state)
{
    char sql[128];
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM request WHERE state = '%s'", state);
    return get(sql);
}

void assert_states(int done, int no_imagery, int duplicate, int failed, int left)
{
    assert_int_equal(n_state("done"), done);
    assert_int_equal(n_state("no_imagery"), no_imagery);
    assert_int_equal(n_state("duplicate"), duplicate);
    assert_int_equal(n_state("failed"), failed);
    assert_int_equal(n_state("queued") + n_state("probed"), left);
    assert_int_equal(get("SELECT count(*) FROM location"), done);
    assert_consistent();
}

int n_asked(const int *counts)
{
    int n = 0;
    for (int k = 0; k < WORLD_N; k++) {
        n += counts[k];
    }
    return n;
}
