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
int decoder_new(const struct lonlat *point, size_t n, size_t top, struct decoder **d,
                struct err *e);
void decoder_free(struct decoder *d);

/*
 * decoder_place - one place from probabilities.
 *
 *   prob  [n] f64   not negative; need not sum to one
 *
 * Returns the place; the mode where the weighted points cancel each other out.
 * DECODE_MEDIAN is right to a metre for points within a quarter of the globe, where the expected
 * distance has one minimum.
 * Source: optimality at a point and step out of it, Vardi and Zhang 2000 (PNAS 97, 1423); gradient
 * and Hessian of the distance on the sphere, Fletcher, Venkatasubramanian and Joshi 2009
 * (NeuroImage 45, S143).
 */
struct lonlat decoder_place(struct decoder *d, enum decode how, const double *prob);

/* decode_softmax - logits [n] f32 to probabilities [n] f64; entropy in nat. */
double decode_softmax(const float *logit, double *prob, size_t n);

/* decode_top - indices of the k largest probabilities, descending; ties by lower index. k <= n. */
void decode_top(const double *prob, size_t n, uint32_t *index, size_t k);

/* decode_geo_median - place of least summed distance to n places, equally weighted: the best constant
 * guess. n >= 1. */
int decode_geo_median(const struct lonlat *p, size_t n, struct lonlat *out, struct err *e);

#endif
