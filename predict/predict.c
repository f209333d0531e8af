/* SPDX-License-Identifier: MIT */
/*
 * The two ways to predict. Photos on disk: answers are written as text, no catalog is needed (one
 * that knows the run tells which decoder was chosen). The catalog's locations: answers become rows
 * of the run, in one transaction at the end, by the protocol of stages; text is written from the
 * rows, so that it is there too when there was nothing to do.
 */
#include "predict/predict.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/pool.h"
#include "predict/answers.h"
#include "predict/output.h"
#include "predict/photos.h"
#include "predict/store.h"
#include "sql/catalog.h"

#define STORED_TOP  10 /* classes kept in the catalog: top-10 accuracy needs them */
#define MAX_THREADS 256
#define SAME_KM     0.01 /* the same class point, but for rounding */

/* What both ways need. */
struct job {
    const struct cli *cli;
    const struct predict_prefs *prefs;
    struct network *net;
    const struct checkpoint *c;
    struct pack *pack;
    struct border *border;
    struct photos photos;
    struct answers answers;
    struct opt_list part;
};

static void job_release(struct job *j)
{
    answers_release(&j->answers);
    photos_release(&j->photos);
    network_close(j->net);
    pack_close(j->pack);
    border_free(j->border);
}

static int open_pack(struct job *j, struct err *e)
{
    if (!j->prefs->pack) {
        return 0;
    }
    if (pack_open(j->prefs->pack, &j->pack, e) != 0) {
        return -1;
    }
    const struct image_form *has = pack_form(j->pack);
    const struct image_form wants = checkpoint_form(j->c);
    if (has->size_px != wants.size_px || has->fast != wants.fast || has->quality != wants.quality ||
        pack_n_views(j->pack) != j->c->n_views) {
        char text[2][IMAGE_FORM_TEXT];
        log_warn("pack '%s' holds %d views of %s, the network takes %d of %s: reading the photos "
                 "instead",
                 j->prefs->pack, pack_n_views(j->pack), image_form_text(has, text[0]),
                 j->c->n_views, image_form_text(&wants, text[1]));
        pack_close(j->pack);
        j->pack = NULL;
    }
    return 0;
}

static int open_network(struct job *j, struct err *e)
{
    const struct predict_prefs *p = j->prefs;
    const struct network_spec spec = {.backend = p->backend,
                                      .precision = p->precision ? PREC_BF16 : PREC_F32,
                                      .n_threads = (int)p->n_threads,
                                      .batch = (int)p->batch};
    if (network_open(p->checkpoint, &spec, &j->net, e) != 0) {
        return -1;
    }
    j->c = network_checkpoint(j->net);
    if (strcmp(j->c->version, GDJE_VERSION) != 0) {
        log_warn("checkpoint '%s' was made by gdje %s, this is %s", p->checkpoint, j->c->version,
                 GDJE_VERSION);
    }
    log_note("run '%s', %s, %d px, epoch %d, on %s", j->c->run, j->c->arch, j->c->size_px,
             j->c->epoch, network_backend(j->net));
    return 0;
}

static int answer(struct job *j, size_t n_top, struct err *e)
{
    const int n_threads = pool_threads((int)j->prefs->n_threads);
    const struct answers_spec spec = {
        .pack = j->pack,
        .border = j->border,
        .top_classes = (size_t)j->prefs->top_classes,
        .n_top = n_top,
        .batch = (int)j->prefs->batch,
        .n_threads = n_threads < MAX_THREADS ? n_threads : MAX_THREADS,
        .progress = j->cli->progress,
    };
    return answers_make(&j->answers, &j->photos, j->net, &spec, e);
}

static int incomplete(const struct job *j, struct err *e)
{
    if (j->answers.n_skipped == 0) {
        return 0;
    }
    return err_set(e, ERR_INCOMPLETE, "%zu of %zu locations skipped: no usable photos",
                   j->answers.n_skipped, j->photos.n);
}

static bool to_file(const struct predict_prefs *p)
{
    return p->output && strcmp(p->output, "-") != 0;
}

/* Text goes to -o FILE, whole or not at all, or to stdout. */
struct sink {
    struct out file;
    struct output o;
};

static int sink_open(struct sink *s, const struct predict_prefs *p, size_t n_top, struct err *e)
{
    *s = (struct sink){.o = {.f = stdout, .format = (enum answer_format)p->format, .n_top = n_top}};
    if (to_file(p)) {
        if (out_open(&s->file, p->output, e) != 0) {
            return -1;
        }
        s->o.f = s->file.f;
    }
    output_header(&s->o);
    return 0;
}

static int sink_close(struct sink *s, struct err *e)
{
    return s->file.f ? out_commit(&s->file, e) : 0;
}

/* Photos on disk ----------------------------------------------------------------------------------- */

/* The decoder that the catalog's run was found to be best with, if there is such a catalog. */
static int catalog_choice(const struct job *j, char *decode, struct err *e)
{
    int rc = -1;
    struct db *db = NULL;
    struct err unknown = {0};
    int64_t run_id = 0;
    decode[0] = '\0';
    if (!file_exists(j->cli->catalog)) {
        return 0;
    }
    TRY(catalog_open(j->cli->catalog, CATALOG_READ, &db, e));
    if (catalog_run(db, j->c->run, &run_id, &unknown) == 0) {
        TRY(store_chosen(db, run_id, decode, e));
    }
    rc = 0;
out:
    catalog_close(db);
    return rc;
}

static int choose_decoder(const struct job *j, enum decode *how, struct err *e)
{
    char name[DECODE_NAME_MAX] = "";
    *how = DECODE_MEAN; /* what training measures; for regression the only one */
    if (j->c->task == TASK_REGRESSION) {
        return 0;
    }
    if (j->prefs->decode != DECODE_AUTO) {
        *how = (enum decode)(j->prefs->decode - 1);
        return 0;
    }
    if (catalog_choice(j, name, e) != 0) {
        return -1;
    }
    for (int d = 0; d < DECODE_COUNT; d++) {
        *how = strcmp(name, decode_name((enum decode)d)) == 0 ? (enum decode)d : *how;
    }
    log_note("decoder %s%s", decode_name(*how),
             name[0] ? ", chosen on the val part" : ": the catalog knows no better one");
    return 0;
}

/* Compute the places of j->photos and print them. */
static int print_answers(struct job *j, struct err *e)
{
    int rc = -1;
    struct sink s = {0};
    enum decode how = DECODE_MEAN;
    TRY(choose_decoder(j, &how, e));
    TRY(answer(j, (size_t)j->prefs->top, e));
    TRY(sink_open(&s, j->prefs, j->answers.n_top, e));
    for (size_t i = 0; i < j->answers.n; i++) {
        const struct answer *r = &j->answers.row[i];
        output_answer(&s.o, j->photos.loc[r->location].uuid, r->at[how], r->top, j->answers.n_top);
    }
    TRY(sink_close(&s, e));
    rc = incomplete(j, e);
out:
    out_release(&s.file);
    return rc;
}

static int predict_photos(struct job *j, struct err *e)
{
    if (photos_from_names(&j->photos, j->cli->args, j->cli->n_args, stdin, e) != 0) {
        return -1;
    }
    return print_answers(j, e);
}

/* The catalog --------------------------------------------------------------------------------------- */

static int64_t stored_top(const struct job *j)
{
    return j->prefs->top > STORED_TOP ? j->prefs->top : STORED_TOP;
}

/* Everything the rows depend on. */
static int digest(const struct job *j, struct db *db, struct sha256 *h, struct err *e)
{
    char hex[SHA256_HEX_SIZE];
    char options[256];
    if (sha256_hex_file(j->prefs->checkpoint, hex, e) != 0) {
        return -1;
    }
    sha256_add_str(h, hex);
    (void)snprintf(options, sizeof options, "%s %d %" PRId64 " %" PRId64 " %s",
                   network_backend(j->net), j->prefs->precision, stored_top(j),
                   j->prefs->top_classes, j->border ? border_sha256(j->border) : "-");
    sha256_add_str(h, options);
    for (int i = 0; i < j->part.n; i++) {
        sha256_add_str(h, j->part.v[i]);
    }
    for (size_t i = 0; i < j->photos.n; i++) {
        const struct photo_location *loc = &j->photos.loc[i];
        sha256_add(h, &loc->id, sizeof loc->id);
        sha256_add(h, &loc->truth, sizeof loc->truth);
        sha256_add_str(h, loc->part ? loc->part : "");
        for (int v = 0; v < PHOTO_VIEWS; v++) {
            sha256_add_str(h, loc->view[v] ? loc->view[v] : "");
        }
    }
    return db_digest(db, h,
                     "SELECT i.id, i.n_bytes, h.sha256, h.mtime_ns FROM image i"
                     " LEFT JOIN image_hash h ON h.image_id = i.id ORDER BY i.id",
                     e);
}

/* Compare with what was done before; leaves a transaction open when there is something to do. */
static int begin(const struct job *j, struct db *db, struct stage *stage, struct err *e)
{
    int rc = -1;
    struct sha256 *h = NULL;
    char name[128];
    (void)snprintf(name, sizeof name, "predict:%.110s", j->c->run);
    TRY(sha256_new(&h, e));
    TRY(digest(j, db, h, e));
    TRY(stage_begin(db, name, j->cli, h, stage, e));
out:
    sha256_free(h);
    return rc;
}

/* How many predictions a run has: none, although nothing changed, when somebody deleted them. */
static int count_rows(struct db *db, int64_t run_id, int64_t *n, struct err *e)
{
    char sql[96];
    bool found = false;
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM prediction WHERE run_id = %" PRId64,
                   run_id);
    return db_get_i64(db, sql, n, &found, e);
}

static int print_rows(const struct job *j, struct db *db, int64_t run_id, const char *decode,
                      struct err *e)
{
    int rc = -1;
    struct sink s = {0};
    struct stmt *st = NULL;
    bool row = false;
    struct top_class *top = calloc((size_t)j->prefs->top + 1, sizeof *top);
    const size_t n_classes = (size_t)j->c->n_classes; /* 0 for regression */
    const size_t n_top = (size_t)j->prefs->top < n_classes ? (size_t)j->prefs->top : n_classes;
    size_t next = 0;
    if (!top) {
        rc = err_nomem(e, "a line");
        goto out;
    }
    TRY(sink_open(&s, j->prefs, n_top, e));
    TRY(db_prepare(db, &st,
                   "SELECT l.uuid, p.lon_deg, p.lat_deg, p.top FROM prediction p"
                   " JOIN location l ON l.id = p.location_id"
                   " WHERE p.run_id = ? AND p.decode = ? ORDER BY l.uuid",
                   e));
    stmt_i64(st, 1, run_id);
    stmt_text(st, 2, decode);
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        const char *uuid = col_text(st, 0);
        while (next < j->photos.n && strcmp(j->photos.loc[next].uuid, uuid) < 0) {
            next++;
        }
        if (next < j->photos.n && strcmp(j->photos.loc[next].uuid, uuid) == 0) {
            output_answer(&s.o, uuid, (struct lonlat){col_f64(st, 1), col_f64(st, 2)}, top,
                          store_top(col_text(st, 3), top, n_top));
        }
    }
    TRY(rc);
    TRY(sink_close(&s, e));
out:
    stmt_free(st);
    free(top);
    out_release(&s.file);
    return rc;
}

static int compute(struct job *j, struct db *db, int64_t run_id, struct err *e)
{
    int rc = -1;
    struct stage stage;
    int64_t n_rows = 0;
    TRY(begin(j, db, &stage, e));
    TRY(count_rows(db, run_id, &n_rows, e));
    if (stage.current && n_rows > 0) {
        log_info("predictions of run '%s' are up to date", j->c->run);
        goto out;
    }
    db_rollback(db); /* nobody waits for the network */
    TRY(answer(j, (size_t)stored_top(j), e));
    TRY(begin(j, db, &stage, e));
    if (stage.current) { /* the rows were gone: a transaction all the same */
        TRY(db_begin(db, e));
    }
    TRY(store_answers(db, run_id, &j->photos, &j->answers, &j->part, e));
    TRY(stage_commit(db, &stage, (int64_t)j->answers.n, e));
    log_info("%zu locations predicted for run '%s'", j->answers.n, j->c->run);
out:
    db_rollback(db);
    return rc;
}

/* Class numbers mean what they meant in training as long as the grid has the same points. */
static int check_grid(const struct job *j, struct db *db, int64_t run_id, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    int64_t n = 0;
    int64_t n_moved = 0;
    TRY(db_prepare(db, &st,
                   "SELECT c.data_lon_deg, c.data_lat_deg FROM run r JOIN class c"
                   " ON c.grid_id = r.grid_id AND c.number NOT NULL WHERE r.id = ?"
                   " ORDER BY c.number",
                   e));
    stmt_i64(st, 1, run_id);
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        const struct lonlat at = {col_f64(st, 0), col_f64(st, 1)};
        n_moved += n < j->c->n_classes && !(geo_distance_km(at, j->c->cls[n].data) < SAME_KM);
        n++;
    }
    if (rc == 0 && j->c->task == TASK_CLASSIFICATION && (n != j->c->n_classes || n_moved > 0)) {
        log_warn("the grid of run '%s' is not the one it was trained with: places are right, but "
                 "class numbers mean other cells",
                 j->c->run);
    }
out:
    stmt_free(st);
    return rc;
}

/* A catalog that does not know the checkpoint's run: its places are answered, nothing is stored. */
static int predict_foreign(struct job *j, struct db *db, struct err *e)
{
    if (j->part.n == 0) {
        j->part = (struct opt_list){.v = {"all"}, .n = 1};
    }
    log_warn("catalog '%s' has no run '%s': answers are printed, nothing is stored in it",
             j->cli->catalog, j->c->run);
    if (photos_from_catalog(&j->photos, db, 0, &j->part, e) != 0) {
        return -1;
    }
    return print_answers(j, e);
}

static int predict_catalog(struct job *j, struct err *e)
{
    int rc = -1;
    struct db *db = NULL;
    int64_t run_id = 0;
    char decode[DECODE_NAME_MAX];
    double val_km = (double)NAN;
    struct err unknown = {0};
    j->part = j->prefs->part;
    TRY(catalog_open(j->cli->catalog, CATALOG_WRITE, &db, e));
    if (j->pack) {
        TRY(catalog_check_pack(db, j->pack, j->prefs->pack, e));
    }
    if (catalog_run(db, j->c->run, &run_id, &unknown) != 0) {
        if (unknown.kind == ERR_INPUT) {
            rc = predict_foreign(j, db, e);
        } else {
            *e = unknown;
            rc = -1;
        }
        goto out;
    }
    if (j->part.n == 0) {
        j->part = (struct opt_list){.v = {"val", "test"}, .n = 2};
    }
    TRY(check_grid(j, db, run_id, e));
    TRY(photos_from_catalog(&j->photos, db, run_id, &j->part, e));
    TRY(compute(j, db, run_id, e));
    TRY(store_choose(db, run_id, decode, &val_km, e));
    if (isfinite(val_km)) {
        log_info("decoder %s is best on the val part: %.2f km on the mean", decode, val_km);
    }
    if (j->prefs->output) {
        const bool given = j->prefs->decode != DECODE_AUTO && j->c->task == TASK_CLASSIFICATION;
        TRY(print_rows(j, db, run_id,
                       given ? decode_name((enum decode)(j->prefs->decode - 1)) : decode, e));
    }
    rc = incomplete(j, e);
out:
    catalog_close(db);
    return rc;
}

int predict_run(const struct cli *cli, const struct predict_prefs *prefs, struct err *e)
{
    int rc = -1;
    struct job j = {.cli = cli, .prefs = prefs};
    if (!prefs->checkpoint) {
        return err_set(e, ERR_USAGE, "give --checkpoint FILE: gdje-train writes one");
    }
    if (cli->n_args > 0 && (prefs->part.n > 0 || prefs->pack)) {
        return err_set(e, ERR_USAGE, "--part and --pack are for the catalog, not for photos");
    }
    if (to_file(prefs) && file_exists(prefs->output) && !prefs->force) {
        return err_set(e, ERR_USAGE, "'%s' exists: give --force to replace it", prefs->output);
    }
    TRY(open_network(&j, e));
    TRY(open_pack(&j, e));
    if (prefs->land) {
        TRY(border_open(prefs->border, &j.border, e));
    }
    rc = cli->n_args > 0 ? predict_photos(&j, e) : predict_catalog(&j, e);
out:
    job_release(&j);
    return rc;
}
