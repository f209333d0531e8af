/* SPDX-License-Identifier: MIT */
/* --format jsonl: a line of JSON on standard output for each location that got a state, once it is
 * in the catalog. */
#ifndef FETCH_EVENTS_H
#define FETCH_EVENTS_H

#include "core/err.h"
#include "fetch/queue.h"

/* events_print - keys in this order: id, state, provider, pano_id, uuid, lat_deg, lon_deg, captured,
 * n_bytes, why; null where there is nothing to say. */
int events_print(const char *provider, const struct outcome *o, struct err *e);

#endif
