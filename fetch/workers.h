/* SPDX-License-Identifier: MIT */
/*
 * Threads beside the event loop's. Two lanes, so that neither kind of work waits for the other: as
 * many threads as cores for what computes, and more of them for what mostly waits for the disk
 * (a device that is asked to flush by many at once does it once for all of them).
 *
 *     TRY(workers_open(wake, ctx, &w, e));
 *     TRY(workers_add(w, WORKERS_CPU, work, after, ctx, task, e));
 *     workers_finish(w);      (on the loop's thread, when wake was called: calls after)
 *     workers_close(w);
 */
#ifndef FETCH_WORKERS_H
#define FETCH_WORKERS_H

#include "core/err.h"

#define WORKERS_DISK_THREADS 32

enum workers_lane { WORKERS_CPU, WORKERS_DISK, WORKERS_LANE_COUNT };

struct workers;

/* workers_open - start the threads. wake(ctx) is called on one of them when something is done, once
 * until the next workers_finish. */
int workers_open(void (*wake)(void *ctx), void *ctx, struct workers **out, struct err *e);

/* workers_add - work(task) on a thread of the lane, in order of arrival; then after(ctx, task) in
 * workers_finish. */
int workers_add(struct workers *w, enum workers_lane lane, void (*work)(void *task),
                void (*after)(void *ctx, void *task), void *ctx, void *task, struct err *e);

/* workers_finish - call after for what is done. It may add more work. */
void workers_finish(struct workers *w);

/* workers_close - wait until all that was added is done and finished, end the threads. NULL ok. */
void workers_close(struct workers *w);

#endif
