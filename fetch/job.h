/* SPDX-License-Identifier: MIT */
/*
 * The points under way. A job is one point, or one box of a survey; a task is one request of it: the
 * probe, or one of the views. A task is in exactly one place: in the list of those to be sent, in flight, or with a
 * worker thread; the latter two count in job->n_busy, and a job is never freed while busy.
 *
 * Lists, not hashes: there are a few hundred of either at most.
 */
#ifndef FETCH_JOB_H
#define FETCH_JOB_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/hash.h"
#include "fetch/provider.h"
#include "fetch/queue.h"
#include "fetch/store.h"
#include "fetch/survey.h"

#define TASK_PROBE (-1) /* task.view of the probe */

struct job;

struct task {
    struct job *job;
    int view; /* TASK_PROBE, or 0 .. PROVIDER_VIEWS-1 */
    int n_failed;
    double due_s;  /* not to be sent before */
    double sent_s; /* when it was last sent */
    struct task *next;
    char *jpeg; /* owned; n_jpeg bytes as they came, until the worker makes pictures of them */
    size_t n_jpeg;
    bool good;  /* the worker's finding; why not otherwise */
    bool final; /* not good, and asking again will not help */
    bool heavy; /* of a box: the last try says that it may be too much at once */
    char why[256];
};

/* A file of the location that a job becomes. */
struct job_picture {
    char *jpeg; /* owned, n bytes; NULL: there is no such picture */
    size_t n;
    uint8_t sha256[SHA256_SIZE];
    int view;           /* the slot in the catalog */
    double heading_deg; /* NAN: not known */
    int width, height;
    char name[STORE_NAME_SIZE];
    char *source; /* owned; the file that it is a copy of; NULL: it is none */
    char *path;   /* owned; as the catalog stores it */
};

enum job_state {
    JOB_PROBING,
    JOB_HELD,   /* has its panorama, waits until the points before it have theirs */
    JOB_PARKED, /* another job, the leader, is fetching the same panorama */
    JOB_FETCHING,
    JOB_STORING,
    JOB_ENDED /* has an outcome, waits for its commit */
};

struct job {
    void *ctx; /* of the worker functions */
    struct request request;
    struct survey_box box; /* id 0: a point */
    enum box_state box_state;
    struct provider_items items; /* of a box; owned */
    enum job_state state;
    struct task probe, view[PROVIDER_VIEWS];
    int n_busy;
    bool claims; /* its place is known though it has no panorama yet: neighbours wait for it */
    int n_views; /* of view[]: pictures to be had, from FETCHING on */
    int n_good;
    struct pano pano; /* from HELD, FETCHING or PARKED on */
    char uuid[STORE_UUID_SIZE];
    struct job_picture
        picture[PROVIDER_VIEWS]; /* those of a task are its worker's while it is busy */
    struct job *leader;
    char views_sha256[SHA256_HEX_SIZE]; /* of the digests of its pictures, from STORING on */

    /* Another location that is as good as this one, though of another panorama: */
    int64_t twin_id;     /* its row, or 0 */
    char twin_pano[257]; /* its panorama while it has no row, or "" */
    char twin_why[64];
    struct err store_error;

    enum request_state outcome;
    bool doubtful;      /* FAILED because of nonsense: final only once others did better */
    bool probe_failed;  /* which kind of answer was nonsense */
    char why[256];      /* redacted */
    struct job *next;   /* in jobs.all */
    struct job *behind; /* in jobs.ended */
};

struct jobs {
    struct job *all;
    int n;
    struct task *tasks, **last_task; /* to be sent, in order of arrival */
    struct job *ended, **last_ended; /* in order of ending: a leader before its followers */
    size_t n_ended;
};

void jobs_init(struct jobs *l);
void jobs_release(struct jobs *l);

/* job_drop_bytes - of its pictures: they are on disk. */
void job_drop_bytes(struct job *j);

/* jobs_add - a point, with its probe to be sent; jobs_add_box: a box. */
int jobs_add(struct jobs *l, const struct request *r, void *ctx, struct err *e);
int jobs_add_box(struct jobs *l, const struct survey_box *b, void *ctx, struct err *e);

/* jobs_drop - forget a job that is not busy, and those that wait for it, as if they had never been
 * taken from the queue. */
void jobs_drop(struct jobs *l, struct job *j);

/* jobs_park - a job waits for what becomes of another one, the leader. Those that resemble it and
 * wait for it are asked for themselves. */
void jobs_park(struct jobs *l, struct job *j, struct job *leader);

/* jobs_end - give a job its outcome, and the jobs parked behind it theirs; those that only resemble
 * it are asked for themselves when it comes to nothing. Returns how many ended. */
int jobs_end(struct jobs *l, struct job *j, enum request_state outcome, const char *why);

/* jobs_forget_ended - unlink and free *at, an element of the list of ended ones. */
void jobs_forget_ended(struct jobs *l, struct job **at);

/* jobs_leader - the other job that has or will have this job's panorama, or NULL. */
struct job *jobs_leader(const struct jobs *l, const struct job *j);

/* jobs_near - of the other jobs that have or will have a location closer than that the one to be
 * named, or NULL; *found as if it had row -1.
 * jobs_same_views - one that has or will have a location with the same pictures, or NULL. */
struct job *jobs_near(const struct jobs *l, const struct job *j, double distance_m,
                      struct neighbour *found);
struct job *jobs_same_views(const struct jobs *l, const struct job *j);

/* jobs_held_back - whether a point that comes before this one in the queue has no panorama yet.
 * jobs_next_held - the first of those held that is not held back any more, or NULL. */
bool jobs_held_back(const struct jobs *l, const struct job *j);
struct job *jobs_next_held(const struct jobs *l);

void tasks_add(struct jobs *l, struct task *t, double due_s);
void tasks_unlink(struct jobs *l, struct task **at);
void tasks_drop(struct jobs *l, const struct job *j); /* all of a job */

/* tasks_due - the link to the task to send next, views before probes so that locations get
 * finished; NULL when none is due. *next_s: when the earliest other one will be, at most
 * now_s + horizon_s. */
struct task **tasks_due(struct jobs *l, double now_s, double horizon_s, double *next_s);

#endif
