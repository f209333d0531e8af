/* SPDX-License-Identifier: MIT */
/* The stats stage: decodes the train part's pictures at one size and adds them up. */
#include "prep/stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/pool.h"
#include "core/progress.h"
#include "prep/pictures.h"
#include "sql/catalog.h"

#define BATCH 256

#define TRAIN_IMAGES                                                                   \
    " FROM split s JOIN image i ON i.location_id = s.location_id JOIN image_hash h ON" \
    " h.image_id = i.id WHERE s.scheme_id = %" PRId64 " AND s.part = 'train' AND"      \
    " h.state = 'ok'"
#define TRAIN_LOCATIONS "SELECT DISTINCT i.location_id" TRAIN_IMAGES " ORDER BY i.location_id"
#define TRAIN_DIGESTS   "SELECT h.sha256" TRAIN_IMAGES " ORDER BY i.id"

struct worker {
    struct stats_sums sums[3];
    uint8_t *rgb; /* [size_px, size_px, 3] owned */
    int64_t n_images;
};

struct job {
    struct pictures pictures;
    struct worker *worker; /* [n_threads] owned */
    int n_threads;
    int size_px;
    struct progress progress;
};

static int add_place(void *ctx, size_t i, int worker, struct err *e)
{
    struct job *j = ctx;
    struct worker *w = &j->worker[worker];
    const struct image_form form = {.size_px = j->size_px};
    for (int v = 0; v < PICTURE_VIEWS; v++) {
        const struct picture *p = &j->pictures.batch[i].view[v];
        if (!p->path) {
            continue;
        }
        if (picture_load(p, &form, w->rgb, e) != 0) {
            return -1;
        }
        stats_add(w->sums, w->rgb, (size_t)j->size_px * (size_t)j->size_px);
        w->n_images++;
    }
    progress_add(&j->progress, 1);
    return 0;
}

static int job_open(struct job *j, const struct stats_prefs *prefs, struct err *e)
{
    j->size_px = (int)prefs->size_px;
    j->n_threads = pool_threads((int)prefs->threads);
    j->worker = calloc((size_t)j->n_threads, sizeof *j->worker);
    if (!j->worker) {
        return err_nomem(e, "workers");
    }
    for (int t = 0; t < j->n_threads; t++) {
        j->worker[t].rgb = malloc((size_t)j->size_px * (size_t)j->size_px * 3);
        if (!j->worker[t].rgb) {
            return err_nomem(e, "a picture");
        }
    }
    return 0;
}

static void job_release(struct job *j)
{
    for (int t = 0; j->worker && t < j->n_threads; t++) {
        free(j->worker[t].rgb);
    }
    free(j->worker);
    pictures_release(&j->pictures);
}

static int add_all(struct job *j, const struct cli *cli, struct stats_sums sums[3],
                   int64_t *n_images, struct err *e)
{
    int rc = -1;
    progress_init(&j->progress, cli->progress, "location", j->pictures.n);
    for (;;) {
        TRY(pictures_next(&j->pictures, BATCH, e));
        if (j->pictures.n_batch == 0) {
            break;
        }
        TRY(pool_for(j->n_threads, j->pictures.n_batch, add_place, j, e));
    }
    for (int t = 0; t < j->n_threads; t++) {
        stats_merge(sums, j->worker[t].sums);
        *n_images += j->worker[t].n_images;
    }
out:
    progress_end(&j->progress);
    return rc;
}

static int store(struct db *db, int64_t scheme_id, int size_px, const struct stats_sums sums[3],
                 int64_t n_images, const char *content, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    TRY(db_prepare(db, &st,
                   "INSERT OR REPLACE INTO stats (scheme_id, size_px, channel, mean, std, min,"
                   " max, n_images, content_sha256) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   e));
    for (int c = 0; c < 3; c++) {
        stmt_i64(st, 1, scheme_id);
        stmt_i64(st, 2, size_px);
        stmt_i64(st, 3, c);
        stmt_f64(st, 4, stats_mean(&sums[c]));
        stmt_f64(st, 5, stats_std(&sums[c]));
        stmt_f64(st, 6, sums[c].min / 255.0);
        stmt_f64(st, 7, sums[c].max / 255.0);
        stmt_i64(st, 8, n_images);
        stmt_text(st, 9, content);
        TRY(stmt_run(st, e));
    }
out:
    stmt_free(st);
    return rc;
}

static int print(struct db *db, int64_t scheme_id, int64_t size_px, struct err *e)
{
    int rc = -1;
    bool row = false;
    struct stmt *st = NULL;
    TRY(db_prepare(db, &st,
                   "SELECT channel, mean, std, min, max, n_images FROM stats WHERE scheme_id = ?"
                   " AND size_px = ? ORDER BY channel",
                   e));
    stmt_i64(st, 1, scheme_id);
    stmt_i64(st, 2, size_px);
    (void)printf("channel\tmean\tstd\tmin\tmax\tn_images\n");
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        (void)printf("%c\t%.17g\t%.17g\t%.17g\t%.17g\t%" PRId64 "\n", "RGB"[col_i64(st, 0)],
                     col_f64(st, 1), col_f64(st, 2), col_f64(st, 3), col_f64(st, 4),
                     col_i64(st, 5));
    }
out:
    stmt_free(st);
    return rc;
}

/* The size and the bytes of all pictures: what the result depends on. */
static int digest_inputs(struct db *db, int64_t scheme_id, int64_t size_px, struct sha256 *s,
                         struct err *e)
{
    char sql[512];
    (void)snprintf(sql, sizeof sql, TRAIN_DIGESTS, scheme_id);
    sha256_add(s, &size_px, sizeof size_px);
    return db_digest(db, s, sql, e);
}

/* Decoding takes its time, and nobody should wait for the catalog meanwhile: the transaction that
 * stage_begin opened is given back, and opened again for the three rows. */
static int compute(struct db *db, const struct cli *cli, const struct stats_prefs *prefs,
                   int64_t scheme_id, const struct stage *stage, struct err *e)
{
    int rc = -1;
    char sql[512];
    struct job job = {.n_threads = 0};
    struct stats_sums sums[3] = {{0}};
    int64_t n_images = 0;
    db_rollback(db);
    (void)snprintf(sql, sizeof sql, TRAIN_LOCATIONS, scheme_id);
    TRY(pictures_open(&job.pictures, db, sql, e));
    if (job.pictures.n == 0) {
        rc = err_set(e, ERR_INPUT,
                     "the train part of split '%s' has no usable images: run gdje-hash first",
                     prefs->split);
        goto out;
    }
    TRY(job_open(&job, prefs, e));
    TRY(add_all(&job, cli, sums, &n_images, e));
    TRY(db_begin(db, e));
    TRY(store(db, scheme_id, job.size_px, sums, n_images, stage->inputs, e));
    TRY(stage_commit(db, stage, n_images, e));
out:
    job_release(&job);
    return rc;
}

int stats_run(const struct cli *cli, const struct stats_prefs *prefs, struct err *e)
{
    int rc = -1;
    char name[128];
    struct db *db = NULL;
    struct sha256 *digest = NULL;
    struct stage stage;
    int64_t scheme_id = 0;
    TRY(catalog_open(cli->catalog, CATALOG_WRITE, &db, e));
    TRY(catalog_scheme(db, prefs->split, &scheme_id, e));
    TRY(sha256_new(&digest, e));
    TRY(digest_inputs(db, scheme_id, prefs->size_px, digest, e));
    (void)snprintf(name, sizeof name, "stats:%.100s:%" PRId64, prefs->split, prefs->size_px);
    TRY(stage_begin(db, name, cli, digest, &stage, e));
    if (stage.current) {
        log_info("statistics of split '%s' at %" PRId64 " px are up to date", prefs->split,
                 prefs->size_px);
    } else {
        TRY(compute(db, cli, prefs, scheme_id, &stage, e));
    }
    TRY(print(db, scheme_id, prefs->size_px, e));
out:
    db_rollback(db);
    sha256_free(digest);
    catalog_close(db);
    return rc;
}
