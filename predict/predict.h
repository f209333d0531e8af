/* SPDX-License-Identifier: MIT */
/* gdje-predict: places for the locations of a catalog, or for photos on disk. */
#ifndef PREDICT_PREDICT_H
#define PREDICT_PREDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/tool.h"

enum answer_format { ANSWER_CSV, ANSWER_JSONL };

/* --decode: auto, then the decoders in the order of enum decode. */
#define DECODE_AUTO 0

struct predict_prefs {
    const char *checkpoint;
    const char *pack;   /* NULL: none */
    const char *output; /* NULL: stdout for photos, nothing for the catalog */
    const char *border;
    const char *backend;
    struct opt_list part; /* none: val and test */
    int decode, format, precision;
    int64_t top, top_classes, batch, n_threads;
    bool land, force;
};

#define PREDICT_PREFS_DEFAULT                                          \
    {                                                                  \
        .border = "shapes/croatia.shp", .backend = "auto", .batch = 16 \
    }

/* predict_run - the tool. ERR_INCOMPLETE when photos could not be used; all others are answered. */
int predict_run(const struct cli *cli, const struct predict_prefs *prefs, struct err *e);

#endif
