/* SPDX-License-Identifier: MIT */
/* Files appear whole or not at all; ceilings, secrets, directories, buffers. */
#include "tests/unit/core/core_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/file.h"

static char dir[64];
static char path[128];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/gdje-file.XXXXXX");
    if (!mkdtemp(dir)) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/x", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(dir); /* fails when a temporary file was left behind */
}

static void test_commit(void **state)
{
    (void)state;
    struct err e = {0};
    struct out o = {0};
    uint8_t *data = NULL;
    size_t n = 0;
    assert_int_equal(out_open(&o, path, &e), 0);
    assert_true(fputs("hello", o.f) >= 0);
    assert_false(file_exists(path));
    assert_int_equal(out_commit(&o, &e), 0);
    out_release(&o);
    assert_int_equal(file_read(path, 100, &data, &n, &e), 0);
    assert_int_equal(n, 5);
    assert_string_equal((char *)data, "hello");
    free(data);
}

/* What a killed process was writing goes with the next write. */
static void test_leftovers(void **state)
{
    (void)state;
    struct err e = {0};
    struct out o = {0};
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        _exit(out_open(&o, path, &e) == 0 ? 0 : 1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(file_write(path, "x", 1, &e), 0);
}

static void test_abandoned_leaves_the_old_file(void **state)
{
    (void)state;
    struct err e = {0};
    struct out o = {0};
    uint8_t *data = NULL;
    size_t n = 0;
    assert_int_equal(file_write(path, "old", 3, &e), 0);
    assert_int_equal(out_open(&o, path, &e), 0);
    assert_true(fputs("new but unfinished", o.f) >= 0);
    out_release(&o);
    assert_int_equal(file_read(path, 100, &data, &n, &e), 0);
    assert_string_equal((char *)data, "old");
    free(data);
}

static void test_full_disk(void **state)
{
    (void)state;
    struct err e = {0};
    FILE *full = fopen("/dev/full", "wb");
    assert_non_null(full);
    /* a struct out whose stream is the always-full device */
    struct out o = {.f = full, .path = strdup(path), .tmp = NULL};
    assert_true(fputs("x", o.f) >= 0);
    assert_int_equal(out_commit(&o, &e), -1);
    assert_int_equal(e.kind, ERR_SYSTEM);
    assert_non_null(strstr(e.msg, "No space left"));
    out_release(&o);
    assert_false(file_exists(path));
}

static void test_ceiling(void **state)
{
    (void)state;
    struct err e = {0};
    uint8_t *data = NULL;
    size_t n = 0;
    assert_int_equal(file_write(path, "0123456789", 10, &e), 0);
    assert_int_equal(file_read(path, 9, &data, &n, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_null(data);
    assert_int_equal(file_read(path, 10, &data, &n, &e), 0);
    free(data);
    assert_int_equal(file_read(dir, 10, &data, &n, &e), -1);
}

static void test_secret(void **state)
{
    (void)state;
    struct err e = {0};
    char *text = NULL;
    assert_int_equal(file_write(path, "s3cret\r\n", 8, &e), 0);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(file_read_secret(path, &text, &e), -1);
    assert_int_equal(e.kind, ERR_USAGE);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(file_read_secret(path, &text, &e), 0);
    assert_string_equal(text, "s3cret");
    secret_free(text);
    assert_int_equal(file_write(path, "\n", 1, &e), 0);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(file_read_secret(path, &text, &e), -1);
}

static void test_dir_make(void **state)
{
    (void)state;
    struct err e = {0};
    char deep[160];
    (void)snprintf(deep, sizeof deep, "%s/a/b", dir);
    assert_int_equal(dir_make(deep, &e), 0);
    assert_int_equal(dir_make(deep, &e), 0);
    assert_int_equal(rmdir(deep), 0);
    (void)snprintf(deep, sizeof deep, "%s/a", dir);
    assert_int_equal(rmdir(deep), 0);
    assert_int_equal(file_write(path, "", 0, &e), 0);
    assert_int_equal(dir_make(path, &e), -1); /* a file is in the way */
}

static void test_paths(void **state)
{
    (void)state;
    char *p = path_join("work", "images/a.jpg");
    assert_string_equal(p, "work/images/a.jpg");
    free(p);
    p = path_join("work", "/abs");
    assert_string_equal(p, "/abs");
    free(p);
    p = path_dir("catalog.gpkg");
    assert_string_equal(p, ".");
    free(p);
    p = path_dir("/x");
    assert_string_equal(p, "/");
    free(p);
    assert_string_equal(path_base("a/b.c"), "b.c");
}

static void test_buf(void **state)
{
    (void)state;
    struct err e = {0};
    struct buf b;
    buf_init(&b, 10);
    assert_int_equal(buf_add(&b, "12345", 5, &e), 0);
    assert_int_equal(buf_printf(&b, &e, "%d", 67), 0);
    assert_string_equal(b.p, "1234567");
    assert_int_equal(buf_add_str(&b, "too long", &e), -1);
    assert_string_equal(b.p, "1234567"); /* unchanged */
    char *p = buf_take(&b);
    assert_string_equal(p, "1234567");
    free(p);
    assert_int_equal(b.n, 0);
    assert_int_equal(buf_reserve(&b, 11, &e), -1);
    assert_null(b.p);
    assert_int_equal(buf_reserve(&b, 9, &e), 0);
    assert_int_equal(b.cap, 10);
    p = b.p;
    assert_int_equal(buf_add(&b, "123456789", 9, &e), 0);
    assert_ptr_equal(b.p, p); /* there was room */
    assert_string_equal(b.p, "123456789");
    buf_release(&b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_commit),    T(test_leftovers), T(test_abandoned_leaves_the_old_file),
        T(test_full_disk), T(test_ceiling),   T(test_secret),
        T(test_dir_make),  T(test_paths),     T(test_buf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
