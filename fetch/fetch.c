/* SPDX-License-Identifier: MIT */
/* Everything around the engine: the image folder, the estimate of --dry-run, what is listed before
 * anything is fetched, and the last lines. What the user asked for is fetch_plan.c's. */
#include "fetch/fetch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/log.h"
#include "core/parse.h"
#include "fetch/fetch_internal.h"
#include "fetch/requeue.h"
#include "fetch/status.h"
#include "sql/catalog.h"

const char *const fetch_formats[] = {"none", "jsonl", NULL};
const char *const fetch_sources[] = {"outdoor", "default", NULL};
const char *const fetch_verifications[] = {"decode", "ends", NULL};

/* Counting a longer queue than this takes longer than a start should. */
#define COUNT_MAX 1000000

/* --- folders ----------------------------------------------------------------------------------- */

/* How the catalog names the image folder: relative to its own folder when that holds it. */
static int name_images(struct run *r, struct err *e)
{
    int rc = -1;
    char *images = NULL;
    char *home = path_absolute(catalog_dir(r->db), e);
    if (!home) {
        goto out;
    }
    images = path_absolute(r->images_dir, e);
    if (!images) {
        goto out;
    }
    size_t n = strlen(home);
    bool inside = strncmp(images, home, n) == 0 && images[n] == '/';
    r->images_stored = strdup(inside ? images + n + 1 : images);
    rc = r->images_stored ? 0 : err_nomem(e, "a path");
out:
    free(images);
    free(home);
    return rc;
}

static int open_images(struct run *r, const char *images, struct err *e)
{
    r->images_dir = images ? strdup(images) : path_join(catalog_dir(r->db), "images");
    if (!r->images_dir) {
        return err_nomem(e, "a path");
    }
    return store_ready(r->images_dir, e) == 0 ? name_images(r, e) : -1;
}

/* --- before ------------------------------------------------------------------------------------ */

/* What the queue would take, and what of the caps would be left. */
static void print_estimate(const struct run *r, int64_t n, int64_t n_boxes)
{
    const struct budget *b = &r->budget;
    const struct provider *provider = r->engine.provider;
    int64_t n_probes = provider->by_item ? 2 * n : n;
    int64_t n_views = n * provider->n_views;
    double cost =
        prices_cost(&r->prices, PRICE_METADATA, b->kind[PRICE_METADATA].n_month, n_probes) +
        prices_cost(&r->prices, PRICE_IMAGE, b->kind[PRICE_IMAGE].n_month, n_views);
    double rate_per_s = r->engine.rate_per_s;
    double by_minute_per_s = (double)r->engine.per_minute / 60;
    if (by_minute_per_s > 0 && (rate_per_s <= 0 || by_minute_per_s < rate_per_s)) {
        rate_per_s = by_minute_per_s;
    }
    if (provider->local) {
        (void)printf("locations\t%" PRId64 "\nimages, at most\t%" PRId64 "\n", n, n_views);
        return;
    }
    if (r->area) {
        (void)printf("boxes of the survey, at least\t%" PRId64 "\n", n_boxes);
        n_probes += n_boxes;
    }
    (void)printf("locations%s\t%" PRId64 "\n", n_boxes > 0 ? ", those not listed yet left out" : "",
                 n);
    (void)printf("metadata requests%s\t%" PRId64 "\n", provider->by_item ? ", at most" : "",
                 n_probes);
    (void)printf("image requests, at most\t%" PRId64 "\n", n_views);
    if (rate_per_s > 0) {
        (void)printf("seconds at %g requests/s, at most\t%.0f\n", rate_per_s,
                     (double)(n_probes + n_views) / rate_per_s);
    }
    if (r->prices.currency[0]) {
        (void)printf("cost in %s at the prices of %s, at most\t%.2f\n", r->prices.currency,
                     r->prices.read, cost);
        (void)printf("spent so far in %s\t%.2f\n", r->prices.currency, b->money);
    }
    (void)printf("billed requests so far\t%" PRId64 "\n", b->n_taken);
    if (budget_capped(b)) {
        (void)printf("within the caps\t%s\n", budget_affords(b, n_probes, n_views) ? "yes" : "no");
    }
}

/* A run that could not finish one location is not begun. */
static int check_caps(const struct run *r, struct err *e)
{
    char told[160];
    const struct budget *b = &r->budget;
    if (r->folder || budget_affords(b, 1, r->engine.provider->n_views)) {
        return 0;
    }
    budget_tell(b, told);
    return err_set(e, ERR_INCOMPLETE, "the cap pays for no further location, nothing was asked: %s",
                   told);
}

/* --- the last lines ------------------------------------------------------------------------------ */

static void summarise(const struct engine_counts *c, bool remote, double elapsed_s)
{
    const int64_t *n = c->n_state;
    int64_t n_left = n[REQUEST_QUEUED] + n[REQUEST_PROBED];
    log_info("%" PRId64 " locations stored (%" PRId64 " images, %.1f MB), %" PRId64
             " without imagery, %" PRId64 " duplicates, %" PRId64 " failed, %" PRId64 " put off",
             n[REQUEST_DONE], c->n_images, (double)c->n_image_bytes * 1e-6, n[REQUEST_NO_IMAGERY],
             n[REQUEST_DUPLICATE], n[REQUEST_FAILED], n_left);
    if (remote) {
        log_info("%" PRId64 " requests (%" PRId64 " again) in %.1f s, %.1f images/s",
                 c->n_probes + c->n_views, c->n_retries, elapsed_s,
                 elapsed_s > 0 ? (double)c->n_images / elapsed_s : 0);
    }
}

/* The record of the stage; what it is made from is what the queue has become. */
static int record(struct run *r, const struct cli *cli, struct err *e)
{
    int rc = -1;
    struct sha256 *s = NULL;
    struct stage stage;
    bool found = false;
    int64_t n = 0;
    TRY(sha256_new(&s, e));
    TRY(db_digest(r->db, s, "SELECT uuid FROM location ORDER BY uuid", e));
    TRY(stage_begin(r->db, "fetch", cli, s, &stage, e));
    if (!stage.current) {
        TRY(db_get_i64(r->db, "SELECT count(*) FROM location", &n, &found, e));
        TRY(stage_commit(r->db, &stage, n, e));
    }
out:
    db_rollback(r->db);
    sha256_free(s);
    return rc;
}

/* n: requests that will be worked off, 0 when that is not known. */
static int work(const struct run *r, const struct cli *cli, int64_t n, struct err *e)
{
    struct progress progress;
    struct engine_counts c;
    double start_s = time_monotonic_s();
    progress_init(&progress, cli->progress, "location", n < COUNT_MAX ? (uint64_t)n : 0);
    struct engine_prefs engine = r->engine;
    engine.images_dir = r->images_dir;
    engine.images_stored = r->images_stored;
    engine.progress = &progress;
    engine.survey = r->survey;
    int rc = engine_run(&engine, r->q, &c, e);
    progress_end(&progress);
    summarise(&c, !r->folder, time_monotonic_s() - start_s);
    int64_t n_left = c.n_state[REQUEST_QUEUED] + c.n_state[REQUEST_PROBED];
    int64_t n_tried = 0;
    for (int i = 0; i < REQUEST_STATE_COUNT; i++) {
        n_tried += c.n_state[i];
    }
    if (rc == 0 && c.n_boxes[BOX_QUEUED] > 0) {
        rc = err_set(e, ERR_INCOMPLETE,
                     "%" PRId64 " boxes of the survey could not be settled, run again: %s",
                     c.n_boxes[BOX_QUEUED], c.last_why);
    } else if (rc == 0 && n_left > 0) {
        rc = err_set(e, ERR_INCOMPLETE,
                     "%" PRId64 " of %" PRId64 " locations could not be settled, run again: %s",
                     n_left, n_tried, c.last_why);
    }
    return rc;
}

/* YYYY-MM-DD. */
static bool is_date(const char *text)
{
    struct err ignored = {0};
    int64_t n = 0;
    char part[11];
    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-') {
        return false;
    }
    (void)snprintf(part, sizeof part, "%s", text);
    part[4] = part[7] = '\0';
    return parse_i64(part, 0, 9999, &n, &ignored) == 0 &&
           parse_i64(part + 5, 1, 12, &n, &ignored) == 0 &&
           parse_i64(part + 8, 1, 31, &n, &ignored) == 0;
}

static int check_selection(const struct fetch_prefs *p, struct err *e)
{
    if (p->since && !is_date(p->since)) {
        return err_set(e, ERR_USAGE, "--since: '%s' is no date like 2026-11-20", p->since);
    }
    if (p->only && !p->retry_failed) {
        return err_set(e, ERR_USAGE, "--only says which failures --retry-failed asks for again");
    }
    return 0;
}

/* *n: how many are queued again, or would be and are not counted with the queue yet. */
static int retry_failed(struct run *r, const struct fetch_prefs *p, int64_t *n, struct err *e)
{
    if (requeue(r->db, r->engine.provider->name, p->only, p->since, p->dry_run, n, e) != 0) {
        return -1;
    }
    if (!p->dry_run) {
        log_info("%" PRId64 " locations queued again", *n);
        *n = 0;
    }
    return 0;
}

static int count_queue(const struct run *r, const struct fetch_prefs *p, int64_t *n, struct err *e)
{
    int64_t most = p->limit > 0 ? p->limit : p->dry_run ? INT64_MAX : COUNT_MAX;
    return queue_count(r->db, r->engine.provider->name, p->since, most, n, e);
}

/* The folder's places become requests: those inside the area, or all. *n: what is queued then, or
 * would be. */
static int list_folder(const struct run *r, const struct fetch_prefs *p, int64_t *n, struct err *e)
{
    int rc = -1;
    int64_t n_new = 0;
    struct provider_items items = {0};
    for (size_t i = 0; i < folder_n(r->folder); i++) {
        struct lonlat at = folder_at(r->folder, i);
        if (!r->area || area_contains(r->area, at)) {
            TRY(provider_items_add(&items, folder_id(r->folder, i), at, e));
        }
    }
    if (p->dry_run) {
        *n = (int64_t)items.n;
        rc = 0;
        goto out;
    }
    TRY(survey_list(r->db, r->engine.provider->name, &items, &n_new, e));
    log_info("'%s': %zu places%s, %" PRId64 " of them new", r->engine.ask.base_url, items.n,
             r->area ? " in the area" : "", n_new);
    TRY(count_queue(r, p, n, e));
out:
    provider_items_release(&items);
    return rc;
}

int fetch_run(const struct cli *cli, const struct fetch_prefs *p, struct err *e)
{
    int rc = -1;
    int64_t n = 0;
    int64_t n_again = 0;
    int64_t n_boxes = 0;
    struct run r = {0};
    if (p->status || p->credits) {
        return p->status ? status_print(cli->catalog, e) : credits_print(cli->catalog, e);
    }
    TRY(check_selection(p, e));
    TRY(plan_fetch(&r, p, e));
    TRY(catalog_open(cli->catalog, p->area || r.folder ? CATALOG_CREATE : CATALOG_WRITE, &r.db, e));
    if (!p->dry_run) { /* before anything changes: another run may be at it */
        TRY(queue_open(r.db, cli->catalog, r.engine.provider->name, p->since, &r.q, e));
    }
    if (p->retry_failed) {
        TRY(retry_failed(&r, p, &n_again, e));
    }
    TRY(count_queue(&r, p, &n, e));
    n = p->limit > 0 && n + n_again > p->limit ? p->limit : n + n_again;
    if (r.folder && (r.area || n == 0)) {
        TRY(list_folder(&r, p, &n, e));
    } else if (r.area) {
        TRY(survey_estimate(r.db, r.engine.provider->name, r.area, r.engine.provider->box_deg,
                            &n_boxes, e));
    }
    if (p->dry_run) {
        TRY(budget_open(&r.budget, r.db, r.engine.provider->name, &r.prices, &r.caps, e));
        print_estimate(&r, n, n_boxes);
        goto out;
    }
    if (n + n_boxes == 0) {
        log_info("nothing is queued: everything asked for has been fetched");
        goto out;
    }
    if (n_boxes > 0) {
        TRY(survey_open(r.db, r.engine.provider->name, r.area, r.engine.provider->box_deg,
                        &r.survey, e));
    }
    TRY(budget_open(&r.budget, r.db, r.engine.provider->name, &r.prices, &r.caps, e));
    TRY(check_caps(&r, e));
    TRY(open_images(&r, p->images, e));
    TRY(work(&r, cli, n_boxes > 0 ? 0 : n, e));
    TRY(record(&r, cli, e));
out:
    survey_close(r.survey);
    area_free(r.area);
    folder_close(r.folder);
    queue_close(r.q);
    catalog_close(r.db);
    secret_free(r.key);
    secret_free(r.secret);
    secret_free(r.authorization);
    free(r.images_dir);
    free(r.images_stored);
    return rc;
}
