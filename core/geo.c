/* SPDX-License-Identifier: MIT */
/* Spherical geometry: distance, mean and offset. No ellipsoid here; projections are shapes/crs. */
#include "core/geo.h"

#include <math.h>

#define RAD (GEO_PI / 180.0)

bool geo_valid(struct lonlat p)
{
    return isfinite(p.lon) && isfinite(p.lat) && p.lon >= -180 && p.lon <= 180 && p.lat >= -90 &&
           p.lat <= 90;
}

double geo_wrap_lon(double lon_deg)
{
    double w = fmod(lon_deg + 180.0, 360.0);
    return (w < 0 ? w + 360.0 : w) - 180.0;
}

double geo_lon_near(double lon_deg, double middle_deg)
{
    double d = lon_deg - middle_deg;
    bool near = d >= -180 && d <= 180;
    return near || !(fabs(d) < 720) ? lon_deg : lon_deg - 360 * round(d / 360);
}

double geo_distance_km(struct lonlat a, struct lonlat b)
{
    double sin_dlat = sin((b.lat - a.lat) * RAD / 2);
    double sin_dlon = sin((b.lon - a.lon) * RAD / 2);
    double h = sin_dlat * sin_dlat + cos(a.lat * RAD) * cos(b.lat * RAD) * sin_dlon * sin_dlon;
    return 2 * GEO_EARTH_R_KM * asin(sqrt(fmin(h, 1.0)));
}

struct bbox geo_box(struct lonlat p, double radius_m)
{
    double lat_deg = radius_m / 111000; /* a degree of the sphere is 111195 m */
    double cosine = cos((fabs(p.lat) + lat_deg) * (GEO_PI / 180));
    double lon_deg = cosine > 1e-3 ? lat_deg / cosine : 360;
    return (struct bbox){.min_x = p.lon - lon_deg,
                         .max_x = p.lon + lon_deg,
                         .min_y = p.lat - lat_deg,
                         .max_y = p.lat + lat_deg};
}

struct lonlat geo_mean(const struct lonlat *p, const double *weight, size_t n)
{
    double x = 0;
    double y = 0;
    double z = 0;
    for (size_t i = 0; i < n; i++) {
        double w = weight ? weight[i] : 1.0;
        x += w * cos(p[i].lat * RAD) * cos(p[i].lon * RAD);
        y += w * cos(p[i].lat * RAD) * sin(p[i].lon * RAD);
        z += w * sin(p[i].lat * RAD);
    }
    if (!(x * x + y * y + z * z > 0)) {
        return (struct lonlat){NAN, NAN};
    }
    return (struct lonlat){atan2(y, x) / RAD, atan2(z, hypot(x, y)) / RAD};
}

struct lonlat geo_offset(struct lonlat p, double bearing_deg, double dist_km)
{
    double d = dist_km / GEO_EARTH_R_KM;
    double b = bearing_deg * RAD;
    double lat = p.lat * RAD;
    double lat2 = asin(sin(lat) * cos(d) + cos(lat) * sin(d) * cos(b));
    double dlon = atan2(sin(b) * sin(d) * cos(lat), cos(d) - sin(lat) * sin(lat2));
    return (struct lonlat){geo_wrap_lon(p.lon + dlon / RAD), lat2 / RAD};
}
