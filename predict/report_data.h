/* SPDX-License-Identifier: MIT */
/* What a report tells, read from the catalog before anything is written; and the pieces of the page
 * that write it, one file each. Strings come from the catalog as they are: only markup.h puts them
 * into the page. */
#ifndef PREDICT_REPORT_DATA_H
#define PREDICT_REPORT_DATA_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/err.h"
#include "predict/outline.h"
#include "predict/report.h"
#include "predict/runs.h"
#include "predict/scores.h"
#include "predict/truth.h"
#include "sql/db.h"

struct fact {
    char *name, *value; /* owned */
};

struct facts {
    struct fact *row;
    size_t n, cap;
};

struct report_epoch {
    double epoch, lr_backbone, lr_head, train_loss, train_accuracy, val_loss, val_accuracy, val_km;
};

struct report_cell {
    struct outline outline;
    int32_t number; /* -1: not a class of the network */
    int64_t n_train;
    char *name;       /* owned; NULL */
    size_t n;         /* locations of the shown part */
    double median_km; /* NAN when there is none */
};

struct report {
    char run[RUN_NAME_MAX];
    char *task, *arch, *state, *started, *finished; /* owned; finished NULL while running */
    int64_t run_id;
    double best_val_km; /* NAN: unknown */
    int64_t best_epoch;
    struct facts run_facts, config, data; /* three lists at the end of the page */
    struct report_epoch *epoch;           /* [n_epochs] owned */
    size_t n_epochs;
    struct scores scores;
    struct truth truth;
    const struct part *part;       /* the one shown: test, else the first */
    const struct estimate *chosen; /* its chosen decoder */
    struct report_cell *cell;      /* [n_cells] owned */
    size_t n_cells;
    struct outline border; /* simplified; no rings: none */
    double middle_deg;     /* longitude: all that is drawn is within 180 of it */
    int64_t n_demo, n_all; /* locations of the demo provider, of all */
    uint32_t *by_error;    /* [part->n] locations, least error first; owned */
    const struct report_prefs *prefs;
};

int report_load(struct report *r, struct db *db, const struct report_prefs *prefs, struct err *e);
void report_release(struct report *r);

/* report_score - a row of the shown part, or NULL. */
const struct score *report_score(const struct report *r, const char *decode, const char *metric);

/* Pieces of the page. */
int report_page(const struct report *r, struct db *db, FILE *f, struct err *e);
void report_tables(const struct report *r, FILE *f);
int report_charts(const struct report *r, FILE *f, struct err *e); /* of errors */
int report_curves(const struct report *r, FILE *f, struct err *e); /* of the training */
int report_photos(const struct report *r, struct db *db, FILE *f, struct err *e);
void report_facts(const struct facts *facts, const char *title, FILE *f);

/* report_map - the JSON that report.js draws; *n_lines: how many predictions it holds. */
int report_map(const struct report *r, struct db *db, FILE *f, size_t *n_lines, struct err *e);

/* report_km, report_count - numbers for people: "7.25", "31.2", "125"; "82,622". size >= 32. */
void report_km(char *out, size_t size, double km);
void report_count(char *out, size_t size, int64_t n);

#endif
