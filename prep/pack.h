/* SPDX-License-Identifier: MIT */
/*
 * gdje-pack: every usable picture of the catalog, decoded and reduced once, into the file that
 * training reads (core/pack.h). Locations to be predicted are in it too. It has as many views as
 * the catalog's locations use: one for single photos, four for the competition layout.
 */
#ifndef PREP_PACK_H
#define PREP_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/tool.h"

#define PACK_JPEG_PX      256 /* unless --size says otherwise */
#define PACK_JPEG_QUALITY 90

struct pack_prefs {
    const char *out;
    int64_t size_px;
    bool size_given;
    bool fast;       /* decode reduced */
    bool jpeg;       /* records of JPEGs */
    bool force;      /* replace another file */
    bool verify;     /* check an existing one instead */
    int64_t threads; /* 0: all cores */
};

#define PACK_PREFS_DEFAULT \
    {                      \
        .size_px = 224     \
    }

int pack_run(const struct cli *cli, const struct pack_prefs *prefs, struct err *e);

/* pack_verify - every record of prefs->out: what is wrong as warnings, ERR_INPUT if anything is. */
int pack_verify(const struct cli *cli, const struct pack_prefs *prefs, struct err *e);

#endif
