/* SPDX-License-Identifier: MIT */
/* The .sql files of this folder, built in: names relative to sql/. */
#ifndef SQL_TEXT_H
#define SQL_TEXT_H

#include "core/embed.h"

extern const struct embedded sql_texts[];

#endif
