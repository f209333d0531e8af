/* SPDX-License-Identifier: MIT */
/*
 * The ellipsoid of EPSG:4326 unrolled without change of area (Lambert's cylindrical equal-area
 * projection): longitude across, and z upwards, the share of the hemisphere's area that is between
 * the equator and a parallel, negative in the south. Uniform there is uniform on the ground,
 * anywhere, across the antimeridian and at the poles.
 */
#ifndef FETCH_GROUND_H
#define FETCH_GROUND_H

#include "shapes/border.h"

/* ground_z - -1 .. 1. Source: Snyder 1987 (USGS PP 1395), eq. 3-12. */
double ground_z(double lat_deg);

/* ground_lat - the other way, to two millimetres. Source: the same, eq. 3-18. */
double ground_lat(double z);

/* ground_area_m2 - of the land within a border, whose edges are straight in degrees. */
double ground_area_m2(const struct border *b);

#endif
