/* SPDX-License-Identifier: MIT */
/*
 * The configuration of a run as one JSON object: everything that decides its numbers, except the
 * number of threads. Two runs are the same when their configurations are.
 */
#ifndef TRAIN_CONFIG_H
#define TRAIN_CONFIG_H

#include "core/buf.h"
#include "core/err.h"
#include "core/pack.h"
#include "train/dataset.h"
#include "train/prefs.h"

/* config_text - compact, keys sorted. backend: the one "auto" stands for. Returns owned (free). */
int config_text(const struct train_prefs *prefs, const struct dataset *d, const struct pack *pack,
                const char *backend, char **text, struct err *e);

/* config_diff - what differs, for people: "batch was 32, is 64; lr_head was ...". Empty when the
 * two are the same; ERR_INPUT when one is not JSON. */
int config_diff(const char *was, const char *is, struct buf *out, struct err *e);

#endif
