/* SPDX-License-Identifier: MIT */
/* gdje-sample: points inside a border into the request queue. */
#ifndef FETCH_SAMPLE_H
#define FETCH_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/tool.h"

struct sample_prefs {
    int64_t count, per_cell, seed;
    double min_distance_m, within_m;
    const char *border, *crs;
    const char *near;    /* around the places of this table; NULL: all over the border */
    const char *cells;   /* in the cells of this grid; NULL likewise */
    const char *exclude; /* polygons; NULL: none */
    bool print;
    bool count_given, within_given;
};

#define SAMPLE_PREFS_DEFAULT                                                        \
    {                                                                               \
        .count = 1000, .seed = 1, .within_m = 1000, .border = "shapes/croatia.shp", \
        .crs = "EPSG:3765"                                                          \
    }

/*
 * sample_run - the tool. The catalog remembers how many points of a sequence (border, what is
 * excluded, places and radius, seed, distance) it was given: the same arguments add nothing, a
 * higher count the rest. With cells it looks how many there are in each, fetched or still queued.
 * ERR_INCOMPLETE when there is no room for that many; those that fit are queued. ERR_INPUT when
 * there is none at all.
 */
int sample_run(const struct cli *cli, const struct sample_prefs *p, struct err *e);

#endif
