/* SPDX-License-Identifier: MIT */
/*
 * gdje-pack: every usable picture of the catalog, decoded and reduced once, into the file that
 * training maps into memory (core/pack.h). Locations to be predicted are in it too. It has as many
 * views as the catalog's locations use: one for single photos, four for the competition layout.
 */
#ifndef PREP_PACK_H
#define PREP_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/tool.h"

struct pack_prefs {
    const char *out;
    int64_t size_px;
    bool force;      /* replace another file */
    bool verify;     /* check an existing one instead */
    int64_t threads; /* 0: all cores */
};

#define PACK_PREFS_DEFAULT \
    {                      \
        .size_px = 224     \
    }

int pack_run(const struct cli *cli, const struct pack_prefs *prefs, struct err *e);

#endif
