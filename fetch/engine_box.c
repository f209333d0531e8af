/* SPDX-License-Identifier: MIT */
/*
 * Boxes of a survey as jobs of one probe. A box that is more than an answer can hold is split; so
 * is one that is too much for the provider, which says so in many ways (400, 500, 504, no answer in
 * time): in the catalog only once other boxes had good answers, or when there are no others, for a
 * provider that is down must not leave an area in splinters.
 */
#include "fetch/engine_internal.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/log.h"

static void end_box(struct engine *g, struct job *j, enum box_state state, const char *why)
{
    static const enum request_state outcomes[BOX_STATE_COUNT] = {[BOX_QUEUED] = REQUEST_QUEUED,
                                                                 [BOX_DONE] = REQUEST_DONE,
                                                                 [BOX_SPLIT] = REQUEST_DONE,
                                                                 [BOX_FAILED] = REQUEST_FAILED};
    j->box_state = state;
    if (state == BOX_FAILED || state == BOX_QUEUED) {
        log_warn("%s: box %" PRId64 " (%.5f,%.5f,%.5f,%.5f), %s",
                 state == BOX_FAILED ? "failed" : "put off", j->box.id, j->box.box.min_x,
                 j->box.box.min_y, j->box.box.max_x, j->box.box.max_y, why);
    }
    engine_end_job(g, j, outcomes[state], why);
}

void engine_box_answered(struct engine *g, struct task *t, const struct transfer_result *r)
{
    char why[256] = "";
    struct job *j = t->job;
    const struct answer a = {r->status, r->content_type, r->body->p, r->body->n};
    enum verdict v = g->p->provider->read_box(&g->p->ask, &a, &j->items, why);
    if (v != VERDICT_GOOD) {
        bool odd = v == VERDICT_FAILED && r->status == 400;
        t->heavy = odd || r->status == 500 || r->status == 504;
        engine_slow_down(g, t, v, r->status);
        /* what is wrong with a box need not be wrong with its quarters */
        engine_task_failed(g, t, odd ? VERDICT_RETRY_BAD : v, why, r->retry_after_s);
        return;
    }
    engine_usable(g, true);
    if (!j->items.full) {
        end_box(g, j, BOX_DONE, "");
    } else if (survey_can_split(&j->box)) {
        end_box(g, j, BOX_SPLIT, "");
    } else {
        (void)snprintf(
            why, sizeof why,
            "%zu pictures or more within two metres: those beyond an answer are not listed",
            j->items.n);
        end_box(g, j, BOX_FAILED, why);
    }
}

void engine_box_given_up(struct engine *g, struct task *t, enum verdict v, const char *why)
{
    struct job *j = t->job;
    bool hurried = engine_hurried(g);
    j->probe_failed = true;
    if (t->heavy && survey_can_split(&j->box) && !hurried) {
        j->doubtful = true;
        log_note("box %" PRId64 " is split: %s", j->box.id, why);
        end_box(g, j, BOX_SPLIT, why);
    } else if (v == VERDICT_FAILED || (v == VERDICT_RETRY_BAD && !hurried)) {
        j->doubtful = v == VERDICT_RETRY_BAD;
        end_box(g, j, BOX_FAILED, why);
    } else {
        end_box(g, j, BOX_QUEUED, why);
    }
    if (v != VERDICT_FAILED && !hurried) {
        engine_unusable(g, j, true, why);
    }
}

/* Whether nothing but ended boxes is under way. */
static bool all_ended(const struct engine *g)
{
    return (size_t)g->jobs.n == g->jobs.n_ended;
}

enum survey_step engine_take_box(struct engine *g, struct err *e)
{
    struct survey_box box;
    bool found = false;
    if (!g->p->survey || g->surveyed) {
        return SURVEY_OVER;
    }
    if (survey_next(g->p->survey, &box, &found, e) != 0) {
        return SURVEY_FAILED;
    }
    if (!found && g->jobs.n_ended > 0 && all_ended(g)) { /* the quarters of the last ones */
        if (engine_commit_all(g, e) != 0 || survey_next(g->p->survey, &box, &found, e) != 0) {
            return SURVEY_FAILED;
        }
    }
    if (found) {
        return jobs_add_box(&g->jobs, &box, g, e) == 0 ? SURVEY_TAKEN : SURVEY_FAILED;
    }
    if (!all_ended(g)) {
        return SURVEY_WAIT;
    }
    g->surveyed = true;
    log_info("survey: %" PRId64 " boxes asked for, %" PRId64 " of them split, %" PRId64
             " failed, %" PRId64 " put off; %" PRId64 " pictures queued",
             g->counts->n_boxes[BOX_DONE] + g->counts->n_boxes[BOX_SPLIT] +
                 g->counts->n_boxes[BOX_FAILED],
             g->counts->n_boxes[BOX_SPLIT], g->counts->n_boxes[BOX_FAILED],
             g->counts->n_boxes[BOX_QUEUED], g->counts->n_listed);
    return SURVEY_OVER;
}
