/* SPDX-License-Identifier: MIT */
/*
 * The loader: a ring of batch slots, filled by threads item by item. Threads take the next item of
 * the first batch that is not fully handed out, as long as that batch's slot is free; the consumer
 * waits until all items of the next batch are done. Every counter is guarded by one mutex; the
 * work on an item, which takes a thousand times longer than taking it, is done outside.
 */
#include "train/loader.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "train/nn/place.h"

#define N_SLOTS     3 /* one computed on, two ahead */
#define MAX_THREADS 64

struct slot {
    uint8_t *rgb;
    float *target;
    const struct sample **sample;
    int n_done;
};

struct loader {
    struct loader_spec spec;
    size_t view_bytes, record_bytes;
    int size_px, n_views, n_out;
    uint8_t fill[3];
    uint8_t *memory;  /* of all slots */
    uint8_t *scratch; /* [n_threads, record_bytes]: a record before its augmentation */
    struct slot slot[N_SLOTS];

    pthread_t thread[MAX_THREADS];
    int n_started;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t work;   /* there may be items to take */
    pthread_cond_t ready;  /* a batch is complete, a thread is idle, or something failed */
    struct pass pass;
    size_t n_batches;
    size_t filling; /* the batch items are taken from */
    int item;       /* the next of it */
    size_t given;   /* batches handed to the consumer */
    int n_busy;     /* items taken and not done */
    bool stop, failed;
    struct err err;
};

struct worker {
    struct loader *l;
    int index;
};

/* --- batches of nearly equal size -------------------------------------------------------------------- */

size_t loader_batches(size_t n, int max_batch)
{
    return (n + (size_t)max_batch - 1) / (size_t)max_batch;
}

/* First location of batch b. */
static size_t batch_start(const struct loader *l, size_t b)
{
    return b * l->spec.data->part[l->pass.part].n / l->n_batches;
}

static int batch_size(const struct loader *l, size_t b)
{
    return (int)(batch_start(l, b + 1) - batch_start(l, b));
}

/* --- one item ------------------------------------------------------------------------------------- */

static void make_target(const struct loader *l, const struct sample *s, float *row)
{
    if (l->spec.data->task == TASK_REGRESSION) {
        memcpy(row, s->scaled, sizeof s->scaled);
    } else if (s->label >= 0) {
        target_class(&l->spec.target, s->label, s->truth, row);
    } else {
        memset(row, 0, (size_t)l->n_out * sizeof *row);
    }
}

static void augment_record(const struct loader *l, const struct sample *s, int epoch,
                           const uint8_t *from, uint8_t *to)
{
    for (int v = 0; v < l->n_views; v++) {
        const struct augment_key key = {l->spec.seed, epoch, s->key, v};
        augment(l->spec.augment, key, l->size_px, l->fill, from + (size_t)v * l->view_bytes,
                to + (size_t)v * l->view_bytes);
    }
}

/* fill_item - location i of the part into place k of the slot. */
static int fill_item(struct loader *l, size_t i, struct slot *slot, int k, int worker,
                     struct err *e)
{
    const struct sample *s = &l->spec.data->part[l->pass.part].s[i];
    const bool change = l->spec.augment && l->pass.part == PART_TRAIN;
    uint8_t *to = slot->rgb + (size_t)k * l->record_bytes;
    uint8_t *plain = change ? l->scratch + (size_t)worker * l->record_bytes : to;
    if (pack_read(l->spec.pack, s->record, plain, e) != 0) {
        return -1;
    }
    place_fill_views(plain, s->mask, l->n_views, l->view_bytes);
    if (change) {
        augment_record(l, s, l->pass.epoch, plain, to);
    }
    make_target(l, s, slot->target + (size_t)k * (size_t)l->n_out);
    slot->sample[k] = s;
    return 0;
}

/* --- threads --------------------------------------------------------------------------------------- */

static bool has_item(const struct loader *l)
{
    return !l->failed && l->filling < l->n_batches &&
           l->filling + 1 < l->given + N_SLOTS; /* the last one given is still in use */
}

/* take - the next item; the mutex is held. */
static void take(struct loader *l, size_t *batch, int *item)
{
    *batch = l->filling;
    *item = l->item++;
    if (*item == 0) {
        l->slot[*batch % N_SLOTS].n_done = 0;
    }
    if (l->item == batch_size(l, *batch)) {
        l->filling++;
        l->item = 0;
    }
    l->n_busy++;
}

static void done(struct loader *l, struct slot *slot, int rc, const struct err *e)
{
    slot->n_done++;
    l->n_busy--;
    if (rc != 0 && !l->failed) {
        l->failed = true;
        l->err = *e;
    }
    (void)pthread_cond_signal(&l->ready);
}

static void *work(void *arg)
{
    struct worker w = *(struct worker *)arg;
    struct loader *l = w.l;
    free(arg);
    (void)pthread_mutex_lock(&l->mutex);
    for (;;) {
        while (!l->stop && !has_item(l)) {
            (void)pthread_cond_wait(&l->work, &l->mutex);
        }
        if (l->stop) {
            break;
        }
        struct err e = {0};
        size_t batch = 0;
        int item = 0;
        take(l, &batch, &item);
        const size_t at = batch_start(l, batch) + (size_t)item;
        const size_t i = l->pass.order ? l->pass.order[at] : at;
        struct slot *slot = &l->slot[batch % N_SLOTS];
        (void)pthread_mutex_unlock(&l->mutex);
        const int rc = fill_item(l, i, slot, item, w.index, &e);
        (void)pthread_mutex_lock(&l->mutex);
        done(l, slot, rc, &e);
    }
    (void)pthread_mutex_unlock(&l->mutex);
    return NULL;
}

static int start_thread(struct loader *l, struct err *e)
{
    struct worker *w = malloc(sizeof *w);
    if (!w) {
        return err_nomem(e, "a thread");
    }
    *w = (struct worker){l, l->n_started};
    const int errnum = pthread_create(&l->thread[l->n_started], NULL, work, w);
    if (errnum != 0) {
        free(w);
        return err_sys(e, errnum, "cannot start a thread");
    }
    l->n_started++;
    return 0;
}

/* --- life ------------------------------------------------------------------------------------------ */

static int allocate(struct loader *l, struct err *e)
{
    const size_t N = (size_t)l->spec.max_batch;
    const size_t rgb = N * l->record_bytes;
    const size_t target = N * (size_t)l->n_out;
    l->memory = malloc(N_SLOTS * rgb);
    l->scratch = malloc((size_t)l->spec.n_threads * l->record_bytes);
    bool ok = l->memory && l->scratch;
    for (int i = 0; i < N_SLOTS && ok; i++) {
        struct slot *s = &l->slot[i];
        s->rgb = l->memory + (size_t)i * rgb;
        s->target = calloc(target, sizeof *s->target);
        s->sample = calloc(N, sizeof(const struct sample *));
        ok = s->target && s->sample;
    }
    return ok ? 0 : err_nomem(e, "batches");
}

int loader_new(const struct loader_spec *spec, struct loader **loader, struct err *e)
{
    int rc = -1;
    struct loader *l = calloc(1, sizeof *l);
    if (!l) {
        return err_nomem(e, "a loader");
    }
    l->spec = *spec;
    l->size_px = pack_size_px(spec->pack);
    l->n_views = pack_n_views(spec->pack);
    l->n_out = spec->data->task == TASK_REGRESSION ? 2 : (int)spec->data->n_classes;
    l->view_bytes = (size_t)l->size_px * (size_t)l->size_px * 3;
    l->record_bytes = l->view_bytes * (size_t)l->n_views;
    if (l->spec.n_threads > MAX_THREADS) {
        l->spec.n_threads = MAX_THREADS;
    }
    for (int c = 0; c < 3; c++) {
        l->fill[c] = (uint8_t)lrintf(fminf(fmaxf(spec->data->mean[c], 0), 1) * 255);
    }
    if (pthread_mutex_init(&l->mutex, NULL) != 0 || pthread_cond_init(&l->work, NULL) != 0 ||
        pthread_cond_init(&l->ready, NULL) != 0) {
        rc = err_nomem(e, "a lock");
        goto out;
    }
    TRY(allocate(l, e));
    for (int i = 0; i < l->spec.n_threads; i++) {
        TRY(start_thread(l, e));
    }
    *loader = l;
    l = NULL;
out:
    loader_free(l);
    return rc;
}

void loader_free(struct loader *l)
{
    if (!l) {
        return;
    }
    (void)pthread_mutex_lock(&l->mutex);
    l->stop = true;
    (void)pthread_cond_broadcast(&l->work);
    (void)pthread_mutex_unlock(&l->mutex);
    for (int i = 0; i < l->n_started; i++) {
        (void)pthread_join(l->thread[i], NULL);
    }
    (void)pthread_cond_destroy(&l->ready);
    (void)pthread_cond_destroy(&l->work);
    (void)pthread_mutex_destroy(&l->mutex);
    for (int i = 0; i < N_SLOTS; i++) {
        free(l->slot[i].target);
        free(l->slot[i].sample);
    }
    free(l->scratch);
    free(l->memory);
    free(l);
}

/* --- the consumer ----------------------------------------------------------------------------------- */

int loader_begin(struct loader *l, const struct pass *pass, struct err *e)
{
    (void)pthread_mutex_lock(&l->mutex);
    l->n_batches = 0; /* no item is taken from here on */
    while (l->n_busy > 0) {
        (void)pthread_cond_wait(&l->ready, &l->mutex);
    }
    const bool failed = l->failed;
    if (failed) {
        *e = l->err;
    } else {
        l->pass = *pass;
        l->n_batches = loader_batches(l->spec.data->part[pass->part].n, l->spec.max_batch);
        l->filling = l->given = 0;
        l->item = 0;
        (void)pthread_cond_broadcast(&l->work);
    }
    (void)pthread_mutex_unlock(&l->mutex);
    return failed ? -1 : 0;
}

int loader_next(struct loader *l, struct minibatch *b, struct err *e)
{
    *b = (struct minibatch){0};
    (void)pthread_mutex_lock(&l->mutex);
    const size_t next = l->given;
    if (next < l->n_batches) {
        const int n = batch_size(l, next);
        const struct slot *slot = &l->slot[next % N_SLOTS];
        l->given++; /* frees the slot of the batch given before */
        (void)pthread_cond_broadcast(&l->work);
        while (!l->failed && !(l->filling > next && slot->n_done == n)) {
            (void)pthread_cond_wait(&l->ready, &l->mutex);
        }
        *b = (struct minibatch){n, slot->rgb, slot->target, slot->sample};
    }
    const bool failed = l->failed;
    if (failed) {
        *e = l->err;
    }
    (void)pthread_mutex_unlock(&l->mutex);
    return failed ? -1 : 0;
}
