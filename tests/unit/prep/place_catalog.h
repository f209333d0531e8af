/* SPDX-License-Identifier: MIT */
/* Catalogs with made-up places, for the tests of split, project and grid. */
#ifndef TESTS_UNIT_PREP_PLACE_CATALOG_H
#define TESTS_UNIT_PREP_PLACE_CATALOG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/geo.h"
#include "core/tool.h"
#include "sql/catalog.h"

/* setup and teardown of each test: an empty catalog in a temporary folder */
int place_setup(void **state);
int place_teardown(void **state);

struct db *place_db(void);
const struct cli *place_cli(void);

/* places first .. first+n-1 of one endless list in Croatia's bounding box, each its own group */
void place_add(size_t first, size_t n);
void place_add_one(const char *uuid, struct lonlat p, const char *group);
void place_split(void); /* the split "default" of gdje-split */
void place_exec(const char *sql);
int64_t place_i64(const char *sql);
double place_f64(const char *sql);

/* a digest of all rows of a query */
const char *place_digest(const char *sql, char hex[SHA256_HEX_SIZE]);

#endif
