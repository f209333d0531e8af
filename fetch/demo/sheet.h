/* SPDX-License-Identifier: MIT */
/* A contact sheet: twelve places of the country, each north, east, south and west. */
#ifndef FETCH_DEMO_SHEET_H
#define FETCH_DEMO_SHEET_H

#include "core/err.h"
#include "core/image.h"
#include "fetch/demo/country.h"

/* sheet_draw - two columns of six places; img is the caller's (image_release). sheet_write - as a
 * JPEG file. */
int sheet_draw(const struct country *c, struct image *img, struct err *e);
int sheet_write(const struct country *c, const char *path, struct err *e);

#endif
