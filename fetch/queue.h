/* SPDX-License-Identifier: MIT */
/*
 * The catalog's side of fetching: which points wait, which panoramas are known, and what became of
 * each point, committed in batches. One provider, one process at a time (a lock file beside the
 * catalog).
 *
 *     TRY(queue_open(db, catalog_path, "demo", NULL, &q, e));
 *     while (TRY(queue_next(q, &r, &found, e)), found) ...
 *     TRY(queue_commit(q, outcome, n, e));
 * out:
 *     queue_close(q);
 */
#ifndef FETCH_QUEUE_H
#define FETCH_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "fetch/provider.h"
#include "fetch/store.h"
#include "sql/db.h"

struct queue;

/* queue_open - since: NULL, or only requests queued on that day (YYYY-MM-DD) or later. ERR_SYSTEM
 * when another gdje-fetch works on this catalog. */
int queue_open(struct db *db, const char *catalog_path, const char *provider, const char *since,
               struct queue **out, struct err *e);
void queue_close(struct queue *q); /* NULL ok */

/* queue_count - requests without a final state that this provider can be asked, counted up to
 * `most`; needs no queue. */
int queue_count(struct db *db, const char *provider, const char *since, int64_t most, int64_t *n,
                struct err *e);

/* queue_next - the next such request, each once per opening, by ascending id. */
int queue_next(struct queue *q, struct request *r, bool *found, struct err *e);

/* queue_knows - whether the catalog has this panorama. */
int queue_knows(struct queue *q, const char *pano_id, bool *known, struct err *e);

/* A location near the place that a point has led to. */
struct neighbour {
    int64_t id; /* its row; 0: there is none */
    bool later; /* it is a later point's: known only because of a run that was cut short */
    double distance_m;
};

/* neighbour_before - whether a, which there is, is to be named rather than b: that of an earlier
 * point, or else the nearer one. So it does not matter what a run knew already. */
bool neighbour_before(const struct neighbour *a, const struct neighbour *b);

/* queue_near - of the locations closer than that the one to be named. queue_same_views: one whose
 * pictures are byte for byte the same. */
int queue_near(struct queue *q, const struct request *r, struct lonlat at, double distance_m,
               struct neighbour *found, struct err *e);
int queue_same_views(struct queue *q, const char *views_sha256, int64_t *id, struct err *e);
int queue_same_uuid(struct queue *q, const char *uuid, int64_t *id, struct err *e);

enum request_state {
    REQUEST_QUEUED, /* not final: the next run asks again */
    REQUEST_PROBED, /* not final either: the panorama is known, its pictures could not be had yet */
    REQUEST_DONE,
    REQUEST_NO_IMAGERY,
    REQUEST_DUPLICATE,
    REQUEST_FAILED,
    REQUEST_STATE_COUNT
};

const char *request_state_name(enum request_state state); /* as in the catalog */

struct outcome_picture {
    int view;           /* slot: 0 north, 1 east, 2 south, 3 west */
    double heading_deg; /* NAN: not known */
    const char *path;   /* as the catalog stores it */
    size_t n_bytes;
    int width, height;
};

struct outcome {
    int64_t request_id;
    enum request_state state;
    const char *why;         /* of a state that is not DONE; NULL otherwise */
    const struct pano *pano; /* NULL when none was found */

    /* DUPLICATE of a location of another panorama: its id, or its panorama (NULL: the same). */
    int64_t twin_id;
    const char *twin_pano;

    /* DONE only: */
    const char *views_sha256;
    const char *uuid;
    struct outcome_picture picture[PROVIDER_VIEWS];
    int n_pictures;
};

/*
 * queue_commit - n outcomes in one transaction. A panorama that several points found is DONE for
 * the point with the smallest id and DUPLICATE for the others, in whatever order they came: so an
 * interrupted and resumed run ends with the rows of an uninterrupted one.
 */
int queue_commit(struct queue *q, const struct outcome *outcome, size_t n, struct err *e);

#endif
