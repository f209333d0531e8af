/* SPDX-License-Identifier: MIT */
/* The request queue as gdje-sample fills it: points with a record of the sequence they are from. */
#ifndef FETCH_SAMPLE_QUEUE_H
#define FETCH_SAMPLE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "core/hash.h"
#include "core/tool.h"
#include "sql/db.h"

#define SAMPLE_NAME_SIZE 32

/* sample_queue_name - a sequence's name in the catalog, of all that makes it; ends the digest. */
void sample_queue_name(struct sha256 *s, char name[SAMPLE_NAME_SIZE]);

/* sample_queue_given - how many points of the sequence the queue has been given. */
int sample_queue_given(struct db *db, const char *name, int64_t *n, struct err *e);

/* sample_queue_add - n more, with the record, in one transaction. given: how many before. */
int sample_queue_add(struct db *db, const struct cli *cli, const char *name, int64_t given,
                     const struct lonlat *p, size_t n, struct err *e);

/* sample_queue_print - as a table on standard output. */
void sample_queue_print(const struct lonlat *p, size_t n);

#endif
