/* SPDX-License-Identifier: MIT */
/*
 * Which request goes wrong, and how: a pure function of the seed, the request's target and how
 * often that target has been asked for. So a run of faults can be repeated exactly, whatever the
 * order in which requests arrive, and the next try of the same URL draws anew and can succeed.
 *
 *     TRY(faults_new("503=0.02,stall=0.01", seed, &f, e));
 *     enum fault now = faults_next(f, target);        (any thread)
 */
#ifndef FETCH_DEMO_FAULT_H
#define FETCH_DEMO_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

enum fault {
    FAULT_NONE,
    FAULT_429,
    FAULT_RETRY_AFTER,
    FAULT_500,
    FAULT_502,
    FAULT_503,
    FAULT_403,
    FAULT_OVER_LIMIT,
    FAULT_CUT,
    FAULT_LONG_LENGTH,
    FAULT_SHORT_LENGTH,
    FAULT_DRIP,
    FAULT_STALL,
    FAULT_HTML,
    FAULT_REDIRECT,
    FAULT_TRUNCATED, /* from here on pictures only */
    FAULT_GREY,
    FAULT_EXPIRED,
    FAULT_UNKNOWN_ERROR, /* from here on metadata only */
    FAULT_HUGE,
    FAULT_DEEP,
    FAULT_TYPES,
    FAULT_DUPLICATE,
    FAULT_COUNT
};

#define FAULT_LOOP       "/again" /* where redirects lead: to itself */
#define FAULT_OVER_TRIES 3        /* how often in a row a target is told OVER_QUERY_LIMIT */

const char *fault_name(enum fault f); /* "retry-after", static */
const char *fault_help(enum fault f); /* what it does, static */
bool fault_strikes(enum fault f, bool image);

struct faults;

/* faults_new - from NAME=RATE[,NAME=RATE...]; `all` stands for every fault not named itself. A rate
 * is a share of the requests that the fault can strike. ERR_USAGE when malformed, or when the rates
 * of pictures or of metadata add up to more than 1. */
int faults_new(const char *text, uint64_t seed, struct faults **out, struct err *e);
void faults_free(struct faults *f); /* NULL ok */

/* fault_at - what the nth request (0, 1, ...) for this target gets. Pure. */
enum fault fault_at(const struct faults *f, const char *target, uint32_t nth);

/* faults_next - the same, counting requests. Threads: safe. */
enum fault faults_next(struct faults *f, const char *target);

#endif
