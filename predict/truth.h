/* SPDX-License-Identifier: MIT */
/*
 * Predictions beside the truth: what gdje-eval and gdje-report measure. Read from a run in the
 * catalog, or from CSV files.
 *
 *     struct truth t = {0};
 *     TRY(truth_read_run(&t, db, run_id, e));
 *     ... t.part[0].est[0].km[i] ...
 *     truth_release(&t);
 */
#ifndef PREDICT_TRUTH_H
#define PREDICT_TRUTH_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "predict/metrics.h"
#include "sql/db.h"

#define TRUTH_MAX_ESTIMATES 12
#define TRUTH_NAME_MAX      32

/* One way to name a place for every location of a part: a decoder or a baseline. */
struct estimate {
    char name[TRUTH_NAME_MAX];
    struct lonlat *at; /* [n] owned; NULL for a baseline without places */
    double *km;        /* [n] error, owned */
};

struct part {
    char name[TRUTH_NAME_MAX];
    size_t n, cap;
    int64_t *location;     /* [n] id; 0 when read from files; owned, as all below */
    struct lonlat *truth;  /* [n] */
    int32_t *label;        /* [n] class number, -1: in no class */
    struct guess *guess;   /* [n]; truth -1 where there is no label, top -1 without classes */
    double *near_train_km; /* [n] to the nearest train location; NULL when none is known */
    struct estimate est[TRUTH_MAX_ESTIMATES];
    size_t n_est, n_decoders; /* decoders come first, then baselines */
};

/* A class of the run's grid. */
struct truth_class {
    struct lonlat point; /* what decoders use: the mean of its train locations */
    char *name;          /* owned; NULL: unnamed */
};

struct truth {
    struct part *part;
    size_t n_parts;
    struct lonlat *train; /* [n_train] owned */
    size_t n_train;
    struct truth_class *cls; /* [n_classes] owned */
    size_t n_classes;
    char chosen[TRUTH_NAME_MAX]; /* the decoder chosen on the val part; "" when none was */
    double country_km;           /* diagonal of the bounding box of all known places */
    size_t n_missing, n_unknown; /* files: truth without prediction, prediction without truth */
};

/* truth_read_run - parts in the order test, val, train, others. ERR_INPUT when the run has no
 * predictions of places that are known ("run gdje-predict first"), or not of all by every decoder. */
int truth_read_run(struct truth *t, struct db *db, int64_t run_id, struct err *e);

/* truth_read_files - CSV files with uuid, latitude, longitude; train may be NULL. The only part is
 * "all", its decoder "file". */
int truth_read_files(struct truth *t, const char *predictions, const char *truth, const char *train,
                     struct err *e);

/*
 * truth_add_baselines - to every part, what a prediction has to beat: `constant` (the mean of the
 * train locations for all), `constant_median` (their geometric median, the best constant guess),
 * `nearest_train` (an oracle that names the nearest train location; not for the train part) and
 * `floor` (an oracle that knows the class: the class point; the nearest one where a location is in
 * no class). Also fills near_train_km.
 */
int truth_add_baselines(struct truth *t, struct err *e);

void truth_release(struct truth *t);

/* truth_part - by name, or NULL. */
const struct part *truth_part(const struct truth *t, const char *name);

/* part_estimate - by name, or NULL. part_chosen - the chosen decoder, or the first. */
const struct estimate *part_estimate(const struct part *p, const char *name);
const struct estimate *part_chosen(const struct truth *t, const struct part *p);

#endif
