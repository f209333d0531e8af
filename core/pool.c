/* SPDX-License-Identifier: MIT */
/* A parallel for: items are handed out one by one from an atomic counter. Threads live for one
 * call; starting one costs some ten microseconds, items here cost milliseconds. */
#include "core/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/sig.h"

#define POOL_MAX_THREADS 256

struct job {
    pool_item_fn *fn;
    void *ctx;
    size_t n;
    atomic_size_t next;
    atomic_bool stop;
    pthread_mutex_t mutex; /* guards failed_item and *e */
    size_t failed_item;
    struct err *e;
};

struct worker {
    struct job *job;
    int index;
};

int pool_threads(int asked)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return asked > 0 && asked < n ? asked : n;
}

static void fail(struct job *j, size_t i, const struct err *e)
{
    (void)pthread_mutex_lock(&j->mutex);
    if (i < j->failed_item) {
        j->failed_item = i;
        *j->e = *e;
    }
    (void)pthread_mutex_unlock(&j->mutex);
    atomic_store(&j->stop, true);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct job *j = w->job;
    while (!atomic_load(&j->stop)) {
        size_t i = atomic_fetch_add(&j->next, 1);
        struct err e = {0};
        if (i >= j->n) {
            break;
        }
        if (sig_check(&e) != 0 || j->fn(j->ctx, i, w->index, &e) != 0) {
            fail(j, i, &e);
        }
    }
    return NULL;
}

int pool_for(int n_threads, size_t n, pool_item_fn *fn, void *ctx, struct err *e)
{
    struct job j = {.fn = fn, .ctx = ctx, .n = n, .failed_item = SIZE_MAX, .e = e};
    pthread_t thread[POOL_MAX_THREADS];
    struct worker w[POOL_MAX_THREADS];
    int n_started = 0;
    if (n_threads > POOL_MAX_THREADS) {
        n_threads = POOL_MAX_THREADS;
    }
    if (pthread_mutex_init(&j.mutex, NULL) != 0) {
        return err_nomem(e, "a mutex");
    }
    for (int t = 1; t < n_threads && (size_t)t < n; t++) {
        w[t] = (struct worker){&j, t};
        if (pthread_create(&thread[n_started], NULL, work, &w[t]) != 0) {
            break; /* fewer threads do the same work */
        }
        n_started++;
    }
    w[0] = (struct worker){&j, 0};
    (void)work(&w[0]);
    for (int t = 0; t < n_started; t++) {
        (void)pthread_join(thread[t], NULL);
    }
    (void)pthread_mutex_destroy(&j.mutex);
    return j.failed_item == SIZE_MAX ? 0 : -1;
}
