/* SPDX-License-Identifier: MIT */
/*
 * The faults of sending: cut bodies, wrong lengths, a byte a second, no answer at all, 50 MB.
 * Connections that wait are suspended, so that they cost the server's threads nothing; one thread
 * wakes them when their time has come or their client has gone.
 */
#ifndef FETCH_DEMO_MISSEND_H
#define FETCH_DEMO_MISSEND_H

#include <microhttpd.h>

#include "core/err.h"
#include "fetch/demo/fault.h"
#include "fetch/demo/protocol.h"

#define MISSEND_HUGE 50000000 /* bytes of FAULT_HUGE */

struct missend;

/* missend_open - the daemon must be started with MHD_ALLOW_SUSPEND_RESUME. */
int missend_open(struct missend **out, struct err *e);
void missend_end(struct missend *m);   /* wake what waits, before the daemon is stopped; NULL ok */
void missend_close(struct missend *m); /* after it; NULL ok */

/* missend_is - whether this fault is one of sending; the other functions are for these only. */
bool missend_is(enum fault f);

/* missend_stall - never answer. MHD_YES: the connection waits; asked again about the same request,
 * answer MHD_NO. */
enum MHD_Result missend_stall(struct missend *m, struct MHD_Connection *c);

/* missend_now - cut, long-length and short-length: the answer past the library. Always MHD_NO,
 * which makes the library close the connection. Takes a. */
enum MHD_Result missend_now(enum fault f, struct MHD_Connection *c, struct answer *a);

/* missend_interim - a status below 200 as if it were an answer, as some services have it: to HTTP it
 * announces one, and none comes. Always MHD_NO. Takes a. */
enum MHD_Result missend_interim(struct MHD_Connection *c, struct answer *a);

/* missend_slowly - a response that drips (takes a), missend_huge - one of 50 MB (a is released).
 * NULL without memory. */
struct MHD_Response *missend_slowly(struct missend *m, struct MHD_Connection *c, struct answer *a);
struct MHD_Response *missend_huge(struct answer *a);

#endif
