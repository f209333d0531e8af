/* SPDX-License-Identifier: MIT */
/* A split into the catalog: split_scheme, split, split_part. Within a transaction. */
#ifndef PREP_SPLIT_STORE_H
#define PREP_SPLIT_STORE_H

#include <stddef.h>

#include "core/err.h"
#include "prep/split.h"
#include "prep/split_assign.h"
#include "sql/db.h"

/* split_store - replaces what the scheme of that name had. */
int split_store(struct db *db, const struct split_prefs *prefs, const struct split_parts *parts,
                const struct split_item *item, size_t n, struct err *e);

#endif
