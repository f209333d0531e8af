/* SPDX-License-Identifier: MIT */
/* The faults that are answers: other bytes, another status, another header. No HTTP library. */
#ifndef FETCH_DEMO_SPOIL_H
#define FETCH_DEMO_SPOIL_H

#include "core/err.h"
#include "fetch/demo/fault.h"
#include "fetch/demo/protocol.h"

/* spoil_answer - make a good answer to what the route asks for the one that f stands for, in the words
 * of its service. Faults of sending and FAULT_HUGE, whose body is made while it is sent, leave it as
 * it is. Returns 0, or -1 when there is no memory; *a is to be released in any case. */
int spoil_answer(enum fault f, struct route route, struct answer *a, struct err *e);

#endif
