/* SPDX-License-Identifier: MIT */
/*
 * What lies where, as a raster: the country itself, the sea, or other land; and how far the sea is.
 * Made from the real border; the one thing added by hand is where the coast goes on beyond the
 * border's ends.
 *
 *     struct surface s = {0};
 *     TRY(surface_init(&s, border, e));
 *     if (surface_kind(&s, frame_km(p)) == SURFACE_SEA) ...
 *     surface_release(&s);
 *
 * All places are in the demo's own frame: km east and north of 16.5 E 44.5 N, equirectangular. It
 * is off by up to 4 % of a distance at the country's ends, which a made-up landscape does not mind.
 */
#ifndef FETCH_DEMO_SURFACE_H
#define FETCH_DEMO_SURFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "shapes/border.h"

enum surface_kind { SURFACE_OTHER, SURFACE_HOME, SURFACE_SEA };

#define SURFACE_CELL_KM 0.4
#define SURFACE_SEA_FAR 65535 /* in units of 10 m: no sea within 655 km */

struct surface {
    struct xy origin;  /* centre of cell 0, km */
    int n_x, n_y;      /* cells eastwards and northwards */
    uint8_t *kind;     /* [n_y, n_x] enum surface_kind, owned */
    uint16_t *sea_10m; /* [n_y, n_x] distance to the nearest sea cell in units of 10 m, owned */
};

struct xy frame_km(struct lonlat p);
struct lonlat frame_lonlat(struct xy km);

/* surface_init - ERR_INPUT when the border is larger than the raster may be (a continent). */
int surface_init(struct surface *s, const struct border *b, struct err *e);
void surface_release(struct surface *s);

/* surface_cell - the cell that holds km, or the one at the raster's edge nearest to it. */
size_t surface_cell(const struct surface *s, struct xy km);
enum surface_kind surface_kind(const struct surface *s, struct xy km);
double surface_sea_km(const struct surface *s, struct xy km);

/* surface_ray_km - how far one sees from km towards the bearing until the sea begins; INFINITY when
 * not within max_km. */
double surface_ray_km(const struct surface *s, struct xy km, double bearing_deg, double max_km);

#endif
