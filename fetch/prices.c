/* SPDX-License-Identifier: MIT */
/* The price table: read strictly, because a misread price is somebody's money. */
#include "fetch/prices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"
#include "core/file.h"
#include "core/parse.h"

#define TABLE_MAX_BYTES (1u << 20)

const char *const price_kind_names[PRICE_KIND_COUNT] = {"metadata", "image"};

enum column { PROVIDER, KIND, FROM, PER_1000, CURRENCY, READ, COLUMN_COUNT };

static const char *const column_names[COLUMN_COUNT] = {"provider", "kind",     "from_count",
                                                       "per_1000", "currency", "read"};

static int find_columns(const struct csv *c, int column[COLUMN_COUNT], struct err *e)
{
    for (int i = 0; i < COLUMN_COUNT; i++) {
        column[i] = csv_column(c, column_names[i]);
        if (column[i] < 0) {
            return err_set(e, ERR_INPUT, "'%s' has no column '%s'", c->name, column_names[i]);
        }
    }
    return 0;
}

static int find_kind(const char *name, enum price_kind *kind, struct err *e)
{
    for (int k = 0; k < PRICE_KIND_COUNT; k++) {
        if (strcmp(name, price_kind_names[k]) == 0) {
            *kind = (enum price_kind)k;
            return 0;
        }
    }
    return err_set(e, ERR_INPUT, "kind '%.40s' is none of metadata, image", name);
}

/* A date, YYYY-MM-DD by its shape. */
static bool is_date(const char *text)
{
    static const char shape[] = "dddd-dd-dd";
    size_t n = strlen(text);
    for (size_t i = 0; i < n && n == sizeof shape - 1; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == 'd' ? !digit : text[i] != '-') {
            return false;
        }
    }
    return n == sizeof shape - 1;
}

static int keep_header(const char *currency, const char *read, struct prices *p, struct err *e)
{
    size_t n = strlen(currency);
    if (n == 0 || n >= sizeof p->currency) {
        return err_set(e, ERR_INPUT, "'%.40s' is no currency", currency);
    }
    if (p->currency[0] && strcmp(p->currency, currency) != 0) {
        return err_set(e, ERR_INPUT, "a provider has two currencies, %s and %s", p->currency,
                       currency);
    }
    if (!is_date(read)) {
        return err_set(e, ERR_INPUT, "'%.40s' is no date like 2026-11-20", read);
    }
    if (!p->read[0] || strcmp(read, p->read) < 0) {
        (void)snprintf(p->read, sizeof p->read, "%s", read);
    }
    (void)snprintf(p->currency, sizeof p->currency, "%s", currency);
    return 0;
}

static int keep_row(const struct csv *c, const int column[COLUMN_COUNT], struct prices *p,
                    struct err *e)
{
    enum price_kind kind = PRICE_METADATA;
    int64_t from = 0;
    double per_1000 = 0;
    if (find_kind(csv_field(c, column[KIND]), &kind, e) != 0 ||
        parse_i64(csv_field(c, column[FROM]), 0, INT64_MAX, &from, e) != 0 ||
        parse_f64(csv_field(c, column[PER_1000]), 0, 1e9, &per_1000, e) != 0 ||
        keep_header(csv_field(c, column[CURRENCY]), csv_field(c, column[READ]), p, e) != 0) {
        return -1;
    }
    int *n = &p->n_tiers[kind];
    if (*n == PRICES_MAX_TIERS) {
        return err_set(e, ERR_INPUT, "more than %d prices of one kind", PRICES_MAX_TIERS);
    }
    if (*n == 0 ? from != 0 : from <= p->tier[kind][*n - 1].from) {
        return err_set(e, ERR_INPUT, "from_count must begin with 0 and rise");
    }
    p->tier[kind][(*n)++] = (struct price_tier){from, per_1000 / 1000};
    return 0;
}

static int read_rows(const char *name, char *text, size_t n, const char *provider, struct prices *p,
                     struct err *e)
{
    int rc = -1;
    struct csv c;
    int column[COLUMN_COUNT];
    bool row = false;
    TRY(csv_init(&c, name, text, n, e));
    TRY(find_columns(&c, column, e));
    while ((rc = csv_next(&c, &row, e)) == 0 && row) {
        if (c.problem) {
            rc = err_set(e, ERR_INPUT, "'%s', line %zu: %s", name, c.line, c.problem);
            goto out;
        }
        if (strcmp(csv_field(&c, column[PROVIDER]), provider) == 0 &&
            keep_row(&c, column, p, e) != 0) {
            rc = err_ctx(e, "'%s', line %zu", name, c.line);
            goto out;
        }
    }
out:
    return rc;
}

int prices_read(const char *path, const char *provider, struct prices *out, struct err *e)
{
    uint8_t *text = NULL;
    size_t n = 0;
    struct prices p = {0};
    if (path) {
        if (file_read(path, TABLE_MAX_BYTES, &text, &n, e) != 0) {
            return -1;
        }
    } else {
        n = strlen(prices_text);
        text = (uint8_t *)strdup(prices_text);
        if (!text) {
            return err_nomem(e, "the price table");
        }
    }
    int rc = read_rows(path ? path : "the built-in price table", (char *)text, n, provider, &p, e);
    if (rc == 0) {
        *out = p;
    }
    free(text);
    return rc;
}

/* Of the first n requests of a month. */
static double cost_from_start(const struct prices *p, enum price_kind kind, int64_t n)
{
    double sum = 0;
    for (int i = 0; i < p->n_tiers[kind]; i++) {
        const struct price_tier *t = &p->tier[kind][i];
        bool last = i + 1 == p->n_tiers[kind];
        int64_t end = last || n < t[1].from ? n : t[1].from;
        sum += end > t->from ? (double)(end - t->from) * t->per_request : 0;
    }
    return sum;
}

double prices_cost(const struct prices *p, enum price_kind kind, int64_t n_before, int64_t n)
{
    return cost_from_start(p, kind, n_before + n) - cost_from_start(p, kind, n_before);
}

bool prices_billed(const struct prices *p, enum price_kind kind)
{
    for (int i = 0; i < p->n_tiers[kind]; i++) {
        if (p->tier[kind][i].per_request > 0) {
            return true;
        }
    }
    return false;
}
