/* SPDX-License-Identifier: MIT */
/* The pack stage: what is packed is told by a digest of the pictures' digests, so that a pack of
 * the same pictures is recognised and left alone. */
#include "prep/pack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"
#include "core/pack.h"
#include "core/pool.h"
#include "core/progress.h"
#include "prep/pictures.h"
#include "sql/catalog.h"

#define BATCH 256

#define USABLE    " FROM image i JOIN image_hash h ON h.image_id = i.id WHERE h.state = 'ok'"
#define LOCATIONS "SELECT DISTINCT i.location_id" USABLE " ORDER BY i.location_id"
#define MAX_VIEW  "SELECT max(i.view)" USABLE

struct job {
    struct pictures pictures;
    struct pack *old[2]; /* the pack that is there; what a killed run left. NULL: none */
    atomic_size_t n_copied;
    struct pack_writer *writer;
    uint8_t **rgb; /* [n_threads] owned: a record each, [n_views, size_px, size_px, 3] */
    int n_threads;
    int size_px, n_views;
    struct progress progress;
};

/* The record that an old pack has of these very files, or NULL. */
static const uint8_t *find_old(const struct job *j, const struct place *place, uint32_t *mask)
{
    struct err ignored = {0};
    for (int k = 0; k < 2; k++) {
        ptrdiff_t i = j->old[k] ? pack_find(j->old[k], place->location_id) : -1;
        if (i >= 0 && pack_mask(j->old[k], (size_t)i) != 0 &&
            pack_source(j->old[k], (size_t)i) == place->source &&
            pack_check(j->old[k], (size_t)i, &ignored) == 0) {
            *mask = pack_mask(j->old[k], (size_t)i);
            return pack_record(j->old[k], (size_t)i);
        }
    }
    return NULL;
}

static int put_place(void *ctx, size_t i, int worker, struct err *e)
{
    struct job *j = ctx;
    const struct place *place = &j->pictures.batch[i];
    size_t view_bytes = (size_t)j->size_px * (size_t)j->size_px * 3;
    uint32_t mask = 0;
    const uint8_t *old = find_old(j, place, &mask);
    if (old) {
        j->n_copied++;
        progress_add(&j->progress, 1);
        return pack_put(j->writer, j->pictures.first + i, old, mask, place->source, e);
    }
    for (int v = 0; v < j->n_views; v++) {
        uint8_t *dst = j->rgb[worker] + (size_t)v * view_bytes;
        if (!place->view[v].path) {
            memset(dst, 0, view_bytes);
            continue;
        }
        if (picture_load(&place->view[v], j->size_px, dst, e) != 0) {
            return -1;
        }
        mask |= 1u << v;
    }
    progress_add(&j->progress, 1);
    return pack_put(j->writer, j->pictures.first + i, j->rgb[worker], mask, place->source, e);
}

static int job_open(struct job *j, const struct pack_prefs *prefs, struct err *e)
{
    j->n_threads = pool_threads((int)prefs->threads);
    j->rgb = calloc((size_t)j->n_threads, sizeof *j->rgb);
    if (!j->rgb) {
        return err_nomem(e, "workers");
    }
    for (int t = 0; t < j->n_threads; t++) {
        j->rgb[t] = malloc((size_t)j->n_views * (size_t)j->size_px * (size_t)j->size_px * 3);
        if (!j->rgb[t]) {
            return err_nomem(e, "a record");
        }
    }
    return 0;
}

static void job_release(struct job *j)
{
    for (int t = 0; j->rgb && t < j->n_threads; t++) {
        free(j->rgb[t]);
    }
    free(j->rgb);
    pack_abandon(j->writer);
    pack_close(j->old[0]);
    pack_close(j->old[1]);
    pictures_release(&j->pictures);
}

static int put_all(struct job *j, const struct cli *cli, struct err *e)
{
    int rc = -1;
    progress_init(&j->progress, cli->progress, "location", j->pictures.n);
    for (;;) {
        TRY(pictures_next(&j->pictures, BATCH, e));
        if (j->pictures.n_batch == 0) {
            break;
        }
        TRY(pool_for(j->n_threads, j->pictures.n_batch, put_place, j, e));
    }
out:
    progress_end(&j->progress);
    return rc;
}

/* A pack whose records can be copied: of the same size and number of views. */
static bool is_alike(const struct job *j, const struct pack *p)
{
    return pack_size_px(p) == j->size_px && pack_n_views(p) == j->n_views;
}

/* Whether the file is a pack of these inputs; when not, but of that form, it is kept open as a
 * source. ERR_USAGE when it is something else that nobody allowed to replace. */
static int check_existing(struct job *j, const struct pack_prefs *prefs,
                          const uint8_t inputs[SHA256_SIZE], bool *current, struct err *e)
{
    struct err ignored = {0};
    struct pack *p = NULL;
    *current = false;
    if (!file_exists(prefs->out)) {
        return 0;
    }
    if (pack_open(prefs->out, &p, &ignored) == 0) {
        *current = memcmp(pack_inputs(p), inputs, SHA256_SIZE) == 0;
        if (is_alike(j, p)) {
            j->old[0] = p;
        } else {
            pack_close(p);
        }
    }
    if (!*current && !j->old[0] && !prefs->force) {
        return err_set(e, ERR_USAGE,
                       "'%s' exists and holds something else: replace it with --force", prefs->out);
    }
    return 0;
}

/* What killed runs left is removed; its last is of use until it is closed. */
static int take_stale(struct job *j, const char *path, struct err *e)
{
    struct err ignored = {0};
    char *stale = NULL;
    while (out_find_stale(path, &stale, e) == 0 && stale) {
        struct pack *p = NULL;
        if (!j->old[1] && pack_open_unfinished(stale, &p, &ignored) == 0 && is_alike(j, p)) {
            j->old[1] = p;
            p = NULL;
        }
        pack_close(p);
        int rc = unlink(stale) == 0 ? 0 : err_sys(e, errno, "cannot remove '%s'", stale);
        free(stale);
        if (rc != 0) {
            return -1;
        }
    }
    return 0;
}

static int write_pack(struct job *j, const struct cli *cli, const struct pack_prefs *prefs,
                      const uint8_t inputs[SHA256_SIZE], struct err *e)
{
    int rc = -1;
    double start_s = time_monotonic_s();
    TRY(job_open(j, prefs, e));
    TRY(take_stale(j, prefs->out, e));
    TRY(pack_create(prefs->out, j->size_px, j->n_views, j->pictures.location, j->pictures.n, inputs,
                    &j->writer, e));
    TRY(put_all(j, cli, e));
    TRY(pack_commit(j->writer, e));
    log_info("packed %zu locations of up to %d views at %d px into '%s' in %.1f s", j->pictures.n,
             j->n_views, j->size_px, prefs->out, time_monotonic_s() - start_s);
    if (j->n_copied > 0) {
        log_info("%zu of them were copied from what was there", (size_t)j->n_copied);
    }
out:
    return rc;
}

static int make_pack(const struct cli *cli, const struct pack_prefs *prefs, struct err *e)
{
    int rc = -1;
    struct db *db = NULL;
    struct job j = {.size_px = (int)prefs->size_px};
    uint8_t inputs[SHA256_SIZE];
    int64_t max_view = 0;
    bool found = false;
    bool current = false;
    TRY(catalog_open(cli->catalog, CATALOG_READ, &db, e));
    TRY(db_get_i64(db, MAX_VIEW, &max_view, &found, e));
    if (!found) {
        rc = err_set(e, ERR_INPUT, "catalog '%s' has no usable images: run gdje-hash first",
                     cli->catalog);
        goto out;
    }
    j.n_views = (int)max_view + 1;
    TRY(catalog_pack_digest(db, j.size_px, j.n_views, inputs, e));
    TRY(check_existing(&j, prefs, inputs, &current, e));
    if (current) {
        log_info("pack '%s' is up to date", prefs->out);
        goto out;
    }
    TRY(pictures_open(&j.pictures, db, LOCATIONS, e));
    TRY(write_pack(&j, cli, prefs, inputs, e));
out:
    job_release(&j);
    catalog_close(db);
    return rc;
}

/* Verifying ---------------------------------------------------------------------------------------- */

struct check {
    const struct pack *pack;
    struct progress progress;
};

static int check_record(void *ctx, size_t i, int worker, struct err *e)
{
    struct check *c = ctx;
    (void)worker;
    progress_add(&c->progress, 1);
    return pack_check(c->pack, i, e);
}

static int verify(const struct cli *cli, const struct pack_prefs *prefs, struct err *e)
{
    struct pack *p = NULL;
    struct check c;
    if (pack_open(prefs->out, &p, e) != 0) {
        return -1;
    }
    c.pack = p;
    progress_init(&c.progress, cli->progress, "location", pack_count(p));
    int rc = pool_for(pool_threads((int)prefs->threads), pack_count(p), check_record, &c, e);
    progress_end(&c.progress);
    if (rc == 0) {
        log_info("pack '%s' is whole: %zu locations, %d views, %d px", prefs->out, pack_count(p),
                 pack_n_views(p), pack_size_px(p));
    }
    pack_close(p);
    return rc;
}

int pack_run(const struct cli *cli, const struct pack_prefs *prefs, struct err *e)
{
    if (!prefs->out) {
        return err_set(e, ERR_USAGE, "the pack needs a file name: -o FILE");
    }
    return prefs->verify ? verify(cli, prefs, e) : make_pack(cli, prefs, e);
}
