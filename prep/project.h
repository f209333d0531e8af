/* SPDX-License-Identifier: MIT */
/* gdje-project: locations in metres, and the train part's extent, which regression scales by. */
#ifndef PREP_PROJECT_H
#define PREP_PROJECT_H

#include <stdint.h>
#include <stdio.h>

#include "core/err.h"
#include "core/tool.h"
#include "sql/db.h"

struct project_prefs {
    const char *name;
    const char *crs;
    const char *split;
};

#define PROJECT_PREFS_DEFAULT                                     \
    {                                                             \
        .name = "default", .crs = "EPSG:3765", .split = "default" \
    }

/* project_make - the projection and its rows in one transaction; nothing when up to date. */
int project_make(struct db *db, const struct cli *cli, const struct project_prefs *prefs,
                 struct err *e);

/* project_print - name, reference system, counts and extent as TSV. */
int project_print(struct db *db, const char *name, FILE *f, struct err *e);

/* project_run - the tool. */
int project_run(const struct cli *cli, const struct project_prefs *prefs, struct err *e);

#endif
