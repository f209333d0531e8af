/* SPDX-License-Identifier: MIT */
/*
 * Inside shapes/ only: a GEOS context whose last error can be read. GEOS has three conventions
 * (NULL, 0, 2 mean failure); callers test for theirs and return geos_err.
 */
#ifndef SHAPES_GEOS_H
#define SHAPES_GEOS_H

#include <geos_c.h>

#include "core/err.h"

struct geos {
    GEOSContextHandle_t h;
    char msg[256]; /* of the last failure */
};

/* geos_init - a context for one thread at a time; g must not move until geos_release. */
int geos_init(struct geos *g, struct err *e);
void geos_release(struct geos *g);

/* geos_err - ERR_SYSTEM "<what>: <GEOS's message>". Always -1. */
int geos_err(const struct geos *g, struct err *e, const char *what);

#endif
