/* SPDX-License-Identifier: MIT */
/*
 * Blocks of requests: large enough to last about a second, so that a slow run counts few in advance
 * and a fast one does not wait for the disk. A tier's price depends on the count of
 * the month, so cost is always the difference of two counts: giving back is exactly the reverse.
 */
#include "fetch/budget.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/progress.h"

#define FIRST_BLOCK 8
#define BLOCK_S     0.5  /* what a block should last at least */
#define MONEY_SLACK 1e-9 /* what rounding may add to a sum of prices */

/* --- the table ---------------------------------------------------------------------------------- */

/* n more requests (or fewer: n < 0) of a day. */
static int add(struct budget *b, enum price_kind kind, int64_t n, double cost, struct err *e)
{
    return db_run(b->db, e,
                  "INSERT INTO spend (provider, day, kind, n_requests, cost, currency)"
                  " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
                  " SET n_requests = n_requests + excluded.n_requests,"
                  " cost = cost + excluded.cost, currency = max(currency, excluded.currency)",
                  DB_TEXT(b->provider), DB_TEXT(b->day), DB_TEXT(price_kind_names[kind]), DB_I64(n),
                  DB_F64(cost), DB_TEXT(cost == 0 ? "" : b->prices->currency));
}

/* What has been spent so far, by whatever run, as of a new day. */
static int load(struct budget *b, const char *day, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    b->money = 0;
    b->n_taken = 0;
    (void)snprintf(b->day, sizeof b->day, "%s", day);
    TRY(db_prepare(b->db, &st,
                   "SELECT sum(n_requests), sum(cost),"
                   " sum(iif(substr(day, 1, 7) = substr(?3, 1, 7), n_requests, 0))"
                   " FROM spend WHERE provider = ?1 AND kind = ?2",
                   e));
    for (int k = 0; k < PRICE_KIND_COUNT; k++) {
        stmt_text(st, 1, b->provider);
        stmt_text(st, 2, price_kind_names[k]);
        stmt_text(st, 3, day);
        TRY(stmt_step(st, &row, e));
        bool any = row && !col_null(st, 0);
        b->n_taken += any && budget_billed(b, (enum price_kind)k) ? col_i64(st, 0) : 0;
        b->money += any ? col_f64(st, 1) : 0;
        b->kind[k].n_month = any ? col_i64(st, 2) : 0;
        stmt_reset(st);
    }
    rc = 0;
out:
    stmt_free(st);
    return rc;
}

static void today(char day[11])
{
    char now[21];
    time_utc(now);
    (void)snprintf(day, 11, "%.10s", now);
}

/* Sums of different currencies mean nothing. What costs nothing may be added to any. */
static int check_currency(const struct budget *b, struct err *e)
{
    if (!prices_billed(b->prices, PRICE_METADATA) && !prices_billed(b->prices, PRICE_IMAGE)) {
        return 0;
    }
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    TRY(db_prepare(b->db, &st,
                   "SELECT currency FROM spend WHERE provider = ?1 AND currency NOT IN ('', ?2)"
                   " LIMIT 1",
                   e));
    stmt_text(st, 1, b->provider);
    stmt_text(st, 2, b->prices->currency);
    TRY(stmt_step(st, &row, e));
    if (row) {
        rc = err_set(e, ERR_INPUT,
                     "the price table is in %s, what provider '%s' has cost so far is in %s",
                     b->prices->currency, b->provider, col_text(st, 0));
    }
out:
    stmt_free(st);
    return rc;
}

int budget_open(struct budget *b, struct db *db, const char *provider, const struct prices *prices,
                const struct budget_prefs *prefs, struct err *e)
{
    char day[11];
    *b = (struct budget){.db = db, .provider = provider, .prices = prices, .prefs = *prefs};
    today(day);
    return check_currency(b, e) == 0 ? load(b, day, e) : -1;
}

/* --- the caps ----------------------------------------------------------------------------------- */

bool budget_billed(const struct budget *b, enum price_kind kind)
{
    return kind == PRICE_IMAGE || prices_billed(b->prices, kind);
}

bool budget_capped(const struct budget *b)
{
    return isfinite(b->prefs.money) || b->prefs.n_billed < INT64_MAX;
}

bool budget_affords(const struct budget *b, int64_t n_probes, int64_t n_views)
{
    const int64_t n[PRICE_KIND_COUNT] = {[PRICE_METADATA] = n_probes, [PRICE_IMAGE] = n_views};
    double money = 0;
    int64_t n_billed = 0;
    for (int k = 0; k < PRICE_KIND_COUNT; k++) {
        enum price_kind kind = (enum price_kind)k;
        money += prices_cost(b->prices, kind, b->kind[k].n_month, n[k]);
        n_billed += budget_billed(b, kind) ? n[k] : 0;
    }
    return (money == 0 || b->money + money <= b->prefs.money + MONEY_SLACK) &&
           (n_billed == 0 || n_billed <= b->prefs.n_billed - b->n_taken);
}

/* --- blocks ------------------------------------------------------------------------------------- */

static bool affords_of(const struct budget *b, enum price_kind kind, int64_t n)
{
    return kind == PRICE_IMAGE ? budget_affords(b, 0, n) : budget_affords(b, n, 0);
}

/* The next block: twice or half the last one when that was used up too soon or too late. */
static int64_t block_size(struct budget *b, enum price_kind kind)
{
    double now_s = time_monotonic_s();
    double lasted_s = now_s - b->kind[kind].since_s;
    int64_t n = b->kind[kind].size;
    n = lasted_s < BLOCK_S ? 2 * n : lasted_s > 4 * BLOCK_S ? n / 2 : n;
    n = n < FIRST_BLOCK ? FIRST_BLOCK : n;
    b->kind[kind].since_s = now_s;
    b->kind[kind].size = n < BUDGET_MAX_BLOCK ? n : BUDGET_MAX_BLOCK;
    return b->kind[kind].size;
}

static int reserve(struct budget *b, enum price_kind kind, struct err *e)
{
    int rc = -1;
    int64_t n = block_size(b, kind);
    while (n > 0 && !affords_of(b, kind, n)) {
        n--;
    }
    if (n == 0) {
        return 0;
    }
    TRY(db_begin(b->db, e));
    TRY(add(b, kind, n, prices_cost(b->prices, kind, b->kind[kind].n_month, n), e));
    TRY(db_commit(b->db, e));
    b->kind[kind].n_block = n;
out:
    db_rollback(b->db);
    return rc;
}

int budget_settle(struct budget *b, struct err *e)
{
    int rc = -1;
    int64_t n_rest = 0;
    for (int k = 0; k < PRICE_KIND_COUNT; k++) {
        n_rest += b->kind[k].n_block;
    }
    if (n_rest == 0) {
        return 0;
    }
    TRY(db_begin(b->db, e));
    for (int k = 0; k < PRICE_KIND_COUNT; k++) {
        enum price_kind kind = (enum price_kind)k;
        int64_t n = b->kind[k].n_block;
        if (n > 0) {
            TRY(add(b, kind, -n, -prices_cost(b->prices, kind, b->kind[k].n_month, n), e));
        }
    }
    TRY(db_commit(b->db, e));
    for (int k = 0; k < PRICE_KIND_COUNT; k++) {
        b->kind[k].n_block = 0;
    }
out:
    db_rollback(b->db);
    return rc;
}

/* Midnight: what is left of the blocks was not used on the old day. */
static int turn_day(struct budget *b, struct err *e)
{
    char day[11];
    today(day);
    if (strcmp(day, b->day) == 0) {
        return 0;
    }
    return budget_settle(b, e) == 0 ? load(b, day, e) : -1;
}

int budget_take(struct budget *b, enum price_kind kind, bool *taken, struct err *e)
{
    if (b->kind[kind].n_block == 0 && (turn_day(b, e) != 0 || reserve(b, kind, e) != 0)) {
        return -1;
    }
    *taken = b->kind[kind].n_block > 0 && affords_of(b, kind, 1);
    if (*taken) {
        b->money += prices_cost(b->prices, kind, b->kind[kind].n_month, 1);
        b->n_taken += budget_billed(b, kind);
        b->kind[kind].n_block--;
        b->kind[kind].n_month++;
    }
    return 0;
}

void budget_tell(const struct budget *b, char out[160])
{
    int n = 0;
    if (isfinite(b->prefs.money)) {
        n = snprintf(out, 160, "%.2f of %.2f %s spent, ", b->money, b->prefs.money,
                     b->prices->currency);
    } else if (b->prices->currency[0]) {
        n = snprintf(out, 160, "%.2f %s spent, ", b->money, b->prices->currency);
    }
    if (b->prefs.n_billed < INT64_MAX) {
        (void)snprintf(out + n, 160 - (size_t)n, "%lld of %lld billed requests",
                       (long long)b->n_taken, (long long)b->prefs.n_billed);
    } else {
        (void)snprintf(out + n, 160 - (size_t)n, "%lld billed requests", (long long)b->n_taken);
    }
}
