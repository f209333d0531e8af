/* SPDX-License-Identifier: MIT */
/* Batches of usable pictures: the catalog is read between batches by one thread, the files within
 * a batch by several, so that memory does not grow with the catalog. */
#include "prep/pictures.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/vec.h"
#include "prep/hash_read.h"

#define BATCH_PICTURES                                                                                   \
    "SELECT i.location_id, i.view, i.path, h.n_bytes, h.mtime_ns, h.sha256 FROM image i JOIN image_hash" \
    " h ON h.image_id = i.id WHERE h.state = 'ok' AND i.location_id BETWEEN ? AND ?"                     \
    " ORDER BY i.location_id, i.view"

static int list(struct pictures *p, const char *sql, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    size_t cap = 0;
    TRY(db_prepare(p->db, &st, sql, e));
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        TRY(vec_room(&p->location, p->n, &cap, sizeof *p->location, "locations", e));
        p->location[p->n++] = col_i64(st, 0);
    }
out:
    stmt_free(st);
    return rc;
}

int pictures_open(struct pictures *p, struct db *db, const char *sql, struct err *e)
{
    *p = (struct pictures){.db = db};
    if (list(p, sql, e) != 0 || db_prepare(db, &p->st, BATCH_PICTURES, e) != 0) {
        pictures_release(p);
        return -1;
    }
    return 0;
}

static void release_batch(struct pictures *p)
{
    for (size_t i = 0; i < p->n_batch; i++) {
        for (int v = 0; v < PICTURE_VIEWS; v++) {
            free(p->batch[i].view[v].path);
        }
    }
    free(p->batch);
    p->batch = NULL;
    p->first += p->n_batch;
    p->n_batch = 0;
}

void pictures_release(struct pictures *p)
{
    release_batch(p);
    stmt_free(p->st);
    free(p->location);
    *p = (struct pictures){0};
}

/* Views come in ascending order; each is folded into what the ones before it gave. */
static int add_source(struct place *place, int64_t view, const char *sha256, struct err *e)
{
    char text[16 + 1 + 2 + SHA256_HEX_SIZE];
    uint8_t digest[SHA256_SIZE];
    int n = snprintf(text, sizeof text, "%016" PRIx64 " %d %s", place->source, (int)view,
                     sha256 ? sha256 : "");
    if (sha256_of(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1, digest, e) != 0) {
        return -1;
    }
    memcpy(&place->source, digest, sizeof place->source);
    return 0;
}

void pictures_seek(struct pictures *p, size_t i)
{
    release_batch(p);
    p->first = i;
}

int pictures_next(struct pictures *p, size_t max, struct err *e)
{
    int rc = -1;
    bool row = false;
    size_t i = 0;
    release_batch(p);
    size_t n = p->n - p->first < max ? p->n - p->first : max;
    if (n == 0) {
        return 0;
    }
    p->batch = calloc(n, sizeof *p->batch);
    if (!p->batch) {
        return err_nomem(e, "a batch of locations");
    }
    p->n_batch = n;
    for (size_t k = 0; k < n; k++) {
        p->batch[k].location_id = p->location[p->first + k];
    }
    stmt_i64(p->st, 1, p->batch[0].location_id);
    stmt_i64(p->st, 2, p->batch[n - 1].location_id);
    while ((rc = stmt_step(p->st, &row, e)) == 0 && row) {
        int64_t id = col_i64(p->st, 0);
        while (i < n && p->batch[i].location_id < id) {
            i++;
        }
        if (i == n || p->batch[i].location_id != id) {
            continue; /* not one of those that were asked for */
        }
        struct picture *x = &p->batch[i].view[col_i64(p->st, 1)];
        *x = (struct picture){.n_bytes = col_i64(p->st, 3), .mtime_ns = col_i64(p->st, 4)};
        x->path = catalog_path(p->db, col_text(p->st, 2));
        if (!x->path) {
            stmt_reset(p->st);
            return err_nomem(e, "a path");
        }
        if (add_source(&p->batch[i], col_i64(p->st, 1), col_text(p->st, 5), e) != 0) {
            stmt_reset(p->st);
            return -1;
        }
    }
    return rc;
}

int picture_load(const struct picture *p, const struct image_form *form, uint8_t *dst,
                 struct err *e)
{
    struct hash_result now;
    hash_stat(p->path, &now);
    if (now.n_bytes != p->n_bytes || now.mtime_ns != p->mtime_ns) {
        return err_set(e, ERR_INPUT, "'%s' is %s since it was hashed: run gdje-hash again", p->path,
                       now.state == HASH_MISSING ? "gone" : "changed");
    }
    return image_load_fit(p->path, form, dst, e);
}
