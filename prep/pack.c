/* SPDX-License-Identifier: MIT */
/* The pack stage: what is packed is told by a digest of the pictures' digests, so that a pack of
 * the same pictures is recognised and left alone. */
#include "prep/pack.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"
#include "core/pack.h"
#include "core/pool.h"
#include "core/progress.h"
#include "prep/pack_space.h"
#include "prep/pictures.h"
#include "sql/catalog.h"

#define BATCH 256

#define USABLE    " FROM image i JOIN image_hash h ON h.image_id = i.id WHERE h.state = 'ok'"
#define LOCATIONS "SELECT DISTINCT i.location_id" USABLE " ORDER BY i.location_id"
#define MAX_VIEW  "SELECT max(i.view)" USABLE

/* A record as it is stored, on its way to the writer. */
struct made {
    uint8_t *data; /* owned where it is kept; NULL: none */
    size_t n;
    uint32_t mask;
};

struct job {
    struct pictures pictures;
    struct pack *old[2]; /* the pack that is there; what a killed run left. NULL: none */
    atomic_size_t n_copied;
    struct pack_writer *writer;
    uint8_t **rgb; /* [n_threads] owned: a record each, [n_views, size_px, size_px, 3] */
    int n_threads;
    struct image_form form; /* of the pack */
    int n_views;
    struct made made[BATCH];
    struct progress progress;
};

/* The record that an old pack has of these very files, or none. */
static void find_old(const struct job *j, const struct place *place, struct made *m)
{
    struct err ignored = {0};
    for (int k = 0; k < 2 && !m->data; k++) {
        ptrdiff_t i = j->old[k] ? pack_find(j->old[k], place->location_id) : -1;
        if (i >= 0 && pack_mask(j->old[k], (size_t)i) != 0 &&
            pack_source(j->old[k], (size_t)i) == place->source &&
            pack_stored(j->old[k], (size_t)i, &m->data, &m->n, &ignored) == 0) {
            m->mask = pack_mask(j->old[k], (size_t)i);
        }
    }
}

/* All views as pixels [n_views, size_px, size_px, 3]; absent ones are zero. */
static int load_views(const struct job *j, const struct place *place, uint8_t *rgb, uint32_t *mask,
                      struct err *e)
{
    const struct image_form plain = {.size_px = j->form.size_px, .fast = j->form.fast};
    size_t view_bytes = (size_t)plain.size_px * (size_t)plain.size_px * 3;
    for (int v = 0; v < j->n_views; v++) {
        uint8_t *dst = rgb + (size_t)v * view_bytes;
        if (!place->view[v].path) {
            memset(dst, 0, view_bytes);
            continue;
        }
        if (picture_load(&place->view[v], &plain, dst, e) != 0) {
            return -1;
        }
        *mask |= 1u << v;
    }
    return 0;
}

/* The record of JPEGs of what load_views left. */
static int encode_views(const struct job *j, int worker, struct made *m, struct err *e)
{
    int rc = -1;
    int side = j->form.size_px;
    uint8_t *jpeg[PICTURE_VIEWS] = {NULL};
    size_t n[PICTURE_VIEWS] = {0};
    for (int v = 0; v < j->n_views; v++) {
        struct image img = {j->rgb[worker] + (size_t)v * (size_t)side * (size_t)side * 3, side,
                            side};
        if (m->mask >> v & 1) {
            TRY(image_encode(&img, j->form.quality, &jpeg[v], &n[v], e));
        }
    }
    TRY(pack_join(j->n_views, jpeg, n, &m->data, &m->n, e));
out:
    for (int v = 0; v < j->n_views; v++) {
        free(jpeg[v]);
    }
    return rc;
}

static int put(struct job *j, size_t i, const struct made *m, struct err *e)
{
    return pack_put(j->writer, j->pictures.first + i, m->data, m->n, m->mask,
                    j->pictures.batch[i].source, e);
}

/* Pixels are written at once. JPEGs wait in j->made for the end of the batch, so that they are in
 * the file in the order of locations, whichever thread was first. */
static int make_place(void *ctx, size_t i, int worker, struct err *e)
{
    struct job *j = ctx;
    struct made m = {0};
    const struct place *place = &j->pictures.batch[i];
    find_old(j, place, &m);
    j->n_copied += m.data != NULL;
    progress_add(&j->progress, 1);
    bool old = m.data != NULL;
    if (!old && load_views(j, place, j->rgb[worker], &m.mask, e) != 0) {
        return -1;
    }
    if (j->form.quality > 0) {
        int rc = old ? 0 : encode_views(j, worker, &m, e);
        j->made[i] = m;
        return rc;
    }
    if (!old) {
        m.data = j->rgb[worker];
        m.n = (size_t)j->n_views * (size_t)j->form.size_px * (size_t)j->form.size_px * 3;
    }
    int rc = put(j, i, &m, e);
    free(old ? m.data : NULL);
    return rc;
}

static int put_batch(struct job *j, struct err *e)
{
    int rc = pool_for(j->n_threads, j->pictures.n_batch, make_place, j, e);
    for (size_t i = 0; i < j->pictures.n_batch; i++) {
        if (rc == 0 && j->made[i].data) {
            rc = put(j, i, &j->made[i], e);
        }
        free(j->made[i].data);
        j->made[i].data = NULL;
    }
    return rc;
}

static int job_open(struct job *j, const struct pack_prefs *prefs, struct err *e)
{
    size_t side = (size_t)j->form.size_px;
    j->n_threads = pool_threads((int)prefs->threads);
    j->rgb = calloc((size_t)j->n_threads, sizeof *j->rgb);
    if (!j->rgb) {
        return err_nomem(e, "workers");
    }
    for (int t = 0; t < j->n_threads; t++) {
        j->rgb[t] = malloc((size_t)j->n_views * side * side * 3);
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
        TRY(put_batch(j, e));
    }
out:
    progress_end(&j->progress);
    return rc;
}

/* A pack whose records can be copied: of the same form and number of views. */
static bool is_alike(const struct job *j, const struct pack *p)
{
    const struct image_form *f = pack_form(p);
    return f->size_px == j->form.size_px && f->fast == j->form.fast &&
           f->quality == j->form.quality && pack_n_views(p) == j->n_views;
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
    char form[IMAGE_FORM_TEXT];
    double start_s = time_monotonic_s();
    TRY(job_open(j, prefs, e));
    TRY(take_stale(j, prefs->out, e));
    TRY(pack_create(prefs->out, &j->form, j->n_views, j->pictures.location, j->pictures.n, inputs,
                    &j->writer, e));
    TRY(put_all(j, cli, e));
    TRY(pack_commit(j->writer, e));
    log_info("packed %zu locations of up to %d views at %s into '%s' in %.1f s", j->pictures.n,
             j->n_views, image_form_text(&j->form, form), prefs->out, time_monotonic_s() - start_s);
    if (j->n_copied > 0) {
        log_info("%zu of them were copied from what was there", (size_t)j->n_copied);
    }
out:
    return rc;
}

static struct image_form form_of(const struct pack_prefs *prefs)
{
    return (struct image_form){
        .size_px = prefs->jpeg && !prefs->size_given ? PACK_JPEG_PX : (int)prefs->size_px,
        .fast = prefs->fast,
        .quality = prefs->jpeg ? PACK_JPEG_QUALITY : 0,
    };
}

static int make_pack(const struct cli *cli, const struct pack_prefs *prefs, struct err *e)
{
    int rc = -1;
    struct db *db = NULL;
    struct job j = {.form = form_of(prefs)};
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
    TRY(catalog_pack_digest(db, &j.form, j.n_views, inputs, e));
    TRY(check_existing(&j, prefs, inputs, &current, e));
    if (current) {
        log_info("pack '%s' is up to date", prefs->out);
        goto out;
    }
    TRY(pictures_open(&j.pictures, db, LOCATIONS, e));
    TRY(pack_check_space(prefs->out, &j.form, j.n_views, &j.pictures, e));
    TRY(write_pack(&j, cli, prefs, inputs, e));
out:
    job_release(&j);
    catalog_close(db);
    return rc;
}

int pack_run(const struct cli *cli, const struct pack_prefs *prefs, struct err *e)
{
    if (!prefs->out) {
        return err_set(e, ERR_USAGE, "the pack needs a file name: -o FILE");
    }
    return prefs->verify ? pack_verify(cli, prefs, e) : make_pack(cli, prefs, e);
}
