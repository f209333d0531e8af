/* SPDX-License-Identifier: MIT */
/*
 * Interruption: the first SIGINT, SIGTERM or SIGHUP sets a flag that loops look at, the second of
 * the same kind ends the process by the signal's default action.
 */
#ifndef CORE_SIG_H
#define CORE_SIG_H

#include "core/err.h"

/* sig_install - catch the three signals (main does it) and ignore SIGPIPE. */
void sig_install(void);

/* sig_caught - the signal caught so far, or 0. */
int sig_caught(void);

/* sig_check - 0, or -1 with ERR_INTERRUPTED once a signal was caught: for long loops. */
int sig_check(struct err *e);

/* sig_no_core - no image of this process on any disk when it crashes: it holds a secret. */
void sig_no_core(void);

/* sig_reraise - end the process by signal s, so that a shell sees 128 + s. */
void sig_reraise(int s);

#endif
