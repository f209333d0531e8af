/* SPDX-License-Identifier: MIT */
/* The faults that are answers: other bytes, another status, another header. No HTTP library. */
#ifndef FETCH_DEMO_SPOIL_H
#define FETCH_DEMO_SPOIL_H

#include "core/err.h"
#include "fetch/demo/fault.h"
#include "fetch/demo/protocol.h"

/* spoil_answer - make a good answer to a request for a picture (image) or for metadata the one that
 * f stands for. Faults of sending and FAULT_HUGE, whose body is made while it is sent, leave it as
 * it is. Returns 0, or -1 when there is no memory; *a is to be released in any case. */
int spoil_answer(enum fault f, bool image, struct answer *a, struct err *e);

#endif
