/* SPDX-License-Identifier: MIT */
/* One mutex guards all lists; it is held for the length of a few assignments. */
#include "fetch/workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/pool.h"

#define MAX_THREADS 64 /* of a lane */

struct item {
    void (*work)(void *task);
    void (*after)(void *ctx, void *task);
    void *ctx, *task;
    struct item *next;
};

struct list {
    struct item *first, **last;
};

struct lane {
    struct workers *owner;
    struct list todo;
    pthread_cond_t some; /* there is something to do, or nothing will come any more */
    int n_idle;
    pthread_t thread[MAX_THREADS];
    int n_threads;
};

struct workers {
    pthread_mutex_t mutex;
    pthread_cond_t none; /* nothing is being done and nothing is to be done */
    struct lane lane[WORKERS_LANE_COUNT];
    struct list finished;
    int n_open; /* added, work not yet done */
    bool closing;
    void (*wake)(void *ctx);
    void *ctx;
};

static void list_init(struct list *l)
{
    l->first = NULL;
    l->last = &l->first;
}

static void list_add(struct list *l, struct item *it)
{
    it->next = NULL;
    *l->last = it;
    l->last = &it->next;
}

static struct item *list_pop(struct list *l)
{
    struct item *it = l->first;
    l->first = it->next;
    if (!l->first) {
        l->last = &l->first;
    }
    return it;
}

/* Wait for the lane's next item; NULL when there will be none. With the mutex held. */
static struct item *await(struct lane *l)
{
    while (!l->todo.first && !l->owner->closing) {
        l->n_idle++;
        (void)pthread_cond_wait(&l->some, &l->owner->mutex);
        l->n_idle--;
    }
    return l->todo.first ? list_pop(&l->todo) : NULL;
}

static void *thread_main(void *lane)
{
    struct lane *l = lane;
    struct workers *w = l->owner;
    struct item *it = NULL;
    (void)pthread_mutex_lock(&w->mutex);
    while ((it = await(l)) != NULL) {
        (void)pthread_mutex_unlock(&w->mutex);
        it->work(it->task);
        (void)pthread_mutex_lock(&w->mutex);
        bool first = !w->finished.first;
        list_add(&w->finished, it);
        if (--w->n_open == 0) {
            (void)pthread_cond_signal(&w->none);
        }
        if (first) {
            w->wake(w->ctx);
        }
    }
    (void)pthread_mutex_unlock(&w->mutex);
    return NULL;
}

/* Signals are the main thread's. */
static int start(struct lane *l, int n_threads, struct err *e)
{
    int rc = 0;
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    while (rc == 0 && l->n_threads < n_threads && l->n_threads < MAX_THREADS) {
        rc = pthread_create(&l->thread[l->n_threads], NULL, thread_main, l);
        l->n_threads += rc == 0;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return l->n_threads > 0 ? 0 : err_sys(e, rc, "cannot start a thread"); /* fewer will do */
}

int workers_open(void (*wake)(void *ctx), void *ctx, struct workers **out, struct err *e)
{
    int rc = -1;
    struct workers *w = calloc(1, sizeof *w);
    if (!w) {
        return err_nomem(e, "threads");
    }
    w->wake = wake;
    w->ctx = ctx;
    list_init(&w->finished);
    (void)pthread_mutex_init(&w->mutex, NULL); /* cannot fail with these attributes on Linux */
    (void)pthread_cond_init(&w->none, NULL);
    for (int i = 0; i < WORKERS_LANE_COUNT; i++) {
        w->lane[i].owner = w;
        list_init(&w->lane[i].todo);
        (void)pthread_cond_init(&w->lane[i].some, NULL);
    }
    TRY(start(&w->lane[WORKERS_CPU], pool_threads(0), e));
    TRY(start(&w->lane[WORKERS_DISK], WORKERS_DISK_THREADS, e));
    *out = w;
    w = NULL;
out:
    workers_close(w);
    return rc;
}

int workers_add(struct workers *w, enum workers_lane lane, void (*work)(void *task),
                void (*after)(void *ctx, void *task), void *ctx, void *task, struct err *e)
{
    struct lane *l = &w->lane[lane];
    struct item *it = malloc(sizeof *it);
    if (!it) {
        return err_nomem(e, "work for a thread");
    }
    *it = (struct item){.work = work, .after = after, .ctx = ctx, .task = task};
    (void)pthread_mutex_lock(&w->mutex);
    list_add(&l->todo, it);
    w->n_open++;
    bool idle = l->n_idle > 0;
    (void)pthread_mutex_unlock(&w->mutex);
    if (idle) {
        (void)pthread_cond_signal(&l->some);
    }
    return 0;
}

void workers_finish(struct workers *w)
{
    (void)pthread_mutex_lock(&w->mutex);
    struct item *it = w->finished.first;
    list_init(&w->finished);
    (void)pthread_mutex_unlock(&w->mutex);
    while (it) {
        struct item *next = it->next;
        it->after(it->ctx, it->task);
        free(it);
        it = next;
    }
}

/* Until nothing is left to do: after functions may add something. */
static void drain(struct workers *w)
{
    (void)pthread_mutex_lock(&w->mutex);
    while (w->n_open > 0 || w->finished.first) {
        while (w->n_open > 0) {
            (void)pthread_cond_wait(&w->none, &w->mutex);
        }
        (void)pthread_mutex_unlock(&w->mutex);
        workers_finish(w);
        (void)pthread_mutex_lock(&w->mutex);
    }
    w->closing = true;
    (void)pthread_mutex_unlock(&w->mutex);
}

void workers_close(struct workers *w)
{
    if (!w) {
        return;
    }
    drain(w);
    for (int i = 0; i < WORKERS_LANE_COUNT; i++) {
        struct lane *l = &w->lane[i];
        (void)pthread_cond_broadcast(&l->some);
        for (int t = 0; t < l->n_threads; t++) {
            (void)pthread_join(l->thread[t], NULL);
        }
        (void)pthread_cond_destroy(&l->some);
    }
    (void)pthread_cond_destroy(&w->none);
    (void)pthread_mutex_destroy(&w->mutex);
    free(w);
}
