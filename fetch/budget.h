/* SPDX-License-Identifier: MIT */
/*
 * Every request is in the table `spend` before it is sent, and none is sent beyond the caps.
 *
 * Counting one by one would cost a disk flush for each request, so they are counted in small
 * blocks: a block is committed, then requests are taken from it, and at the end the rest is given
 * back. A killed run leaves its last block counted: too much may be counted, never too little.
 *
 *     TRY(budget_open(&b, db, "google", &prices, &prefs, e));
 *     TRY(budget_take(&b, PRICE_IMAGE, &taken, e));     (taken: send it)
 *     TRY(budget_settle(&b, e));                        (all that was taken has been sent)
 */
#ifndef FETCH_BUDGET_H
#define FETCH_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "fetch/prices.h"
#include "sql/db.h"

#define BUDGET_MAX_BLOCK 1024 /* requests that a kill may count in vain, of each kind */

struct budget_prefs {
    double money;     /* cap over all runs on this catalog, INFINITY: none */
    int64_t n_billed; /* the same for billed requests, INT64_MAX: none */
};

struct budget {
    struct db *db;               /* borrowed */
    const char *provider;        /* borrowed */
    const struct prices *prices; /* borrowed */
    struct budget_prefs prefs;
    char day[11];    /* of the block; UTC */
    double money;    /* spent on what was taken, in all runs */
    int64_t n_taken; /* billed ones, in all runs */
    struct {
        int64_t n_month; /* taken in the month of `day` */
        int64_t n_block; /* counted in the catalog, not taken yet */
        int64_t size;    /* of the last block */
        double since_s;  /* when it was counted */
    } kind[PRICE_KIND_COUNT];
};

/* budget_open - ERR_INPUT when earlier requests were priced in another currency. */
int budget_open(struct budget *b, struct db *db, const char *provider, const struct prices *prices,
                const struct budget_prefs *prefs, struct err *e);

/* budget_billed - whether --max-billed counts this kind: pictures, and what has a price. */
bool budget_billed(const struct budget *b, enum price_kind kind);

/* budget_capped - whether there is a cap at all. */
bool budget_capped(const struct budget *b);

/* budget_affords - whether so many requests of each kind may be sent from now on. */
bool budget_affords(const struct budget *b, int64_t n_probes, int64_t n_views);

/* budget_take - one request: *taken when it may be sent; else a cap is reached. Between commits of
 * the caller (it may open a transaction). */
int budget_take(struct budget *b, enum price_kind kind, bool *taken, struct err *e);

/* budget_settle - give the rest of the blocks back. The budget may be used further. */
int budget_settle(struct budget *b, struct err *e);

/* budget_tell - "12.60 of 50.00 USD spent, 1800 of 2000 billed requests". */
void budget_tell(const struct budget *b, char out[160]);

#endif
