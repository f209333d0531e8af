/* SPDX-License-Identifier: MIT */
/* The decoders: choosing which points take part; the geometry is train/nn/place.c. */
#include "predict/decode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/nn/place.h"

struct decoder {
    size_t n, top;
    struct lonlat *point; /* [n] */
    struct lonlat *used;  /* [n] scratch: the points that take part */
    double *weight;       /* [n] scratch: their probabilities */
    uint32_t *index;      /* [n] scratch */
};

static const char *const names[DECODE_COUNT] = {"mean", "mode", "median"};

const char *decode_name(enum decode d)
{
    return names[d];
}

void decoder_free(struct decoder *d)
{
    if (d) {
        free(d->point);
        free(d->used);
        free(d->weight);
        free(d->index);
        free(d);
    }
}

int decoder_new(const struct lonlat *point, size_t n, size_t top, struct decoder **out,
                struct err *e)
{
    if (n == 0) {
        return err_set(e, ERR_INPUT, "no classes to decode");
    }
    struct decoder *d = calloc(1, sizeof *d);
    if (!d || !(d->point = calloc(n, sizeof *d->point)) ||
        !(d->used = calloc(n, sizeof *d->used)) || !(d->weight = calloc(n, sizeof *d->weight)) ||
        !(d->index = calloc(n, sizeof *d->index))) {
        decoder_free(d);
        return err_nomem(e, "a decoder");
    }
    d->n = n;
    d->top = top == 0 || top > n ? n : top;
    memcpy(d->point, point, n * sizeof *point);
    *out = d;
    return 0;
}

void decode_top(const double *prob, size_t n, uint32_t *index, size_t k)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept == k && (k == 0 || prob[i] <= prob[index[k - 1]])) {
            continue;
        }
        size_t at = kept < k ? kept++ : k - 1;
        while (at > 0 && prob[index[at - 1]] < prob[i]) {
            index[at] = index[at - 1];
            at--;
        }
        index[at] = (uint32_t)i;
    }
}

double decode_entropy(const double *prob, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum -= prob[i] > 0 ? prob[i] * log(prob[i]) : 0;
    }
    return fmax(sum, 0);
}

/* The points that take part and their weights into the scratch; returns how many. */
static size_t choose(struct decoder *d, const double *prob)
{
    size_t n = 0;
    if (d->top < d->n) {
        decode_top(prob, d->n, d->index, d->top);
    }
    for (size_t k = 0; k < d->top; k++) {
        size_t i = d->top < d->n ? d->index[k] : k;
        if (prob[i] > 0) {
            d->used[n] = d->point[i];
            d->weight[n++] = prob[i];
        }
    }
    return n;
}

struct lonlat decoder_place(struct decoder *d, enum decode how, const double *prob)
{
    size_t n = how == DECODE_MODE ? 0 : choose(d, prob);
    if (n == 0) {
        decode_top(prob, d->n, d->index, 1);
        return d->point[d->index[0]];
    }
    return how == DECODE_MEAN ? place_mean(d->used, d->weight, n)
                              : geo_median(d->used, d->weight, n);
}
