/* SPDX-License-Identifier: MIT */
/* What engine.c (asking) and engine_commit.c (keeping what came of it) share. */
#ifndef FETCH_ENGINE_INTERNAL_H
#define FETCH_ENGINE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "fetch/aimd.h"
#include "fetch/engine.h"
#include "fetch/job.h"
#include "fetch/limiter.h"
#include "fetch/transfer.h"

#define COMMIT_COUNT 64
#define COMMIT_AGE_S 1.0

enum ending {
    ENDING_NOT,
    ENDING_CAPPED, /* the budget pays for no further location */
    ENDING_TIME_UP,
    ENDING_SIGNAL
};

struct engine {
    const struct engine_prefs *p;
    struct queue *q;
    struct engine_counts *counts;
    struct transfers *t;
    struct limiter limiter;
    struct aimd aimd;
    struct jobs jobs;
    int n_flight;
    double start_s, committed_s;
    int64_t n_taken;    /* points from the queue */
    bool exhausted;     /* the queue has no more for this run */
    enum ending ending; /* why no new points are taken: finish what is under way */
    bool stopped;       /* nothing more: error says why */
    struct err error;
    int n_bad_probes, n_bad_views; /* points in a row without a usable answer */
    uint64_t seed, n_draws;        /* of the jitter */
};

/* engine_stop - send nothing more; the first error is the run's. */
void engine_stop(struct engine *g, const struct err *e);

/* engine_end_job - a job has its outcome, and those that waited for it. */
void engine_end_job(struct engine *g, struct job *j, enum request_state outcome, const char *why);

/* engine_commit - what is ended and not doubtful; a failure stops the engine. */
void engine_commit(struct engine *g);
int engine_commit_all(struct engine *g, struct err *e); /* also what is doubtful */

/* engine_usable - an answer of this kind was usable: earlier nonsense of the kind was about its
 * point alone. engine_unusable: a point got no usable answer in all its tries. */
void engine_usable(struct engine *g, bool probe);
void engine_unusable(struct engine *g, bool probe, const char *why);

/* engine_doubtful_later - a run that did not end by itself cannot tell whose fault nonsense was:
 * ask again next time. */
void engine_doubtful_later(struct engine *g);

#endif
