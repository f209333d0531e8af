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

/* A country like Fiji: a large island at 177 .. 178.7, one on the antimeridian that the file cuts
 * in two, one beyond it. */
#define FIJI                                                                    \
    "{\"type\":\"MultiPolygon\",\"coordinates\":["                              \
    "[[[177,-18.3],[178.7,-18.3],[178.7,-17.3],[177,-17.3],[177,-18.3]]],"      \
    "[[[179.5,-17.2],[180,-17.2],[180,-16.8],[179.5,-16.8],[179.5,-17.2]]],"    \
    "[[[-180,-17.2],[-179.7,-17.2],[-179.7,-16.8],[-180,-16.8],[-180,-17.2]]]," \
    "[[[-178.9,-18.2],[-178.7,-18.2],[-178.7,-18],[-178.9,-18],[-178.9,-18.2]]]]}"

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
