/* SPDX-License-Identifier: MIT */
/* Prices by the month's count, and caps that hold whatever happens between. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"
#include "fetch/budget.h"
#include "sql/catalog.h"

static char dir[64];
static char catalog[128];
static struct db *db;
static struct prices prices;
static struct err err;

static int setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/gdje-budget.XXXXXX");
    if (!mkdtemp(dir)) {
        return -1;
    }
    (void)snprintf(catalog, sizeof catalog, "%s/c.gpkg", dir);
    prices = (struct prices){.currency = "USD", .n_tiers = {1, 2}};
    prices.tier[PRICE_IMAGE][0] = (struct price_tier){0, 0.007};
    prices.tier[PRICE_IMAGE][1] = (struct price_tier){1000, 0.005};
    return catalog_open(catalog, CATALOG_CREATE, &db, &err);
}

static int teardown(void **state)
{
    static const char *const tail[] = {"", "-wal", "-shm"};
    char path[160];
    (void)state;
    catalog_close(db);
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s%s", catalog, tail[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof path, "%s/prices", dir);
    (void)unlink(path);
    return rmdir(dir);
}

static double get(const char *sql)
{
    double v = NAN;
    bool found = false;
    if (db_get_f64(db, sql, &v, &found, &err) != 0) {
        fail_msg("%s", err.msg);
    }
    return v;
}

#define N_IMAGES get("SELECT total(n_requests) FROM spend WHERE kind = 'image'")
#define COST     get("SELECT total(cost) FROM spend")

static void open_budget(struct budget *b, double money, int64_t n_billed)
{
    const struct budget_prefs caps = {money, n_billed};
    assert_int_equal(budget_open(b, db, "google", &prices, &caps, &err), 0);
}

/* Takes n requests or until there are no more; what the catalog says is never less. */
static int take(struct budget *b, enum price_kind kind, int n)
{
    int n_taken = 0;
    bool taken = true;
    while (n_taken < n && taken) {
        assert_int_equal(budget_take(b, kind, &taken, &err), 0);
        n_taken += taken;
    }
    return n_taken;
}

static void near(double a, double b)
{
    if (fabs(a - b) > 1e-6) {
        fail_msg("%.9g is not %.9g", a, b);
    }
}

/* --- prices ------------------------------------------------------------------------------------------ */

static void test_tiers(void **state)
{
    (void)state;
    near(prices_cost(&prices, PRICE_IMAGE, 0, 0), 0);
    near(prices_cost(&prices, PRICE_IMAGE, 0, 1000), 7);
    near(prices_cost(&prices, PRICE_IMAGE, 0, 1001), 7.005);
    near(prices_cost(&prices, PRICE_IMAGE, 990, 20), 0.07 + 0.05);
    near(prices_cost(&prices, PRICE_IMAGE, 5000, 10), 0.05);
    near(prices_cost(&prices, PRICE_METADATA, 0, 1000000), 0);
    assert_true(prices_billed(&prices, PRICE_IMAGE));
    assert_false(prices_billed(&prices, PRICE_METADATA));
}

static void test_built_in_table(void **state)
{
    (void)state;
    struct prices p;
    assert_int_equal(prices_read(NULL, "google", &p, &err), 0);
    assert_string_equal(p.currency, "USD");
    near(prices_cost(&p, PRICE_IMAGE, 0, 100000), 700);
    near(prices_cost(&p, PRICE_IMAGE, 100000, 1000), 5.6);
    near(prices_cost(&p, PRICE_METADATA, 0, 100000), 0);
    assert_int_equal(prices_read(NULL, "nobody", &p, &err), 0);
    assert_string_equal(p.currency, "");
}

#define HEADER "provider\tkind\tfrom_count\tper_1000\tcurrency\tread\n"

static void test_bad_tables(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"", "empty"},
        {"provider\tkind\n", "no column 'from_count'"},
        {HEADER "p\tvideo\t0\t1\tUSD\t2026-01-01\n", "line 2: kind 'video'"},
        {HEADER "p\timage\t1\t1\tUSD\t2026-01-01\n", "line 2: from_count must begin"},
        {HEADER "p\timage\t0\t1\tUSD\t2026-01-01\np\timage\t0\t1\tUSD\t2026-01-01\n", "line 3"},
        {HEADER "p\timage\t0\t-1\tUSD\t2026-01-01\n", "line 2"},
        {HEADER "p\timage\t0\tx\tUSD\t2026-01-01\n", "line 2"},
        {HEADER "p\timage\t0\t1\t\t2026-01-01\n", "no currency"},
        {HEADER "p\timage\t0\t1\tUSD\tlast year\n", "no date"},
        {HEADER "p\timage\t0\t1\tUSD\t2026-01-01\np\tmetadata\t0\t1\tEUR\t2026-01-01\n",
         "two currencies"},
    };
    char path[128];
    (void)snprintf(path, sizeof path, "%s/prices", dir);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct prices p;
        struct err e = {0};
        assert_int_equal(file_write(path, bad[i].text, strlen(bad[i].text), &e), 0);
        assert_int_equal(prices_read(path, "p", &p, &e), -1);
        if (e.kind != ERR_INPUT || !strstr(e.msg, bad[i].words)) {
            fail_msg("%zu: %s", i, e.msg);
        }
    }
}

/* --- caps -------------------------------------------------------------------------------------------- */

static void test_counted_before_and_settled(void **state)
{
    (void)state;
    struct budget b;
    open_budget(&b, INFINITY, INT64_MAX);
    assert_false(budget_capped(&b));
    for (int i = 1; i <= 300; i++) {
        assert_int_equal(take(&b, PRICE_IMAGE, 1), 1);
        assert_true(N_IMAGES >= i && N_IMAGES < i + BUDGET_MAX_BLOCK);
        assert_true(COST > i * 0.007 - 1e-9);
    }
    assert_int_equal(budget_settle(&b, &err), 0);
    near(N_IMAGES, 300);
    near(COST, 2.1);
    assert_int_equal(budget_settle(&b, &err), 0);
    near(N_IMAGES, 300);
}

static void test_cap_on_billed(void **state)
{
    (void)state;
    struct budget b;
    open_budget(&b, INFINITY, 100);
    assert_int_equal(take(&b, PRICE_METADATA, 500), 500); /* free of charge */
    assert_true(budget_affords(&b, 0, 100));
    assert_false(budget_affords(&b, 0, 101));
    assert_int_equal(take(&b, PRICE_IMAGE, 60), 60);
    assert_int_equal(budget_settle(&b, &err), 0);
    open_budget(&b, INFINITY, 100); /* the next run */
    assert_int_equal(take(&b, PRICE_IMAGE, 500), 40);
    near(N_IMAGES, 100);
    open_budget(&b, INFINITY, 0);
    assert_int_equal(take(&b, PRICE_IMAGE, 1), 0);
    assert_int_equal(take(&b, PRICE_METADATA, 1), 1);
}

static void test_cap_on_money(void **state)
{
    (void)state;
    struct budget b;
    open_budget(&b, 7.0123, INT64_MAX);
    assert_int_equal(take(&b, PRICE_IMAGE, 5000), 1002); /* 7.00, then 0.005 each */
    near(N_IMAGES, 1002);
    near(COST, 7.01);
    assert_int_equal(budget_settle(&b, &err), 0);
    near(COST, 7.01);
}

/* Killed: the last block stays counted, so the next run has less, never more. */
static void test_killed(void **state)
{
    (void)state;
    struct budget b;
    int n_sent = 0;
    for (int run = 0; run < 20; run++) {
        open_budget(&b, INFINITY, 500);
        n_sent += take(&b, PRICE_IMAGE, 37);
        assert_true(N_IMAGES >= n_sent && N_IMAGES <= 500);
    }
    assert_true(n_sent > 250);
    assert_int_equal(take(&b, PRICE_IMAGE, 1), 0);
}

static void test_month_and_provider(void **state)
{
    (void)state;
    struct budget b;
    assert_int_equal(
        db_exec(
            db,
            "INSERT INTO spend (provider, day, kind, n_requests, cost) VALUES ('google', '1999-01-31', 'image', 5000, 30),"
            " ('google', strftime('%Y-%m', 'now') || '-01', 'image', 999, 6.993),"
            " ('demo', '1999-01-31', 'image', 7, 1000)",
            &err),
        0);
    open_budget(&b, 40, INT64_MAX);
    near(b.money, 36.993);
    assert_int_equal(b.n_taken, 5999);
    assert_int_equal(take(&b, PRICE_IMAGE, 2), 2); /* the last at 7.00, the first at 5.00 */
    near(b.money, 37.005);
    assert_int_equal(take(&b, PRICE_IMAGE, 5000), 599);
    near(get("SELECT total(cost) FROM spend WHERE provider = 'google'"), 40);
}

static void test_priced_metadata(void **state)
{
    (void)state;
    struct budget b;
    prices.n_tiers[PRICE_METADATA] = 1;
    prices.tier[PRICE_METADATA][0] = (struct price_tier){0, 0.001};
    open_budget(&b, 0.05, INT64_MAX);
    assert_true(budget_affords(&b, 50, 0));
    assert_false(budget_affords(&b, 44, 1));
    assert_int_equal(take(&b, PRICE_METADATA, 20), 20);
    assert_int_equal(take(&b, PRICE_IMAGE, 20), 4);
    assert_int_equal(budget_settle(&b, &err), 0);
    near(COST, 0.048);
}

/* What costs nothing has no currency; two are refused. */
static void test_currency(void **state)
{
    (void)state;
    struct budget b;
    const struct budget_prefs caps = {INFINITY, INT64_MAX};
    (void)snprintf(prices.currency, sizeof prices.currency, "%s", "");
    open_budget(&b, INFINITY, INT64_MAX);
    assert_int_equal(take(&b, PRICE_METADATA, 1), 1);
    assert_int_equal(budget_settle(&b, &err), 0);
    (void)snprintf(prices.currency, sizeof prices.currency, "%s", "USD");
    open_budget(&b, INFINITY, INT64_MAX);
    assert_int_equal(take(&b, PRICE_METADATA, 1), 1);
    assert_int_equal(take(&b, PRICE_IMAGE, 1), 1);
    assert_int_equal(budget_settle(&b, &err), 0);
    near(get("SELECT count(*) FROM spend WHERE currency = 'USD'"), 1);
    near(get("SELECT count(*) FROM spend WHERE currency = ''"), 1);
    (void)snprintf(prices.currency, sizeof prices.currency, "%s", "EUR");
    assert_int_equal(budget_open(&b, db, "google", &prices, &caps, &err), -1);
    assert_int_equal(err.kind, ERR_INPUT);
    assert_non_null(strstr(err.msg, "EUR"));
    assert_non_null(strstr(err.msg, "USD"));
    assert_int_equal(budget_open(&b, db, "demo", &prices, &caps, &err), 0);
    prices = (struct prices){.currency = "CHF", .n_tiers = {1, 1}}; /* all free */
    open_budget(&b, INFINITY, INT64_MAX);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_tiers),           T(test_built_in_table),
        T(test_bad_tables),      T(test_counted_before_and_settled),
        T(test_cap_on_billed),   T(test_cap_on_money),
        T(test_killed),          T(test_month_and_provider),
        T(test_priced_metadata), T(test_currency),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
