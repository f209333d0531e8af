/* SPDX-License-Identifier: MIT */
/* Shared by the tests of shapes/: files in a temporary folder, areas, cmocka's own headers. */
#ifndef TESTS_UNIT_SHAPES_SUPPORT_H
#define TESTS_UNIT_SHAPES_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shapes/border.h"
#include "shapes/crs.h"

#define CROATIA "shapes/croatia.shp"
#define DATA    "../shared/data"

/* group setup and teardown: a temporary folder */
int temp_setup(void **state);
int temp_teardown(void **state);

/* path of a file in it, written with the text; view, until the next call */
const char *temp_file(const char *name, const char *text);

/* border_open that fails the test */
struct border *open_border(const char *path);

/* area in a reference system, holes subtracted, vertices projected one by one */
double area_km2(const struct border *b, const char *crs);

/* skips the test with a printed reason when a file of external data is not there */
void need(const char *path);

#endif
