/* SPDX-License-Identifier: MIT */
/*
 * The loop: what is sent when, and what its callbacks do first. Everything of the engine runs on
 * the loop's thread but check_picture and store_views (engine_answer.c), which touch nothing except
 * their task or job while it is busy. Every callback ends with engine_pump, which keeps the window
 * full and notices the end.
 */
#include "fetch/engine.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "core/log.h"
#include "core/sig.h"
#include "fetch/engine_internal.h"
#include "fetch/transfer.h"
#include "fetch/url.h"

#define JOBS_PER_TRANSFER 4 /* points under way per transfer, so that waits do not idle the line */
#define CONNECT_S         10.0
#define URL_MAX           8192
#define STEPS             1000 /* without a look at what has come: many duplicates in a row ask for nothing */
#define LAST_WAIT_S       2.0 /* after Ctrl-C, the longest wait for the limiter */

/* --- money ------------------------------------------------------------------------------------------------ */

/* Pictures of locations under way that have not been asked for yet: they are paid first. */
int64_t engine_promised(const struct engine *g)
{
    int64_t n = 0;
    if (!budget_capped(g->p->budget)) {
        return 0;
    }
    for (const struct task *t = g->jobs.tasks; t; t = t->next) {
        n += t->view != TASK_PROBE && t->n_failed == 0;
    }
    return n;
}

/* Whether a task of the list may be sent: then it is counted already. */
static bool pay(struct engine *g, struct task *t, struct err *e)
{
    bool taken = false;
    bool probe = t->view == TASK_PROBE;
    if (g->p->folder) {
        return true; /* nobody's service is used */
    }
    int64_t n = engine_promised(g) + (!probe && t->n_failed > 0);
    if (budget_affords(g->p->budget, probe, n) &&
        budget_take(g->p->budget, probe ? PRICE_METADATA : PRICE_IMAGE, &taken, e) != 0) {
        engine_stop(g, e);
        return false;
    }
    if (taken) {
        return true;
    }
    if (probe && t->job->state == JOB_PROBING) {
        jobs_drop(&g->jobs, t->job);
    } else {
        engine_end_job(g, t->job, REQUEST_PROBED, "the cap on cost or requests is reached");
    }
    if (g->ending == ENDING_NOT) {
        engine_end_early(g, ENDING_CAPPED);
    }
    return false;
}

/* --- the loop's callbacks ------------------------------------------------------------------------------- */

/* What the end of a transfer says about how many there should be. */
static void adapt(struct engine *g, const struct task *t, const struct transfer_result *r)
{
    double now_s = time_monotonic_s();
    if (r->timed_out || (r->end == TRANSFER_ANSWER && (r->status == 429 || r->status == 503))) {
        aimd_bad(&g->aimd, t->sent_s, now_s);
        log_note("at most %d requests in flight now", aimd_window(&g->aimd));
    } else if (r->end == TRANSFER_ANSWER) {
        aimd_good(&g->aimd, t->view == TASK_PROBE ? AIMD_PROBE : AIMD_VIEW, t->sent_s, now_s);
    }
}

static void on_done(void *ctx, void *task, struct transfer_result *r)
{
    struct engine *g = ctx;
    struct task *t = task;
    struct err e = {0};
    g->n_flight--;
    t->job->n_busy--;
    t->heavy = r->timed_out || r->end == TRANSFER_LARGE;
    adapt(g, t, r);
    if (g->stopped || t->job->state == JOB_ENDED) {
        /* nobody waits for it any more */
    } else if (r->end == TRANSFER_FATAL) {
        char why[256];
        url_redact(r->why, g->p->ask.key, why, sizeof why);
        (void)err_set(&e, ERR_REMOTE, "cannot ask '%s': %s", g->p->ask.base_url, why);
        engine_stop(g, &e);
    } else if (r->end != TRANSFER_ANSWER) {
        engine_task_failed(g, t, r->end == TRANSFER_LARGE ? VERDICT_RETRY_BAD : VERDICT_RETRY,
                           r->why, 0);
    } else if (t->job->box.id != 0) {
        engine_box_answered(g, t, r);
    } else if (t->view == TASK_PROBE) {
        engine_probe_answered(g, t, r, &e);
    } else {
        engine_view_answered(g, t, r, &e);
    }
    engine_pump(g);
}

static void on_wake(void *ctx)
{
    struct engine *g = ctx;
    double now_s = time_monotonic_s();
    if (g->ending != ENDING_SIGNAL && sig_caught()) {
        engine_end_early(g, ENDING_SIGNAL);
    } else if (g->ending == ENDING_NOT && g->p->stop_after_s > 0 &&
               now_s - g->start_s >= g->p->stop_after_s) {
        engine_end_early(g, ENDING_TIME_UP);
    }
    if (now_s - g->committed_s >= COMMIT_AGE_S) {
        engine_commit(g);
    }
    progress_add(g->p->progress, 0); /* a sign of life, also while all wait for the provider */
    engine_pump(g);
}

/* --- sending ---------------------------------------------------------------------------------------------- */

static int send_task(struct engine *g, struct task *t, struct err *e)
{
    int rc = -1;
    struct buf url;
    const struct provider *p = g->p->provider;
    bool probe = t->view == TASK_PROBE;
    if (g->p->folder) {
        return engine_folder_send(g, t, e);
    }
    buf_init(&url, URL_MAX);
    TRY(t->job->box.id != 0 ? p->plan_box(&g->p->ask, &t->job->box.box, &url, e)
        : probe             ? p->plan_probe(&g->p->ask, &t->job->request, &url, e)
                            : p->plan_view(&g->p->ask, &t->job->pano, t->view, &url, e));
    const struct transfer_ask ask = {.url = url.p,
                                     .max_body = probe ? p->probe_max : p->view_max,
                                     .authorised = probe,
                                     .follow = !probe && p->n_views == 1};
    TRY(transfers_start(g->t, &ask, t, e));
    t->sent_s = time_monotonic_s();
    g->n_flight++;
    t->job->n_busy++;
    *(probe ? &g->counts->n_probes : &g->counts->n_views) += 1;
    g->counts->n_retries += t->n_failed > 0;
out:
    buf_release(&url);
    return rc;
}

/* The next box of the survey or, once that is done, the next request of the queue; *waits when a box
 * under way has to tell first. */
static int take_job(struct engine *g, bool *waits, struct err *e)
{
    struct request r;
    bool found = false;
    enum survey_step step = engine_take_box(g, e);
    if (step != SURVEY_OVER) {
        *waits = step == SURVEY_WAIT;
        return step == SURVEY_FAILED ? -1 : 0;
    }
    if (g->p->limit > 0 && g->n_taken == g->p->limit) {
        g->exhausted = true;
        return 0;
    }
    if (queue_next(g->q, &r, &found, e) != 0) {
        return -1;
    }
    if (!found) {
        g->exhausted = true;
        return 0;
    }
    g->n_taken++;
    return jobs_add(&g->jobs, &r, g, e);
}

/* The limiter wants a long wait after a signal: leave what is not in flight to the next run. */
static void leave(struct engine *g)
{
    while (g->jobs.tasks) {
        struct job *j = g->jobs.tasks->job;
        engine_end_job(g, j, REQUEST_PROBED, "interrupted");
    }
}

/* Whether a request may still bring something: a picture whose place is known beforehand may be a
 * duplicate by now, or wait for a neighbour. */
static bool still_wanted(struct engine *g, const struct task *t, struct err *e)
{
    struct job *j = t->job;
    if (t->view != TASK_PROBE || !j->request.item[0] || j->state != JOB_PROBING || j->claims) {
        return true;
    }
    if (engine_item_known(g, j, e) != 0) {
        engine_stop(g, e);
        return false;
    }
    return j->claims;
}

/* One request, or what must come before it. False when there is nothing to do until an event. */
static bool send_next(struct engine *g, struct err *e)
{
    double now_s = time_monotonic_s();
    double next_s = 0;
    struct task **at = tasks_due(&g->jobs, now_s, TRANSFERS_TICK_S, &next_s);
    if (!at) {
        int most = JOBS_PER_TRANSFER * g->p->window + COMMIT_COUNT;
        bool waits = false;
        if (g->jobs.n >= most && g->jobs.n_ended >= COMMIT_COUNT) {
            engine_commit(g);
        }
        if (!g->exhausted && g->ending == ENDING_NOT && g->jobs.n < most) {
            if (take_job(g, &waits, e) != 0) {
                engine_stop(g, e);
            }
            if (!waits) {
                return true;
            }
        }
        transfers_wake(g->t, next_s - now_s);
        return false;
    }
    struct task *t = *at;
    if (!still_wanted(g, t, e)) {
        return true;
    }
    double wait_s = limiter_take(&g->limiter, now_s);
    if (wait_s > LAST_WAIT_S && engine_hurried(g)) {
        leave(g);
        return false;
    }
    if (wait_s > 0) {
        transfers_wake(g->t, wait_s < TRANSFERS_TICK_S ? wait_s : TRANSFERS_TICK_S);
        return false;
    }
    if (!pay(g, t, e)) {
        return true;
    }
    tasks_unlink(&g->jobs, at);
    if (send_task(g, t, e) != 0) {
        engine_stop(g, e);
    }
    return true;
}

/* Keep the window full; notice the end. Last call of every callback. */
void engine_pump(struct engine *g)
{
    struct err e = {0};
    if (g->jobs.n_ended >= COMMIT_COUNT && time_monotonic_s() - g->committed_s >= COMMIT_REST_S) {
        engine_commit(g);
    }
    if (g->p->min_distance_m > 0) {
        engine_decide_held(g);
    }
    int n = 0;
    while (!g->stopped && g->n_flight < aimd_window(&g->aimd) && send_next(g, &e)) {
        if (++n == STEPS) {
            transfers_wake(g->t, 0);
            break;
        }
    }
    bool over = (g->exhausted || g->ending != ENDING_NOT) && (size_t)g->jobs.n == g->jobs.n_ended &&
                g->n_flight == 0;
    if (over) {
        transfers_stop(g->t);
    }
}

int engine_run(const struct engine_prefs *p, struct queue *q, struct engine_counts *counts,
               struct err *e)
{
    struct err late = {0};
    struct engine g = {.p = p, .q = q, .counts = counts};
    const struct transfers_prefs tp = {.window = p->window,
                                       .connect_s = CONNECT_S,
                                       .stall_s = p->stall_s,
                                       .deadline_s = p->deadline_s,
                                       .no_proxy = url_is_loopback(p->ask.base_url),
                                       .authorization = p->authorization,
                                       .ctx = &g,
                                       .on_done = on_done,
                                       .on_wake = on_wake};
    *counts = (struct engine_counts){0};
    jobs_init(&g.jobs);
    g.start_s = g.committed_s = g.told_s = time_monotonic_s();
    g.seed = (uint64_t)getpid() << 32 ^ (uint64_t)time(NULL); /* jitter need not repeat */
    limiter_init(&g.limiter, p->rate_per_s, p->per_minute, g.committed_s);
    aimd_init(&g.aimd, p->window);
    if (transfers_open(&tp, &g.t, e) != 0) {
        return -1;
    }
    int rc = transfers_run(g.t, e);
    if (rc == 0 && g.stopped) {
        *e = g.error;
        rc = -1;
    }
    if (rc != 0 || g.ending != ENDING_NOT) {
        engine_doubtful_later(&g);
    }
    g.stopped = true;
    transfers_close(g.t);
    if ((engine_commit_all(&g, &late) != 0 || budget_settle(p->budget, &late) != 0) && rc == 0) {
        *e = late;
        rc = -1;
    }
    if (rc == 0) {
        rc = engine_ended_early(&g, e);
    }
    jobs_release(&g.jobs);
    return rc;
}
