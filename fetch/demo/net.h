/* SPDX-License-Identifier: MIT */
/*
 * The made-up road net: a lattice of junctions 2.4 km apart, each moved at random within its cell,
 * and roads between neighbours, of which some are missing. To a cell belongs the road that leaves
 * its junction eastwards, or else the one northwards. A pure function of the seed, nothing is
 * stored; whether a place on a road lies inside the border is for the caller to ask.
 *
 *     struct net_road road;
 *     if (net_road_of(country, (struct cell){3, -7}, &road)) ... net_on_road(&road, road.stop) ...
 */
#ifndef FETCH_DEMO_NET_H
#define FETCH_DEMO_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/geo.h"
#include "fetch/demo/country.h"

#define NET_KM         2.4
#define NET_CELL_LIMIT 9000 /* either way: the frame's cells reach round the Earth */
#define NET_MARGIN     2    /* a road leaves its cell by less than two cells */

struct cell {
    int32_t x, y; /* eastwards and northwards in the demo's frame, surface.h */
};

struct net_road {
    struct xy from, to; /* km in the demo's frame */
    double bearing_deg; /* 0..360 */
    double stop;        /* where its panorama stands, as a share of the way: 0.15..0.85 */
};

/* net_road_of - false: the cell has none. */
bool net_road_of(const struct country *c, struct cell cell, struct net_road *road);

struct xy net_on_road(const struct net_road *road, double share);

struct cell net_cell_at(struct xy km);
uint64_t net_cell_key(struct cell cell);

#endif
