/* SPDX-License-Identifier: MIT */
/* Batches: photos are read by several threads, the network answers, places are decoded by several
 * threads again. A location that cannot be read leaves its place in the batch to the next one. */
#include "predict/answers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/pool.h"
#include "core/sig.h"
#include "shapes/crs.h"
#include "train/nn/place.h"

/* What each thread has for itself. */
struct seat {
    double *prob;            /* [n_out] */
    uint32_t *index;         /* [n_top] */
    struct decoder *decoder; /* NULL for regression */
};

/* Everything a batch needs. Arrays are per slot 0 .. batch-1 unless said otherwise. */
struct work {
    const struct photos *p;
    struct network *net;
    const struct checkpoint *c;
    const struct answers_spec *spec;
    struct answers *a;
    size_t record_bytes, n_out;
    size_t first;       /* location of slot 0 while reading */
    uint8_t *rgb;       /* [batch, record_bytes] */
    struct err *failed; /* [batch] kind ERR_NONE: read */
    size_t *location;   /* [batch] after reading: those that were read, in order */
    float *out;         /* [batch, n_out] */
    struct seat *seat;  /* [n_threads] */
    struct crs *crs;    /* regression */
};

static void work_release(struct work *w)
{
    for (int t = 0; w->seat && t < w->spec->n_threads; t++) {
        free(w->seat[t].prob);
        free(w->seat[t].index);
        decoder_free(w->seat[t].decoder);
    }
    free(w->seat);
    free(w->rgb);
    free(w->failed);
    free(w->location);
    free(w->out);
    crs_free(w->crs);
}

static int take_seats(struct work *w, struct err *e)
{
    int rc = -1;
    const size_t n = (size_t)w->c->n_classes; /* 0 for regression */
    struct lonlat *point = calloc(n + 1, sizeof *point);
    w->seat = calloc((size_t)w->spec->n_threads, sizeof *w->seat);
    if (!point || !w->seat) {
        rc = err_nomem(e, "decoders");
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        point[i] = w->c->cls[i].data;
    }
    for (int t = 0; t < w->spec->n_threads; t++) {
        struct seat *s = &w->seat[t];
        s->prob = calloc(w->n_out, sizeof *s->prob);
        s->index = calloc(w->a->n_top + 1, sizeof *s->index);
        if (!s->prob || !s->index) {
            rc = err_nomem(e, "decoders");
            goto out;
        }
        if (n > 0) {
            TRY(decoder_new(point, n, w->spec->top_classes, &s->decoder, e));
        }
    }
    rc = 0;
out:
    free(point);
    return rc;
}

static int work_init(struct work *w, struct err *e)
{
    const size_t batch = (size_t)w->spec->batch;
    const size_t side = (size_t)w->c->size_px;
    w->n_out = (size_t)network_n_out(w->net);
    w->record_bytes = (size_t)w->c->n_views * side * side * 3;
    const bool classes = w->c->task == TASK_CLASSIFICATION;
    if (classes ? (size_t)w->c->n_classes != w->n_out : w->n_out != 2) {
        return err_set(e, ERR_INPUT, "the checkpoint's network has %zu outputs for %lld classes",
                       w->n_out, (long long)w->c->n_classes);
    }
    w->a->n_top = classes ? (w->spec->n_top < w->n_out ? w->spec->n_top : w->n_out) : 0;
    w->rgb = malloc(batch * w->record_bytes);
    w->failed = calloc(batch, sizeof *w->failed);
    w->location = calloc(batch, sizeof *w->location);
    w->out = calloc(batch * w->n_out, sizeof *w->out);
    w->a->row = calloc(w->p->n + 1, sizeof *w->a->row);
    w->a->top = calloc(w->p->n * w->a->n_top + 1, sizeof *w->a->top);
    if (!w->rgb || !w->failed || !w->location || !w->out || !w->a->row || !w->a->top) {
        return err_nomem(e, "a batch");
    }
    if (!classes && crs_open(w->c->crs, &w->crs, e) != 0) {
        return -1;
    }
    return take_seats(w, e);
}

static int read_one(void *ctx, size_t slot, int worker, struct err *e)
{
    struct work *w = ctx;
    struct err *failed = &w->failed[slot];
    const struct image_form form = checkpoint_form(w->c);
    (void)worker;
    (void)e;
    *failed = (struct err){0};
    (void)photos_load(&w->p->loc[w->first + slot], w->spec->pack, w->c->n_views, &form,
                      w->rgb + slot * w->record_bytes, failed);
    return 0;
}

/* Read slots 0 .. n-1 and close the gaps that failures leave; *n_good is how many remain. */
static int read_batch(struct work *w, size_t n, size_t *n_good, struct err *e)
{
    if (pool_for(w->spec->n_threads, n, read_one, w, e) != 0) {
        return -1;
    }
    *n_good = 0;
    for (size_t slot = 0; slot < n; slot++) {
        if (w->failed[slot].kind != ERR_NONE) {
            log_warn("location '%s' skipped: %s", w->p->loc[w->first + slot].uuid,
                     w->failed[slot].msg);
            w->a->n_skipped++;
            continue;
        }
        if (*n_good != slot) {
            memcpy(w->rgb + *n_good * w->record_bytes, w->rgb + slot * w->record_bytes,
                   w->record_bytes);
        }
        w->location[(*n_good)++] = w->first + slot;
    }
    return 0;
}

static struct lonlat on_land(const struct work *w, struct lonlat at)
{
    return w->spec->border ? border_nearest_land(w->spec->border, at) : at;
}

static void decode_classes(struct work *w, size_t slot, const struct seat *s, struct answer *r,
                           struct top_class *top)
{
    place_softmax(w->out + slot * w->n_out, w->n_out, s->prob);
    r->entropy = decode_entropy(s->prob, w->n_out);
    for (int d = 0; d < DECODE_COUNT; d++) {
        r->at[d] = on_land(w, decoder_place(s->decoder, (enum decode)d, s->prob));
    }
    decode_top(s->prob, w->n_out, s->index, w->a->n_top);
    for (size_t k = 0; k < w->a->n_top; k++) {
        top[k] = (struct top_class){s->index[k], s->prob[s->index[k]]};
    }
}

static int decode_one(void *ctx, size_t slot, int worker, struct err *e)
{
    struct work *w = ctx;
    const size_t i = w->a->n + slot;
    struct answer *r = &w->a->row[i];
    *r = (struct answer){.location = w->location[slot], .entropy = (double)NAN};
    if (w->crs) {
        const struct xy at = place_scaled(w->out + slot * w->n_out, w->c->scale);
        if (crs_unproject(w->crs, &at, &r->at[0], 1, e) != 0) {
            return err_ctx(e, "location '%s'", w->p->loc[r->location].uuid);
        }
        r->at[0] = on_land(w, r->at[0]);
        return 0;
    }
    r->top = w->a->top + i * w->a->n_top;
    decode_classes(w, slot, &w->seat[worker], r, w->a->top + i * w->a->n_top);
    return 0;
}

int answers_make(struct answers *out, const struct photos *p, struct network *net,
                 const struct answers_spec *spec, struct err *e)
{
    int rc = -1;
    struct answers a = {0};
    struct progress progress;
    struct work w = {.p = p, .net = net, .c = network_checkpoint(net), .spec = spec, .a = &a};
    progress_init(&progress, spec->progress, "location", p->n);
    TRY(work_init(&w, e));
    for (w.first = 0; w.first < p->n; w.first += (size_t)spec->batch) {
        const size_t left = p->n - w.first;
        const size_t n = left < (size_t)spec->batch ? left : (size_t)spec->batch;
        size_t n_good = 0;
        TRY(sig_check(e));
        TRY(read_batch(&w, n, &n_good, e));
        if (n_good > 0) {
            TRY(network_run(net, w.rgb, (int)n_good, w.out, e));
            /* a projection is used by one thread */
            TRY(pool_for(w.crs ? 1 : spec->n_threads, n_good, decode_one, &w, e));
        }
        a.n += n_good;
        progress_set(&progress, w.first + n);
    }
    *out = a;
    a = (struct answers){0};
    rc = 0;
out:
    progress_end(&progress);
    work_release(&w);
    answers_release(&a);
    return rc;
}

void answers_release(struct answers *a)
{
    free(a->row);
    free(a->top);
    *a = (struct answers){0};
}
