/* SPDX-License-Identifier: MIT */
/* Predictions in the catalog: rows of a run, the decoder chosen on the val part, and back. */
#ifndef PREDICT_STORE_H
#define PREDICT_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/tool.h"
#include "predict/answers.h"
#include "predict/photos.h"
#include "sql/db.h"

#define DECODE_NAME_MAX 32

/* store_answers - replace the predictions of these locations and parts. The caller's transaction. */
int store_answers(struct db *db, int64_t run_id, const struct photos *p, const struct answers *a,
                  const struct opt_list *part, struct err *e);

/* store_choose - the decoder with the least mean error on the val part becomes the run's; without
 * predictions there, the choice made before stays, or it is the first decoder (*val_km NAN). */
int store_choose(struct db *db, int64_t run_id, char *decode, double *val_km, struct err *e);

/* store_chosen - the run's decoder; "" when none was chosen. */
int store_chosen(struct db *db, int64_t run_id, char *decode, struct err *e);

/* store_top - a prediction's most probable classes from its column `top`; returns how many of k. */
size_t store_top(const char *json, struct top_class *top, size_t k);

#endif
