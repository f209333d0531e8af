/* SPDX-License-Identifier: MIT */
/* The scores of every part: decoders and baselines with intervals, classification, slices. */
#include "predict/eval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/log.h"
#include "core/pool.h"
#include "predict/runs.h"
#include "sql/catalog.h"

const struct near_band near_bands[N_NEAR_BANDS] = {
    {"near_0_1", 0, 1},
    {"near_1_5", 1, 5},
    {"near_5_25", 5, 25},
    {"near_25_up", 25, (double)INFINITY},
};

/* Scores under a common heading: one part, one decoder. */
struct section {
    struct scores *s;
    const char *part, *decode;
};

static int add(const struct section *x, const char *group, const char *metric, double value,
               struct interval interval, struct err *e)
{
    char name[256];
    (void)snprintf(name, sizeof name, "%s%s%s", group, group[0] ? ":" : "", metric);
    return scores_add(x->s, x->part, x->decode, name, value, interval, e);
}

/* Errors of all locations by every decoder and baseline. */
static int score_errors(const struct part *p, double country_km, const struct bootstrap_spec *spec,
                        struct scores *s, struct err *e)
{
    int rc = -1;
    struct errors set[TRUTH_MAX_ESTIMATES] = {{0}};
    struct interval *interval = calloc(p->n_est * METRIC_COUNT, sizeof *interval);
    if (!interval) {
        rc = err_nomem(e, "intervals");
        goto out;
    }
    for (size_t k = 0; k < p->n_est; k++) {
        TRY(errors_init(&set[k], p->est[k].km, p->n, country_km, e));
    }
    TRY(bootstrap_errors(spec, set, p->n_est, interval, e));
    for (size_t k = 0; k < p->n_est; k++) {
        const struct section x = {s, p->name, p->est[k].name};
        double value[METRIC_COUNT];
        errors_metrics(&set[k], NULL, value);
        TRY(add(&x, "", "n", (double)p->n, NO_INTERVAL, e));
        for (size_t m = 0; m < METRIC_COUNT; m++) {
            /* resampling says nothing about an extreme */
            const struct interval i =
                m == METRIC_MAX ? NO_INTERVAL : interval[k * METRIC_COUNT + m];
            TRY(add(&x, "", metric_name((enum metric)m), value[m], i, e));
        }
    }
    rc = 0;
out:
    for (size_t k = 0; k < p->n_est; k++) {
        errors_release(&set[k]);
    }
    free(interval);
    return rc;
}

static int score_calibration(const struct section *x, const struct guess *g, size_t n,
                             struct err *e)
{
    struct calibration_bin bin[CALIBRATION_BINS];
    if (add(x, "", "ece", calibrate(g, n, bin), NO_INTERVAL, e) != 0) {
        return -1;
    }
    for (int b = 0; b < CALIBRATION_BINS; b++) {
        char group[16];
        (void)snprintf(group, sizeof group, "bin_%d", b);
        if (add(x, group, "n", (double)bin[b].n, NO_INTERVAL, e) != 0 ||
            add(x, group, "confidence", bin[b].confidence, NO_INTERVAL, e) != 0 ||
            add(x, group, "accuracy", bin[b].accuracy, NO_INTERVAL, e) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Accuracy, F1 and calibration over the locations that have a label. */
static int score_classes(const struct part *p, size_t n_classes, const struct bootstrap_spec *spec,
                         struct scores *s, struct err *e)
{
    int rc = -1;
    const struct section x = {s, p->name, "classifier"};
    struct interval interval[CLASS_METRIC_COUNT];
    double value[CLASS_METRIC_COUNT];
    size_t n = 0;
    struct guess *g = calloc(p->n + 1, sizeof *g);
    double *scratch = calloc(3 * n_classes + 1, sizeof *scratch);
    if (!g || !scratch) {
        rc = err_nomem(e, "guesses");
        goto out;
    }
    for (size_t i = 0; i < p->n; i++) {
        if (p->guess[i].truth >= 0 && p->guess[i].top >= 0) {
            g[n++] = p->guess[i];
        }
    }
    rc = 0;
    if (n == 0) {
        goto out;
    }
    guess_metrics(g, n, n_classes, NULL, scratch, value);
    TRY(bootstrap_guesses(spec, g, n, n_classes, interval, e));
    TRY(add(&x, "", "n", (double)n, NO_INTERVAL, e));
    for (size_t m = 0; m < CLASS_METRIC_COUNT; m++) {
        TRY(add(&x, "", class_metric_name((enum class_metric)m), value[m], interval[m], e));
    }
    TRY(score_calibration(&x, g, n, e));
out:
    free(g);
    free(scratch);
    return rc;
}

/* Whether location i is in slice k. */
typedef bool slice_fn(const struct truth *t, const struct part *p, size_t i, size_t k);

static bool in_band(const struct truth *t, const struct part *p, size_t i, size_t k)
{
    (void)t;
    return p->near_train_km && p->near_train_km[i] >= near_bands[k].from_km &&
           p->near_train_km[i] < near_bands[k].to_km;
}

static bool in_class(const struct truth *t, const struct part *p, size_t i, size_t k)
{
    (void)t;
    return p->label[i] == (int32_t)k;
}

static bool in_region(const struct truth *t, const struct part *p, size_t i, size_t k)
{
    const char *name = p->label[i] >= 0 ? t->cls[p->label[i]].name : NULL;
    return name && t->cls[k].name && strcmp(name, t->cls[k].name) == 0;
}

/* A few metrics of the chosen decoder over one slice; none when it is empty. */
static int score_slice(const struct truth *t, const struct part *p, slice_fn *in, size_t k,
                       const char *group, struct scores *s, struct err *e)
{
    static const enum metric wanted[] = {METRIC_MEAN, METRIC_MEDIAN, METRIC_P90, METRIC_SHARE_25};
    int rc = -1;
    const struct estimate *est = part_chosen(t, p);
    const struct section x = {s, p->name, est->name};
    double value[METRIC_COUNT];
    struct errors set = {0};
    size_t n = 0;
    double *km = calloc(p->n + 1, sizeof *km);
    if (!km) {
        return err_nomem(e, "errors");
    }
    for (size_t i = 0; i < p->n; i++) {
        if (in(t, p, i, k)) {
            km[n++] = est->km[i];
        }
    }
    rc = 0;
    if (n == 0) {
        goto out;
    }
    TRY(errors_init(&set, km, n, t->country_km, e));
    errors_metrics(&set, NULL, value);
    TRY(add(&x, group, "n", (double)n, NO_INTERVAL, e));
    for (size_t m = 0; m < sizeof wanted / sizeof wanted[0]; m++) {
        TRY(add(&x, group, metric_name(wanted[m]), value[wanted[m]], NO_INTERVAL, e));
    }
out:
    errors_release(&set);
    free(km);
    return rc;
}

/* Whether class k is the first of several that bear its name: a region, scored once. A name of one
 * class alone is but its label. */
static bool names_region(const struct truth *t, size_t k)
{
    bool shared = false;
    for (size_t i = 0; t->cls[k].name && i < t->n_classes; i++) {
        const bool same = i != k && t->cls[i].name && strcmp(t->cls[i].name, t->cls[k].name) == 0;
        if (same && i < k) {
            return false;
        }
        shared = shared || same;
    }
    return shared;
}

/* A region's name as part of a metric's: what would break the TSV becomes a space. */
static void region_group(const char *name, char *group, size_t size)
{
    (void)snprintf(group, size, "region_%s", name);
    for (char *c = group; *c; c++) {
        if ((unsigned char)*c < 0x20) {
            *c = ' ';
        }
    }
}

static int score_slices(const struct truth *t, const struct part *p, struct scores *s,
                        struct err *e)
{
    char group[192];
    for (size_t k = 0; k < N_NEAR_BANDS; k++) {
        if (score_slice(t, p, in_band, k, near_bands[k].name, s, e) != 0) {
            return -1;
        }
    }
    for (size_t k = 0; k < t->n_classes; k++) {
        if (names_region(t, k)) {
            region_group(t->cls[k].name, group, sizeof group);
            if (score_slice(t, p, in_region, k, group, s, e) != 0) {
                return -1;
            }
        }
    }
    for (size_t k = 0; k < t->n_classes; k++) {
        (void)snprintf(group, sizeof group, "class_%zu", k);
        if (score_slice(t, p, in_class, k, group, s, e) != 0) {
            return -1;
        }
    }
    return 0;
}

int eval_scores(const struct truth *t, const struct bootstrap_spec *spec, struct scores *s,
                struct err *e)
{
    for (size_t i = 0; i < t->n_parts; i++) {
        const struct part *p = &t->part[i];
        if (score_errors(p, t->country_km, spec, s, e) != 0 ||
            score_classes(p, t->n_classes, spec, s, e) != 0 || score_slices(t, p, s, e) != 0) {
            return -1;
        }
    }
    return 0;
}

static void digest_scores(const struct scores *s, struct sha256 *h)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct score *r = &s->row[i];
        sha256_add_str(h, r->part);
        sha256_add_str(h, r->decode);
        sha256_add_str(h, r->metric);
        sha256_add(h, &r->value, sizeof r->value);
        sha256_add(h, &r->interval, sizeof r->interval);
    }
}

/* The scores into the catalog, unless they are what it holds. */
static int store(const struct scores *s, struct db *db, int64_t run_id, const char *run,
                 const struct cli *cli, struct err *e)
{
    int rc = -1;
    struct sha256 *h = NULL;
    struct stage stage;
    char name[128];
    int64_t n_rows = 0;
    TRY(sha256_new(&h, e));
    digest_scores(s, h);
    (void)snprintf(name, sizeof name, "eval:%.120s", run);
    TRY(scores_count(db, run_id, &n_rows, e));
    TRY(stage_begin(db, name, cli, h, &stage, e));
    if (stage.current && n_rows == (int64_t)s->n) {
        log_info("the catalog's scores of run '%s' are up to date", run);
        goto out;
    }
    if (stage.current) { /* rows were deleted: a transaction all the same */
        TRY(db_begin(db, e));
    }
    TRY(scores_store(s, db, run_id, e));
    TRY(stage_commit(db, &stage, (int64_t)s->n, e));
out:
    db_rollback(db);
    sha256_free(h);
    return rc;
}

static int eval_catalog(const struct cli *cli, const struct eval_prefs *prefs,
                        const struct bootstrap_spec *spec, struct scores *s, struct err *e)
{
    int rc = -1;
    struct db *db = NULL;
    struct truth t = {0};
    char run[RUN_NAME_MAX];
    int64_t run_id = 0;
    TRY(catalog_open(cli->catalog, CATALOG_WRITE, &db, e));
    TRY(run_find(db, prefs->run, &run_id, run, e));
    if ((rc = truth_read_run(&t, db, run_id, e)) != 0 || (rc = truth_add_baselines(&t, e)) != 0) {
        (void)err_ctx(e, "run '%s'", run);
        goto out;
    }
    TRY(eval_scores(&t, spec, s, e));
    TRY(store(s, db, run_id, run, cli, e));
out:
    truth_release(&t);
    catalog_close(db);
    return rc;
}

/* ERR_INCOMPLETE when places of the truth have no prediction: the scores are of the others. */
static int eval_files(const struct eval_prefs *prefs, const struct bootstrap_spec *spec,
                      struct scores *s, size_t *n_missing, struct err *e)
{
    int rc = -1;
    struct truth t = {0};
    TRY(truth_read_files(&t, prefs->predictions, prefs->truth, prefs->train, e));
    TRY(truth_add_baselines(&t, e));
    TRY(eval_scores(&t, spec, s, e));
    if (t.n_unknown > 0) {
        log_warn("%zu predictions have no place in '%s': left out", t.n_unknown, prefs->truth);
    }
    *n_missing = t.n_missing;
out:
    truth_release(&t);
    return rc;
}

int eval_run(const struct cli *cli, const struct eval_prefs *prefs, struct err *e)
{
    int rc = -1;
    struct scores s = {0};
    size_t n_missing = 0;
    const struct bootstrap_spec spec = {.n_resamples = (size_t)prefs->n_resamples,
                                        .seed = (uint64_t)prefs->seed,
                                        .n_threads = pool_threads((int)prefs->n_threads)};
    if (!prefs->predictions != !prefs->truth) {
        return err_set(e, ERR_USAGE, "--predictions and --truth go together");
    }
    if (prefs->run && prefs->predictions) {
        return err_set(e, ERR_USAGE, "give either --run or --predictions and --truth");
    }
    if (prefs->train && !prefs->predictions) {
        return err_set(e, ERR_USAGE, "--train goes with --predictions and --truth");
    }
    if (prefs->predictions) {
        TRY(eval_files(prefs, &spec, &s, &n_missing, e));
    } else {
        TRY(eval_catalog(cli, prefs, &spec, &s, e));
    }
    scores_print(&s, stdout);
    if (n_missing > 0) {
        rc = err_set(e, ERR_INCOMPLETE, "%zu places of '%s' have no prediction: not scored",
                     n_missing, prefs->truth);
    }
out:
    scores_release(&s);
    return rc;
}
