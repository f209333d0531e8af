/* SPDX-License-Identifier: MIT */
/*
 * A token bucket: how many requests may be sent, however bursty their reasons are. Time is given
 * by the caller (seconds of a monotonic clock), so that tests need not sleep.
 *
 *     double wait_s = limiter_take(&l, now_s);    (0: send; else come back in wait_s)
 */
#ifndef FETCH_LIMITER_H
#define FETCH_LIMITER_H

struct limiter {
    double rate_per_s; /* 0: no limit */
    double capacity;   /* tokens: what may be sent at once after a pause */
    double tokens;
    double at_s;   /* when tokens was true */
    double held_s; /* nothing is sent before this time */
};

/* limiter_init - the bucket holds a twentieth of a second's worth, at least one request. */
void limiter_init(struct limiter *l, double rate_per_s, double now_s);

/* limiter_take - take a token and return 0, or return how long it takes until there is one. */
double limiter_take(struct limiter *l, double now_s);

/* limiter_hold - send nothing before until_s: the provider asked for a pause. */
void limiter_hold(struct limiter *l, double until_s);

#endif
