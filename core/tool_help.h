/* SPDX-License-Identifier: MIT */
/* What a tool prints about itself, made from its table: --help, --version, the man page. */
#ifndef CORE_TOOL_HELP_H
#define CORE_TOOL_HELP_H

#include <stdio.h>

#include "core/tool.h"

void tool_help(const struct tool *t, FILE *f);
void tool_version(const struct tool *t, FILE *f);
void tool_man(const struct tool *t, FILE *f); /* man(7) source */

#endif
