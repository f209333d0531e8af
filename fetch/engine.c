/* SPDX-License-Identifier: MIT */
/*
 * Everything here runs on the loop's thread but check_picture and store_views, which touch nothing
 * except their task or job while it is busy. Every callback ends with pump, which keeps the window
 * full and notices the end. Pictures stay in memory until all views of a location are good, so
 * that no file of a location that fails is ever written.
 */
#include "fetch/engine.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"
#include "core/rng.h"
#include "core/sig.h"
#include "fetch/engine_internal.h"
#include "fetch/picture.h"
#include "fetch/retry.h"
#include "fetch/transfer.h"
#include "fetch/url.h"

#define JOBS_PER_TRANSFER 4 /* points under way per transfer, so that waits do not idle the line */
#define CONNECT_S         10.0
#define URL_MAX           8192
#define RETRY_AFTER_MAX_S 600.0 /* a provider that asks for more has said: not today */
#define LAST_WAIT_S       2.0   /* after Ctrl-C, the longest wait for the limiter */

/* After a signal, or when the time is up: no more waiting either. */
static bool hurried(const struct engine *g)
{
    return g->ending == ENDING_SIGNAL || g->ending == ENDING_TIME_UP;
}

/* --- failures ----------------------------------------------------------------------------------------- */

static void give_up(struct engine *g, struct task *t, enum verdict v, const char *why)
{
    struct job *j = t->job;
    bool probe = t->view == TASK_PROBE;
    enum request_state later = probe ? REQUEST_QUEUED : REQUEST_PROBED;
    bool final = v == VERDICT_FAILED || (v == VERDICT_RETRY_BAD && !hurried(g));
    char full[256];
    if (probe) {
        (void)snprintf(full, sizeof full, "metadata: %.240s", why);
    } else {
        (void)snprintf(full, sizeof full, "view %d: %.240s", provider_heading_deg(t->view), why);
    }
    if (final) {
        log_warn("failed: location %" PRId64 ", %s", j->request.id, full);
    } else {
        log_warn("put off: location %" PRId64 ", %s", j->request.id, full);
    }
    j->doubtful = v == VERDICT_RETRY_BAD && final;
    j->probe_failed = probe;
    engine_end_job(g, j, final ? REQUEST_FAILED : later, full);
    if (v != VERDICT_FAILED && !hurried(g)) {
        engine_unusable(g, probe, why);
    }
}

/* A request brought no good: again later, or not. why is the peer's. */
static void task_failed(struct engine *g, struct task *t, enum verdict v, const char *raw_why,
                        double retry_after_s)
{
    struct err e = {0};
    char why[256];
    double now_s = time_monotonic_s();
    url_redact(raw_why, g->p->ask.key, why, sizeof why);
    if (v == VERDICT_STOP) {
        (void)err_set(&e, ERR_REMOTE, "'%s' refuses the key: %s", g->p->ask.base_url, why);
        engine_stop(g, &e);
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
    if (v == VERDICT_FAILED || t->n_failed >= g->p->tries || hurried(g)) {
        give_up(g, t, v, why);
        return;
    }
    double wait_s = retry_delay_s(t->n_failed, rng_f64(g->seed, 0, g->n_draws++));
    wait_s = wait_s > retry_after_s ? wait_s : retry_after_s;
    log_note("location %" PRId64 ": try %d in %.1f s: %s", t->job->request.id, t->n_failed + 1,
             wait_s, why);
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
static void end_early(struct engine *g, enum ending why)
{
    static const char *const words[] = {"", "at the cap", "time is up", "interrupted"};
    int n = 0;
    double now_s = time_monotonic_s();
    struct job *next = NULL;
    g->ending = why;
    for (struct job *j = g->jobs.all; j; j = next) {
        next = j->next;
        if (j->state == JOB_PROBING && j->n_busy == 0) {
            jobs_drop(&g->jobs, j);
            continue;
        }
        if (j->state == JOB_FETCHING && hurried(g)) {
            leave_waiting(g, j, now_s);
        }
        n += j->state == JOB_FETCHING || j->state == JOB_STORING;
    }
    log_info("%s: finishing %d location%s%s", words[why], n, n == 1 ? "" : "s",
             why == ENDING_SIGNAL ? ", again to abort" : "");
}

/* --- money ------------------------------------------------------------------------------------------------ */

/* Pictures of locations under way that have not been asked for yet: they are paid first. */
static int64_t n_promised(const struct engine *g)
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
    int64_t n = n_promised(g) + (!probe && t->n_failed > 0);
    if (budget_affords(g->p->budget, probe, n) &&
        budget_take(g->p->budget, probe ? PRICE_METADATA : PRICE_IMAGE, &taken, e) != 0) {
        engine_stop(g, e);
        return false;
    }
    if (taken) {
        return true;
    }
    if (probe) {
        jobs_drop(&g->jobs, t->job);
    } else {
        engine_end_job(g, t->job, REQUEST_PROBED, "the cap on cost or requests is reached");
    }
    if (g->ending == ENDING_NOT) {
        end_early(g, ENDING_CAPPED);
    }
    return false;
}

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
    if (!budget_affords(g->p->budget, 0, n_promised(g) + PROVIDER_VIEWS)) {
        jobs_drop(&g->jobs, j);
        end_early(g, ENDING_CAPPED);
        return 0;
    }
    return fetch_views(g, j, e);
}

static void probe_answered(struct engine *g, struct task *t, const struct transfer_result *r,
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
        task_failed(g, t, v, why, r->retry_after_s);
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

static void pump(struct engine *g);

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
    pump(g);
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
        task_failed(g, t, VERDICT_RETRY_BAD, t->why, 0);
    } else if (++j->n_good == PROVIDER_VIEWS && keep_views(g, j, &e) != 0) {
        engine_stop(g, &e);
    }
    pump(g);
}

static void view_answered(struct engine *g, struct task *t, const struct transfer_result *r,
                          struct err *e)
{
    char why[256] = "";
    const struct answer a = {r->status, r->content_type, r->body->p, r->body->n};
    enum verdict v = g->p->provider->judge_view(&a, why);
    if (v != VERDICT_GOOD) {
        task_failed(g, t, v, why, r->retry_after_s);
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
    adapt(g, t, r);
    if (g->stopped || t->job->state == JOB_ENDED) {
        /* nobody waits for it any more */
    } else if (r->end == TRANSFER_FATAL) {
        char why[256];
        url_redact(r->why, g->p->ask.key, why, sizeof why);
        (void)err_set(&e, ERR_REMOTE, "cannot ask '%s': %s", g->p->ask.base_url, why);
        engine_stop(g, &e);
    } else if (r->end != TRANSFER_ANSWER) {
        task_failed(g, t, r->end == TRANSFER_LARGE ? VERDICT_RETRY_BAD : VERDICT_RETRY, r->why, 0);
    } else if (t->view == TASK_PROBE) {
        probe_answered(g, t, r, &e);
    } else {
        view_answered(g, t, r, &e);
    }
    pump(g);
}

static void on_wake(void *ctx)
{
    struct engine *g = ctx;
    double now_s = time_monotonic_s();
    if (g->ending != ENDING_SIGNAL && sig_caught()) {
        end_early(g, ENDING_SIGNAL);
    } else if (g->ending == ENDING_NOT && g->p->stop_after_s > 0 &&
               now_s - g->start_s >= g->p->stop_after_s) {
        end_early(g, ENDING_TIME_UP);
    }
    if (now_s - g->committed_s >= COMMIT_AGE_S) {
        engine_commit(g);
    }
    pump(g);
}

/* --- sending ---------------------------------------------------------------------------------------------- */

static int send_task(struct engine *g, struct task *t, struct err *e)
{
    int rc = -1;
    struct buf url;
    const struct provider *p = g->p->provider;
    bool probe = t->view == TASK_PROBE;
    buf_init(&url, URL_MAX);
    TRY(probe ? p->plan_probe(&g->p->ask, t->job->request.at, &url, e)
              : p->plan_view(&g->p->ask, &t->job->pano, t->view, &url, e));
    TRY(transfers_start(g->t, url.p, probe ? PROVIDER_PROBE_MAX : PROVIDER_VIEW_MAX, t, e));
    t->sent_s = time_monotonic_s();
    g->n_flight++;
    t->job->n_busy++;
    *(probe ? &g->counts->n_probes : &g->counts->n_views) += 1;
    g->counts->n_retries += t->n_failed > 0;
out:
    buf_release(&url);
    return rc;
}

static int take_job(struct engine *g, struct err *e)
{
    struct request r;
    bool found = false;
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

/* One request, or what must come before it. False when there is nothing to do until an event. */
static bool send_next(struct engine *g, struct err *e)
{
    double now_s = time_monotonic_s();
    double next_s = 0;
    struct task **at = tasks_due(&g->jobs, now_s, TRANSFERS_TICK_S, &next_s);
    if (!at) {
        int most = JOBS_PER_TRANSFER * g->p->window + COMMIT_COUNT;
        if (!g->exhausted && g->ending == ENDING_NOT && g->jobs.n < most) {
            if (take_job(g, e) != 0) {
                engine_stop(g, e);
            }
            return true;
        }
        transfers_wake(g->t, next_s - now_s);
        return false;
    }
    double wait_s = limiter_take(&g->limiter, now_s);
    if (wait_s > LAST_WAIT_S && hurried(g)) {
        leave(g);
        return false;
    }
    if (wait_s > 0) {
        transfers_wake(g->t, wait_s < TRANSFERS_TICK_S ? wait_s : TRANSFERS_TICK_S);
        return false;
    }
    struct task *t = *at;
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
static void pump(struct engine *g)
{
    struct err e = {0};
    if (g->jobs.n_ended >= COMMIT_COUNT) {
        engine_commit(g);
    }
    while (!g->stopped && g->n_flight < aimd_window(&g->aimd) && send_next(g, &e)) {
    }
    bool over = (g->exhausted || g->ending != ENDING_NOT) && (size_t)g->jobs.n == g->jobs.n_ended &&
                g->n_flight == 0;
    if (over) {
        transfers_stop(g->t);
    }
}

/* The error that says why the run ended before the queue did, or 0. */
static int ended_early(const struct engine *g, struct err *e)
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
                                       .ctx = &g,
                                       .on_done = on_done,
                                       .on_wake = on_wake};
    *counts = (struct engine_counts){0};
    jobs_init(&g.jobs);
    g.start_s = g.committed_s = time_monotonic_s();
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
        rc = ended_early(&g, e);
    }
    jobs_release(&g.jobs);
    return rc;
}
