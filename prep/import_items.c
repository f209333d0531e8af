/* SPDX-License-Identifier: MIT */
/* The list of items of an import. */
#include "prep/import_items.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/vec.h"

static const char *const names[IMPORT_REASON_COUNT] = {
    [IMPORT_ACCEPTED] = "accepted",
    [IMPORT_MALFORMED] = "malformed",
    [IMPORT_NO_ID] = "no_id",
    [IMPORT_BAD_ID] = "bad_id",
    [IMPORT_DUPLICATE_ID] = "duplicate_id",
    [IMPORT_NO_POSITION] = "no_position",
    [IMPORT_BAD_POSITION] = "bad_position",
    [IMPORT_DECIMAL_COMMA] = "decimal_comma",
    [IMPORT_NOT_A_NUMBER] = "not_a_number",
    [IMPORT_OUT_OF_RANGE] = "out_of_range",
    [IMPORT_ZERO] = "zero",
    [IMPORT_SWAPPED] = "swapped",
    [IMPORT_OUTSIDE] = "outside",
    [IMPORT_NO_IMAGES] = "no_images",
    [IMPORT_BAD_IMAGE] = "bad_image",
    [IMPORT_NO_ROW] = "no_row",
};

const char *import_reason_name(enum import_reason r)
{
    return names[r];
}

const char *import_view_file(int view)
{
    static const char *const file[IMPORT_VIEWS] = {"0.jpg", "90.jpg", "180.jpg", "270.jpg"};
    return file[view];
}

void import_items_release(struct import_items *items)
{
    for (size_t i = 0; i < items->n; i++) {
        struct import_item *it = &items->v[i];
        free(it->id);
        free(it->path);
        free(it->group);
        free(it->copyright);
        free(it->detail);
        for (int v = 0; v < IMPORT_VIEWS; v++) {
            free(it->view[v].detail);
        }
    }
    free(items->v);
    *items = (struct import_items){0};
}

int import_add(struct import_items *items, const char *id, const char *path,
               struct import_item **item, struct err *e)
{
    if (vec_room(&items->v, items->n, &items->cap, sizeof *items->v, "locations", e) != 0) {
        return -1;
    }
    struct import_item *it = &items->v[items->n];
    *it = (struct import_item){.at = {(double)NAN, (double)NAN}, .heading_deg = (double)NAN};
    it->id = id ? strdup(id) : NULL;
    it->path = path ? strdup(path) : NULL;
    items->n++; /* from here on released with the others */
    if ((id && !it->id) || (path && !it->path)) {
        return err_nomem(e, "a location");
    }
    *item = it;
    return 0;
}

int import_reject(struct import_item *item, enum import_reason reason, struct err *e,
                  const char *fmt, ...)
{
    char text[512];
    va_list ap;
    if (item->reason != IMPORT_ACCEPTED) {
        return 0;
    }
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    item->detail = strdup(text);
    if (!item->detail) {
        return err_nomem(e, "a reason");
    }
    item->reason = reason;
    return 0;
}

void import_forgive(struct import_item *item)
{
    item->reason = IMPORT_ACCEPTED;
    free(item->detail);
    item->detail = NULL;
}

bool import_has_control(const char *s)
{
    for (; *s; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7f) {
            return true;
        }
    }
    return false;
}

static int by_id(const void *a, const void *b)
{
    const struct import_item *x = *(const struct import_item *const *)a;
    const struct import_item *y = *(const struct import_item *const *)b;
    int c = strcmp(x->id, y->id);
    return c != 0 ? c : (x > y) - (x < y); /* both are in one array */
}

int import_reject_duplicates(struct import_items *items, struct err *e)
{
    int rc = -1;
    size_t n = 0;
    struct import_item **sorted = malloc((items->n + 1) * sizeof(void *));
    if (!sorted) {
        return err_nomem(e, "locations");
    }
    for (size_t i = 0; i < items->n; i++) {
        if (items->v[i].id && items->v[i].reason == IMPORT_ACCEPTED) {
            sorted[n++] = &items->v[i];
        }
    }
    qsort(sorted, n, sizeof(void *), by_id);
    for (size_t first = 0, i = 1; i < n; i++) {
        if (strcmp(sorted[first]->id, sorted[i]->id) != 0) {
            first = i;
        } else if (sorted[first]->line > 0) {
            TRY(import_reject(sorted[i], IMPORT_DUPLICATE_ID, e, "'%s' is on line %zu already",
                              sorted[i]->id, sorted[first]->line));
        } else {
            TRY(import_reject(sorted[i], IMPORT_DUPLICATE_ID, e, "'%s' is the id of '%s' already",
                              sorted[i]->id, sorted[first]->path));
        }
    }
    rc = 0;
out:
    free(sorted);
    return rc;
}
