/* SPDX-License-Identifier: MIT */
/*
 * What answers lead to: a probe's to a panorama or to the end of its point, a picture's to
 * verification and, with the last one, to files. Pictures stay in memory until all views of a
 * location are good, so that no file of a location that fails is ever written.
 */
#include "fetch/engine_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "fetch/picture.h"

/* --- probes ---------------------------------------------------------------------------------------------- */

static char *view_path(const struct engine *g, const struct job *j, int view)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s/%d.jpg", j->uuid, provider_heading_deg(view));
    return path_join(g->p->images_stored, name);
}

static int fetch_views(struct engine *g, struct job *j, struct err *e)
{
    for (int v = 0; v < PROVIDER_VIEWS; v++) {
        j->path[v] = view_path(g, j, v);
        if (!j->path[v]) {
            return err_nomem(e, "a path");
        }
        tasks_add(&g->jobs, &j->view[v], 0);
    }
    j->state = JOB_FETCHING;
    return 0;
}

/* A location that is as good: the job is a duplicate of it, at once or when it is there. */
static void be_twin_of(struct engine *g, struct job *j, struct job *leader, int64_t id)
{
    store_remove(g->p->images_dir, j->uuid); /* what a killed run may have left of it */
    j->twin_id = id;
    if (leader) {
        (void)snprintf(j->twin_pano, sizeof j->twin_pano, "%s", leader->pano.id);
    }
    if (leader && leader->state != JOB_ENDED) {
        j->state = JOB_PARKED;
        j->leader = leader;
    } else {
        engine_end_job(g, j, REQUEST_DUPLICATE, j->twin_why);
    }
}

/* Whether there is a location closer than the user wants. */
static int find_near(struct engine *g, struct job *j, bool *found, struct err *e)
{
    int64_t id = 0;
    double distance_m = g->p->min_distance_m;
    struct job *leader = distance_m > 0 ? jobs_near(&g->jobs, j, distance_m) : NULL;
    if (!leader && distance_m > 0 && queue_near(g->q, j->pano.at, distance_m, &id, e) != 0) {
        return -1;
    }
    *found = leader || id != 0;
    if (*found) {
        (void)snprintf(j->twin_why, sizeof j->twin_why, "closer than %g m to another location",
                       distance_m);
        be_twin_of(g, j, leader, id);
    }
    return 0;
}

static int panorama_found(struct engine *g, struct job *j, const struct pano *pano, struct err *e)
{
    bool known = false;
    bool near = false;
    if (g->ending != ENDING_NOT) {
        jobs_drop(&g->jobs, j); /* its pictures are for the next run */
        return 0;
    }
    j->pano = *pano;
    struct job *leader = jobs_leader(&g->jobs, j);
    if (leader && leader->state != JOB_ENDED) {
        j->state = JOB_PARKED;
        j->leader = leader;
        return 0;
    }
    if (!leader && queue_knows(g->q, j->pano.id, &known, e) != 0) {
        return -1;
    }
    if (leader || known) {
        engine_end_job(g, j, REQUEST_DUPLICATE, "");
        return 0;
    }
    if (store_uuid(g->p->provider->name, j->pano.id, j->uuid, e) != 0 ||
        find_near(g, j, &near, e) != 0) {
        return -1;
    }
    if (near) {
        return 0;
    }
    if (!budget_affords(g->p->budget, 0, engine_promised(g) + PROVIDER_VIEWS)) {
        jobs_drop(&g->jobs, j);
        engine_end_early(g, ENDING_CAPPED);
        return 0;
    }
    return fetch_views(g, j, e);
}

void engine_probe_answered(struct engine *g, struct task *t, const struct transfer_result *r,
                           struct err *e)
{
    char why[256] = "";
    struct pano pano;
    const struct answer a = {r->status, r->content_type, r->body->p, r->body->n};
    enum verdict v = g->p->provider->read_probe(&a, &pano, why);
    if (v == VERDICT_GOOD || v == VERDICT_NO_IMAGERY) {
        engine_usable(g, true);
    }
    if (v == VERDICT_NO_IMAGERY) {
        engine_end_job(g, t->job, REQUEST_NO_IMAGERY, "");
    } else if (v != VERDICT_GOOD) {
        if (v == VERDICT_RETRY && r->status == 200) { /* OVER_QUERY_LIMIT and the like */
            aimd_bad(&g->aimd, t->sent_s, time_monotonic_s());
        }
        engine_task_failed(g, t, v, why, r->retry_after_s);
    } else if (panorama_found(g, t->job, &pano, e) != 0) {
        engine_stop(g, e);
    }
}

/* --- views ------------------------------------------------------------------------------------------------ */

/* On a worker thread. */
static void check_picture(void *task)
{
    struct task *t = task;
    const struct engine *g = t->job->ctx;
    int size_px = (int)g->p->ask.size_px;
    struct err e = {0};
    t->good = picture_check((const uint8_t *)t->jpeg, t->n_jpeg, size_px, g->p->decode, t->why);
    if (t->good && sha256_of(t->jpeg, t->n_jpeg, t->sha256, &e) != 0) {
        t->good = false;
        (void)snprintf(t->why, sizeof t->why, "%.255s", e.msg);
    }
}

/* On a worker thread. */
static void store_views(void *job)
{
    struct job *j = job;
    const struct engine *g = j->ctx;
    struct store_bytes bytes[PROVIDER_VIEWS];
    for (int v = 0; v < PROVIDER_VIEWS; v++) {
        bytes[v] = (struct store_bytes){j->view[v].jpeg, j->view[v].n_jpeg};
    }
    (void)store_put(g->p->images_dir, j->uuid, bytes, &j->store_error);
}

static void on_stored(void *ctx, void *job)
{
    struct engine *g = ctx;
    struct job *j = job;
    j->n_busy--;
    if (j->store_error.kind != ERR_NONE) {
        engine_stop(g, &j->store_error);
    } else {
        engine_usable(g, false);
        engine_end_job(g, j, REQUEST_DONE, "");
    }
    engine_pump(g);
}

/* All views are good: keep them, unless another location has the very same. */
static int keep_views(struct engine *g, struct job *j, struct err *e)
{
    int64_t id = 0;
    uint8_t digests[PROVIDER_VIEWS][SHA256_SIZE];
    for (int v = 0; v < PROVIDER_VIEWS; v++) {
        memcpy(digests[v], j->view[v].sha256, SHA256_SIZE);
    }
    if (sha256_hex_of(digests, sizeof digests, j->views_sha256, e) != 0) {
        return -1;
    }
    struct job *leader = jobs_same_views(&g->jobs, j);
    if (!leader && queue_same_views(g->q, j->views_sha256, &id, e) != 0) {
        return -1;
    }
    if (leader || id != 0) {
        engine_usable(g, false);
        (void)snprintf(j->twin_why, sizeof j->twin_why, "the same pictures as another location");
        be_twin_of(g, j, leader, id);
        return 0;
    }
    j->state = JOB_STORING;
    j->n_busy++;
    if (transfers_work(g->t, store_views, on_stored, j, e) != 0) {
        j->n_busy--;
        return -1;
    }
    return 0;
}

static void on_checked(void *ctx, void *task)
{
    struct engine *g = ctx;
    struct task *t = task;
    struct job *j = t->job;
    struct err e = {0};
    j->n_busy--;
    if (g->stopped || j->state == JOB_ENDED) {
        /* another view of the location failed meanwhile */
    } else if (!t->good) {
        free(t->jpeg);
        t->jpeg = NULL;
        engine_task_failed(g, t, VERDICT_RETRY_BAD, t->why, 0);
    } else if (++j->n_good == PROVIDER_VIEWS && keep_views(g, j, &e) != 0) {
        engine_stop(g, &e);
    }
    engine_pump(g);
}

void engine_view_answered(struct engine *g, struct task *t, const struct transfer_result *r,
                          struct err *e)
{
    char why[256] = "";
    const struct answer a = {r->status, r->content_type, r->body->p, r->body->n};
    enum verdict v = g->p->provider->judge_view(&a, why);
    if (v != VERDICT_GOOD) {
        engine_task_failed(g, t, v, why, r->retry_after_s);
        return;
    }
    t->n_jpeg = r->body->n;
    t->jpeg = buf_take(r->body);
    t->job->n_busy++;
    if (transfers_work(g->t, check_picture, on_checked, t, e) != 0) {
        t->job->n_busy--;
        engine_stop(g, e);
    }
}