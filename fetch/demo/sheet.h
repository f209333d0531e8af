/* SPDX-License-Identifier: MIT */
/* A contact sheet: twelve places of the country, one per row pair, each in four directions. */
#ifndef FETCH_DEMO_SHEET_H
#define FETCH_DEMO_SHEET_H

#include "core/err.h"
#include "fetch/demo/country.h"

/* sheet_write - one JPEG: two columns of six places, views north, east, south, west. */
int sheet_write(const struct country *c, const char *path, struct err *e);

#endif
