/* SPDX-License-Identifier: MIT */
/*
 * What answers lead to: a probe's to a panorama or to the end of its point, a picture's to
 * verification and, with the last one, to files. Pictures stay in memory until all views of a
 * location are good, so that no file of a location that fails is ever written.
 */
#include "fetch/engine_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "fetch/retry.h"

/* --- probes ---------------------------------------------------------------------------------------------- */

static void fetch_views(struct engine *g, struct job *j)
{
    for (int v = 0; v < j->n_views; v++) {
        tasks_add(&g->jobs, &j->view[v], 0);
    }
    j->state = JOB_FETCHING;
}

/* A location that is as good: the job is a duplicate of it, at once or when it is there. */
static void be_twin_of(struct engine *g, struct job *j, struct job *leader, int64_t id)
{
    if (j->uuid[0]) {
        store_remove(g->p->images_dir, j->uuid); /* what a killed run may have left of it */
    }
    j->twin_id = id;
    if (leader) {
        (void)snprintf(j->twin_pano, sizeof j->twin_pano, "%s", leader->pano.id);
    }
    if (leader && leader->state != JOB_ENDED) {
        jobs_park(&g->jobs, j, leader);
    } else {
        engine_end_job(g, j, REQUEST_DUPLICATE, j->twin_why);
    }
}

/* Whether there is a location closer than the user wants. */
static int find_near(struct engine *g, struct job *j, bool *found, struct err *e)
{
    struct neighbour flying = {0};
    struct neighbour known = {0};
    double distance_m = g->p->min_distance_m;
    *found = false;
    if (distance_m <= 0) {
        return 0;
    }
    struct job *leader = jobs_near(&g->jobs, j, distance_m, &flying);
    if (queue_near(g->q, &j->request, j->pano.at, distance_m, &known, e) != 0) {
        return -1;
    }
    *found = leader || known.id != 0;
    if (leader && known.id != 0) {
        bool rather_known = neighbour_before(&known, &flying);
        leader = rather_known ? NULL : leader;
        known.id = rather_known ? known.id : 0;
    }
    if (*found) {
        (void)snprintf(j->twin_why, sizeof j->twin_why, "closer than %g m to another location",
                       distance_m);
        be_twin_of(g, j, leader, known.id);
    }
    return 0;
}

/* The location's name: its own if it has one that is unique in the world, else made from its id.
 * *taken when a location of that name is in the catalog: the job has ended. */
static int name_location(struct engine *g, struct job *j, bool *taken, struct err *e)
{
    int64_t id = 0;
    if (!g->p->folder || !store_is_uuid(j->pano.id)) {
        return store_uuid(g->p->provider->name, j->pano.id, j->uuid, e);
    }
    if (queue_same_uuid(g->q, j->pano.id, &id, e) != 0) {
        return -1;
    }
    *taken = id != 0;
    if (*taken) {
        j->twin_id = id;
        engine_end_job(g, j, REQUEST_DUPLICATE, "the catalog has a location of this name");
    } else {
        (void)snprintf(j->uuid, sizeof j->uuid, "%.36s", j->pano.id);
    }
    return 0;
}

/* A panorama of which all is known: a duplicate, or pictures to get. */
int engine_panorama_found(struct engine *g, struct job *j, const struct pano *pano, struct err *e)
{
    bool known = false;
    bool near = false;
    bool taken = false;
    if (g->ending != ENDING_NOT) {
        jobs_drop(&g->jobs, j); /* its pictures are for the next run */
        return 0;
    }
    j->pano = *pano;
    if (g->p->min_distance_m > 0 && !j->request.item[0] && jobs_held_back(&g->jobs, j)) {
        j->state = JOB_HELD;
        return 0;
    }
    struct job *leader = jobs_leader(&g->jobs, j);
    if (leader && leader->state != JOB_ENDED) {
        jobs_park(&g->jobs, j, leader);
        return 0;
    }
    if (!leader && queue_knows(g->q, j->pano.id, &known, e) != 0) {
        return -1;
    }
    if (leader || known) {
        engine_end_job(g, j, REQUEST_DUPLICATE, "");
        return 0;
    }
    if (name_location(g, j, &taken, e) != 0) {
        return -1;
    }
    if (taken) {
        return 0;
    }
    if (find_near(g, j, &near, e) != 0) {
        return -1;
    }
    if (near) {
        return 0;
    }
    if (!g->p->folder) {
        j->n_views = g->p->provider->n_views;
    }
    if (!budget_affords(g->p->budget, 0, engine_promised(g) + (g->p->folder ? 0 : j->n_views))) {
        jobs_drop(&g->jobs, j);
        engine_end_early(g, ENDING_CAPPED);
        return 0;
    }
    fetch_views(g, j);
    return 0;
}

/* Of two places too close to each other the one of the earlier point stays, whatever answers came
 * first: so points are decided on in the order of the queue, and a run that was killed and resumed
 * keeps the same places. */
void engine_decide_held(struct engine *g)
{
    struct job *j = NULL;
    struct err e = {0};
    while (!g->stopped && (j = jobs_next_held(&g->jobs)) != NULL) {
        struct pano pano = j->pano;
        j->state = JOB_PROBING;
        if (engine_panorama_found(g, j, &pano, &e) != 0) {
            engine_stop(g, &e);
        }
    }
}

/* What a search found is asked for itself, unless we have it: only then do we learn where its
 * picture is. */
static int ask_for_item(struct engine *g, struct job *j, const struct pano *pano, struct err *e)
{
    bool known = false;
    if (g->ending != ENDING_NOT) {
        jobs_drop(&g->jobs, j);
        return 0;
    }
    if (queue_knows(g->q, pano->id, &known, e) != 0) {
        return -1;
    }
    j->pano = *pano;
    if (known) {
        engine_end_job(g, j, REQUEST_DUPLICATE, "");
        return 0;
    }
    (void)snprintf(j->request.item, sizeof j->request.item, "%s", pano->id);
    j->request.at = pano->at;
    j->probe.n_failed = 0;
    tasks_add(&g->jobs, &j->probe, 0);
    return 0;
}

int engine_item_known(struct engine *g, struct job *j, struct err *e)
{
    bool known = false;
    bool near = false;
    (void)snprintf(j->pano.id, sizeof j->pano.id, "%s", j->request.item);
    j->pano.at = j->request.at;
    if (queue_knows(g->q, j->pano.id, &known, e) != 0) {
        return -1;
    }
    if (known) {
        engine_end_job(g, j, REQUEST_DUPLICATE, "");
        return 0;
    }
    if (find_near(g, j, &near, e) != 0) {
        return -1;
    }
    j->claims = !near;
    return 0;
}

static int probe_found(struct engine *g, struct task *t, const struct pano *pano, struct err *e)
{
    struct job *j = t->job;
    if (pano->sphere && !isfinite(pano->heading_deg)) {
        engine_task_failed(g, t, VERDICT_FAILED, "a panorama of unknown heading", 0);
        return 0;
    }
    if (j->state == JOB_FETCHING) { /* its picture had another address before */
        (void)snprintf(j->pano.url, sizeof j->pano.url, "%s", pano->url);
        tasks_add(&g->jobs, &j->view[0], 0);
        return 0;
    }
    if (g->p->provider->by_item && !pano->url[0]) {
        return ask_for_item(g, j, pano, e);
    }
    return engine_panorama_found(g, j, pano, e);
}

void engine_slow_down(struct engine *g, const struct task *t, enum verdict v, int status)
{
    if (v == VERDICT_RETRY && !retry_status(status)) {
        aimd_bad(&g->aimd, t->sent_s, time_monotonic_s());
    }
}

void engine_probe_answered(struct engine *g, struct task *t, const struct transfer_result *r,
                           struct err *e)
{
    char why[256] = "";
    struct pano pano;
    const struct answer a = {r->status, r->content_type, r->body->p, r->body->n};
    enum verdict v = g->p->provider->read_probe(&g->p->ask, &t->job->request, &a, &pano, why);
    if (v == VERDICT_GOOD || v == VERDICT_NO_IMAGERY) {
        engine_usable(g, true);
    }
    if (v == VERDICT_NO_IMAGERY) {
        engine_end_job(g, t->job, REQUEST_NO_IMAGERY, "");
    } else if (v != VERDICT_GOOD) {
        engine_slow_down(g, t, v, r->status);
        engine_task_failed(g, t, v, why, r->retry_after_s);
    } else if (probe_found(g, t, &pano, e) != 0) {
        engine_stop(g, e);
    }
}

/* --- views ------------------------------------------------------------------------------------------------ */

static void on_stored(void *ctx, void *job)
{
    struct engine *g = ctx;
    struct job *j = job;
    j->n_busy--;
    if (j->store_error.kind != ERR_NONE) {
        engine_stop(g, &j->store_error);
    } else {
        job_drop_bytes(j);
        engine_usable(g, false);
        engine_end_job(g, j, REQUEST_DONE, "");
    }
    engine_pump(g);
}

/* The paths of a job's pictures, and one digest of them all. */
static int describe_pictures(const struct engine *g, struct job *j, struct err *e)
{
    uint8_t digests[PROVIDER_VIEWS][SHA256_SIZE];
    char name[STORE_UUID_SIZE + STORE_NAME_SIZE];
    size_t n = 0;
    for (int i = 0; i < PROVIDER_VIEWS; i++) {
        struct job_picture *p = &j->picture[i];
        if (!p->jpeg) {
            continue;
        }
        memcpy(digests[n++], p->sha256, SHA256_SIZE);
        (void)snprintf(name, sizeof name, "%s/%s", j->uuid, p->name);
        p->path = path_join(g->p->images_stored, name);
        if (!p->path) {
            return err_nomem(e, "a path");
        }
    }
    return sha256_hex_of(digests, n * SHA256_SIZE, j->views_sha256, e);
}

/* All views are good: keep them, unless another location has the very same. */
static int keep_views(struct engine *g, struct job *j, struct err *e)
{
    int64_t id = 0;
    if (describe_pictures(g, j, e) != 0) {
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
    if (transfers_work(g->t, WORKERS_DISK, engine_store_pictures, on_stored, j, e) != 0) {
        j->n_busy--;
        return -1;
    }
    return 0;
}

void engine_on_checked(void *ctx, void *task)
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
        engine_task_failed(g, t, t->final ? VERDICT_FAILED : VERDICT_RETRY_BAD, t->why, 0);
    } else if (++j->n_good == j->n_views && keep_views(g, j, &e) != 0) {
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
    if (transfers_work(g->t, WORKERS_CPU, engine_check_picture, engine_on_checked, t, e) != 0) {
        t->job->n_busy--;
        engine_stop(g, e);
    }
}
