/* SPDX-License-Identifier: MIT */
/* Image folders whole or not at all, whatever was there before; threads beside the loop's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"
#include "fetch/store.h"
#include "fetch/workers.h"

static char dir[] = "/tmp/gdje-store-XXXXXX";

static const struct store_file four[] = {{"0.jpg", "north", 5, NULL},
                                         {"90.jpg", "east", 4, NULL},
                                         {"180.jpg", "south", 5, NULL},
                                         {"270.jpg", "west", 4, NULL}};

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

static bool exists(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

static void put_text(const char *name, const char *text)
{
    char path[256];
    struct err e = {0};
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(file_write(path, text, strlen(text), &e), 0);
}

static void make_folder(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(mkdir(path, 0777), 0);
}

static void assert_text(const char *name, const char *text)
{
    char path[256];
    uint8_t *data = NULL;
    size_t n = 0;
    struct err e = {0};
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(file_read(path, 100, &data, &n, &e), 0);
    assert_string_equal((char *)data, text);
    free(data);
}

static void test_put_and_remove(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(store_put(dir, "u", four, 4, &e), 0);
    assert_text("u/0.jpg", "north");
    assert_text("u/270.jpg", "west");
    assert_false(exists("u.tmp"));
    store_remove(dir, "u");
    assert_false(exists("u"));
    store_remove(dir, "u"); /* nothing there: nothing to do */
}

/* A run killed while it wrote leaves u.tmp, one killed before its commit leaves u: both go. */
static void test_put_over_leftovers(void **state)
{
    (void)state;
    struct err e = {0};
    make_folder("u.tmp");
    put_text("u.tmp/0.jpg", "half");
    put_text("u.tmp/12.jpg", "of other views");
    make_folder("u");
    put_text("u/0.jpg", "before");
    put_text("u/12.jpg", "before");
    assert_int_equal(store_put(dir, "u", four, 2, &e), 0);
    assert_text("u/0.jpg", "north");
    assert_text("u/90.jpg", "east");
    assert_false(exists("u/12.jpg"));
    assert_false(exists("u/180.jpg"));
    assert_false(exists("u.tmp"));
    make_folder("u.tmp");
    put_text("u.tmp/0.jpg", "half");
    store_remove(dir, "u");
    assert_false(exists("u"));
    assert_false(exists("u.tmp"));
}

static void test_put_that_cannot(void **state)
{
    (void)state;
    struct err e = {0};
    const struct store_file bad[] = {{"0.jpg", "north", 5, NULL}, {"no/such.jpg", "east", 4, NULL}};
    assert_int_equal(store_put(dir, "u", bad, 2, &e), -1);
    assert_int_equal(e.kind, ERR_SYSTEM);
    assert_non_null(strstr(e.msg, "u.tmp/no/such.jpg"));
    assert_false(exists("u"));
    assert_false(exists("u.tmp"));
    put_text("u", "a file where the folder should be");
    assert_int_equal(store_put(dir, "u", four, 4, &e), -1);
    assert_int_equal(e.kind, ERR_SYSTEM);
    assert_false(exists("u.tmp"));
    char path[256];
    (void)snprintf(path, sizeof path, "%s/u", dir);
    assert_int_equal(unlink(path), 0);
}

static void test_names(void **state)
{
    char name[STORE_NAME_SIZE];
    (void)state;
    store_name(0, name);
    assert_string_equal(name, "0.jpg");
    store_name(359.7, name);
    assert_string_equal(name, "0.jpg");
    store_name(NAN, name);
    assert_string_equal(name, "unknown.jpg");
}

/* --- workers -------------------------------------------------------------------------------------- */

struct sum {
    struct workers *w;
    atomic_int n_wakes, n_worked;
    int n_after, n_more;
};

static void on_wake(void *ctx)
{
    struct sum *s = ctx;
    atomic_fetch_add(&s->n_wakes, 1);
}

static void work(void *task)
{
    struct sum *s = task;
    atomic_fetch_add(&s->n_worked, 1);
}

static void after(void *ctx, void *task)
{
    struct sum *s = ctx;
    struct err e = {0};
    assert_ptr_equal(ctx, task);
    s->n_after++;
    if (s->n_more > 0) {
        s->n_more--;
        assert_int_equal(workers_add(s->w, WORKERS_DISK, work, after, s, s, &e), 0);
    }
}

/* Everything that was added is done and finished, also what is added while closing. */
static void test_workers(void **state)
{
    (void)state;
    struct err e = {0};
    struct sum s = {.n_more = 100};
    assert_int_equal(workers_open(on_wake, &s, &s.w, &e), 0);
    for (int i = 0; i < 1000; i++) {
        enum workers_lane lane = i % 2 ? WORKERS_CPU : WORKERS_DISK;
        assert_int_equal(workers_add(s.w, lane, work, after, &s, &s, &e), 0);
        if (i % 100 == 0) {
            workers_finish(s.w);
        }
    }
    workers_close(s.w);
    assert_int_equal(s.n_after, 1100);
    assert_int_equal(atomic_load(&s.n_worked), 1100);
    assert_true(atomic_load(&s.n_wakes) >= 1);
    workers_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_and_remove),  cmocka_unit_test(test_put_over_leftovers),
        cmocka_unit_test(test_put_that_cannot), cmocka_unit_test(test_names),
        cmocka_unit_test(test_workers),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
