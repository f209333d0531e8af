/* SPDX-License-Identifier: MIT */
/*
 * Tables as text: a header row, then rows; comma, semicolon or tab (whichever the header row has
 * most of), fields in double quotes (RFC 4180), BOM, any line end. Works in place on a text in memory.
 *
 *     TRY(file_read(path, CSV_MAX_BYTES, &data, &n, e));
 *     TRY(csv_init(&c, path, (char *)data, n, e));
 *     int lat = csv_column(&c, "latitude");
 *     while ((rc = csv_next(&c, &row, e)) == 0 && row) {
 *         if (c.problem) { ... this row cannot be used ... }
 *         const char *text = csv_field(&c, lat);
 *     }
 */
#ifndef CORE_CSV_H
#define CORE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

#define CSV_MAX_FIELDS 256
#define CSV_MAX_BYTES  (1u << 30)

struct csv {
    const char *name; /* for messages; borrowed */
    char separator;
    const char *column[CSV_MAX_FIELDS]; /* the header row; views of the text */
    int n_columns;
    const char *field[CSV_MAX_FIELDS]; /* the current row; views of the text */
    int n_fields;
    size_t line;         /* where the current row starts, from 1 */
    const char *problem; /* NULL, or why the current row is malformed */
    char *p, *end;       /* private: what is not read yet */
    size_t next_line;    /* private */
};

/*
 * csv_init - read the header row.
 *
 *   text  [n] char, a NUL behind it; borrowed and overwritten, must outlive c
 *
 * ERR_INPUT for an empty text, one that is not UTF-8 at first sight (UTF-16, NUL bytes), or a
 * header row that is malformed. Blanks around fields without quotes are not part of them.
 */
int csv_init(struct csv *c, const char *name, char *text, size_t n, struct err *e);

/* csv_next - the next row that is not empty; *row false at the end. ERR_INPUT when a quote is never
 * closed, for then nothing behind it can be told apart. */
int csv_next(struct csv *c, bool *row, struct err *e);

/* csv_column - index of a column by name (exact, else without regard to ASCII case), or -1. */
int csv_column(const struct csv *c, const char *name);

/* csv_field - a view of the current row's field; "" for -1 and for fields that the row lacks. */
const char *csv_field(const struct csv *c, int column);

#endif
