/* SPDX-License-Identifier: MIT */
/* The second half of gdje-hash: from image_hash to duplicate and grouping. */
#ifndef PREP_HASH_GROUP_H
#define PREP_HASH_GROUP_H

#include "core/err.h"
#include "core/tool.h"
#include "prep/hash.h"
#include "sql/catalog.h"

/* hash_group - as stage "hash"; nothing when its inputs are as they were. */
int hash_group(struct db *db, const struct cli *cli, const struct hash_prefs *prefs, struct err *e);

#endif
