/* SPDX-License-Identifier: MIT */
/* What a tool prints about itself, made from its table: --help, --version, the man page. */
#ifndef CORE_TOOL_HELP_H
#define CORE_TOOL_HELP_H

#include <stdio.h>

#include "core/tool.h"

#define TOOL_CATALOG "work/catalog.gpkg" /* by default */

extern const char *const tool_progress_names[]; /* by enum progress_mode, NULL-terminated */

void tool_help(const struct tool *t, FILE *f);
void tool_version(const struct tool *t, FILE *f);
void tool_man(const struct tool *t, FILE *f); /* man(7) source */

#endif
