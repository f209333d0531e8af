/* SPDX-License-Identifier: MIT */
/* What bounds the points of gdje-sample: the border, what is excluded, and the plane that distances
 * are measured in; checked against each other. */
#ifndef FETCH_SAMPLE_AREA_H
#define FETCH_SAMPLE_AREA_H

#include "core/err.h"
#include "fetch/points.h"
#include "fetch/sample.h"

struct sample_area {
    struct border *border, *exclude; /* owned; exclude may be NULL */
    struct crs *crs;                 /* owned */
};

/* sample_area_open - ERR_USAGE or ERR_INPUT names the file or reference system, which must have an
 * image of all of the border in one piece. Warns when its metres are not those on the ground. */
int sample_area_open(const struct sample_prefs *p, struct sample_area *a, struct err *e);
void sample_area_release(struct sample_area *a);

/* sample_area_rules - views of a. */
struct points_rules sample_area_rules(const struct sample_prefs *p, const struct sample_area *a);

/* sample_area_digest - what of a and p the points depend on. */
void sample_area_digest(const struct sample_prefs *p, const struct sample_area *a,
                        struct sha256 *s);

#endif
