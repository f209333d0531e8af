/* SPDX-License-Identifier: MIT */
/*
 * Places and the distance between them. Two structs that are never swapped: degrees on EPSG:4326,
 * longitude first, and metres in a projected reference system that the context names.
 */
#ifndef CORE_GEO_H
#define CORE_GEO_H

#include <stdbool.h>
#include <stddef.h>

#define GEO_PI         3.14159265358979323846
#define GEO_EARTH_R_KM 6371.0088 /* IUGG mean radius R1 of GRS80, Moritz 2000 */

struct lonlat {
    double lon, lat; /* degrees, EPSG:4326 */
};

struct xy {
    double x, y; /* metres, projection named by the context: easting, northing */
};

struct bbox {
    double min_x, min_y, max_x, max_y;
};

/* geo_valid - finite, lon in [-180, 180], lat in [-90, 90]. */
bool geo_valid(struct lonlat p);

/* geo_wrap_lon - the same longitude in [-180, 180). */
double geo_wrap_lon(double lon_deg);

/* geo_lon_near - the same longitude within 180 of middle, both being less than two turns apart; what
 * is within already is not changed, not by a bit. */
double geo_lon_near(double lon_deg, double middle_deg);

/* geo_distance_km - great-circle distance, haversine on the sphere of radius GEO_EARTH_R_KM.
 * Source: Sinnott 1984, "Virtues of the Haversine", Sky and Telescope 68(2). */
double geo_distance_km(struct lonlat a, struct lonlat b);

/* geo_box - the smallest box of degrees around a circle, a little too large. Its longitudes may be
 * beyond +-180; near a pole it is more than the whole turn. */
struct bbox geo_box(struct lonlat p, double radius_m);

/* geo_mean - mean of n places with weights (NULL: equal) as 3-D unit vectors, back on the sphere.
 * Works across the antimeridian. n >= 1; the result is {NAN, NAN} when the vectors cancel. */
struct lonlat geo_mean(const struct lonlat *p, const double *weight, size_t n);

/*
 * geo_median - the place of least total great-circle distance: the weighted geometric median on the
 * sphere. weight NULL: equal. n >= 1. Right to a metre for points within a quarter of the globe,
 * where that distance has one minimum.
 * Source: optimality at a point and the step out of it, Vardi and Zhang 2000 (PNAS 97, 1423);
 * gradient and Hessian of the distance on the sphere, Fletcher, Venkatasubramanian and Joshi 2009
 * (NeuroImage 45, S143).
 */
struct lonlat geo_median(const struct lonlat *p, const double *weight, size_t n);

/* geo_offset - the place reached from p after dist_km along the initial bearing (0 north, 90 east). */
struct lonlat geo_offset(struct lonlat p, double bearing_deg, double dist_km);

#endif
