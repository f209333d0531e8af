/* SPDX-License-Identifier: MIT */
/*
 * What a tool says besides its product, on stderr: `gdje-fetch: warning: cannot read 'x': ...`.
 * Lower case, no full stop, subject in single quotes, then the cause. Threads: safe.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdbool.h>

/* log_init - the tool's name and verbosity: -1 errors and warnings only, 0 normal, 1 notes too. */
void log_init(const char *tool, int verbosity);
const char *log_tool(void);
int log_verbosity(void);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* log_warn - prints at most five times for the same fmt; log_summary tells how many there were. */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* log_info - what a user wants to know (counts, "up to date"); silenced by -q. */
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_note(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* only with -v */
void log_hint(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* `hint: ...` */
void log_summary(void);

/* log_on_line - the progress line calls this around its drawing: whether a partial line stands on
 * stderr that the next message must end first. */
void log_on_line(bool partial);

#endif
