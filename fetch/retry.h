/* SPDX-License-Identifier: MIT */
/* When to ask again: which HTTP statuses can turn into an answer, and how long to wait. */
#ifndef FETCH_RETRY_H
#define FETCH_RETRY_H

#include <stdbool.h>

#define RETRY_BASE_S 0.5  /* the first wait is drawn from 0 .. this */
#define RETRY_CAP_S  60.0 /* and none from more than this */

/* retry_status - 102, 408, 429, 500, 502, 503 and 504; everything else is an answer. */
bool retry_status(int http_status);

/*
 * retry_delay_s - the wait after the n_failed-th failure (1, 2, ...): uniform in
 * [0, min(cap, base * 2^(n_failed - 1))), u in [0, 1) being the draw.
 * Source: "full jitter", M. Brooker, Exponential Backoff and Jitter, AWS Architecture Blog 2015.
 */
double retry_delay_s(int n_failed, double u);

#endif
