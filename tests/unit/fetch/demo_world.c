/* SPDX-License-Identifier: MIT */
#include "tests/unit/fetch/demo_world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/rng.h"

int world_open(void **state)
{
    struct err e = {0};
    struct world *w = calloc(1, sizeof *w);
    if (!w || border_open("shapes/croatia.shp", &w->border, &e) != 0 ||
        country_new(w->border, 1, &w->country, &e) != 0) {
        (void)fprintf(stderr, "%s\n", e.msg);
        return -1;
    }
    *state = w;
    return 0;
}

int world_close(void **state)
{
    struct world *w = *state;
    country_free(w->country);
    border_free(w->border);
    free(w);
    return 0;
}

struct lonlat world_point(const struct world *w, const char *stream, uint64_t *i)
{
    struct bbox box = border_bbox(w->border);
    double low = sin(box.min_y * GEO_PI / 180);
    double high = sin(box.max_y * GEO_PI / 180);
    for (;;) {
        double u = rng_f64(5, rng_stream(stream), 2 * *i);
        double v = rng_f64(5, rng_stream(stream), 2 * *i + 1);
        (*i)++;
        struct lonlat p = {box.min_x + u * (box.max_x - box.min_x),
                           asin(low + v * (high - low)) * 180 / GEO_PI};
        if (border_contains(w->border, p)) {
            return p;
        }
    }
}
