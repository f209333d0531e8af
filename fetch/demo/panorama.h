/* SPDX-License-Identifier: MIT */
/*
 * The panoramas on the made-up road net.
 *
 * Every cell of the net has at most one panorama, on its road; it must lie inside the border. So
 * there are about 8,400 panoramas in a country the size of Croatia.
 *
 * That is far sparser than a real service, whose default radius of 50 m would find nothing here.
 * Therefore a panorama answers for everything within its *reach* (1,280 m by default), and a radius
 * below the reach counts as the reach; a larger one is taken as it is. What is told to the client
 * is always the panorama's own position. Two random points find the same panorama as often as the
 * reach makes them: this is the one place where probes and duplicates of a real harvest are set.
 *
 * They are a pure function of the seed and the border, nothing is stored.
 */
#ifndef FETCH_DEMO_PANORAMA_H
#define FETCH_DEMO_PANORAMA_H

#include <stdbool.h>

#include "core/geo.h"
#include "fetch/demo/country.h"

#define PANORAMA_ID_SIZE    23 /* 22 characters of base64url and the final NUL */
#define PANORAMA_REACH_M    1280
#define PANORAMA_RADIUS_MAX 50000.0 /* metres; a larger radius counts as this */

struct panorama {
    struct lonlat at;
    double road_deg;
    uint64_t key; /* of its cell */
    char id[PANORAMA_ID_SIZE];
    char date[8]; /* "2019-06" */
};

/* panorama_near - the panorama nearest to p within max(radius_m, reach_m); false: none. */
bool panorama_near(const struct country *c, struct lonlat p, double radius_m, double reach_m,
                   struct panorama *pano);

/* panorama_by_id - false for an id that this country (its seed, its border) never gave out. */
bool panorama_by_id(const struct country *c, const char *id, struct panorama *pano);

/* panorama_here - one that stands exactly at p, on no net: for pictures without a service. */
void panorama_here(const struct country *c, struct lonlat p, struct panorama *pano);

/* panorama_scene - what is to be seen there. */
void panorama_scene(const struct country *c, const struct panorama *pano, struct scene *s);

#endif
