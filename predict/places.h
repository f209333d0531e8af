/* SPDX-License-Identifier: MIT */
/*
 * A table of places in CSV, with the columns uuid, latitude and longitude: answers and truths.
 *
 *     struct places t = {0};
 *     TRY(places_read("truth.csv", &t, e));
 *     const struct place *p = places_find(&t, uuid);
 *     places_release(&t);
 */
#ifndef PREDICT_PLACES_H
#define PREDICT_PLACES_H

#include <stddef.h>
#include <stdio.h>

#include "core/err.h"
#include "core/geo.h"

struct place {
    char *uuid; /* owned by its table */
    struct lonlat at;
};

/* Rows sorted by uuid. */
struct places {
    struct place *row;
    size_t n;
};

/* places_read - other columns are ignored. ERR_INPUT names file, line and cause: a missing column,
 * a short row, a number that is none, coordinates out of range, a uuid given twice. */
int places_read(const char *path, struct places *t, struct err *e);

/* places_parse - the same of n bytes in memory with a NUL behind them, overwritten; name is for
 * messages. */
int places_parse(const char *name, char *text, size_t n, struct places *t, struct err *e);
void places_release(struct places *t);

/* places_find - the row of a uuid, or NULL. */
const struct place *places_find(const struct places *t, const char *uuid);

/* places_put_field - one field of CSV, quoted when it must be (RFC 4180). */
void places_put_field(FILE *f, const char *text);

#endif
