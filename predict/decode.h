/* SPDX-License-Identifier: MIT */
/*
 * From class probabilities to one place. Every class has a point (the mean of its train
 * locations); a decoder weighs the points by the network's probabilities.
 *
 *     struct decoder *d = NULL;
 *     TRY(decoder_new(point, n_classes, top, &d, e));
 *     struct lonlat place = decoder_place(d, DECODE_MEDIAN, prob);
 *     decoder_free(d);
 */
#ifndef PREDICT_DECODE_H
#define PREDICT_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"

enum decode {
    DECODE_MEAN,   /* of the points as unit vectors, weighted by probability */
    DECODE_MODE,   /* the point of the most probable class; the lowest number wins a tie */
    DECODE_MEDIAN, /* the place of least expected great-circle distance */
    DECODE_COUNT
};

/* decode_name - "mean", "mode", "median": what the catalog and the options say. Static. */
const char *decode_name(enum decode d);

struct decoder;

/*
 * decoder_new - for n points, of which decoding uses only the `top` most probable (0: all).
 * Copies the points. Returns owned: decoder_free. A decoder is used by one thread at a time.
 */
int decoder_new(const struct lonlat *point, size_t n, size_t top, struct decoder **out,
                struct err *e);
void decoder_free(struct decoder *d);

/*
 * decoder_place - one place from probabilities; train/nn/place.h says what mean and median are.
 *
 *   prob  [n] f64   not negative; need not sum to one
 */
struct lonlat decoder_place(struct decoder *d, enum decode how, const double *prob);

/* decode_entropy - of probabilities, in nat. */
double decode_entropy(const double *prob, size_t n);

/* decode_top - indices of the k largest probabilities, descending; ties by lower index. k <= n. */
void decode_top(const double *prob, size_t n, uint32_t *index, size_t k);

#endif
