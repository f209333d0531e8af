/* SPDX-License-Identifier: MIT */
/*
 * What a provider charges: a small table with the date on which each price was read and where.
 *
 *     provider  kind   from_count  per_1000  currency  read        source
 *     google    image  0           7.00      USD       2026-11-20  ...
 *     google    image  100000      5.60      USD       2026-11-20  ...
 *
 * The first 100,000 pictures of a calendar month cost 7.00 a thousand, those behind them 5.60.
 */
#ifndef FETCH_PRICES_H
#define FETCH_PRICES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

#define PRICES_MAX_TIERS 16

enum price_kind { PRICE_METADATA, PRICE_IMAGE, PRICE_KIND_COUNT };

extern const char *const price_kind_names[PRICE_KIND_COUNT]; /* as in `spend` and the table */

struct price_tier {
    int64_t from; /* requests of the month before it begins */
    double per_request;
};

struct prices {
    char currency[8]; /* "" when the table does not name the provider */
    char read[16];    /* the oldest date of its rows */
    struct price_tier tier[PRICE_KIND_COUNT][PRICES_MAX_TIERS];
    int n_tiers[PRICE_KIND_COUNT]; /* 0: the table has no price */
};

/*
 * prices_read - one provider's rows of the table in a file, or of the one built in (path NULL).
 * ERR_INPUT names the line that is wrong. A provider without rows is no error: currency is "".
 */
int prices_read(const char *path, const char *provider, struct prices *out, struct err *e);

/* prices_cost - of n requests when the month has had n_before. 0 where there is no price. */
double prices_cost(const struct prices *p, enum price_kind kind, int64_t n_before, int64_t n);

/* prices_billed - whether requests of this kind ever cost something. */
bool prices_billed(const struct prices *p, enum price_kind kind);

extern const char prices_text[]; /* the table built in */

#endif
