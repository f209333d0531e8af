/* SPDX-License-Identifier: MIT */
/* Texts that users give: names of splits, projections and grids, and of reference systems. */
#ifndef PREP_NAMES_H
#define PREP_NAMES_H

#include <stddef.h>

#include "core/err.h"

#define NAME_MAX_BYTES 100
#define CRS_MAX_BYTES  4096

/* name_check - 1 to max bytes, none of them a control character (names stand in TSV). ERR_USAGE
 * names the option. */
int name_check(const char *option, const char *text, size_t max, struct err *e);

#endif
