/* SPDX-License-Identifier: MIT */
/*
 * The trainer: see trainer.h. An epoch ends with three steps in this order: its row in the
 * catalog, the checkpoint files, the checkpoints' rows. A process killed at any time leaves at most
 * rows of epochs too many, which the resumed run computes again, or rows of checkpoints that are
 * behind, which it brings up to date before anything else.
 */
#include "train/trainer.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/progress.h"
#include "core/rng.h"
#include "core/sig.h"
#include "sql/catalog.h"
#include "train/config.h"
#include "train/evaluate.h"
#include "train/snapshot.h"

struct trainer {
    const struct cli *cli;
    const struct train_prefs *prefs;
    struct db *db;
    struct pack *pack;
    struct dataset data;
    const struct backend *backend;
    char *config;
    struct run_dir dir;
    int64_t run_id; /* 0: none yet */
    struct network net;
    struct loader *loader;
    struct evaluator eval;
    struct metrics learned; /* of the train part, while it is learned from */
    struct snapshot snapshot;
    struct train_state state;
    uint32_t *order; /* [n of the train part] */
    struct progress progress;
    double saved_s; /* when last.safetensors was written */
};

/* --- what there is to do ----------------------------------------------------------------------------- */

enum action { ACTION_NONE, ACTION_RESUME, ACTION_BEGIN };

/* intact - whether the finished run's best checkpoint is there as it was recorded. */
static bool intact(const struct trainer *t, const struct record *r)
{
    char hex[SHA256_HEX_SIZE];
    struct err ignored = {0};
    char *path = r->best_path ? catalog_path(t->db, r->best_path) : NULL;
    const bool same =
        path && sha256_hex_file(path, hex, &ignored) == 0 && strcmp(hex, r->best_sha256) == 0;
    free(path);
    return same;
}

static int compare(const struct trainer *t, const struct record *r, enum action *action,
                   struct err *e)
{
    int rc = -1;
    struct buf diff;
    buf_init(&diff, sizeof e->msg / 2);
    *action = ACTION_BEGIN;
    TRY(config_diff(r->config, t->config, &diff, e));
    if (diff.n > 0 && t->prefs->resume && !t->prefs->restart) {
        rc = err_set(e, ERR_USAGE,
                     "run '%s' exists with another configuration (%s): choose another --name, or"
                     " --restart to begin anew",
                     t->prefs->name, diff.p);
    } else if (diff.n > 0 && t->dir.lock_fd >= 0) {
        log_info("run '%s' begins anew: %s", t->prefs->name, diff.p);
    } else if (diff.n == 0 && t->prefs->resume) {
        *action = !r->finished ? ACTION_RESUME : intact(t, r) ? ACTION_NONE : ACTION_BEGIN;
    }
out:
    buf_release(&diff);
    return rc;
}

static int decide(struct trainer *t, enum action *action, struct err *e)
{
    int rc = -1;
    bool found = false;
    struct record r = {0};
    TRY(record_find(t->db, t->prefs->name, &r, &found, e));
    *action = ACTION_BEGIN;
    if (found) {
        TRY(compare(t, &r, action, e));
    }
    t->run_id = *action == ACTION_RESUME ? r.id : 0;
    if (*action == ACTION_NONE) {
        log_info("run '%s' is up to date: best epoch %d, val %.2f km", t->prefs->name, r.best_epoch,
                 r.best_km);
    }
out:
    record_release(&r);
    return rc;
}

static int create_run(struct trainer *t, struct err *e)
{
    int rc = -1;
    char backend[192];
    char versions[256];
    TRY(t->backend->describe(backend, sizeof backend, e));
    (void)snprintf(versions, sizeof versions, "gdje %s; %s; %d threads", GDJE_VERSION, backend,
                   pool_threads((int)t->prefs->threads));
    const struct record_new n = {.cli = t->cli,
                                 .prefs = t->prefs,
                                 .data = &t->data,
                                 .config = t->config,
                                 .backend = t->backend->name,
                                 .versions = versions};
    TRY(run_dir_clear(&t->dir, e));
    TRY(record_create(t->db, &n, &t->run_id, e));
out:
    return rc;
}

/* --- opening ---------------------------------------------------------------------------------------- */

static int open_data(struct trainer *t, struct err *e)
{
    int rc = -1;
    const struct train_prefs *p = t->prefs;
    TRY(backend_find(p->backend, &t->backend, e));
    TRY(catalog_open(t->cli->catalog, CATALOG_WRITE, &t->db, e));
    if (!file_exists(p->pack)) {
        rc = err_set(e, ERR_INPUT, "there is no pack '%s': run gdje-pack first", p->pack);
        goto out;
    }
    TRY(pack_open(p->pack, &t->pack, e));
    TRY(catalog_check_pack(t->db, t->pack, p->pack, e));
    TRY(dataset_load(t->db, p, t->pack, &t->data, e));
    TRY(config_text(p, &t->data, t->pack, t->backend->name, &t->config, e));
    TRY(run_dir_name(&t->dir, t->db, p->run_dir, p->name, e));
out:
    return rc;
}

/* One thread feeds a processor that computes; a GPU needs many. */
static int loader_threads(const struct trainer *t)
{
    const int half = pool_threads(0) / 2;
    return strcmp(t->backend->name, "cuda") == 0 && half > 1 ? half : 1;
}

static int open_network(struct trainer *t, struct err *e)
{
    int rc = -1;
    const struct train_prefs *p = t->prefs;
    const struct loader_spec spec = {
        .pack = t->pack,
        .data = &t->data,
        .target = {t->data.class_point, t->data.n_classes, p->smooth_km, p->label_smoothing},
        .augment = p->augment ? &p->how : NULL,
        .seed = (uint64_t)p->seed,
        .max_batch = (int)p->batch,
        .n_threads = loader_threads(t)};
    TRY(network_open(&t->net, p, &t->data, t->pack, t->backend, e));
    TRY(loader_new(&spec, &t->loader, e));
    TRY(evaluator_init(&t->eval, &t->net, t->loader, &t->data, e));
    TRY(metrics_new(&t->learned, t->data.n_classes, e));
    TRY(snapshot_init(&t->snapshot, &t->net, &t->data, &t->dir, t->config, e));
    TRY(state_new(&t->state, t->net.graph->n_blocks, e));
    t->order = calloc(t->data.part[PART_TRAIN].n, sizeof *t->order);
    rc = t->order ? 0 : err_nomem(e, "an order of locations");
out:
    return rc;
}

static void trainer_release(struct trainer *t)
{
    loader_free(t->loader); /* its threads read what follows */
    evaluator_release(&t->eval);
    metrics_release(&t->learned);
    snapshot_release(&t->snapshot);
    state_release(&t->state);
    network_close(&t->net);
    free(t->order);
    dataset_release(&t->data);
    pack_close(t->pack);
    run_dir_release(&t->dir);
    free(t->config);
    catalog_close(t->db);
}

/* prepare - weights and state, from the last checkpoint or from the beginning. */
static int prepare(struct trainer *t, enum action action, struct err *e)
{
    int rc = -1;
    const struct train_prefs *p = t->prefs;
    t->state.lr_head = p->lr_head;
    t->state.lr_backbone = p->lr_backbone;
    plateau_init(&t->state.plateau, p->factor, p->patience, p->min_lr);
    if (action == ACTION_RESUME && file_exists(t->dir.last)) {
        TRY(snapshot_resume(&t->snapshot, &t->state, e));
        TRY(record_checkpoints(t->db, t->run_id, &t->snapshot.best, &t->snapshot.last, e));
        log_info("run '%s' goes on after epoch %d", p->name, t->state.epoch);
    } else {
        TRY(snapshot_start(&t->snapshot, p, e));
    }
    TRY(record_resume(t->db, t->run_id, t->state.epoch, e));
out:
    return rc;
}

/* --- an epoch ---------------------------------------------------------------------------------------- */

static struct rates rates_at(const struct trainer *t, int epoch, size_t batch)
{
    const struct train_prefs *p = t->prefs;
    struct rates r = {t->state.lr_head, t->state.lr_backbone};
    if (p->scheduler == SCHEDULER_COSINE) {
        const size_t n = loader_batches(t->data.part[PART_TRAIN].n, (int)p->batch);
        const double f =
            cosine_factor((int64_t)((size_t)(epoch - 1) * n + batch),
                          llround(p->warmup_epochs * (double)n), p->epochs * (int64_t)n);
        r.head *= f;
        r.backbone *= f;
    }
    return r;
}

static int not_finite(const struct trainer *t, const struct minibatch *b, int epoch, size_t batch,
                      struct err *e)
{
    char ids[256];
    int used = 0;
    for (int i = 0; i < b->n && used < (int)sizeof ids - 32; i++) {
        if (!isfinite(t->net.each[i])) {
            used += snprintf(ids + used, sizeof ids - (size_t)used, "%s%" PRId64,
                             used > 0 ? " " : "", b->sample[i]->location_id);
        }
    }
    return err_set(e, ERR_INPUT,
                   "the loss is not finite in epoch %d, batch %zu, locations %s: try a smaller"
                   " learning rate",
                   epoch, batch + 1, ids);
}

static void count(struct trainer *t, const struct minibatch *b)
{
    const int64_t K = t->net.graph->n_out;
    for (int i = 0; i < b->n; i++) {
        metrics_add_loss(&t->learned, t->net.each[i]);
        if (b->sample[i]->label >= 0) {
            metrics_add_class(&t->learned, b->sample[i]->label, argmax(t->net.out + i * K, K));
        }
    }
    progress_add(&t->progress, (uint64_t)b->n * (uint64_t)t->net.graph->n_views);
}

static int learn(struct trainer *t, int epoch, struct rates *lr, struct err *e)
{
    int rc = -1;
    const size_t n = t->data.part[PART_TRAIN].n;
    const int head = t->net.graph->n_blocks - 1;
    struct minibatch b;
    double loss = 0;
    for (size_t i = 0; i < n; i++) {
        t->order[i] = (uint32_t)i;
    }
    rng_shuffle((uint64_t)t->prefs->seed, rng_stream("train.order") + (uint64_t)epoch, t->order, n);
    metrics_reset(&t->learned);
    TRY(network_learn_from(&t->net, epoch <= t->prefs->unfreeze_epoch ? head : 0, e));
    TRY(loader_begin(t->loader, &(struct pass){PART_TRAIN, t->order, epoch}, e));
    for (size_t i = 0; (rc = loader_next(t->loader, &b, e)) == 0 && b.n > 0; i++) {
        TRY(sig_check(e));
        *lr = rates_at(t, epoch, i);
        TRY(network_learn(&t->net, &b, *lr, t->state.steps, &loss, e));
        if (!isfinite(loss)) {
            rc = not_finite(t, &b, epoch, i, e);
            goto out;
        }
        count(t, &b);
    }
out:
    return rc;
}

/* print_field - empty for what does not exist, as a regression's accuracy. */
static void print_field(double v, char end)
{
    if (isfinite(v)) {
        (void)printf("%.9g", v);
    }
    (void)putchar(end);
}

static int print_epoch(const struct epoch_row *r, struct err *e)
{
    (void)printf("%d\t", r->epoch);
    print_field(r->lr_head, '\t');
    print_field(r->train_loss, '\t');
    print_field(r->val_loss, '\t');
    print_field(r->val_accuracy, '\t');
    print_field(r->val_km, '\t');
    (void)printf("%.2f\t%.1f\n", r->seconds, r->images_per_s);
    return fflush(stdout) == 0 ? 0 : err_set(e, ERR_SYSTEM, "cannot write standard output");
}

static int run_epoch(struct trainer *t, struct epoch_row *r, struct err *e)
{
    int rc = -1;
    const struct part *train = &t->data.part[PART_TRAIN];
    const double start = time_monotonic_s();
    struct rates lr = {0};
    const bool frozen = r->epoch <= t->prefs->unfreeze_epoch;
    progress_note(&t->progress, "epoch %d of %" PRId64, r->epoch, t->prefs->epochs);
    TRY(learn(t, r->epoch, &lr, e));
    const double learned_s = time_monotonic_s() - start;
    TRY(evaluate_part(&t->eval, PART_VAL, e));
    r->lr_head = lr.head;
    r->lr_backbone = frozen ? 0 : lr.backbone;
    r->train_loss = metrics_loss(&t->learned);
    r->train_accuracy = metrics_accuracy(&t->learned);
    r->val_loss = metrics_loss(&t->eval.m);
    r->val_accuracy = metrics_accuracy(&t->eval.m);
    r->val_f1 = metrics_f1(&t->eval.m);
    r->val_km = metrics_km(&t->eval.m);
    r->seconds = time_monotonic_s() - start;
    r->images_per_s = (double)train->n * t->net.graph->n_views / learned_s;
out:
    return rc;
}

/* close_epoch - what the epoch's result changes, and all of it on disk. */
static int close_epoch(struct trainer *t, const struct epoch_row *r, struct err *e)
{
    int rc = -1;
    struct train_state *s = &t->state;
    const bool is_best = r->val_km < s->best_km;
    double lr[2] = {s->lr_head, s->lr_backbone};
    s->epoch = r->epoch;
    if (is_best) {
        s->best_km = r->val_km;
        s->best_epoch = r->epoch;
    }
    if (t->prefs->scheduler == SCHEDULER_PLATEAU && plateau_step(&s->plateau, r->val_km, lr, 2)) {
        log_note("epoch %d: learning rate down to %g", r->epoch, lr[0]);
    }
    s->lr_head = lr[0];
    s->lr_backbone = lr[1];
    TRY(record_epoch(t->db, t->run_id, r, e));
    const bool due =
        s->epoch == t->prefs->epochs || time_monotonic_s() - t->saved_s >= t->prefs->save_every_s;
    TRY(snapshot_save(&t->snapshot, s, r->val_km, is_best, due, e));
    t->saved_s = due ? time_monotonic_s() : t->saved_s;
    TRY(record_checkpoints(t->db, t->run_id, &t->snapshot.best, &t->snapshot.last, e));
    TRY(print_epoch(r, e));
out:
    return rc;
}

static int run_epochs(struct trainer *t, struct err *e)
{
    int rc = 0;
    const uint64_t images = (uint64_t)t->data.part[PART_TRAIN].n * (uint64_t)t->net.graph->n_views;
    const uint64_t left = (uint64_t)(t->prefs->epochs - t->state.epoch);
    (void)printf("epoch\tlr\ttrain_loss\tval_loss\tval_acc\tval_km\tseconds\timages_per_s\n");
    t->saved_s = time_monotonic_s();
    progress_init(&t->progress, t->cli->progress, "image", left * images);
    while (t->state.epoch < t->prefs->epochs) {
        struct epoch_row row = {.epoch = t->state.epoch + 1};
        TRY(run_epoch(t, &row, e));
        TRY(close_epoch(t, &row, e));
    }
out:
    progress_end(&t->progress);
    return rc;
}

/* --- the end ----------------------------------------------------------------------------------------- */

/* The test part, once, with the best weights. */
static int run_test(struct trainer *t, struct err *e)
{
    int rc = -1;
    const size_t n = t->data.part[PART_TEST].n;
    struct lonlat guess = {0, 0};
    double constant_km = 0;
    TRY(snapshot_load_best(&t->snapshot, e));
    TRY(evaluate_part(&t->eval, PART_TEST, e));
    TRY(part_baseline(&t->data, PART_TEST, &guess, &constant_km, e));
    TRY(record_finish(t->db, t->run_id, metrics_km(&t->eval.m), e));
    log_info("run '%s': best epoch %d, val %.2f km over %zu locations", t->prefs->name,
             t->state.best_epoch, t->state.best_km, t->data.part[PART_VAL].n);
    if (n > 0) {
        log_info("test %.2f km over %zu locations; always guessing the train part's median place"
                 " (%.4f, %.4f): %.2f km",
                 metrics_km(&t->eval.m), n, guess.lat, guess.lon, constant_km);
    }
out:
    return rc;
}

static int describe(const struct trainer *t, struct err *e)
{
    char text[192];
    const struct graph *g = t->net.graph;
    if (t->backend->describe(text, sizeof text, e) != 0) {
        return -1;
    }
    log_info("%s, %d outputs, %.1f M parameters, %d views of %d px; %zu train, %zu val, %zu test"
             " locations",
             g->arch, g->n_out, (double)g->n_floats / 1e6, g->n_views, g->size_px,
             t->data.part[PART_TRAIN].n, t->data.part[PART_VAL].n, t->data.part[PART_TEST].n);
    log_info("%s; %.2f G multiply-adds per location", text, graph_flops(g) / 1e9);
    return 0;
}

static int train(struct trainer *t, struct err *e)
{
    int rc = -1;
    enum action action = ACTION_BEGIN;
    TRY(open_data(t, e));
    TRY(decide(t, &action, e));
    if (action == ACTION_NONE) {
        goto out;
    }
    TRY(run_dir_lock(&t->dir, t->prefs->name, e));
    TRY(decide(t, &action, e)); /* again: another process may have ended since */
    if (action == ACTION_NONE) {
        goto out;
    }
    TRY(open_network(t, e));
    TRY(describe(t, e));
    if (action == ACTION_BEGIN) {
        TRY(create_run(t, e));
    }
    TRY(prepare(t, action, e));
    TRY(run_epochs(t, e));
    TRY(run_test(t, e));
out:
    return rc;
}

int train_run(const struct cli *cli, struct train_prefs *prefs, struct err *e)
{
    if (prefs_complete(prefs, e) != 0) {
        return -1;
    }
    struct trainer t = {.cli = cli, .prefs = prefs, .dir = {.lock_fd = -1}};
    const int rc = train(&t, e);
    if (rc != 0 && t.state.n_blocks > 0 && t.run_id > 0) {
        struct err ignored = {0}; /* the first failure is the one to report */
        (void)record_interrupted(t.db, t.run_id, &ignored);
        log_info("run '%s' stopped; the same command goes on after epoch %d", prefs->name,
                 t.snapshot.last.epoch);
    }
    trainer_release(&t);
    return rc;
}
