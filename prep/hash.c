/* SPDX-License-Identifier: MIT */
/*
 * The first half of gdje-hash: every image of the catalog is read by a few threads, batch by batch;
 * each batch is committed, so that a run that was cut short goes on where it stopped.
 */
#include "prep/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/pool.h"
#include "core/progress.h"
#include "prep/hash_group.h"
#include "prep/hash_read.h"
#include "sql/catalog.h"

#define BATCH 1024

#define NEXT_IMAGES                                                                  \
    "SELECT i.id, i.path, h.n_bytes, h.mtime_ns FROM image i LEFT JOIN image_hash h" \
    " ON h.image_id = i.id WHERE i.state <> 'no_imagery' AND i.id > ? ORDER BY i.id LIMIT ?"

static const char *const state_name[] = {
    [HASH_OK] = "ok", [HASH_MISSING] = "missing", [HASH_CORRUPT] = "corrupt"};

struct job {
    int64_t id;
    char *path;                       /* owned; as it can be opened */
    int64_t known_bytes, known_mtime; /* -1: never read */
    bool done, unchanged;
    struct hash_result result;
};

struct batch {
    struct job *job; /* [BATCH], owned */
    size_t n;
    struct progress *progress;
};

static void batch_clear(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        free(b->job[i].path);
    }
    b->n = 0;
}

static int load_batch(struct db *db, struct stmt *st, int64_t after, struct batch *b, struct err *e)
{
    int rc = -1;
    bool row = false;
    batch_clear(b);
    stmt_i64(st, 1, after);
    stmt_i64(st, 2, BATCH);
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        struct job *j = &b->job[b->n++];
        *j = (struct job){.id = col_i64(st, 0), .known_bytes = -1, .known_mtime = -1};
        if (!col_null(st, 2)) {
            j->known_bytes = col_i64(st, 2);
            j->known_mtime = col_i64(st, 3);
        }
        j->path = catalog_path(db, col_text(st, 1));
        if (!j->path) {
            stmt_reset(st);
            return err_nomem(e, "a path");
        }
    }
    return rc;
}

static int do_job(void *ctx, size_t i, int worker, struct err *e)
{
    struct batch *b = ctx;
    struct job *j = &b->job[i];
    (void)worker;
    hash_stat(j->path, &j->result);
    j->unchanged = j->result.n_bytes == j->known_bytes && j->result.mtime_ns == j->known_mtime;
    if (!j->unchanged && hash_file(j->path, &j->result, e) != 0) {
        return -1;
    }
    j->done = true;
    progress_add(b->progress, 1);
    return 0;
}

static int store_job(struct stmt *st, const struct job *j, struct err *e)
{
    const struct hash_result *r = &j->result;
    bool ok = r->state == HASH_OK;
    stmt_i64(st, 1, j->id);
    stmt_text(st, 2, r->sha256[0] ? r->sha256 : NULL);
    for (int i = 3; i <= 5; i++) {
        stmt_null(st, i);
    }
    if (ok) {
        stmt_i64(st, 3, (int64_t)r->dhash);
        stmt_i64(st, 4, r->width);
        stmt_i64(st, 5, r->height);
    }
    stmt_i64(st, 6, r->n_bytes);
    stmt_i64(st, 7, r->mtime_ns);
    stmt_text(st, 8, state_name[r->state]);
    stmt_text(st, 9, ok ? NULL : r->detail);
    return stmt_run(st, e);
}

static int store_batch(struct db *db, struct stmt *st, const struct batch *b, size_t *n_read,
                       struct err *e)
{
    int rc = -1;
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++) {
        n += b->job[i].done && !b->job[i].unchanged;
    }
    if (n == 0) {
        return 0;
    }
    TRY(db_begin(db, e));
    for (size_t i = 0; i < b->n; i++) {
        if (b->job[i].done && !b->job[i].unchanged) {
            TRY(store_job(st, &b->job[i], e));
        }
    }
    TRY(db_commit(db, e));
    *n_read += n;
out:
    db_rollback(db);
    return rc;
}

/* Read what is new or changed. An interrupted batch keeps what was finished. */
static int read_images(struct db *db, const struct cli *cli, const struct hash_prefs *prefs,
                       int64_t n_images, size_t *n_read, struct err *e)
{
    int rc = -1;
    struct stmt *next = NULL;
    struct stmt *put = NULL;
    struct progress progress;
    struct batch b = {.progress = &progress};
    int n_threads = pool_threads((int)prefs->threads);
    progress_init(&progress, cli->progress, "image", (uint64_t)n_images);
    b.job = calloc(BATCH, sizeof *b.job);
    if (!b.job) {
        rc = err_nomem(e, "images");
        goto out;
    }
    TRY(db_prepare(db, &next, NEXT_IMAGES, e));
    TRY(db_prepare(db, &put,
                   "INSERT OR REPLACE INTO image_hash (image_id, sha256, dhash, width, height,"
                   " n_bytes, mtime_ns, state, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   e));
    TRY(load_batch(db, next, 0, &b, e));
    while (b.n > 0) {
        struct err why = {0};
        int stopped = pool_for(n_threads, b.n, do_job, &b, &why);
        TRY(store_batch(db, put, &b, n_read, e));
        if (stopped) {
            *e = why;
            rc = -1;
            goto out;
        }
        TRY(load_batch(db, next, b.job[b.n - 1].id, &b, e));
    }
    rc = 0;
out:
    progress_end(&progress);
    batch_clear(&b);
    free(b.job);
    stmt_free(next);
    stmt_free(put);
    return rc;
}

/* What cannot be used, and how many of each state there are. */
static int report(struct db *db, size_t n_read, int64_t *n_ok, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    int64_t n_bad[3] = {0};
    bool found = false;
    TRY(db_get_i64(db, "SELECT count(*) FROM image_hash WHERE state = 'ok'", n_ok, &found, e));
    TRY(db_prepare(db, &st,
                   "SELECT i.path, h.state, h.detail FROM image_hash h JOIN image i"
                   " ON i.id = h.image_id WHERE h.state <> 'ok' ORDER BY i.id",
                   e));
    (void)printf("path\tstate\tdetail\n");
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        const char *state = col_text(st, 1);
        (void)printf("%s\t%s\t%s\n", col_text(st, 0), state, col_text(st, 2));
        n_bad[strcmp(state, "missing") == 0 ? HASH_MISSING : HASH_CORRUPT]++;
    }
    TRY(rc);
    log_info("images: %" PRId64 " ok, %" PRId64 " missing, %" PRId64 " corrupt; %zu read now",
             *n_ok, n_bad[HASH_MISSING], n_bad[HASH_CORRUPT], n_read);
out:
    stmt_free(st);
    return rc;
}

int hash_run(const struct cli *cli, const struct hash_prefs *prefs, struct err *e)
{
    int rc = -1;
    struct db *db = NULL;
    int64_t n_images = 0;
    int64_t n_ok = 0;
    bool found = false;
    size_t n_read = 0;
    TRY(catalog_open(cli->catalog, CATALOG_WRITE, &db, e));
    TRY(db_get_i64(db, "SELECT count(*) FROM image WHERE state <> 'no_imagery'", &n_images, &found,
                   e));
    if (n_images == 0) {
        rc =
            err_set(e, ERR_INPUT, "catalog '%s' has no images: run gdje-fetch or gdje-import first",
                    cli->catalog);
        goto out;
    }
    TRY(read_images(db, cli, prefs, n_images, &n_read, e));
    TRY(report(db, n_read, &n_ok, e));
    TRY(hash_group(db, cli, prefs, e));
    if (n_ok == 0) {
        rc =
            err_set(e, ERR_INPUT, "none of the catalog's %" PRId64 " images can be used", n_images);
    }
out:
    catalog_close(db);
    return rc;
}
