/* SPDX-License-Identifier: MIT */
/* Tables of places: strict, because a row left out would change a score in silence. */
#include "predict/places.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"
#include "core/file.h"
#include "core/parse.h"
#include "core/vec.h"

enum { UUID, LATITUDE, LONGITUDE, N_COLUMNS };

static int find_columns(const struct csv *c, int col[N_COLUMNS], struct err *e)
{
    static const char *const want[N_COLUMNS] = {"uuid", "latitude", "longitude"};
    for (int k = 0; k < N_COLUMNS; k++) {
        col[k] = csv_column(c, want[k]);
        if (col[k] < 0) {
            return err_set(e, ERR_INPUT, "'%s': the header row names no column '%s'", c->name,
                           want[k]);
        }
    }
    return 0;
}

static int read_row(const struct csv *c, const int col[N_COLUMNS], struct place *p, struct err *e)
{
    if (c->problem) {
        return err_set(e, ERR_INPUT, "'%s' line %zu: %s", c->name, c->line, c->problem);
    }
    if (parse_f64(csv_field(c, col[LATITUDE]), -90, 90, &p->at.lat, e) != 0) {
        return err_ctx(e, "'%s' line %zu: latitude", c->name, c->line);
    }
    if (parse_f64(csv_field(c, col[LONGITUDE]), -180, 180, &p->at.lon, e) != 0) {
        return err_ctx(e, "'%s' line %zu: longitude", c->name, c->line);
    }
    p->uuid = strdup(csv_field(c, col[UUID]));
    return p->uuid ? 0 : err_nomem(e, "a table");
}

static int by_uuid(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->uuid, ((const struct place *)b)->uuid);
}

static int sort_rows(struct places *t, const char *name, struct err *e)
{
    if (t->n > 0) {
        qsort(t->row, t->n, sizeof *t->row, by_uuid);
    }
    for (size_t i = 1; i < t->n; i++) {
        if (by_uuid(&t->row[i - 1], &t->row[i]) == 0) {
            return err_set(e, ERR_INPUT, "'%s': uuid '%s' is given twice", name, t->row[i].uuid);
        }
    }
    return 0;
}

int places_parse(const char *name, char *text, size_t n, struct places *out, struct err *e)
{
    int rc = -1;
    struct places t = {0};
    struct csv c;
    size_t cap = 0;
    int col[N_COLUMNS];
    bool row = false;
    TRY(csv_init(&c, name, text, n, e));
    TRY(find_columns(&c, col, e));
    while ((rc = csv_next(&c, &row, e)) == 0 && row) {
        TRY(vec_room(&t.row, t.n, &cap, sizeof *t.row, "a table", e));
        TRY(read_row(&c, col, &t.row[t.n], e));
        t.n++;
    }
    TRY(rc);
    TRY(sort_rows(&t, name, e));
    *out = t;
    t = (struct places){0};
out:
    places_release(&t);
    return rc;
}

int places_read(const char *path, struct places *t, struct err *e)
{
    uint8_t *data = NULL;
    size_t n = 0;
    if (file_read(path, CSV_MAX_BYTES, &data, &n, e) != 0) {
        return -1;
    }
    int rc = places_parse(path, (char *)data, n, t, e);
    free(data);
    return rc;
}

void places_release(struct places *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->row[i].uuid);
    }
    free(t->row);
    *t = (struct places){0};
}

static int uuid_to_row(const void *key, const void *row)
{
    return strcmp(key, ((const struct place *)row)->uuid);
}

const struct place *places_find(const struct places *t, const char *uuid)
{
    return t->n ? bsearch(uuid, t->row, t->n, sizeof *t->row, uuid_to_row) : NULL;
}

void places_put_field(FILE *f, const char *text)
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
