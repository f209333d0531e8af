/* SPDX-License-Identifier: MIT */
/*
 * The made-up drives of those who share their pictures: on every road of the net one per service,
 * with shots some metres to tens of metres apart, all of one camera.
 *
 * One shot of every drive stands exactly where the road's panorama stands and shows the same scene;
 * the others have scenes of their own places. As panoramas are, shots are a pure function of the
 * seed, the border and how many there are; a shot outside the border was never taken.
 *
 *     struct drives d = {country, DRIVE_MAPILLARY, 8};
 *     drives_visit(&d, box, on_shot, ctx);             (returning false ends it)
 *     if (drives_shot(&d, number, &shot)) ...          (number: of a shot seen before)
 */
#ifndef FETCH_DEMO_DRIVE_H
#define FETCH_DEMO_DRIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/geo.h"
#include "fetch/demo/country.h"
#include "fetch/demo/net.h"

#define DRIVE_DENSITY     8 /* shots of a drive, on average */
#define DRIVE_DENSITY_MAX 2000
#define DRIVE_NUMBER_BITS 42 /* of a shot's number */

enum drive_service { DRIVE_MAPILLARY, DRIVE_PANORAMAX };
enum lens_kind { LENS_FLAT, LENS_SPHERE, LENS_FISHEYE };

struct drives {
    const struct country *country; /* borrowed */
    enum drive_service service;
    int64_t density; /* 1 .. DRIVE_DENSITY_MAX */
};

/* A camera as it was sold. */
struct camera {
    const char *make, *model;
    enum lens_kind lens;
    int fov_deg; /* across the picture */
    int width, height;
};

struct drive {
    uint64_t number; /* that of its first shot */
    struct cell cell;
    struct net_road road;
    struct camera camera;
    int n;          /* shots */
    int home;       /* which of them stands at the road's panorama */
    double step_km; /* from shot to shot, along the road; negative: against it */
    double heading_deg;
    double speed_km_s;
    int64_t start_s; /* since 1970 */
    int author;      /* 0 .. DRIVE_AUTHORS - 1 */
};

#define DRIVE_AUTHORS 12
const char *drive_author(int author); /* static */

struct shot {
    struct drive drive;
    int index;       /* within the drive, 0 .. n - 1 in the order of time */
    uint64_t number; /* within the service, below 2^DRIVE_NUMBER_BITS */
    struct lonlat at;
    double heading_deg; /* of the picture's middle, 0 <= v < 360 */
    int64_t taken_ms;   /* since 1970 */
};

/* drives_visit - every shot in the box (degrees; its borders belong to it), by cells, until on_shot
 * returns false. */
typedef bool shot_fn(void *ctx, const struct shot *shot);
void drives_visit(const struct drives *d, struct bbox box, shot_fn *on_shot, void *ctx);

/* drives_shot - false for a number that no shot has. */
bool drives_shot(const struct drives *d, uint64_t number, struct shot *shot);

/* shot_luck - 0 <= u < 1, a property of the shot. */
double shot_luck(const struct drives *d, const struct shot *shot, const char *what);

/* shot_scene - what is to be seen there. */
void shot_scene(const struct drives *d, const struct shot *shot, struct scene *scene);

#endif
