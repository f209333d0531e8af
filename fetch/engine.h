/* SPDX-License-Identifier: MIT */
/*
 * The state machine of fetching: every point of the queue to a final state, many at a time.
 *
 *     queued ── probe ─┬─ nothing there ──────────────────────────────► no_imagery
 *                      ├─ panorama known, or another point has it ────► duplicate
 *                      └─ four views ── each verified ── files ── rows ► done
 *
 * Before that, the boxes of a survey, which add requests to the queue:
 *
 *     queued ── probe ─┬─ some pictures, or none ──► done
 *                      └─ more than can be told ───► split: four queued boxes
 *
 * What can succeed is tried again; what cannot is `failed` with its reason; what could not be
 * settled in this run stays queued (or probed) for the next.
 */
#ifndef FETCH_ENGINE_H
#define FETCH_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/progress.h"
#include "fetch/budget.h"
#include "fetch/folder.h"
#include "fetch/provider.h"
#include "fetch/queue.h"
#include "fetch/survey.h"

#define ENGINE_MAX_WINDOW    256
#define ENGINE_GIVE_UP       10 /* locations in a row that get no usable answer end the run */
#define ENGINE_GIVE_UP_BOXES 64 /* so do boxes: some may be too much, and their quarters too */

struct engine_prefs {
    const struct provider *provider;
    struct provider_prefs ask;
    const char *authorization; /* header that proves who asks; NULL: none */
    const char *images_dir;    /* where files are written */
    const char *images_stored; /* how the catalog names that folder */
    int64_t limit;             /* points of this run; 0: all */
    int window;                /* requests in flight, at most */
    int tries;                 /* per request */
    bool decode;               /* every picture completely; else its headers and its end */
    double rate_per_s;         /* 0: no limit */
    int64_t per_minute;        /* 0: no limit */
    double stall_s, deadline_s;
    bool events;               /* a line of JSON on standard output for each point */
    double min_distance_m;     /* between locations; 0: any */
    double stop_after_s;       /* begin to end then; 0: never */
    struct folder *folder;     /* answers instead of a provider; NULL: a provider does */
    struct survey *survey;     /* first, the boxes of it; NULL: none */
    struct budget *budget;     /* every request is taken from it */
    struct progress *progress; /* counts points */
};

struct engine_counts {
    int64_t n_state[REQUEST_STATE_COUNT]; /* points by what became of them in this run */
    int64_t n_probes, n_views;            /* requests sent */
    int64_t n_retries;                    /* of them, sent again */
    int64_t n_images, n_image_bytes;      /* stored */
    int64_t n_boxes[BOX_STATE_COUNT];     /* boxes of the survey by what became of them */
    int64_t n_listed;                     /* requests that they gave */
    char last_why[256];                   /* of the last point without a final state */
};

/*
 * engine_run - until the queue (or the limit) is worked off, a signal is caught or nothing more can
 * be got. Whatever the end, finished points are committed and *counts is filled.
 *
 * Returns 0 when every point was tried, or -1 with *e: ERR_REMOTE (key refused, nothing usable
 * comes: what was under way stays queued), ERR_SYSTEM (disk, catalog), ERR_INTERRUPTED,
 * ERR_INCOMPLETE (the budget or the time is used up: what was not begun stays queued).
 */
int engine_run(const struct engine_prefs *p, struct queue *q, struct engine_counts *counts,
               struct err *e);

#endif
