/* SPDX-License-Identifier: MIT */
/* Numbers from text, strictly: the whole text, in range, or ERR_INPUT that says what was wrong.
 * The only callers of strtod and strtoll in the suite. */
#ifndef CORE_PARSE_H
#define CORE_PARSE_H

#include <stdint.h>

#include "core/err.h"

int parse_i64(const char *text, int64_t min, int64_t max, int64_t *out, struct err *e);
int parse_f64(const char *text, double min, double max, double *out, struct err *e); /* finite */

/* parse_count - an integer with an optional suffix k, M or G (powers of 1000). */
int parse_count(const char *text, int64_t min, int64_t max, int64_t *out, struct err *e);

/* parse_length_m - metres; suffix m (default) or km. parse_seconds: suffix ms, s (default), m, h. */
int parse_length_m(const char *text, double min_m, double max_m, double *out, struct err *e);
int parse_seconds(const char *text, double min_s, double max_s, double *out, struct err *e);

#endif
