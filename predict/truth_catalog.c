/* SPDX-License-Identifier: MIT */
/* A run's predictions and what they are measured against, from the catalog. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/vec.h"
#include "predict/store.h"
#include "predict/truth_internal.h"
#include "sql/catalog.h"

#define RANKS 10 /* top-10 accuracy is the deepest */

static int read_train(struct truth *t, struct db *db, int64_t run_id, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    size_t cap = 0;
    TRY(db_prepare(db, &st,
                   "SELECT l.lon_deg, l.lat_deg FROM run r"
                   " JOIN split s ON s.scheme_id = r.scheme_id AND s.part = 'train'"
                   " JOIN location l ON l.id = s.location_id"
                   " WHERE r.id = ? AND l.lat_deg NOT NULL ORDER BY l.uuid",
                   e));
    stmt_i64(st, 1, run_id);
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        TRY(vec_room(&t->train, t->n_train, &cap, sizeof *t->train, "train locations", e));
        t->train[t->n_train++] = (struct lonlat){col_f64(st, 0), col_f64(st, 1)};
    }
out:
    stmt_free(st);
    return rc;
}

static int add_class(struct truth *t, struct stmt *st, size_t *cap, struct err *e)
{
    const struct lonlat point = {col_f64(st, 1), col_f64(st, 2)};
    const char *name = col_text(st, 3);
    if (col_i64(st, 0) != (int64_t)t->n_classes || !geo_valid(point)) {
        return err_set(e, ERR_INPUT, "the classes of the run's grid are damaged at number %zu",
                       t->n_classes);
    }
    if (vec_room(&t->cls, t->n_classes, cap, sizeof *t->cls, "classes", e) != 0) {
        return -1;
    }
    struct truth_class *c = &t->cls[t->n_classes++];
    *c = (struct truth_class){.point = point};
    if (name && name[0] && !(c->name = strdup(name))) {
        return err_nomem(e, "classes");
    }
    return 0;
}

static int read_classes(struct truth *t, struct db *db, int64_t run_id, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    size_t cap = 0;
    TRY(db_prepare(db, &st,
                   "SELECT c.number, coalesce(c.data_lon_deg, c.clipped_lon_deg),"
                   " coalesce(c.data_lat_deg, c.clipped_lat_deg), c.name FROM run r"
                   " JOIN class c ON c.grid_id = r.grid_id AND c.number NOT NULL"
                   " WHERE r.id = ? AND r.task = 'classification' ORDER BY c.number",
                   e));
    stmt_i64(st, 1, run_id);
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        TRY(add_class(t, st, &cap, e));
    }
out:
    stmt_free(st);
    return rc;
}

static int read_rest(struct truth *t, struct db *db, int64_t run_id, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    TRY(db_prepare(db, &st, "SELECT decode FROM decode_choice WHERE run_id = ?", e));
    stmt_i64(st, 1, run_id);
    TRY(stmt_step(st, &row, e));
    if (row) {
        (void)snprintf(t->chosen, sizeof t->chosen, "%s", col_text(st, 0));
    }
    stmt_free(st);
    st = NULL;
    TRY(db_prepare(
        db, &st, "SELECT min(lon_deg), min(lat_deg), max(lon_deg), max(lat_deg) FROM location", e));
    TRY(stmt_step(st, &row, e));
    const struct lonlat corner[2] = {{col_f64(st, 0), col_f64(st, 1)},
                                     {col_f64(st, 2), col_f64(st, 3)}};
    t->country_km = col_null(st, 0) ? 0 : bounds_diagonal_km(corner, 2);
    rc = 0;
out:
    stmt_free(st);
    return rc;
}

/* Most probable class, its probability and the label's rank among the most probable. */
static void read_top(const char *json, int32_t label, size_t n_classes, struct guess *g)
{
    struct top_class top[RANKS];
    const size_t n = store_top(json, top, RANKS);
    if (n == 0 || top[0].number >= n_classes) {
        return;
    }
    g->top = (int32_t)top[0].number;
    g->confidence = top[0].probability;
    for (size_t i = 0; i < n && g->rank < 0; i++) {
        g->rank = label >= 0 && top[i].number == (uint32_t)label ? (int32_t)i : -1;
    }
}

enum { LOCATION, PART, DECODE, LON, LAT, TRUE_LON, TRUE_LAT, LABEL, TOP };

static int start_location(struct truth *t, struct part *p, struct stmt *st, struct err *e)
{
    if (part_add_location(p, e) != 0) {
        return -1;
    }
    const size_t i = p->n - 1;
    const char *top = col_text(st, TOP);
    p->location[i] = col_i64(st, LOCATION);
    p->truth[i] = (struct lonlat){col_f64(st, TRUE_LON), col_f64(st, TRUE_LAT)};
    const int64_t label = col_null(st, LABEL) ? -1 : col_i64(st, LABEL);
    p->label[i] = label < (int64_t)t->n_classes ? (int32_t)label : -1;
    p->guess[i].truth = p->label[i];
    if (top) {
        read_top(top, p->label[i], t->n_classes, &p->guess[i]);
    }
    return 0;
}

/* One row: decoder k of location i. All locations of a part have the same decoders. */
static int add_row(struct part *p, size_t k, struct stmt *st, struct err *e)
{
    const char *name = col_text(st, DECODE);
    const size_t i = p->n - 1;
    struct estimate *est = k < p->n_est ? &p->est[k] : NULL;
    if (!est && i == 0) {
        if (part_add_estimate(p, name, &est, e) != 0) {
            return -1;
        }
        p->n_decoders = p->n_est;
    }
    if (!est || strcmp(est->name, name) != 0) {
        return err_set(e, ERR_INPUT,
                       "location %" PRId64 " lacks a decoder or has one too many: run gdje-predict "
                       "again",
                       p->location[i]);
    }
    est->at[i] = (struct lonlat){col_f64(st, LON), col_f64(st, LAT)};
    est->km[i] = geo_distance_km(est->at[i], p->truth[i]);
    return 0;
}

/* The part and location of the row become the last ones of t, if they are not; *k is reset. */
static int go_to(struct truth *t, struct part **p, size_t *k, struct stmt *st, struct err *e)
{
    const char *part = col_text(st, PART);
    const bool same_part = *p && strncmp((*p)->name, part, sizeof((*p)->name) - 1) == 0;
    if (same_part && (*p)->location[(*p)->n - 1] == col_i64(st, LOCATION)) {
        return 0;
    }
    if (*p && *k != (*p)->n_est) {
        return err_set(e, ERR_INPUT, "location %" PRId64 " lacks a decoder: run gdje-predict again",
                       (*p)->location[(*p)->n - 1]);
    }
    if (!same_part && truth_add_part(t, part, p, e) != 0) {
        return -1;
    }
    *k = 0;
    return start_location(t, *p, st, e);
}

static int read_predictions(struct truth *t, struct db *db, int64_t run_id, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    struct part *p = NULL;
    size_t k = 0;
    TRY(db_prepare(db, &st,
                   "SELECT p.location_id, coalesce(p.part, 'none') AS part, p.decode, p.lon_deg,"
                   " p.lat_deg, l.lon_deg, l.lat_deg, c.number, p.top"
                   " FROM prediction p JOIN run r ON r.id = p.run_id"
                   " JOIN location l ON l.id = p.location_id"
                   " LEFT JOIN label b ON b.grid_id = r.grid_id AND b.location_id = l.id"
                   " LEFT JOIN class c ON c.id = b.class_id"
                   " WHERE p.run_id = ? AND l.lat_deg NOT NULL"
                   " ORDER BY CASE p.part WHEN 'test' THEN 0 WHEN 'val' THEN 1 WHEN 'train' THEN 2"
                   " ELSE 3 END, part, l.uuid, p.id",
                   e));
    stmt_i64(st, 1, run_id);
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        TRY(go_to(t, &p, &k, st, e));
        TRY(add_row(p, k++, st, e));
    }
    if (rc == 0 && p && k != p->n_est) {
        rc = err_set(e, ERR_INPUT, "location %" PRId64 " lacks a decoder: run gdje-predict again",
                     p->location[p->n - 1]);
    }
out:
    stmt_free(st);
    return rc;
}

int truth_read_run(struct truth *out, struct db *db, int64_t run_id, struct err *e)
{
    int rc = -1;
    struct truth t = {0};
    TRY(read_train(&t, db, run_id, e));
    TRY(read_classes(&t, db, run_id, e));
    TRY(read_rest(&t, db, run_id, e));
    TRY(read_predictions(&t, db, run_id, e));
    if (t.n_parts == 0) {
        rc = err_set(e, ERR_INPUT,
                     "it has no predictions of places that are known: run gdje-predict first");
        goto out;
    }
    *out = t;
    t = (struct truth){0};
out:
    truth_release(&t);
    return rc;
}
