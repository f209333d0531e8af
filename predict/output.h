/* SPDX-License-Identifier: MIT */
/*
 * Answers as text, one line per location.
 *
 *   CSV    uuid,latitude,longitude and with --top K: class_1,probability_1 ... class_K,probability_K
 *   JSONL  {"uuid": "a", "latitude": 45.8, "longitude": 16.0, "top": [[17, 0.31], [4, 0.2]]}
 */
#ifndef PREDICT_OUTPUT_H
#define PREDICT_OUTPUT_H

#include <stddef.h>
#include <stdio.h>

#include "core/geo.h"
#include "predict/answers.h"
#include "predict/predict.h"

struct output {
    FILE *f;
    enum answer_format format;
    size_t n_top; /* classes per line */
};

void output_header(const struct output *o);

/* output_answer - degrees with 7 decimals (1 cm), probabilities with 6. top [n]; n may be less
 * than o->n_top. */
void output_answer(const struct output *o, const char *uuid, struct lonlat at,
                   const struct top_class *top, size_t n);

#endif
