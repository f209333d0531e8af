/* SPDX-License-Identifier: MIT */
#include "prep/split_file.h"

#include <stdlib.h>
#include <string.h>

#include "core/csv.h"
#include "core/file.h"
#include "core/vec.h"

static int by_uuid(const void *a, const void *b)
{
    const struct split_row *p = a;
    const struct split_row *q = b;
    int order = strcmp(p->uuid, q->uuid);
    return order != 0 ? order : (p->line > q->line) - (p->line < q->line);
}

static int read_row(const struct csv *csv, const int column[2], struct split_parts *parts,
                    struct split_row *row, struct err *e)
{
    const char *part = csv_field(csv, column[1]);
    *row = (struct split_row){.uuid = csv_field(csv, column[0]), .line = csv->line};
    if (csv->problem) {
        return err_set(e, ERR_INPUT, "'%s' line %zu: %s", csv->name, csv->line, csv->problem);
    }
    if (row->uuid[0] == '\0' || part[0] == '\0') {
        return err_set(e, ERR_INPUT, "'%s' line %zu: the %s is empty", csv->name, csv->line,
                       part[0] ? "uuid" : "part");
    }
    if (split_parts_add(parts, part, &row->part, e) != 0) {
        return err_ctx(e, "'%s' line %zu", csv->name, csv->line);
    }
    return 0;
}

static int read_rows(struct csv *csv, struct split_file *f, struct split_parts *parts,
                     struct err *e)
{
    int rc = -1;
    size_t cap = 0;
    bool more = false;
    const int column[2] = {csv_column(csv, "uuid"), csv_column(csv, "part")};
    if (column[0] < 0 || column[1] < 0) {
        return err_set(e, ERR_INPUT, "'%s' has no column '%s': uuid and part are needed", csv->name,
                       column[0] < 0 ? "uuid" : "part");
    }
    while ((rc = csv_next(csv, &more, e)) == 0 && more) {
        if (vec_room(&f->row, f->n, &cap, sizeof *f->row, "rows", e) != 0) {
            return -1;
        }
        if (read_row(csv, column, parts, &f->row[f->n], e) != 0) {
            return -1;
        }
        f->n++;
    }
    if (rc == 0 && f->n == 0) {
        rc = err_set(e, ERR_INPUT, "'%s' has no rows", csv->name);
    }
    return rc;
}

int split_file_read(const char *path, struct split_file *f, struct split_parts *parts,
                    struct err *e)
{
    int rc = -1;
    size_t n = 0;
    struct csv csv;
    *f = (struct split_file){0};
    *parts = (struct split_parts)SPLIT_PARTS_NONE;
    TRY(file_read(path, CSV_MAX_BYTES, &f->text, &n, e));
    TRY(sha256_hex_of(f->text, n, f->sha256, e));
    TRY(csv_init(&csv, path, (char *)f->text, n, e));
    TRY(read_rows(&csv, f, parts, e));
    qsort(f->row, f->n, sizeof *f->row, by_uuid);
    for (size_t i = 1; i < f->n; i++) {
        if (strcmp(f->row[i].uuid, f->row[i - 1].uuid) == 0) {
            rc = err_set(e, ERR_INPUT, "'%s' line %zu: '%s' is on line %zu already", path,
                         f->row[i].line, f->row[i].uuid, f->row[i - 1].line);
            goto out;
        }
    }
out:
    if (rc != 0) {
        split_file_release(f);
    }
    return rc;
}

void split_file_release(struct split_file *f)
{
    free(f->text);
    free(f->row);
    *f = (struct split_file){0};
}

uint8_t split_file_part(struct split_file *f, const char *uuid)
{
    size_t lo = 0;
    size_t hi = f->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int order = strcmp(uuid, f->row[mid].uuid);
        if (order == 0) {
            f->row[mid].found = true;
            return f->row[mid].part;
        }
        if (order < 0) {
            hi = mid;
        } else {
            lo = mid + 1;
        }
    }
    return SPLIT_IN_NONE;
}
