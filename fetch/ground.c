/* SPDX-License-Identifier: MIT */
#include "fetch/ground.h"

#include <math.h>
#include <stdbool.h>

#include "core/geo.h"

#define RAD (GEO_PI / 180)
#define E2  0.00669437999014 /* the eccentricity of WGS 84, squared */

/* The radius of the sphere of the ellipsoid's area, WGS 84. Source: Moritz 2000 (GRS 80, R2). */
#define AUTHALIC_R_M 6371007.1809

/* Snyder's q. */
static double q_of(double sin_lat)
{
    const double ecc = sqrt(E2);
    return (1 - E2) * (sin_lat / (1 - E2 * sin_lat * sin_lat) + atanh(ecc * sin_lat) / ecc);
}

double ground_z(double lat_deg)
{
    return q_of(sin(lat_deg * RAD)) / q_of(1);
}

double ground_lat(double z)
{
    static const double e4 = E2 * E2;
    static const double e6 = E2 * E2 * E2;
    double cos_b = sqrt(fmax(1 - z * z, 0)); /* of the authalic latitude b; z is its sine */
    double sin2 = 2 * z * cos_b;
    double cos2 = 1 - 2 * z * z;
    double sin4 = 2 * sin2 * cos2;
    double sin6 = sin4 * cos2 + (1 - 2 * sin2 * sin2) * sin2;
    double lat = asin(fmin(fmax(z, -1), 1)) + (E2 / 3 + 31 * e4 / 180 + 517 * e6 / 5040) * sin2 +
                 (23 * e4 / 360 + 251 * e6 / 3780) * sin4 + 761 * e6 / 45360 * sin6;
    return lat / RAD;
}

double ground_area_m2(const struct border *b)
{
    double sum = 0;
    for (size_t i = 0; i < border_n_rings(b); i++) {
        size_t n = 0;
        bool hole = false;
        double ring = 0;
        const struct lonlat *p = border_ring(b, i, &n, &hole);
        for (size_t k = 1; k < n; k++) {
            double middle = ground_z((p[k - 1].lat + p[k].lat) / 2);
            double z = (ground_z(p[k - 1].lat) + 4 * middle + ground_z(p[k].lat)) / 6; /* Simpson */
            ring += (p[k].lon - p[k - 1].lon) * RAD * z;
        }
        sum += hole ? -fabs(ring) : fabs(ring);
    }
    return sum * AUTHALIC_R_M * AUTHALIC_R_M;
}
