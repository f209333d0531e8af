/* SPDX-License-Identifier: MIT */
/* Tokens grow with time up to the capacity; a request costs one. The minute is counted by whole
 * seconds, rounded so that the limit is never exceeded. */
#include "fetch/limiter.h"

#include <math.h>
#include <stdbool.h>

#define BUCKET_S 0.05
#define SLACK    1e-9 /* what rounding may lack of a whole token */

void limiter_init(struct limiter *l, double rate_per_s, int64_t per_minute, double now_s)
{
    double capacity = rate_per_s * BUCKET_S;
    *l = (struct limiter){
        .rate_per_s = rate_per_s, .per_minute = per_minute, .at_s = now_s, .held_s = now_s};
    l->second = (int64_t)floor(now_s);
    l->capacity = capacity > 1 ? capacity : 1;
    l->tokens = l->capacity;
}

/* Forget the seconds that are more than a minute ago. */
static void turn(struct limiter *l, double now_s)
{
    int64_t now = (int64_t)floor(now_s);
    if (now - l->second > LIMITER_SECONDS) {
        l->second = now - LIMITER_SECONDS;
    }
    while (l->second < now) {
        l->second++;
        int64_t *oldest = &l->sent[l->second % LIMITER_SECONDS];
        l->n_minute -= *oldest;
        *oldest = 0;
    }
}

/* How long until the oldest second that counts is more than a minute ago. */
static double minute_wait_s(const struct limiter *l, double now_s)
{
    int64_t s = l->second - LIMITER_SECONDS + 1;
    while (s < l->second && (s < 0 || l->sent[s % LIMITER_SECONDS] == 0)) {
        s++;
    }
    return (double)(s + LIMITER_SECONDS) - now_s;
}

static double bucket_wait_s(struct limiter *l, double now_s)
{
    if (now_s > l->at_s) {
        l->tokens += (now_s - l->at_s) * l->rate_per_s;
        l->tokens = l->tokens < l->capacity ? l->tokens : l->capacity;
        l->at_s = now_s;
    }
    return l->tokens < 1 - SLACK ? (1 - l->tokens) / l->rate_per_s : 0;
}

double limiter_take(struct limiter *l, double now_s)
{
    double wait_s = now_s < l->held_s ? l->held_s - now_s : 0;
    if (wait_s > 0) {
        return wait_s;
    }
    turn(l, now_s);
    if (l->per_minute > 0 && l->n_minute >= l->per_minute) {
        return minute_wait_s(l, now_s);
    }
    if (l->rate_per_s > 0) {
        wait_s = bucket_wait_s(l, now_s);
        if (wait_s > 0) {
            return wait_s;
        }
        l->tokens -= 1;
    }
    l->sent[l->second % LIMITER_SECONDS]++;
    l->n_minute++;
    return 0;
}

void limiter_hold(struct limiter *l, double until_s)
{
    if (until_s > l->held_s) {
        l->held_s = until_s;
    }
}
