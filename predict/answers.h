/* SPDX-License-Identifier: MIT */
/*
 * From photos to places: batches through the network, every decoder on every location.
 *
 *     struct answers a = {0};
 *     TRY(answers_make(&a, &photos, net, &spec, e));
 *     struct lonlat place = a.row[i].at[DECODE_MEDIAN];
 *     answers_release(&a);
 */
#ifndef PREDICT_ANSWERS_H
#define PREDICT_ANSWERS_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "core/pack.h"
#include "core/progress.h"
#include "predict/decode.h"
#include "predict/network.h"
#include "predict/photos.h"
#include "shapes/border.h"

struct top_class {
    uint32_t number;
    double probability;
};

struct answer {
    size_t location;                /* index into the photos */
    struct lonlat at[DECODE_COUNT]; /* regression: at[0] alone */
    double entropy;                 /* nat; NAN for regression */
    const struct top_class *top;    /* [n_top] view into the answers */
};

struct answers {
    struct answer *row; /* [n] in the order of the photos */
    size_t n;
    size_t n_top;          /* classes kept per answer; 0 for regression */
    struct top_class *top; /* owned */
    size_t n_skipped;      /* locations whose photos could not be used */
};

struct answers_spec {
    const struct pack *pack;     /* may be NULL */
    const struct border *border; /* move places to the nearest land; NULL: leave them */
    size_t top_classes;          /* decode with the most probable only; 0: all */
    size_t n_top;                /* keep so many of the most probable */
    int batch, n_threads;
    enum progress_mode progress;
};

/* answers_make - all that can be answered; a location whose photos cannot be used is left out with
 * a warning and counted. The result does not depend on batch and n_threads but for the rounding of
 * the backend. */
int answers_make(struct answers *out, const struct photos *p, struct network *net,
                 const struct answers_spec *spec, struct err *e);
void answers_release(struct answers *a);

#endif
