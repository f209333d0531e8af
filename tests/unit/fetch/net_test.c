/* SPDX-License-Identifier: MIT */
/* Ways to a provider: IPv6, a proxy from the environment, connections that the server ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/fetch/fake.h"
#include "tests/unit/fetch/run.h"

static void test_ipv6(void **state)
{
    (void)state;
    if (!fake.url6[0]) {
        print_message("skip: this machine has no IPv6 loopback\n");
        skip();
    }
    queue_points(10);
    run_prefs.base_url = fake.url6;
    run_ok();
    assert_states(10, 0, 0, 0, 0);
    assert_int_equal(fake.world->n_connections, 0);
    assert_in_range(fake.world->n_connections6, 1, 8);
}

/* The address is the proxy's to find out, requests name it whole; nothing else changes. */
static void test_proxy(void **state)
{
    (void)state;
    queue_points(10);
    run_prefs.base_url = "http://pictures.invalid";
    assert_int_equal(setenv("http_proxy", fake.url, 1), 0);
    run_ok();
    assert_int_equal(unsetenv("http_proxy"), 0);
    assert_states(10, 0, 0, 0, 0);
    assert_int_equal(fake.world->n_proxied, 50);
}

/* A proxy is not for what is on this machine. */
static void test_no_proxy(void **state)
{
    (void)state;
    queue_points(2);
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    run_ok();
    assert_int_equal(unsetenv("http_proxy"), 0);
    assert_states(2, 0, 0, 0, 0);
    assert_int_equal(fake.world->n_proxied, 0);
}

/* A kept connection that the server closes is replaced, and its descriptor's number with it. */
static void test_hanging_up(void **state)
{
    (void)state;
    queue_points(40);
    fake.world->hangs_up = true;
    run_ok();
    assert_states(40, 0, 0, 0, 0);
    assert_true(fake.world->n_connections >= 200);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_ipv6),
        T(test_proxy),
        T(test_no_proxy),
        T(test_hanging_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
