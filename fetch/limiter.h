/* SPDX-License-Identifier: MIT */
/*
 * How many requests may be sent, however bursty their reasons are: a token bucket for the rate per
 * second, and a count of the last minute. Time is given by the caller (seconds of a monotonic
 * clock), so that tests need not sleep.
 *
 *     double wait_s = limiter_take(&l, now_s);    (0: send; else come back in wait_s)
 */
#ifndef FETCH_LIMITER_H
#define FETCH_LIMITER_H

#include <stdint.h>

#define LIMITER_SECONDS 61 /* a minute and the second that has begun */

struct limiter {
    double rate_per_s; /* 0: no limit */
    double capacity;   /* tokens: what may be sent at once after a pause */
    double tokens;
    double at_s;   /* when tokens was true */
    double held_s; /* nothing is sent before this time */

    int64_t per_minute;            /* 0: no limit */
    int64_t n_minute;              /* the sum of sent */
    int64_t second;                /* the newest that sent knows */
    int64_t sent[LIMITER_SECONDS]; /* by second modulo LIMITER_SECONDS */
};

/* limiter_init - the bucket holds a twentieth of a second's worth, at least one request. */
void limiter_init(struct limiter *l, double rate_per_s, int64_t per_minute, double now_s);

/* limiter_take - take a token and return 0, or return how long it takes until there is one. Never
 * more than per_minute in any 60 seconds, nor more than the rate and the bucket in any second. */
double limiter_take(struct limiter *l, double now_s);

/* limiter_hold - send nothing before until_s: the provider asked for a pause. */
void limiter_hold(struct limiter *l, double until_s);

#endif
