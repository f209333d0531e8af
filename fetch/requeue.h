/* SPDX-License-Identifier: MIT */
/* Points that had a final state, into the queue again. */
#ifndef FETCH_REQUEUE_H
#define FETCH_REQUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "sql/db.h"

/*
 * requeue - failed requests are asked for again; without `only`, failed boxes of surveys, too. What
 * another provider found stays as it is.
 *
 *   provider  who will be asked
 *   only      NULL: all of them; "no_imagery" or "failed": those of that state; else those of the
 *             failed ones whose reason has this in it (* and ? as in file names)
 *   since     NULL, or YYYY-MM-DD: those that got their state on that day or later
 *   dry       only count them
 *
 * Returns 0 with how many requests in *n.
 */
int requeue(struct db *db, const char *provider, const char *only, const char *since, bool dry,
            int64_t *n, struct err *e);

#endif
