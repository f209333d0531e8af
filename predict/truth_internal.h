/* SPDX-License-Identifier: MIT */
/* Growing a struct truth: shared by the two ways to read one. */
#ifndef PREDICT_TRUTH_INTERNAL_H
#define PREDICT_TRUTH_INTERNAL_H

#include "predict/truth.h"

/* truth_add_part - an empty part. The pointer is valid until the next call. */
int truth_add_part(struct truth *t, const char *name, struct part **p, struct err *e);

/* part_add_location - one more row in every array of the part; its numbers are zero, its label -1. */
int part_add_location(struct part *p, struct err *e);

/* part_add_estimate - arrays of the part's size under a new name. */
int part_add_estimate(struct part *p, const char *name, struct estimate **est, struct err *e);

#endif
