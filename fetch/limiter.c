/* SPDX-License-Identifier: MIT */
/* Tokens grow with time up to the capacity; a request costs one. */
#include "fetch/limiter.h"

#define BUCKET_S 0.05
#define SLACK    1e-9 /* what rounding may lack of a whole token */

void limiter_init(struct limiter *l, double rate_per_s, double now_s)
{
    double capacity = rate_per_s * BUCKET_S;
    *l = (struct limiter){.rate_per_s = rate_per_s, .at_s = now_s, .held_s = now_s};
    l->capacity = capacity > 1 ? capacity : 1;
    l->tokens = l->capacity;
}

double limiter_take(struct limiter *l, double now_s)
{
    if (now_s < l->held_s) {
        return l->held_s - now_s;
    }
    if (l->rate_per_s <= 0) {
        return 0;
    }
    if (now_s > l->at_s) {
        l->tokens += (now_s - l->at_s) * l->rate_per_s;
        l->tokens = l->tokens < l->capacity ? l->tokens : l->capacity;
        l->at_s = now_s;
    }
    if (l->tokens < 1 - SLACK) {
        return (1 - l->tokens) / l->rate_per_s;
    }
    l->tokens -= 1;
    return 0;
}

void limiter_hold(struct limiter *l, double until_s)
{
    if (until_s > l->held_s) {
        l->held_s = until_s;
    }
}
