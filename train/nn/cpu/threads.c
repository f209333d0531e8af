/* SPDX-License-Identifier: MIT */
/* See threads.h: a team of OpenMP that has nothing to do and never ends. */
#include "train/nn/cpu/threads.h"

#include <omp.h>
#include <pthread.h>
#include <unistd.h>

void threads_use(int n)
{
    omp_set_num_threads(n);
}

/* The team belongs to this thread and is counted for as long as it lives. */
static void *idle(void *arg)
{
    int n = 0; /* an empty region would be optimised away */
    (void)arg;
#pragma omp parallel num_threads(omp_get_num_procs() + 1) reduction(+ : n)
    n++;
    for (;;) {
        (void)pause();
    }
    return NULL;
}

static int start_error; /* of pthread_create, written once */

static void start(void)
{
    pthread_t thread;
    start_error = pthread_create(&thread, NULL, idle, NULL);
    if (start_error == 0) {
        (void)pthread_detach(thread);
    }
}

int threads_calm(struct err *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, start);
    return start_error == 0 ? 0 : err_sys(e, start_error, "cannot start a thread");
}
