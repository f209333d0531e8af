/* SPDX-License-Identifier: MIT */
/* gdje-sample: points inside a border into the request queue. */
#ifndef FETCH_SAMPLE_H
#define FETCH_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/tool.h"

struct sample_prefs {
    int64_t count, seed;
    double min_distance_m;
    const char *border, *crs;
    bool print;
};

#define SAMPLE_PREFS_DEFAULT                                                         \
    {                                                                                \
        .count = 1000, .seed = 1, .border = "shapes/croatia.shp", .crs = "EPSG:3765" \
    }

/*
 * sample_run - the tool. The catalog remembers how many points of a sequence (border, reference
 * system, seed, distance) it was given: the same arguments add nothing, a higher count the rest.
 * ERR_INCOMPLETE when the distance leaves no room for that many; those that fit are queued.
 */
int sample_run(const struct cli *cli, const struct sample_prefs *p, struct err *e);

#endif
