/* SPDX-License-Identifier: MIT */
/* The data of a run, from catalog and pack: see dataset.h. */
#include "train/dataset.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/rng.h"
#include "core/vec.h"
#include "sql/catalog.h"
#include "train/nn/place.h"

static const char *const part_labels[PART_COUNT] = {"train", "val", "test"};

const char *part_label(enum part_name p)
{
    return part_labels[p];
}

/* --- grid, projection, statistics ------------------------------------------------------------------ */

/* A grid or projection belongs to the split whose train part it was made from. */
static int check_scheme(int64_t made_for, int64_t scheme_id, const char *what, const char *name,
                        const char *split, const char *tool, struct err *e)
{
    return made_for == scheme_id
               ? 0
               : err_set(e, ERR_INPUT,
                         "%s '%s' was made for another split than '%s': run %s --split %s", what,
                         name, split, tool, split);
}

static int read_class(struct stmt *st, struct dataset *d, int64_t i, struct err *e)
{
    struct class_point *c = &d->cls[i];
    *c = (struct class_point){.id = col_i64(st, 0),
                              .data = {col_f64(st, 2), col_f64(st, 3)},
                              .clipped = {col_f64(st, 4), col_f64(st, 5)},
                              .n_train = col_i64(st, 6)};
    if (col_i64(st, 1) != i || !geo_valid(c->data) || !geo_valid(c->clipped)) {
        return err_set(e, ERR_INPUT,
                       "class %" PRId64 " of the grid is damaged: run gdje-grid again", i);
    }
    d->class_point[i] = c->data;
    return 0;
}

static int load_classes(struct db *db, struct dataset *d, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    int64_t i = 0;
    d->cls = calloc((size_t)d->n_classes, sizeof *d->cls);
    d->class_point = calloc((size_t)d->n_classes, sizeof *d->class_point);
    if (!d->cls || !d->class_point) {
        return err_nomem(e, "classes");
    }
    TRY(db_prepare(db, &st,
                   "SELECT id, number, data_lon_deg, data_lat_deg, clipped_lon_deg,"
                   " clipped_lat_deg, n_train FROM class WHERE grid_id = ? AND state = 'kept'"
                   " ORDER BY number",
                   e));
    stmt_i64(st, 1, d->grid_id);
    while ((rc = stmt_step(st, &row, e)) == 0 && row && i < d->n_classes) {
        TRY(read_class(st, d, i++, e));
    }
    TRY(rc);
    if (i != d->n_classes || row) {
        rc = err_set(e, ERR_INPUT,
                     "the grid's classes do not count up to %" PRId64 ": run gdje-grid again",
                     d->n_classes);
    }
out:
    stmt_free(st);
    return rc;
}

static int load_grid(struct db *db, const struct train_prefs *prefs, struct dataset *d,
                     struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    TRY(catalog_grid(db, prefs->grid, &d->grid_id, e));
    TRY(db_prepare(db, &st, "SELECT scheme_id, n_classes, border_sha256 FROM grid WHERE id = ?",
                   e));
    stmt_i64(st, 1, d->grid_id);
    TRY(stmt_step(st, &row, e));
    TRY(check_scheme(col_i64(st, 0), d->scheme_id, "grid", prefs->grid, prefs->split, "gdje-grid",
                     e));
    d->n_classes = col_i64(st, 1);
    (void)snprintf(d->border_sha256, sizeof d->border_sha256, "%s", col_text(st, 2));
    if (d->n_classes < 2 || d->n_classes > INT32_MAX) {
        rc = err_set(e, ERR_INPUT, "grid '%s' has %" PRId64 " classes: choose a finer one",
                     prefs->grid, d->n_classes);
        goto out;
    }
    TRY(load_classes(db, d, e));
out:
    stmt_free(st);
    return rc;
}

static int load_projection(struct db *db, const struct train_prefs *prefs, struct dataset *d,
                           struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    TRY(catalog_projection(db, prefs->projection, &d->projection_id, e));
    TRY(db_prepare(db, &st,
                   "SELECT scheme_id, crs, min_x_m, min_y_m, max_x_m, max_y_m FROM projection"
                   " WHERE id = ?",
                   e));
    stmt_i64(st, 1, d->projection_id);
    TRY(stmt_step(st, &row, e));
    TRY(check_scheme(col_i64(st, 0), d->scheme_id, "projection", prefs->projection, prefs->split,
                     "gdje-project", e));
    if (strlen(col_text(st, 1)) >= sizeof d->crs) {
        rc = err_set(e, ERR_INPUT, "the name of projection '%s' is too long to store: '%s'",
                     prefs->projection, col_text(st, 1));
        goto out;
    }
    (void)snprintf(d->crs, sizeof d->crs, "%s", col_text(st, 1));
    d->scale = (struct bbox){col_f64(st, 2), col_f64(st, 3), col_f64(st, 4), col_f64(st, 5)};
    if (!(d->scale.max_x > d->scale.min_x) || !(d->scale.max_y > d->scale.min_y)) {
        rc = err_set(e, ERR_INPUT, "projection '%s' spans no area: the train part is one place",
                     prefs->projection);
    }
out:
    stmt_free(st);
    return rc;
}

static int load_stats(struct db *db, const struct train_prefs *prefs, int size_px,
                      struct dataset *d, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    int n = 0;
    TRY(db_prepare(db, &st,
                   "SELECT mean, std FROM stats WHERE scheme_id = ? AND size_px = ?"
                   " ORDER BY channel",
                   e));
    stmt_i64(st, 1, d->scheme_id);
    stmt_i64(st, 2, size_px);
    while ((rc = stmt_step(st, &row, e)) == 0 && row && n < 3) {
        d->mean[n] = (float)col_f64(st, 0);
        d->std[n++] = (float)col_f64(st, 1);
    }
    TRY(rc);
    if (n != 3) {
        rc = err_set(e, ERR_INPUT,
                     "there are no channel statistics of split '%s' at %d pixels: run"
                     " gdje-stats --split %s --size %d",
                     prefs->split, size_px, prefs->split, size_px);
    }
out:
    stmt_free(st);
    return rc;
}

/* --- locations ------------------------------------------------------------------------------------- */

/* scheme, part, then grid or projection. By uuid: ids are in the order in which a fetch happened to
 * end its requests, and the same places are to train the same network. */
static const char *const query[2] = {
    [TASK_CLASSIFICATION] =
        "SELECT l.id, l.uuid, l.lon_deg, l.lat_deg, c.number FROM split s"
        " JOIN location l ON l.id = s.location_id"
        " LEFT JOIN label b ON b.location_id = l.id AND b.grid_id = ?3"
        " LEFT JOIN class c ON c.id = b.class_id AND c.state = 'kept'"
        " WHERE s.scheme_id = ?1 AND s.part = ?2 AND l.lat_deg IS NOT NULL ORDER BY l.uuid",
    [TASK_REGRESSION] =
        "SELECT l.id, l.uuid, l.lon_deg, l.lat_deg, p.x_m, p.y_m FROM split s"
        " JOIN location l ON l.id = s.location_id"
        " LEFT JOIN projected p ON p.location_id = l.id AND p.projection_id = ?3"
        " WHERE s.scheme_id = ?1 AND s.part = ?2 AND l.lat_deg IS NOT NULL ORDER BY l.uuid",
};

static int part_add(struct part *p, const struct sample *s, struct err *e)
{
    if (vec_room(&p->s, p->n, &p->cap, sizeof *p->s, "locations", e) != 0) {
        return -1;
    }
    p->s[p->n++] = *s;
    return 0;
}

static void read_target(struct stmt *st, const struct dataset *d, struct sample *s)
{
    s->label = -1;
    if (d->task == TASK_CLASSIFICATION) {
        s->label = col_null(st, 4) ? -1 : col_i64(st, 4);
    } else {
        s->scaled[0] =
            (float)((col_f64(st, 4) - d->scale.min_x) / (d->scale.max_x - d->scale.min_x));
        s->scaled[1] =
            (float)((col_f64(st, 5) - d->scale.min_y) / (d->scale.max_y - d->scale.min_y));
    }
}

/* read_location - one row into the part, unless it cannot be used. */
static int read_location(struct stmt *st, const struct dataset *d, const struct pack *pack,
                         bool train, struct part *p, struct err *e)
{
    struct sample s = {.location_id = col_i64(st, 0),
                       .key = rng_stream(col_text(st, 1)),
                       .truth = {col_f64(st, 2), col_f64(st, 3)}};
    const ptrdiff_t record = pack_find(pack, s.location_id);
    if (record < 0) {
        p->n_unpacked++;
        return 0;
    }
    s.record = (size_t)record;
    s.mask = pack_mask(pack, s.record);
    read_target(st, d, &s);
    if (d->task == TASK_REGRESSION && !(isfinite(s.scaled[0]) && isfinite(s.scaled[1]))) {
        return err_set(e, ERR_INPUT,
                       "location %" PRId64 " is not projected: run gdje-project again",
                       s.location_id);
    }
    if (s.mask == 0) {
        p->n_viewless++;
        return 0;
    }
    if (d->task == TASK_CLASSIFICATION && s.label < 0) {
        p->n_unlabelled++;
        if (train) {
            return 0;
        }
    }
    p->n_incomplete += s.mask != PACK_ALL_VIEWS(pack_n_views(pack));
    return part_add(p, &s, e);
}

static void report_part(enum part_name which, const struct part *p)
{
    const char *name = part_label(which);
    if (p->n_unpacked > 0) {
        log_warn("%zu located %s locations are not in the pack: run gdje-pack again", p->n_unpacked,
                 name);
    }
    if (p->n_viewless > 0) {
        log_warn("%zu %s locations have no readable view and are left out", p->n_viewless, name);
    }
    if (p->n_unlabelled > 0) {
        log_info("%zu %s locations are in no class%s", p->n_unlabelled, name,
                 which == PART_TRAIN ? " and are left out" : "; their error in km counts");
    }
    if (p->n_incomplete > 0) {
        log_info("%zu %s locations lack a view; the next one clockwise stands in", p->n_incomplete,
                 name);
    }
}

static int load_part(struct db *db, const struct pack *pack, enum part_name which,
                     struct dataset *d, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    struct part *p = &d->part[which];
    TRY(db_prepare(db, &st, query[d->task], e));
    stmt_i64(st, 1, d->scheme_id);
    stmt_text(st, 2, part_label(which));
    stmt_i64(st, 3, d->task == TASK_CLASSIFICATION ? d->grid_id : d->projection_id);
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        TRY(read_location(st, d, pack, which == PART_TRAIN, p, e));
    }
    TRY(rc);
    report_part(which, p);
out:
    stmt_free(st);
    return rc;
}

/* --- the whole ------------------------------------------------------------------------------------- */

static int check_parts(const struct dataset *d, const struct train_prefs *prefs, struct err *e)
{
    for (int i = 0; i <= PART_VAL; i++) {
        if (d->part[i].n == 0) {
            return err_set(e, ERR_INPUT,
                           "no usable location in part '%s' of split '%s' and pack '%s'",
                           part_labels[i], prefs->split, prefs->pack);
        }
    }
    if (d->part[PART_VAL].n_unlabelled == d->part[PART_VAL].n) {
        return err_set(e, ERR_INPUT,
                       "no val location is in a class of grid '%s': choose a coarser"
                       " one or more locations",
                       prefs->grid);
    }
    return 0;
}

static int digest(struct dataset *d, const struct pack *pack, struct err *e)
{
    struct sha256 *s = NULL;
    if (sha256_new(&s, e) != 0) {
        return -1;
    }
    for (int i = 0; i < PART_COUNT; i++) {
        for (size_t k = 0; k < d->part[i].n; k++) {
            const struct sample *a = &d->part[i].s[k];
            sha256_add(s, &a->location_id, sizeof a->location_id);
            sha256_add(s, &a->truth, sizeof a->truth);
            sha256_add(s, &a->label, sizeof a->label);
            sha256_add(s, a->scaled, sizeof a->scaled);
        }
        sha256_add_str(s, part_labels[i]);
    }
    for (int64_t k = 0; k < d->n_classes; k++) {
        sha256_add(s, &d->class_point[k], sizeof d->class_point[k]);
    }
    sha256_add(s, d->mean, sizeof d->mean);
    sha256_add(s, d->std, sizeof d->std);
    sha256_add_str(s, d->crs);
    sha256_add(s, &d->scale, sizeof d->scale);
    sha256_add(s, pack_inputs(pack), SHA256_SIZE);
    sha256_hex(s, d->sha256);
    sha256_free(s);
    return 0;
}

static int load(struct db *db, const struct train_prefs *prefs, const struct pack *pack,
                struct dataset *d, struct err *e)
{
    int rc = -1;
    d->task = (enum task)prefs->task;
    TRY(catalog_scheme(db, prefs->split, &d->scheme_id, e));
    if (d->task == TASK_CLASSIFICATION) {
        TRY(load_grid(db, prefs, d, e));
    } else {
        TRY(load_projection(db, prefs, d, e));
    }
    d->form = *pack_form(pack);
    TRY(load_stats(db, prefs, pack_size_px(pack), d, e));
    for (int i = 0; i < PART_COUNT; i++) {
        TRY(load_part(db, pack, (enum part_name)i, d, e));
    }
    TRY(check_parts(d, prefs, e));
    TRY(digest(d, pack, e));
out:
    return rc;
}

int dataset_load(struct db *db, const struct train_prefs *prefs, const struct pack *pack,
                 struct dataset *d, struct err *e)
{
    struct dataset got = {0};
    if (load(db, prefs, pack, &got, e) != 0) {
        dataset_release(&got);
        return -1;
    }
    *d = got;
    return 0;
}

void dataset_release(struct dataset *d)
{
    for (int i = 0; i < PART_COUNT; i++) {
        free(d->part[i].s);
    }
    free(d->cls);
    free(d->class_point);
    *d = (struct dataset){0};
}

int part_baseline(const struct dataset *d, enum part_name p, struct lonlat *guess, double *km,
                  struct err *e)
{
    const struct part *train = &d->part[PART_TRAIN];
    const struct part *part = &d->part[p];
    double sum = 0;
    struct lonlat *at = calloc(train->n, sizeof *at);
    if (!at) {
        return err_nomem(e, "places");
    }
    for (size_t i = 0; i < train->n; i++) {
        at[i] = train->s[i].truth;
    }
    *guess = geo_median(at, NULL, train->n);
    free(at);
    for (size_t i = 0; i < part->n; i++) {
        sum += geo_distance_km(*guess, part->s[i].truth);
    }
    *km = part->n > 0 ? sum / (double)part->n : (double)NAN;
    return 0;
}
