/* SPDX-License-Identifier: MIT */
/*
 * The query of a URL as pairs of decoded names and values, and values as numbers in their ranges.
 *
 *     struct query q = {0};
 *     TRY(query_read("/images?bbox=15,45,16,46&limit=5", &q, e));
 *     if (!q.well_formed || !query_i64(&q, "limit", 1, 10000, &limit)) ... 400 ...
 *     query_release(&q);
 */
#ifndef FETCH_DEMO_QUERY_H
#define FETCH_DEMO_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"

#define QUERY_PAIRS_MAX 32

struct query {
    char *text; /* owned: names and values, decoded */
    struct {
        const char *name, *value; /* views of text */
    } pair[QUERY_PAIRS_MAX];
    int n;
    bool well_formed; /* false: only the pairs before the fault are there */
};

/* query_read - of a target: what follows its question mark. Returns 0 for any text, -1 without
 * memory. */
int query_read(const char *target, struct query *q, struct err *e);
void query_release(struct query *q);

/* query_value - the first of that name, or NULL. */
const char *query_value(const struct query *q, const char *name);

/* Numbers: true when the name is missing, which leaves *out as it is; false for what is none or out
 * of its range. */
bool query_f64(const struct query *q, const char *name, double min, double max, double *out);
bool query_i64(const struct query *q, const char *name, int64_t min, int64_t max, int64_t *out);

/* query_one_of - NULL, or one of the two words. */
bool query_one_of(const char *text, const char *a, const char *b);

/* query_bbox - "west,south,east,north" in degrees, west < east and south < north. */
bool query_bbox(const char *text, struct bbox *box);

/* query_stranger - the first name that is not among names (NULL-terminated), or NULL. */
const char *query_stranger(const struct query *q, const char *const *names);

#endif
