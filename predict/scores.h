/* SPDX-License-Identifier: MIT */
/*
 * What gdje-eval found, as rows: part, decoder or baseline, metric, value, 95 % interval. The long
 * format is both what is printed and what the catalog's table `score` holds.
 */
#ifndef PREDICT_SCORES_H
#define PREDICT_SCORES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/err.h"
#include "predict/bootstrap.h"
#include "sql/db.h"

struct score {
    char part[32];
    char decode[32];
    char *metric;             /* owned */
    double value;             /* finite */
    struct interval interval; /* NAN: none */
};

struct scores {
    struct score *row;
    size_t n, cap;
};

#define NO_INTERVAL ((struct interval){(double)NAN, (double)NAN})

/* scores_add - a value that is not finite adds no row: there was nothing to count. */
int scores_add(struct scores *s, const char *part, const char *decode, const char *metric,
               double value, struct interval interval, struct err *e);
void scores_release(struct scores *s);

/* scores_find - a row, or NULL. */
const struct score *scores_find(const struct scores *s, const char *part, const char *decode,
                                const char *metric);

/* scores_print - TSV with a header row; a missing bound is an empty field. */
void scores_print(const struct scores *s, FILE *f);

/* scores_count - the rows that the catalog has of a run. */
int scores_count(struct db *db, int64_t run_id, int64_t *n, struct err *e);

/* scores_store - replace the rows of a run. The caller's transaction. */
int scores_store(const struct scores *s, struct db *db, int64_t run_id, struct err *e);

#endif
