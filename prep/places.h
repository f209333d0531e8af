/* SPDX-License-Identifier: MIT */
/* Located locations with their part in a split: what project and grid work on. */
#ifndef PREP_PLACES_H
#define PREP_PLACES_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "core/hash.h"
#include "prep/split_assign.h"
#include "shapes/crs.h"
#include "sql/db.h"

struct places {
    size_t n;
    int64_t *id;       /* [n] ascending; all owned */
    struct lonlat *at; /* [n] */
    uint8_t *part; /* [n] enum split_part; SPLIT_COUNT: not in the split, or in a part of its own */
};

/* places_load - all locations with coordinates, in the split or not. ERR_INPUT when there are none
 * or the split has no train location. */
int places_load(struct db *db, int64_t scheme, const char *split, struct places *out,
                struct err *e);
void places_release(struct places *p);

/* places_digest - folded into a stage's inputs. */
void places_digest(const struct places *p, struct sha256 *s);

/* places_project - xy[p->n]; ERR_INPUT names the location that has no image. */
int places_project(const struct places *p, struct crs *c, struct xy *xy, struct err *e);

/* places_warn_area - a warning when places lie outside the system's area of use. */
void places_warn_area(const struct places *p, const struct crs *c, const char *crs);

#endif
