/* SPDX-License-Identifier: MIT */
/* What engine.c (asking), engine_answer.c (what came back), engine_end.c (failures and endings) and
 * engine_commit.c (keeping what came of it) share. */
#ifndef FETCH_ENGINE_INTERNAL_H
#define FETCH_ENGINE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "fetch/aimd.h"
#include "fetch/engine.h"
#include "fetch/job.h"
#include "fetch/limiter.h"
#include "fetch/store.h"
#include "fetch/transfer.h"

/* A commit waits for the disk, and the loop with it: when so many have ended, but not right after
 * the last one, or when that is so long ago. */
#define COMMIT_COUNT  64
#define COMMIT_REST_S 0.2
#define COMMIT_AGE_S  1.0

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
    double told_s;      /* when the survey's progress was last told */
    int64_t n_taken;    /* points from the queue */
    bool surveyed;      /* the survey has no more boxes */
    bool exhausted;     /* the queue has no more for this run */
    enum ending ending; /* why no new points are taken: finish what is under way */
    bool stopped;       /* nothing more: error says why */
    struct err error;
    int n_bad_probes, n_bad_views; /* points in a row without a usable answer */
    uint64_t seed, n_draws;        /* of the jitter */
};

/* engine_pump - keep the window full; notice the end. The last call of every callback. */
void engine_pump(struct engine *g);

/* engine_promised - pictures of locations under way that have not been asked for yet. */
int64_t engine_promised(const struct engine *g);

/* An answer that arrived whole: what it leads to. What goes wrong stops the engine. */
void engine_probe_answered(struct engine *g, struct task *t, const struct transfer_result *r,
                           struct err *e);
void engine_view_answered(struct engine *g, struct task *t, const struct transfer_result *r,
                          struct err *e);

void engine_box_answered(struct engine *g, struct task *t, const struct transfer_result *r);

/* engine_box_given_up - a box has had all its tries. */
void engine_box_given_up(struct engine *g, struct task *t, enum verdict v, const char *why);

/* engine_take_box - the next box becomes a job. WAIT: only what is under way can tell whether there
 * are more. */
enum survey_step { SURVEY_TAKEN, SURVEY_WAIT, SURVEY_OVER, SURVEY_FAILED };
enum survey_step engine_take_box(struct engine *g, struct err *e);

/* engine_slow_down - when an answer that is no usual "too many requests" says so nevertheless
 * (OVER_QUERY_LIMIT and the like). */
void engine_slow_down(struct engine *g, const struct task *t, enum verdict v, int status);

/* engine_task_failed - a request brought no good: again later, or not. why is the peer's. */
void engine_task_failed(struct engine *g, struct task *t, enum verdict v, const char *raw_why,
                        double retry_after_s);

/* engine_panorama_found - all is known of it: it is a duplicate, or its pictures are to be had.
 * engine_item_known - a picture whose place is known beforehand: what the catalog has, or something
 * near enough, ends it or makes it wait; else it has j->claims. */
int engine_panorama_found(struct engine *g, struct job *j, const struct pano *pano, struct err *e);

/* engine_decide_held - of points whose panorama was known before those of earlier points: what can
 * be decided on now. */
void engine_decide_held(struct engine *g);
int engine_item_known(struct engine *g, struct job *j, struct err *e);

/* engine_folder_send - ask prefs.folder what another provider would be sent. */
int engine_folder_send(struct engine *g, struct task *t, struct err *e);

/* engine_on_checked - a task comes back from engine_check_picture. */
void engine_on_checked(void *ctx, void *task);

/* On worker threads: engine_check_picture(task) makes pictures of a download,
 * engine_store_pictures(job) files of pictures. */
void engine_check_picture(void *task);
void engine_store_pictures(void *job);

/* engine_hurried - after a signal, or when the time is up: no more waiting either. */
bool engine_hurried(const struct engine *g);

/* engine_end_early - no new points from now on; what is being fetched is finished.
 * engine_ended_early - 0, or -1 with the error that says why the run ended before the queue. */
void engine_end_early(struct engine *g, enum ending why);
int engine_ended_early(const struct engine *g, struct err *e);

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
void engine_unusable(struct engine *g, const struct job *j, bool probe, const char *why);

/* engine_doubtful_later - a run that did not end by itself cannot tell whose fault nonsense was:
 * ask again next time. */
void engine_doubtful_later(struct engine *g);

#endif
