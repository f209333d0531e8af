/* SPDX-License-Identifier: MIT */
/* A strict reader of tables of places, and the quoting of a field. The text is cut into fields in
 * place: a quoted field only ever becomes shorter. */
#include "predict/csv.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/parse.h"

#define MAX_BYTES  (1u << 30)
#define MAX_FIELDS 256

struct reader {
    const char *name;
    char *p, *end;
    size_t line; /* of the row being read, from 1 */
    size_t next_line;
    char *field[MAX_FIELDS];
    int n_fields;
};

/* One quoted field; p stands behind the opening quote. Leaves p behind the closing one. */
static int quoted(struct reader *r, char **field, struct err *e)
{
    char *to = r->p;
    *field = to;
    for (;;) {
        if (r->p == r->end) {
            return err_set(e, ERR_INPUT, "'%s' line %zu: a quote is never closed", r->name,
                           r->line);
        }
        char c = *r->p++;
        if (c == '"') {
            if (r->p < r->end && *r->p == '"') {
                r->p++;
            } else {
                break;
            }
        }
        r->next_line += c == '\n';
        *to++ = c;
    }
    if (r->p < r->end && *r->p != ',' && *r->p != '\n' && *r->p != '\r') {
        return err_set(e, ERR_INPUT, "'%s' line %zu: text behind a closing quote", r->name,
                       r->line);
    }
    /* p is at least one behind to, so the NUL overwrites nothing that is still to be read */
    *to = '\0';
    return 0;
}

/* The next row that is not empty into r->field; *row false at the end. */
static int next_row(struct reader *r, bool *row, struct err *e)
{
    while (r->p < r->end && (*r->p == '\n' || *r->p == '\r')) {
        r->next_line += *r->p++ == '\n';
    }
    r->line = r->next_line;
    r->n_fields = 0;
    *row = r->p < r->end;
    while (r->p < r->end) {
        if (r->n_fields == MAX_FIELDS) {
            return err_set(e, ERR_INPUT, "'%s' line %zu: more than %d fields", r->name, r->line,
                           MAX_FIELDS);
        }
        char **field = &r->field[r->n_fields++];
        if (*r->p == '"') {
            r->p++;
            if (quoted(r, field, e) != 0) {
                return -1;
            }
        } else {
            *field = r->p;
            while (r->p < r->end && *r->p != ',' && *r->p != '\n' && *r->p != '\r') {
                r->p++;
            }
        }
        char c = *r->p; /* the NUL behind the text, at its end */
        *r->p = '\0';
        if (r->p < r->end) {
            r->p++;
        }
        if (c == '\r' && r->p < r->end && *r->p == '\n') {
            r->p++;
            c = '\n';
        }
        if (c != ',') {
            r->next_line += c == '\n';
            return 0;
        }
        if (r->p == r->end && r->n_fields < MAX_FIELDS) { /* an empty field ends the file */
            r->field[r->n_fields++] = r->p;
        }
    }
    return 0;
}

static int column(const struct reader *r, const char *name)
{
    for (int i = 0; i < r->n_fields; i++) {
        if (strcmp(r->field[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static int read_header(struct reader *r, int col[3], struct err *e)
{
    static const char *const want[3] = {"uuid", "latitude", "longitude"};
    bool row = false;
    if (next_row(r, &row, e) != 0) {
        return -1;
    }
    if (!row) {
        return err_set(e, ERR_INPUT, "'%s' is empty", r->name);
    }
    for (int k = 0; k < 3; k++) {
        col[k] = column(r, want[k]);
        if (col[k] < 0) {
            return err_set(e, ERR_INPUT, "'%s': the first row names no column '%s'", r->name,
                           want[k]);
        }
    }
    return 0;
}

static int add_place(const struct reader *r, const int col[3], struct csv_places *t, size_t *cap,
                     struct err *e)
{
    struct csv_place p = {0};
    for (int k = 0; k < 3; k++) {
        if (col[k] >= r->n_fields) {
            return err_set(e, ERR_INPUT, "'%s' line %zu: only %d fields", r->name, r->line,
                           r->n_fields);
        }
    }
    if (parse_f64(r->field[col[1]], -90, 90, &p.at.lat, e) != 0) {
        return err_ctx(e, "'%s' line %zu: latitude", r->name, r->line);
    }
    if (parse_f64(r->field[col[2]], -180, 180, &p.at.lon, e) != 0) {
        return err_ctx(e, "'%s' line %zu: longitude", r->name, r->line);
    }
    if (t->n == *cap) {
        size_t more = *cap ? *cap * 2 : 1024;
        struct csv_place *q = realloc(t->row, more * sizeof *q);
        if (!q) {
            return err_nomem(e, "a table");
        }
        t->row = q;
        *cap = more;
    }
    p.uuid = strdup(r->field[col[0]]);
    if (!p.uuid) {
        return err_nomem(e, "a table");
    }
    t->row[t->n++] = p;
    return 0;
}

static int by_uuid(const void *a, const void *b)
{
    return strcmp(((const struct csv_place *)a)->uuid, ((const struct csv_place *)b)->uuid);
}

int csv_parse_places(const char *name, char *text, size_t n, struct csv_places *out, struct err *e)
{
    int rc = -1;
    struct csv_places t = {0};
    size_t cap = 0;
    int col[3];
    bool row = true;
    struct reader r = {.name = name, .p = text, .end = text + n, .next_line = 1};
    if (memchr(text, '\0', n)) {
        return err_set(e, ERR_INPUT, "'%s' is not text: it holds a NUL byte", name);
    }
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        r.p += 3;
    }
    TRY(read_header(&r, col, e));
    for (;;) {
        TRY(next_row(&r, &row, e));
        if (!row) {
            break;
        }
        TRY(add_place(&r, col, &t, &cap, e));
    }
    if (t.n > 0) {
        qsort(t.row, t.n, sizeof *t.row, by_uuid);
    }
    for (size_t i = 1; i < t.n; i++) {
        if (strcmp(t.row[i - 1].uuid, t.row[i].uuid) == 0) {
            rc = err_set(e, ERR_INPUT, "'%s': uuid '%s' is given twice", name, t.row[i].uuid);
            goto out;
        }
    }
    *out = t;
    t = (struct csv_places){0};
    rc = 0;
out:
    csv_places_release(&t);
    return rc;
}

int csv_read_places(const char *path, struct csv_places *t, struct err *e)
{
    uint8_t *data = NULL;
    size_t n = 0;
    if (file_read(path, MAX_BYTES, &data, &n, e) != 0) {
        return -1;
    }
    int rc = csv_parse_places(path, (char *)data, n, t, e);
    free(data);
    return rc;
}

void csv_places_release(struct csv_places *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->row[i].uuid);
    }
    free(t->row);
    *t = (struct csv_places){0};
}

static int uuid_to_row(const void *key, const void *row)
{
    return strcmp(key, ((const struct csv_place *)row)->uuid);
}

const struct csv_place *csv_find(const struct csv_places *t, const char *uuid)
{
    return t->n ? bsearch(uuid, t->row, t->n, sizeof *t->row, uuid_to_row) : NULL;
}

void csv_field(FILE *f, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        (void)fputs(text, f);
        return;
    }
    (void)fputc('"', f);
    for (; *text; text++) {
        if (*text == '"') {
            (void)fputc('"', f);
        }
        (void)fputc(*text, f);
    }
    (void)fputc('"', f);
}
