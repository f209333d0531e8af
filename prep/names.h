/* SPDX-License-Identifier: MIT */
/* Names that users give to splits, projections and grids. */
#ifndef PREP_NAMES_H
#define PREP_NAMES_H

#include "core/err.h"

/* name_check - 1 to 100 characters, none of them a control character (names stand in TSV). ERR_USAGE
 * names the option. */
int name_check(const char *option, const char *name, struct err *e);

#endif
