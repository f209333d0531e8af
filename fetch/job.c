/* SPDX-License-Identifier: MIT */
/* Jobs and tasks as linked lists: who is where. What happens to them is engine.c's. */
#include "fetch/job.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void jobs_init(struct jobs *l)
{
    *l = (struct jobs){0};
    l->last_task = &l->tasks;
    l->last_ended = &l->ended;
}

void job_drop_bytes(struct job *j)
{
    for (int v = 0; v < PROVIDER_VIEWS; v++) {
        free(j->view[v].jpeg);
        free(j->picture[v].jpeg);
        j->view[v].jpeg = j->picture[v].jpeg = NULL;
    }
}

static void job_free(struct job *j)
{
    job_drop_bytes(j);
    for (int v = 0; v < PROVIDER_VIEWS; v++) {
        free(j->picture[v].path);
        free(j->picture[v].source);
    }
    provider_items_release(&j->items);
    free(j);
}

void jobs_release(struct jobs *l)
{
    while (l->all) {
        struct job *j = l->all;
        l->all = j->next;
        job_free(j);
    }
    jobs_init(l);
}

/* --- tasks ---------------------------------------------------------------------------------------- */

void tasks_add(struct jobs *l, struct task *t, double due_s)
{
    t->due_s = due_s;
    t->next = NULL;
    *l->last_task = t;
    l->last_task = &t->next;
}

void tasks_unlink(struct jobs *l, struct task **at)
{
    *at = (*at)->next;
    if (!*at) {
        l->last_task = at;
    }
}

struct task **tasks_due(struct jobs *l, double now_s, double horizon_s, double *next_s)
{
    struct task **best = NULL;
    *next_s = now_s + horizon_s;
    for (struct task **at = &l->tasks; *at; at = &(*at)->next) {
        if ((*at)->due_s > now_s) {
            *next_s = (*at)->due_s < *next_s ? (*at)->due_s : *next_s;
        } else if ((*at)->view != TASK_PROBE) {
            return at;
        } else if (!best) {
            best = at;
        }
    }
    return best;
}

void tasks_drop(struct jobs *l, const struct job *j)
{
    struct task **at = &l->tasks;
    while (*at) {
        if ((*at)->job == j) {
            tasks_unlink(l, at);
        } else {
            at = &(*at)->next;
        }
    }
}

/* --- jobs ------------------------------------------------------------------------------------------ */

int jobs_add(struct jobs *l, const struct request *r, void *ctx, struct err *e)
{
    struct job *j = calloc(1, sizeof *j);
    if (!j) {
        return err_nomem(e, "a location");
    }
    j->ctx = ctx;
    j->request = *r;
    j->probe = (struct task){.job = j, .view = TASK_PROBE};
    for (int v = 0; v < PROVIDER_VIEWS; v++) {
        j->view[v] = (struct task){.job = j, .view = v};
    }
    j->next = l->all;
    l->all = j;
    l->n++;
    tasks_add(l, &j->probe, 0);
    return 0;
}

int jobs_add_box(struct jobs *l, const struct survey_box *b, void *ctx, struct err *e)
{
    const struct request none = {0};
    if (jobs_add(l, &none, ctx, e) != 0) {
        return -1;
    }
    l->all->box = *b;
    return 0;
}

static void forget(struct jobs *l, struct job *j)
{
    struct job **at = &l->all;
    assert(j->n_busy == 0);
    while (*at != j) {
        at = &(*at)->next;
    }
    *at = j->next;
    l->n--;
    job_free(j);
}

void jobs_drop(struct jobs *l, struct job *j)
{
    struct job *next = NULL;
    for (struct job *f = l->all; f; f = next) {
        next = f->next;
        if (f->state == JOB_PARKED && f->leader == j) {
            forget(l, f);
        }
    }
    tasks_drop(l, j);
    forget(l, j);
}

/* A job that waited is asked for itself. */
static void unpark(struct jobs *l, struct job *f)
{
    f->twin_pano[0] = '\0';
    f->state = JOB_PROBING;
    f->leader = NULL;
    tasks_add(l, &f->probe, 0);
}

void jobs_park(struct jobs *l, struct job *j, struct job *leader)
{
    tasks_drop(l, j);
    j->state = JOB_PARKED;
    j->leader = leader;
    j->claims = false;
    for (struct job *f = l->all; f; f = f->next) {
        if (f->state == JOB_PARKED && f->leader == j) {
            unpark(l, f);
        }
    }
}

static void end_one(struct jobs *l, struct job *j, enum request_state outcome, const char *why)
{
    j->state = JOB_ENDED;
    j->outcome = outcome;
    (void)snprintf(j->why, sizeof j->why, "%s", why);
    tasks_drop(l, j);
    j->behind = NULL;
    *l->last_ended = j;
    l->last_ended = &j->behind;
    l->n_ended++;
}

int jobs_end(struct jobs *l, struct job *j, enum request_state outcome, const char *why)
{
    int n = 1;
    end_one(l, j, outcome, why);
    for (struct job *f = l->all; f; f = f->next) {
        if (f->state != JOB_PARKED || f->leader != j) {
            continue;
        }
        if (f->twin_pano[0] && outcome != REQUEST_DONE) {
            unpark(l, f);
            continue;
        }
        if (!f->twin_pano[0]) { /* of the same panorama: as its leader */
            f->twin_id = j->twin_id;
            (void)snprintf(f->twin_pano, sizeof f->twin_pano, "%s", j->twin_pano);
            (void)snprintf(f->twin_why, sizeof f->twin_why, "%s", j->twin_why);
        }
        f->doubtful = j->doubtful;
        end_one(l, f, outcome == REQUEST_DONE ? REQUEST_DUPLICATE : outcome,
                f->twin_pano[0] ? f->twin_why : why);
        n++;
    }
    return n;
}

void jobs_forget_ended(struct jobs *l, struct job **at)
{
    struct job *j = *at;
    *at = j->behind;
    if (!*at) {
        l->last_ended = at;
    }
    l->n_ended--;
    forget(l, j);
}

/* Whether a job has or will have a location. */
static bool has_location(const struct job *j)
{
    return j->state == JOB_FETCHING || j->state == JOB_STORING ||
           (j->state == JOB_ENDED && j->outcome == REQUEST_DONE);
}

struct job *jobs_leader(const struct jobs *l, const struct job *j)
{
    for (struct job *o = l->all; o; o = o->next) {
        if (o != j && has_location(o) && strcmp(o->pano.id, j->pano.id) == 0) {
            return o;
        }
    }
    return NULL;
}

struct job *jobs_near(const struct jobs *l, const struct job *j, double distance_m,
                      struct neighbour *found)
{
    struct job *best = NULL;
    *found = (struct neighbour){0};
    for (struct job *o = l->all; o; o = o->next) {
        if (o == j || (!has_location(o) && !(o->claims && o->state == JOB_PROBING))) {
            continue;
        }
        struct neighbour n = {.id = -1,
                              .later = o->request.id > j->request.id,
                              .distance_m = geo_distance_km(o->pano.at, j->pano.at) * 1000};
        if (n.distance_m < distance_m && neighbour_before(&n, found)) {
            *found = n;
            best = o;
        }
    }
    return best;
}

struct job *jobs_same_views(const struct jobs *l, const struct job *j)
{
    for (struct job *o = l->all; o; o = o->next) {
        if (o != j && has_location(o) && strcmp(o->views_sha256, j->views_sha256) == 0) {
            return o;
        }
    }
    return NULL;
}

bool jobs_held_back(const struct jobs *l, const struct job *j)
{
    for (const struct job *o = l->all; o; o = o->next) {
        if (o->state == JOB_PROBING && o->box.id == 0 && !o->claims &&
            o->request.id < j->request.id) {
            return true;
        }
    }
    return false;
}

struct job *jobs_next_held(const struct jobs *l)
{
    struct job *first = NULL;
    for (struct job *o = l->all; o; o = o->next) {
        if (o->state == JOB_HELD && (!first || o->request.id < first->request.id)) {
            first = o;
        }
    }
    return first && !jobs_held_back(l, first) ? first : NULL;
}
