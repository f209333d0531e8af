/* SPDX-License-Identifier: MIT */
/*
 * CSV as RFC 4180 has it: a header row, quoted fields with doubled quotes, LF or CRLF ends.
 *
 *     struct csv_places t = {0};
 *     TRY(csv_read_places("truth.csv", &t, e));     (columns uuid, latitude, longitude)
 *     csv_places_release(&t);
 */
#ifndef PREDICT_CSV_H
#define PREDICT_CSV_H

#include <stddef.h>
#include <stdio.h>

#include "core/err.h"
#include "core/geo.h"

struct csv_place {
    char *uuid; /* owned by its table */
    struct lonlat at;
};

/* Rows sorted by uuid. */
struct csv_places {
    struct csv_place *row;
    size_t n;
};

/* csv_read_places - other columns are ignored. ERR_INPUT names file, line and cause: a missing
 * column, a short row, a number that is none, coordinates out of range, a uuid given twice. */
int csv_read_places(const char *path, struct csv_places *t, struct err *e);

/* csv_parse_places - the same of n bytes in memory (changed in place); name is for messages. */
int csv_parse_places(const char *name, char *text, size_t n, struct csv_places *t, struct err *e);
void csv_places_release(struct csv_places *t);

/* csv_find - the row of a uuid, or NULL. */
const struct csv_place *csv_find(const struct csv_places *t, const char *uuid);

/* csv_field - one field, quoted when it must be. */
void csv_field(FILE *f, const char *text);

#endif
