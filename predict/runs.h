/* SPDX-License-Identifier: MIT */
/* Which run a tool speaks of: the named one, or the only one. */
#ifndef PREDICT_RUNS_H
#define PREDICT_RUNS_H

#include <stdint.h>

#include "core/err.h"
#include "sql/db.h"

#define RUN_NAME_MAX 128

/* run_find - ERR_INPUT: no run at all, or not that one; ERR_USAGE: several and none was named (the
 * message lists some). name may be NULL; found [RUN_NAME_MAX] OUT. */
int run_find(struct db *db, const char *name, int64_t *id, char *found, struct err *e);

#endif
