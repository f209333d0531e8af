/* SPDX-License-Identifier: MIT */
/* Saving and restoring a run: see snapshot.h. */
#include "train/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "train/config.h"
#include "train/nn/checkpoint.h"
#include "train/nn/safetensors.h"

int snapshot_init(struct snapshot *s, struct network *net, const struct dataset *d,
                  const struct run_dir *dir, const char *config, struct err *e)
{
    const size_t n = net->graph->n_floats;
    *s = (struct snapshot){.net = net,
                           .data = d,
                           .dir = dir,
                           .config = strdup(config),
                           .value = calloc(n, sizeof(float)),
                           .moment1 = calloc(n, sizeof(float)),
                           .moment2 = calloc(n, sizeof(float)),
                           .best = {.kind = "best", .path = dir->best_stored},
                           .last = {.kind = "last", .path = dir->last_stored}};
    if (!s->config || !s->value || !s->moment1 || !s->moment2) {
        snapshot_release(s);
        return err_nomem(e, "a checkpoint");
    }
    return 0;
}

void snapshot_release(struct snapshot *s)
{
    free(s->value);
    free(s->moment1);
    free(s->moment2);
    free(s->config);
    *s = (struct snapshot){0};
}

static int move(struct snapshot *s, bool get, struct err *e)
{
    int rc = -1;
    const struct backend *b = s->net->backend;
    float *const array[3] = {s->value, s->moment1, s->moment2};
    static const enum model_array what[3] = {MODEL_VALUE, MODEL_MOMENT1, MODEL_MOMENT2};
    for (int i = 0; i < 3; i++) {
        TRY(get ? b->model_get(s->net->model, what[i], array[i], e)
                : b->model_set(s->net->model, what[i], array[i], e));
    }
out:
    return rc;
}

/* All that a prediction needs; what the pointers name stays with its owners. */
static struct checkpoint describe(const struct snapshot *s, int epoch, double val_km)
{
    const struct dataset *d = s->data;
    const struct graph *g = s->net->graph;
    struct checkpoint c = {.task = d->task,
                           .size_px = g->size_px,
                           .n_views = g->n_views,
                           .fast_decode = d->form.fast,
                           .jpeg_quality = d->form.quality,
                           .scale = d->scale,
                           .n_classes = d->n_classes,
                           .cls = d->cls,
                           .epoch = epoch,
                           .val_km = val_km,
                           .version = GDJE_VERSION,
                           .config = s->config,
                           .graph = s->net->graph,
                           .value = s->value};
    (void)snprintf(c.arch, sizeof c.arch, "%s", g->arch);
    (void)snprintf(c.run, sizeof c.run, "%s", s->net->prefs->name);
    (void)snprintf(c.crs, sizeof c.crs, "%s", d->crs);
    (void)snprintf(c.border_sha256, sizeof c.border_sha256, "%s", d->border_sha256);
    memcpy(c.mean, d->mean, sizeof c.mean);
    memcpy(c.std, d->std, sizeof c.std);
    return c;
}

static int save(const char *path, const struct checkpoint *c, struct checkpoint_row *row,
                struct err *e)
{
    int rc = -1;
    TRY(checkpoint_save(path, c, e));
    TRY(sha256_hex_file(path, row->sha256, e));
    row->epoch = c->epoch;
    row->km = c->val_km;
out:
    return rc;
}

int snapshot_save(struct snapshot *s, const struct train_state *state, double val_km, bool best,
                  bool last, struct err *e)
{
    int rc = -1;
    struct checkpoint c = describe(s, state->epoch, val_km);
    char *text = NULL;
    if (!best && !last) {
        return 0;
    }
    TRY(move(s, true, e));
    if (best) {
        TRY(save(s->dir->best, &c, &s->best, e));
    }
    if (last) {
        TRY(state_text(state, &text, e));
        c.moment1 = s->moment1;
        c.moment2 = s->moment2;
        c.state = text;
        TRY(save(s->dir->last, &c, &s->last, e));
    }
out:
    free(text);
    return rc;
}

/* load - a checkpoint of this very run. */
static int load(const struct snapshot *s, const char *path, struct checkpoint *c, struct err *e)
{
    int rc = -1;
    struct buf diff;
    buf_init(&diff, sizeof e->msg / 2);
    TRY(checkpoint_load(path, c, e));
    TRY(config_diff(c->config ? c->config : "{}", s->config, &diff, e));
    if (diff.n > 0 || c->graph->n_floats != s->net->graph->n_floats) {
        rc = err_set(e, ERR_INPUT, "checkpoint '%s' is of another run: %s; --no-resume begins anew",
                     path, diff.n > 0 ? diff.p : "another network");
    }
out:
    if (rc != 0) {
        checkpoint_release(c);
    }
    buf_release(&diff);
    return rc;
}

/* The best checkpoint may be of a later epoch than the last one: it stays the best, for that epoch
 * will give it again. */
static int adopt_best(struct snapshot *s, struct train_state *state, struct err *e)
{
    int rc = -1;
    struct checkpoint best = {0};
    TRY(load(s, s->dir->best, &best, e));
    TRY(sha256_hex_file(s->dir->best, s->best.sha256, e));
    s->best.epoch = state->best_epoch = best.epoch;
    s->best.km = state->best_km = best.val_km;
out:
    checkpoint_release(&best);
    return rc;
}

int snapshot_resume(struct snapshot *s, struct train_state *state, struct err *e)
{
    int rc = -1;
    struct checkpoint c = {0};
    const size_t bytes = s->net->graph->n_floats * sizeof(float);
    TRY(load(s, s->dir->last, &c, e));
    if (!c.state || !c.moment1 || !c.moment2) {
        rc = err_set(e, ERR_INPUT, "checkpoint '%s' holds nothing to resume from", s->dir->last);
        goto out;
    }
    if (state_parse(c.state, state, e) != 0) {
        rc = err_ctx(e, "checkpoint '%s'", s->dir->last);
        goto out;
    }
    memcpy(s->value, c.value, bytes);
    memcpy(s->moment1, c.moment1, bytes);
    memcpy(s->moment2, c.moment2, bytes);
    TRY(move(s, false, e));
    TRY(sha256_hex_file(s->dir->last, s->last.sha256, e));
    s->last.epoch = c.epoch;
    s->last.km = c.val_km;
    TRY(adopt_best(s, state, e));
out:
    checkpoint_release(&c);
    return rc;
}

int snapshot_load_best(struct snapshot *s, struct err *e)
{
    int rc = -1;
    struct checkpoint c = {0};
    TRY(load(s, s->dir->best, &c, e));
    TRY(s->net->backend->model_set(s->net->model, MODEL_VALUE, c.value, e));
out:
    checkpoint_release(&c);
    return rc;
}

static int read_weights(struct snapshot *s, const char *path, struct err *e)
{
    int rc = -1;
    bool head = false;
    size_t ignored = 0;
    struct safetensors *st = NULL;
    TRY(st_open(path, &st, e));
    if (st_load_graph(st, s->net->graph, true, s->value, &head, &ignored, e) != 0) {
        rc = err_ctx(e, "weights '%s' do not fit network '%s'", path, s->net->graph->arch);
        goto out;
    }
    log_info("weights from '%s'; the head %s", path, head ? "too" : "starts fresh");
    if (ignored > 0) {
        log_note("%zu tensors of '%s' are not used", ignored, path);
    }
out:
    st_close(st);
    return rc;
}

int snapshot_start(struct snapshot *s, const struct train_prefs *prefs, struct err *e)
{
    int rc = 0;
    graph_init(s->net->graph, (uint64_t)prefs->seed, s->value);
    if (prefs->weights) {
        TRY(read_weights(s, prefs->weights, e));
    }
    TRY(s->net->backend->model_set(s->net->model, MODEL_VALUE, s->value, e));
out:
    return rc;
}
