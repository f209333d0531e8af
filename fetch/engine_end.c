/* SPDX-License-Identifier: MIT */
/* When there is no good answer, or no time for one: what is tried again, what is given up, and how a
 * run ends before the queue does. */
#include "fetch/engine_internal.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/log.h"
#include "core/rng.h"
#include "fetch/retry.h"
#include "fetch/url.h"

#define RETRY_AFTER_MAX_S 600.0 /* a provider that asks for more has said: not today */

/* After a signal, or when the time is up: no more waiting either. */
bool engine_hurried(const struct engine *g)
{
    return g->ending == ENDING_SIGNAL || g->ending == ENDING_TIME_UP;
}

/* --- failures ----------------------------------------------------------------------------------------- */

static void give_up(struct engine *g, struct task *t, enum verdict v, const char *why)
{
    struct job *j = t->job;
    bool probe = t->view == TASK_PROBE;
    enum request_state later = probe ? REQUEST_QUEUED : REQUEST_PROBED;
    bool final = v == VERDICT_FAILED ||
                 ((v == VERDICT_RETRY_BAD || v == VERDICT_EXPIRED) && !engine_hurried(g));
    char full[256];
    if (j->box.id != 0) {
        engine_box_given_up(g, t, v, why);
        return;
    }
    if (probe) {
        (void)snprintf(full, sizeof full, "%s%.240s", g->p->folder ? "" : "metadata: ", why);
    } else {
        const struct job_picture *p = &j->picture[t->view];
        (void)snprintf(full, sizeof full, "view %d: %.240s",
                       provider_heading_deg(p->source ? p->view : t->view), why);
    }
    if (final) {
        log_warn("failed: location %" PRId64 ", %s", j->request.id, full);
    } else {
        log_warn("put off: location %" PRId64 ", %s", j->request.id, full);
    }
    j->doubtful = v != VERDICT_FAILED && final;
    j->probe_failed = probe;
    engine_end_job(g, j, final ? REQUEST_FAILED : later, full);
    if (v != VERDICT_FAILED && !engine_hurried(g)) {
        engine_unusable(g, j, probe, why);
    }
}

/* The picture has moved: probe for where it is now, then ask for it again. */
static void ask_anew(struct engine *g, struct task *t, const char *why)
{
    struct job *j = t->job;
    log_note("location %" PRId64 ": asking for a new address: %s", j->request.id, why);
    (void)snprintf(j->request.item, sizeof j->request.item, "%s", j->pano.id);
    j->request.at = j->pano.at;
    j->probe.n_failed = 0;
    tasks_add(&g->jobs, &j->probe, 0);
}

/* A request brought no good: again later, or not. why is the peer's. */
void engine_task_failed(struct engine *g, struct task *t, enum verdict v, const char *raw_why,
                        double retry_after_s)
{
    struct err e = {0};
    char why[256];
    double now_s = time_monotonic_s();
    url_redact(raw_why, g->p->ask.key, why, sizeof why);
    if (v == VERDICT_STOP) {
        (void)err_set(&e, ERR_REMOTE, "'%s' refuses %s: %s", g->p->ask.base_url,
                      g->p->provider->key_variable ? "the key" : "to answer", why);
        engine_stop(g, &e);
        return;
    }
    if (v == VERDICT_LATER) {
        engine_usable(g, t->view == TASK_PROBE);
        engine_end_job(g, t->job, REQUEST_QUEUED, why);
        return;
    }
    if (retry_after_s > RETRY_AFTER_MAX_S) {
        (void)err_set(&e, ERR_REMOTE, "'%s' asks for a pause of %.0f s: %s", g->p->ask.base_url,
                      retry_after_s, why);
        engine_stop(g, &e);
        return;
    }
    if (retry_after_s > 0) {
        limiter_hold(&g->limiter, now_s + retry_after_s);
    }
    t->n_failed++;
    if (v == VERDICT_EXPIRED && t->n_failed < g->p->tries && !engine_hurried(g)) {
        ask_anew(g, t, why);
        return;
    }
    if (v == VERDICT_FAILED || t->n_failed >= g->p->tries || engine_hurried(g)) {
        give_up(g, t, v, why);
        return;
    }
    double wait_s = retry_delay_s(t->n_failed, rng_f64(g->seed, 0, g->n_draws++));
    wait_s = wait_s > retry_after_s ? wait_s : retry_after_s;
    const struct job *j = t->job;
    log_note("%s %" PRId64 ": try %d in %.1f s: %s", j->box.id != 0 ? "box" : "location",
             j->box.id != 0 ? j->box.id : j->request.id, t->n_failed + 1, wait_s, why);
    (void)snprintf(t->why, sizeof t->why, "%s", why);
    tasks_add(&g->jobs, t, now_s + wait_s);
}

/* --- the end before the queue's ------------------------------------------------------------------ */

/* In a hurry, a location that waits for another try is left to the next run. */
static void leave_waiting(struct engine *g, struct job *j, double now_s)
{
    for (int v = 0; v < PROVIDER_VIEWS; v++) {
        if (j->view[v].due_s > now_s) {
            engine_end_job(g, j, REQUEST_PROBED, j->view[v].why);
            return;
        }
    }
}

/* No new points from now on; what is being fetched is finished. */
void engine_end_early(struct engine *g, enum ending why)
{
    static const char *const words[] = {"", "at the cap", "time is up", "interrupted"};
    int n = 0;
    double now_s = time_monotonic_s();
    struct job *next = NULL;
    g->ending = why;
    for (struct job *j = g->jobs.all; j; j = next) {
        next = j->next;
        if ((j->state == JOB_PROBING && j->n_busy == 0) || j->state == JOB_HELD) {
            jobs_drop(&g->jobs, j);
            next = g->jobs.all; /* those that waited for it are gone, too */
        } else if (j->state == JOB_FETCHING && engine_hurried(g)) {
            leave_waiting(g, j, now_s);
        }
    }
    for (const struct job *j = g->jobs.all; j; j = j->next) {
        n += j->state == JOB_FETCHING || j->state == JOB_STORING;
    }
    log_info("%s: finishing %d location%s%s", words[why], n, n == 1 ? "" : "s",
             why == ENDING_SIGNAL ? ", again to abort" : "");
}

/* The error that says why the run ended before the queue did, or 0. */
int engine_ended_early(const struct engine *g, struct err *e)
{
    char told[160];
    switch (g->ending) {
    case ENDING_CAPPED:
        budget_tell(g->p->budget, told);
        return err_set(e, ERR_INCOMPLETE, "stopped at the cap, the rest stays queued: %s", told);
    case ENDING_TIME_UP:
        return err_set(e, ERR_INCOMPLETE, "stopped after %.0f s as asked, the rest stays queued",
                       g->p->stop_after_s);
    case ENDING_SIGNAL:
        return err_set(e, ERR_INTERRUPTED, "interrupted");
    case ENDING_NOT:
        break;
    }
    return 0;
}
