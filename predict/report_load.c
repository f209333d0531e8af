/* SPDX-License-Identifier: MIT */
/* Everything a report needs, from the catalog and the border. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/log.h"
#include "core/vec.h"
#include "predict/report_data.h"
#include "shapes/border.h"
#include "sql/catalog.h"

#define BORDER_DETAIL 5000 /* the border is right to this part of its diagonal: below a pixel */

static void facts_release(struct facts *f)
{
    for (size_t i = 0; i < f->n; i++) {
        free(f->row[i].name);
        free(f->row[i].value);
    }
    free(f->row);
    *f = (struct facts){0};
}

void report_release(struct report *r)
{
    for (size_t i = 0; i < r->n_cells; i++) {
        outline_release(&r->cell[i].outline);
        free(r->cell[i].name);
    }
    free(r->cell);
    free(r->task);
    free(r->arch);
    free(r->state);
    free(r->started);
    free(r->finished);
    free(r->epoch);
    free(r->by_error);
    facts_release(&r->run_facts);
    facts_release(&r->config);
    facts_release(&r->data);
    outline_release(&r->border);
    scores_release(&r->scores);
    truth_release(&r->truth);
    *r = (struct report){0};
}

static int fact_add(struct facts *f, const char *name, const char *value, struct err *e)
{
    if (vec_room(&f->row, f->n, &f->cap, sizeof *f->row, "facts", e) != 0) {
        return -1;
    }
    struct fact *q = &f->row[f->n];
    *q = (struct fact){strdup(name), strdup(value)};
    f->n++; /* from here on released with the others */
    return q->name && q->value ? 0 : err_nomem(e, "facts");
}

/* The run ------------------------------------------------------------------------------------------ */

/* A JSON object as facts with dotted names; other values as they are written. */
static int flatten(struct facts *f, const char *prefix, json_t *v, struct err *e)
{
    const char *key = NULL;
    json_t *item = NULL;
    if (json_is_object(v)) {
        json_object_foreach(v, key, item)
        {
            char name[256];
            (void)snprintf(name, sizeof name, "%s%s%s", prefix, prefix[0] ? "." : "", key);
            if (flatten(f, name, item, e) != 0) {
                return -1;
            }
        }
        return 0;
    }
    char *text = json_is_string(v) ? strdup(json_string_value(v))
                                   : json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
    const int rc = text ? fact_add(f, prefix, text, e) : err_nomem(e, "facts");
    free(text);
    return rc;
}

static char *copy(struct stmt *st, int column)
{
    const char *text = col_text(st, column);
    return text ? strdup(text) : NULL;
}

static int load_run(struct report *r, struct db *db, struct err *e)
{
    static const char *const label[] = {"architecture", "task",     "backend",  "precision",
                                        "state",        "started",  "finished", "seed",
                                        "versions",     "arguments"};
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    json_t *config = NULL;
    TRY(db_prepare(
        db, &st,
        "SELECT arch, task, backend, precision, state, started, finished, seed, versions,"
        " arguments, config, best_epoch, best_val_km FROM run WHERE id = ?",
        e));
    stmt_i64(st, 1, r->run_id);
    TRY(stmt_step(st, &row, e));
    for (int i = 0; i < 10; i++) {
        if (col_text(st, i) && col_text(st, i)[0]) {
            TRY(fact_add(&r->run_facts, label[i], col_text(st, i), e));
        }
    }
    r->arch = copy(st, 0);
    r->task = copy(st, 1);
    r->state = copy(st, 4);
    r->started = copy(st, 5);
    r->finished = copy(st, 6);
    r->best_epoch = col_null(st, 11) ? 0 : col_i64(st, 11);
    r->best_val_km = col_f64(st, 12);
    if (!r->arch || !r->task || !r->state || !r->started) {
        rc = err_nomem(e, "a run");
        goto out;
    }
    json_error_t ignored;
    config = json_loads(col_text(st, 10), JSON_DECODE_ANY, &ignored);
    rc = config ? flatten(&r->config, "", config, e) : 0;
out:
    json_decref(config);
    stmt_free(st);
    return rc;
}

static int load_epochs(struct report *r, struct db *db, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    size_t cap = 0;
    TRY(db_prepare(db, &st,
                   "SELECT epoch, lr_backbone, lr_head, train_loss, train_accuracy, val_loss,"
                   " val_accuracy, val_km FROM epoch WHERE run_id = ? ORDER BY epoch",
                   e));
    stmt_i64(st, 1, r->run_id);
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        TRY(vec_room(&r->epoch, r->n_epochs, &cap, sizeof *r->epoch, "epochs", e));
        r->epoch[r->n_epochs++] =
            (struct report_epoch){col_f64(st, 0), col_f64(st, 1), col_f64(st, 2), col_f64(st, 3),
                                  col_f64(st, 4), col_f64(st, 5), col_f64(st, 6), col_f64(st, 7)};
    }
out:
    stmt_free(st);
    return rc;
}

static int load_scores(struct report *r, struct db *db, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    TRY(db_prepare(db, &st,
                   "SELECT part, decode, metric, value, low, high FROM score WHERE run_id = ?"
                   " ORDER BY part, decode, metric",
                   e));
    stmt_i64(st, 1, r->run_id);
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        TRY(scores_add(&r->scores, col_text(st, 0), col_text(st, 1), col_text(st, 2),
                       col_f64(st, 3), (struct interval){col_f64(st, 4), col_f64(st, 5)}, e));
    }
    if (rc == 0 && r->scores.n == 0) {
        rc = err_set(e, ERR_INPUT, "run '%s' has no scores: run gdje-eval first", r->run);
    }
out:
    stmt_free(st);
    return rc;
}

/* The data ------------------------------------------------------------------------------------------ */

/* One fact per row: name, value. */
static int load_facts(struct facts *f, struct db *db, const char *sql, int64_t run_id,
                      struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    TRY(db_prepare(db, &st, sql, e));
    stmt_i64(st, 1, run_id);
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        if (!col_null(st, 0) && !col_null(st, 1)) {
            TRY(fact_add(f, col_text(st, 0), col_text(st, 1), e));
        }
    }
out:
    stmt_free(st);
    return rc;
}

static int load_data(struct report *r, struct db *db, struct err *e)
{
    static const char *const queries[] = {
        "SELECT 'locations from ' || provider, count(*) FROM location WHERE ?1 = ?1"
        " GROUP BY provider ORDER BY count(*) DESC LIMIT 20",
        "SELECT 'photos that can be used', count(*) FROM image WHERE state = 'ok' AND ?1 = ?1",
        "SELECT 'taken', min(captured) || ' to ' || max(captured) FROM location"
        " WHERE captured NOT NULL AND ?1 = ?1",
        "SELECT 'split', s.name || ', by ' || s.method || ', ' || s.ratios FROM run r"
        " JOIN split_scheme s ON s.id = r.scheme_id WHERE r.id = ?1",
        "SELECT 'locations in ' || p.part, count(*) FROM run r JOIN split p"
        " ON p.scheme_id = r.scheme_id WHERE r.id = ?1 GROUP BY p.part ORDER BY count(*) DESC",
        "SELECT 'grid', g.name || ', ' || g.method || ' cells' ||"
        " coalesce(' of ' || printf('%.4g', g.spacing_m / 1000) || ' km', '') || ', ' || g.crs"
        " FROM run r JOIN grid g ON g.id = r.grid_id WHERE r.id = ?1",
        "SELECT 'classes', g.n_classes FROM run r JOIN grid g ON g.id = r.grid_id"
        " WHERE r.id = ?1",
        "SELECT 'projection', p.crs FROM run r JOIN projection p ON p.id = r.projection_id"
        " WHERE r.id = ?1",
        "SELECT kind || ' checkpoint', path || ' (epoch ' || epoch || ', sha256 ' ||"
        " substr(sha256, 1, 12) || ')' FROM checkpoint WHERE run_id = ?1 ORDER BY kind",
    };
    bool found = false;
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        if (load_facts(&r->data, db, queries[i], r->run_id, e) != 0) {
            return -1;
        }
    }
    if (db_get_i64(db, "SELECT count(*) FROM location WHERE provider = 'demo'", &r->n_demo, &found,
                   e) != 0) {
        return -1;
    }
    return db_get_i64(db, "SELECT count(*) FROM location", &r->n_all, &found, e);
}

static int load_cells(struct report *r, struct db *db, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    size_t cap = 0;
    TRY(db_prepare(db, &st,
                   "SELECT c.number, c.n_train, c.name, c.geom FROM run r"
                   " JOIN class c ON c.grid_id = r.grid_id AND c.number NOT NULL"
                   " WHERE r.id = ? AND c.geom NOT NULL ORDER BY c.id",
                   e));
    stmt_i64(st, 1, r->run_id);
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        size_t n = 0;
        const void *blob = col_blob(st, 3, &n);
        struct err broken = {0};
        struct report_cell cell = {.number = col_null(st, 0) ? -1 : (int32_t)col_i64(st, 0),
                                   .n_train = col_i64(st, 1),
                                   .median_km = (double)NAN};
        if (outline_from_gpkg(blob, n, &cell.outline, &broken) != 0) {
            log_warn("a cell of the grid is not drawn: %s", broken.msg);
            continue;
        }
        cell.name = copy(st, 2);
        if (vec_room(&r->cell, r->n_cells, &cap, sizeof *r->cell, "cells", e) != 0) {
            outline_release(&cell.outline);
            free(cell.name);
            rc = -1;
            goto out;
        }
        r->cell[r->n_cells++] = cell;
    }
out:
    stmt_free(st);
    return rc;
}

/* Errors of the shown part ------------------------------------------------------------------------ */

/* Locations by error; by index where it is the same. An insertion into a heap would not be shorter
 * than sorting pairs. */
struct pair {
    double km;
    uint32_t i;
};

static int by_error(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;
    if (x->km < y->km || x->km > y->km) {
        return x->km < y->km ? -1 : 1;
    }
    return x->i < y->i ? -1 : x->i > y->i;
}

static int sort_errors(struct report *r, struct err *e)
{
    const size_t n = r->part->n;
    struct pair *p = calloc(n + 1, sizeof *p);
    r->by_error = calloc(n + 1, sizeof *r->by_error);
    if (!p || !r->by_error) {
        free(p);
        return err_nomem(e, "errors");
    }
    for (size_t i = 0; i < n; i++) {
        p[i] = (struct pair){r->chosen->km[i], (uint32_t)i};
    }
    qsort(p, n, sizeof *p, by_error);
    for (size_t i = 0; i < n; i++) {
        r->by_error[i] = p[i].i;
    }
    free(p);
    return 0;
}

/* Median error of each cell: locations come sorted, so every class's errors do. */
static int measure_cells(struct report *r, struct err *e)
{
    double *km = calloc(r->part->n + 1, sizeof *km);
    if (!km) {
        return err_nomem(e, "errors");
    }
    for (size_t c = 0; c < r->n_cells; c++) {
        struct report_cell *cell = &r->cell[c];
        for (size_t k = 0; k < r->part->n && cell->number >= 0; k++) {
            const uint32_t i = r->by_error[k];
            if (r->part->label[i] == cell->number) {
                km[cell->n++] = r->chosen->km[i];
            }
        }
        cell->median_km = quantile(km, cell->n, 0.5);
    }
    free(km);
    return 0;
}

static int load_border(struct report *r, struct err *e)
{
    int rc = -1;
    struct border *b = NULL;
    TRY(border_open(r->prefs->border, &b, e));
    for (size_t i = 0; i < border_n_rings(b); i++) {
        size_t n = 0;
        bool hole = false;
        const struct lonlat *ring = border_ring(b, i, &n, &hole);
        TRY(outline_add_ring(&r->border, ring, n, e));
    }
    const struct bbox box = border_bbox(b);
    r->middle_deg = (box.min_x + box.max_x) / 2;
    TRY(outline_simplify(&r->border,
                         hypot(box.max_x - box.min_x, box.max_y - box.min_y) / BORDER_DETAIL, e));
out:
    border_free(b);
    return rc;
}

int report_load(struct report *r, struct db *db, const struct report_prefs *prefs, struct err *e)
{
    r->prefs = prefs;
    if (run_find(db, prefs->run, &r->run_id, r->run, e) != 0) {
        return -1;
    }
    if (truth_read_run(&r->truth, db, r->run_id, e) != 0 ||
        truth_add_baselines(&r->truth, e) != 0) {
        return err_ctx(e, "run '%s'", r->run);
    }
    r->part = &r->truth.part[0];
    r->chosen = part_chosen(&r->truth, r->part);
    if (load_run(r, db, e) != 0 || load_epochs(r, db, e) != 0 || load_scores(r, db, e) != 0 ||
        load_data(r, db, e) != 0 || load_cells(r, db, e) != 0 || sort_errors(r, e) != 0 ||
        measure_cells(r, e) != 0) {
        return -1;
    }
    r->middle_deg = geo_mean(r->part->truth, NULL, r->part->n).lon;
    return prefs->border ? load_border(r, e) : 0;
}

const struct score *report_score(const struct report *r, const char *decode, const char *metric)
{
    return scores_find(&r->scores, r->part->name, decode, metric);
}

void report_km(char *out, size_t size, double km)
{
    if (!isfinite(km)) {
        (void)snprintf(out, size, "&ndash;");
        return;
    }
    (void)snprintf(out, size, "%.*f", km < 9.995 ? 2 : km < 99.95 ? 1 : 0, km);
}

void report_count(char *out, size_t size, int64_t n)
{
    char digits[32];
    const int len = snprintf(digits, sizeof digits, "%" PRId64, n);
    size_t at = 0;
    for (int i = 0; i < len && at + 2 < size; i++) {
        if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-') {
            out[at++] = ',';
        }
        out[at++] = digits[i];
    }
    out[at] = '\0';
}
