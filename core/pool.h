/* SPDX-License-Identifier: MIT */
/* Threads for independent items: results must not depend on who does which, or in what order. */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <stddef.h>

#include "core/err.h"

/* pool_item_fn - do item i; worker is 0 .. n_threads-1, for scratch. Return 0, or -1 with *e, which
 * stops the rest. */
typedef int pool_item_fn(void *ctx, size_t i, int worker, struct err *e);

/* pool_threads - how many cores this process may use; asked > 0 is cut to that. */
int pool_threads(int asked);

/* pool_for - run fn for every i in 0 .. n-1 on n_threads threads (the caller is one of them).
 * Returns 0, or -1 with the error of the lowest item that failed, or ERR_INTERRUPTED. */
int pool_for(int n_threads, size_t n, pool_item_fn *fn, void *ctx, struct err *e);

#endif
