/* SPDX-License-Identifier: MIT */
/*
 * From ended jobs to rows, and when a failure may become one: nonsense is only final for a point
 * once other points have had sense from the same server.
 */
#include "fetch/engine_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/file.h"
#include "core/log.h"
#include "fetch/events.h"

#define TELL_S 20.0 /* between two words on a survey */

void engine_stop(struct engine *g, const struct err *e)
{
    if (!g->stopped) {
        g->stopped = true;
        g->error = *e;
    }
    transfers_stop(g->t);
}

/* A job has its outcome, and those that waited for it. What a killed run may have left of its
 * pictures goes now: later another point may have come by the same panorama. */
void engine_end_job(struct engine *g, struct job *j, enum request_state outcome, const char *why)
{
    if (outcome == REQUEST_FAILED && j->uuid[0]) {
        store_remove(g->p->images_dir, j->uuid);
    }
    int n = jobs_end(&g->jobs, j, outcome, why);
    progress_add(g->p->progress, j->box.id != 0 ? 0 : (uint64_t)n);
}

/* --- commits ---------------------------------------------------------------------------------------- */

static void fill_outcome(const struct job *j, struct outcome *o)
{
    *o = (struct outcome){.request_id = j->request.id,
                          .state = j->outcome,
                          .why = j->why[0] ? j->why : NULL,
                          .pano = j->pano.id[0] ? &j->pano : NULL,
                          .twin_id = j->twin_id,
                          .twin_pano = j->twin_pano[0] ? j->twin_pano : NULL,
                          .views_sha256 = j->views_sha256,
                          .uuid = j->uuid};
    for (int i = 0; i < PROVIDER_VIEWS && j->outcome == REQUEST_DONE; i++) {
        const struct job_picture *p = &j->picture[i];
        if (p->path) {
            o->picture[o->n_pictures++] = (struct outcome_picture){
                p->view, p->heading_deg, p->path, p->n, p->width, p->height};
        }
    }
}

static void count(struct engine *g, const struct job *j)
{
    if (j->box.id != 0) {
        g->counts->n_boxes[j->box_state]++;
    } else {
        g->counts->n_state[j->outcome]++;
    }
    if (j->outcome == REQUEST_QUEUED || j->outcome == REQUEST_PROBED) {
        (void)snprintf(g->counts->last_why, sizeof g->counts->last_why, "%s", j->why);
    }
    for (int i = 0; i < PROVIDER_VIEWS && j->outcome == REQUEST_DONE; i++) {
        g->counts->n_images += j->picture[i].path != NULL;
        g->counts->n_image_bytes += (int64_t)j->picture[i].n;
    }
}

/* Whether an ended job's outcome can be committed. Boxes are in ascending order, so that requests
 * have the same ids and come in the same order whatever answers came first: those from the first
 * one on that has no certain end wait. */
static bool ripe(const struct job *j, bool all, int64_t first_open_box)
{
    return j->n_busy == 0 && (all || (!j->doubtful && j->box.id < first_open_box));
}

static int64_t first_open_box(const struct engine *g)
{
    int64_t first = INT64_MAX;
    for (const struct job *j = g->jobs.all; j && g->p->survey; j = j->next) {
        bool open = j->box.id != 0 && (j->state != JOB_ENDED || j->doubtful || j->n_busy > 0);
        first = open && j->box.id < first ? j->box.id : first;
    }
    return first;
}

static int by_box(const void *a, const void *b)
{
    int64_t x = ((const struct box_outcome *)a)->box.id;
    int64_t y = ((const struct box_outcome *)b)->box.id;
    return (x > y) - (x < y);
}

static int commit_boxes(struct engine *g, bool all, int64_t open, struct err *e)
{
    size_t n = 0;
    if (!g->p->survey) {
        return 0;
    }
    struct box_outcome *o = calloc(g->jobs.n_ended + 1, sizeof *o);
    if (!o) {
        return err_nomem(e, "a commit");
    }
    for (const struct job *j = g->jobs.ended; j; j = j->behind) {
        if (ripe(j, all, open) && j->box.id != 0) {
            o[n++] = (struct box_outcome){j->box, j->box_state, j->items.v ? &j->items : NULL,
                                          j->why[0] ? j->why : NULL};
        }
    }
    qsort(o, n, sizeof *o, by_box);
    int rc = survey_commit(g->p->survey, o, n, &g->counts->n_listed, e);
    free(o);
    if (n > 0 && time_monotonic_s() - g->told_s >= TELL_S) {
        g->told_s = time_monotonic_s();
        log_info("survey: %" PRId64 " pictures queued so far", g->counts->n_listed);
    }
    return rc;
}

/* The folder of the folders to disk, then the rows: a row is never without its files. all: also
 * what is doubtful. */
static int commit(struct engine *g, bool all, struct err *e)
{
    int rc = -1;
    int failed = 0;
    bool stored = false;
    size_t n = 0;
    int64_t open = first_open_box(g);
    struct outcome *outcome = calloc(g->jobs.n_ended + 1, sizeof *outcome);
    if (!outcome) {
        return err_nomem(e, "a commit");
    }
    for (const struct job *j = g->jobs.ended; j; j = j->behind) {
        if (ripe(j, all, open) && j->box.id == 0) {
            stored = stored || j->outcome == REQUEST_DONE;
            fill_outcome(j, &outcome[n++]);
        }
    }
    TRY(commit_boxes(g, all, open, e));
    if (stored) {
        TRY(dir_sync(g->p->images_dir, e));
    }
    TRY(queue_commit(g->q, outcome, n, e));
    g->committed_s = time_monotonic_s();
    for (size_t i = 0; i < n && g->p->events && failed == 0; i++) {
        failed = events_print(g->p->provider->name, &outcome[i], e);
    }
    for (struct job **at = &g->jobs.ended; *at;) {
        if (ripe(*at, all, open)) {
            count(g, *at);
            jobs_forget_ended(&g->jobs, at);
        } else {
            at = &(*at)->behind;
        }
    }
    rc = failed;
out:
    free(outcome);
    return rc;
}

void engine_commit(struct engine *g)
{
    struct err e = {0};
    if (!g->stopped && commit(g, false, &e) != 0) {
        engine_stop(g, &e);
    }
}

/* --- luck -------------------------------------------------------------------------------------------- */

/* An answer of this kind was usable: earlier nonsense of the kind was about its point alone. */
void engine_usable(struct engine *g, bool probe)
{
    *(probe ? &g->n_bad_probes : &g->n_bad_views) = 0;
    for (struct job *j = g->jobs.ended; j; j = j->behind) {
        j->doubtful = j->doubtful && j->probe_failed != probe;
    }
}

/* A point got no usable answer in all its tries. */
void engine_unusable(struct engine *g, const struct job *j, bool probe, const char *why)
{
    struct err e = {0};
    bool box = j->box.id != 0;
    int *n = probe ? &g->n_bad_probes : &g->n_bad_views;
    if (++*n >= (box ? ENGINE_GIVE_UP_BOXES : ENGINE_GIVE_UP)) {
        (void)err_set(&e, ERR_REMOTE, "no usable answer from '%s' for %d %s in a row: %s",
                      g->p->ask.base_url, *n, box ? "boxes" : "locations", why);
        engine_stop(g, &e);
    }
}

/* A run that did not end by itself cannot tell whose fault nonsense was: ask again next time. */
void engine_doubtful_later(struct engine *g)
{
    for (struct job *j = g->jobs.ended; j; j = j->behind) {
        if (j->doubtful) {
            j->outcome = j->probe_failed ? REQUEST_QUEUED : REQUEST_PROBED;
            j->box_state = BOX_QUEUED;
        }
    }
}

int engine_commit_all(struct engine *g, struct err *e)
{
    return commit(g, true, e);
}
