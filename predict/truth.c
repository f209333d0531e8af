/* SPDX-License-Identifier: MIT */
/* Parts and estimates: their arrays, the baselines, and reading them from CSV files. Reading a run
 * from the catalog is truth_catalog.c. */
#include "predict/truth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/nearest.h"
#include "core/vec.h"
#include "predict/places.h"
#include "predict/truth_internal.h"
#include "train/nn/place.h"

static void estimate_release(struct estimate *est)
{
    free(est->at);
    free(est->km);
}

void truth_release(struct truth *t)
{
    for (size_t i = 0; i < t->n_parts; i++) {
        struct part *p = &t->part[i];
        free(p->location);
        free(p->truth);
        free(p->label);
        free(p->guess);
        free(p->near_train_km);
        for (size_t k = 0; k < p->n_est; k++) {
            estimate_release(&p->est[k]);
        }
    }
    for (size_t i = 0; i < t->n_classes; i++) {
        free(t->cls[i].name);
    }
    free(t->part);
    free(t->train);
    free(t->cls);
    *t = (struct truth){0};
}

int truth_add_part(struct truth *t, const char *name, struct part **p, struct err *e)
{
    struct part *q = realloc(t->part, (t->n_parts + 1) * sizeof *q);
    if (!q) {
        return err_nomem(e, "a part");
    }
    t->part = q;
    *p = &q[t->n_parts++];
    **p = (struct part){0};
    (void)snprintf((*p)->name, sizeof(*p)->name, "%s", name);
    return 0;
}

/* An array of the part has room for one more location; *cap becomes what it has room for. */
static int grow(const struct part *p, void *array, size_t size, size_t *cap, struct err *e)
{
    *cap = p->cap;
    return vec_room(array, p->n, cap, size, "locations", e);
}

int part_add_location(struct part *p, struct err *e)
{
    size_t cap = 0;
    if (grow(p, &p->location, sizeof *p->location, &cap, e) != 0 ||
        grow(p, &p->truth, sizeof *p->truth, &cap, e) != 0 ||
        grow(p, &p->label, sizeof *p->label, &cap, e) != 0 ||
        grow(p, &p->guess, sizeof *p->guess, &cap, e) != 0) {
        return -1;
    }
    for (size_t k = 0; k < p->n_est; k++) {
        if (grow(p, &p->est[k].at, sizeof *p->est[k].at, &cap, e) != 0 ||
            grow(p, &p->est[k].km, sizeof *p->est[k].km, &cap, e) != 0) {
            return -1;
        }
    }
    p->cap = cap;
    p->location[p->n] = 0;
    p->truth[p->n] = (struct lonlat){0, 0};
    p->label[p->n] = -1;
    p->guess[p->n] = (struct guess){.truth = -1, .top = -1, .rank = -1};
    p->n++;
    return 0;
}

int part_add_estimate(struct part *p, const char *name, struct estimate **est, struct err *e)
{
    if (p->n_est == TRUTH_MAX_ESTIMATES) {
        return err_set(e, ERR_INPUT, "more than %d decoders", TRUTH_MAX_ESTIMATES);
    }
    const size_t room = p->cap ? p->cap : 1;
    struct estimate x = {.at = calloc(room, sizeof *x.at), .km = calloc(room, sizeof *x.km)};
    if (!x.at || !x.km) {
        estimate_release(&x);
        return err_nomem(e, "predictions");
    }
    (void)snprintf(x.name, sizeof x.name, "%s", name);
    p->est[p->n_est] = x;
    *est = &p->est[p->n_est++];
    return 0;
}

const struct part *truth_part(const struct truth *t, const char *name)
{
    for (size_t i = 0; i < t->n_parts; i++) {
        if (strcmp(t->part[i].name, name) == 0) {
            return &t->part[i];
        }
    }
    return NULL;
}

const struct estimate *part_estimate(const struct part *p, const char *name)
{
    for (size_t k = 0; k < p->n_est; k++) {
        if (strcmp(p->est[k].name, name) == 0) {
            return &p->est[k];
        }
    }
    return NULL;
}

const struct estimate *part_chosen(const struct truth *t, const struct part *p)
{
    const struct estimate *est = part_estimate(p, t->chosen);
    return est ? est : &p->est[0];
}

/* Baselines ----------------------------------------------------------------------------------- */

static int add_constant(struct part *p, const char *name, struct lonlat at, struct err *e)
{
    struct estimate *est = NULL;
    if (part_add_estimate(p, name, &est, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < p->n; i++) {
        est->at[i] = at;
        est->km[i] = geo_distance_km(at, p->truth[i]);
    }
    return 0;
}

static int add_nearest(struct part *p, const struct truth *t, const struct nearest *train,
                       struct err *e)
{
    struct estimate *est = NULL;
    p->near_train_km = calloc(p->n ? p->n : 1, sizeof *p->near_train_km);
    if (!p->near_train_km) {
        return err_nomem(e, "distances");
    }
    if (part_add_estimate(p, "nearest_train", &est, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < p->n; i++) {
        const size_t k = nearest_find(train, p->truth[i], &est->km[i]);
        est->at[i] = t->train[k];
        p->near_train_km[i] = est->km[i];
    }
    return 0;
}

static int add_floor(struct part *p, const struct truth *t, const struct nearest *points,
                     struct err *e)
{
    struct estimate *est = NULL;
    if (part_add_estimate(p, "floor", &est, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < p->n; i++) {
        double km = 0;
        const size_t k =
            p->label[i] >= 0 ? (size_t)p->label[i] : nearest_find(points, p->truth[i], &km);
        est->at[i] = t->cls[k].point;
        est->km[i] = geo_distance_km(est->at[i], p->truth[i]);
    }
    return 0;
}

int truth_add_baselines(struct truth *t, struct err *e)
{
    int rc = -1;
    struct nearest *train = NULL;
    struct nearest *points = NULL;
    struct lonlat *point = calloc(t->n_classes ? t->n_classes : 1, sizeof *point);
    struct lonlat mean = {0, 0};
    struct lonlat median = {0, 0};
    if (!point) {
        rc = err_nomem(e, "class points");
        goto out;
    }
    for (size_t i = 0; i < t->n_classes; i++) {
        point[i] = t->cls[i].point;
    }
    if (t->n_classes > 0) {
        TRY(nearest_new(point, t->n_classes, &points, e));
    }
    if (t->n_train > 0) {
        TRY(nearest_new(t->train, t->n_train, &train, e));
        mean = place_mean(t->train, NULL, t->n_train);
        median = geo_median(t->train, NULL, t->n_train);
    }
    for (size_t i = 0; i < t->n_parts; i++) {
        struct part *p = &t->part[i];
        if (t->n_train > 0) {
            TRY(add_constant(p, "constant", mean, e));
            TRY(add_constant(p, "constant_median", median, e));
        }
        if (t->n_train > 0 && strcmp(p->name, "train") != 0) {
            TRY(add_nearest(p, t, train, e));
        }
        if (t->n_classes > 0) {
            TRY(add_floor(p, t, points, e));
        }
    }
    rc = 0;
out:
    nearest_free(train);
    nearest_free(points);
    free(point);
    return rc;
}

/* CSV files ------------------------------------------------------------------------------------- */

static int add_train(struct truth *t, const char *path, struct err *e)
{
    struct places rows = {0};
    if (places_read(path, &rows, e) != 0) {
        return -1;
    }
    t->train = calloc(rows.n ? rows.n : 1, sizeof *t->train);
    for (size_t i = 0; t->train && i < rows.n; i++) {
        t->train[i] = rows.row[i].at;
    }
    t->n_train = rows.n;
    places_release(&rows);
    return t->train ? 0 : err_nomem(e, "train locations");
}

/* Every place of the truth and of train, for the map's diagonal. */
static int measure(struct truth *t, const struct places *truth, struct err *e)
{
    const size_t n = truth->n + t->n_train;
    struct lonlat *all = calloc(n ? n : 1, sizeof *all);
    if (!all) {
        return err_nomem(e, "locations");
    }
    for (size_t i = 0; i < truth->n; i++) {
        all[i] = truth->row[i].at;
    }
    for (size_t i = 0; i < t->n_train; i++) {
        all[truth->n + i] = t->train[i];
    }
    t->country_km = bounds_diagonal_km(all, n);
    free(all);
    return 0;
}

int truth_read_files(struct truth *out, const char *predictions, const char *truth,
                     const char *train, struct err *e)
{
    int rc = -1;
    struct truth t = {0};
    struct places p = {0};
    struct places q = {0};
    struct part *part = NULL;
    struct estimate *est = NULL;
    TRY(places_read(predictions, &p, e));
    TRY(places_read(truth, &q, e));
    if (train) {
        TRY(add_train(&t, train, e));
    }
    TRY(measure(&t, &q, e));
    TRY(truth_add_part(&t, "all", &part, e));
    TRY(part_add_estimate(part, "file", &est, e));
    part->n_decoders = 1;
    for (size_t i = 0; i < q.n; i++) {
        const struct place *guess = places_find(&p, q.row[i].uuid);
        if (!guess) {
            t.n_missing++;
            continue;
        }
        TRY(part_add_location(part, e));
        part->truth[part->n - 1] = q.row[i].at;
        est->at[part->n - 1] = guess->at;
        est->km[part->n - 1] = geo_distance_km(guess->at, q.row[i].at);
    }
    t.n_unknown = p.n - part->n;
    if (part->n == 0) {
        rc = err_set(e, ERR_INPUT, "'%s' and '%s' have no uuid in common", predictions, truth);
        goto out;
    }
    (void)snprintf(t.chosen, sizeof t.chosen, "file");
    *out = t;
    t = (struct truth){0};
    rc = 0;
out:
    places_release(&p);
    places_release(&q);
    truth_release(&t);
    return rc;
}
