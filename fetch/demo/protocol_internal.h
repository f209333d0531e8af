/* SPDX-License-Identifier: MIT */
/* What the protocols share beside their interface; for protocol*.c only. */
#ifndef FETCH_DEMO_PROTOCOL_INTERNAL_H
#define FETCH_DEMO_PROTOCOL_INTERNAL_H

#include "fetch/demo/drive.h"
#include "fetch/demo/protocol.h"
#include "fetch/demo/query.h"

typedef int protocol_fn(struct protocol *p, const struct ask *ask, const struct query *q,
                        struct answer *a, struct err *e);
protocol_fn streetview_answer, mapillary_answer, panoramax_answer;

/* Pictures use up the quota, all else is free; once it is used up both say so. */
bool protocol_over_quota(struct protocol *p, bool picture);

int64_t protocol_now_s(const struct protocol *p); /* since 1970 */

struct drives protocol_drives(const struct protocol *p, enum drive_service service);

#define PROTOCOL_SEARCH "/api/search" /* the one target that is also posted to */

/* The scheme and host that the client asked. */
#define PROTOCOL_BASE_SIZE 300
void protocol_base(const struct ask *ask, char base[PROTOCOL_BASE_SIZE]);

/* panoramax_uuid - of a shot's number. */
#define PANORAMAX_UUID_SIZE 37
void panoramax_uuid(const struct drives *d, uint64_t number, char uuid[PANORAMAX_UUID_SIZE]);

/* json_place - a GeoJSON point; returns owned, NULL without memory. */
json_t *json_place(struct lonlat p);

#endif
