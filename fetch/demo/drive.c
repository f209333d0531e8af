/* SPDX-License-Identifier: MIT */
/*
 * A shot's number holds its cell and its index, so that it can be found again:
 *
 *     41..27 x + 2^14    26..12 y + 2^14    11..0 index
 */
#include "fetch/demo/drive.h"

#include <math.h>
#include <stdlib.h>

#include "core/rng.h"

#define CELL_ORIGIN 16384
#define INDEX_MAX   4096

#define STEP_MIN_KM 0.004
#define STEP_MAX_KM 0.030
#define JITTER      0.2   /* of a step, along the road */
#define ACROSS_KM   1e-3  /* the car sways by this much at most */
#define FIRST_DAY   16071 /* 2014-01-01, in days since 1970 */
#define N_DAYS      4018  /* eleven years */

static const struct camera cameras[] = {
    {"Demo", "Phone 7", LENS_FLAT, 70, 2048, 1536},
    {"Demo", "Dash 2", LENS_FLAT, 90, 1280, 720},
    {"Demo", "Round One", LENS_SPHERE, 360, 4096, 2048},
    {"Demo", "Helmet 180", LENS_FISHEYE, 180, 2048, 1536},
    {"Demo", "Action 4", LENS_FLAT, 70, 2560, 1920},
};
enum { PHONE, DASH, ROUND, HELMET, ACTION };

static const char *const authors[DRIVE_AUTHORS] = {
    "ana_vozi", "bicikl21",    "cesta_zagreb", "dalmatian_eye", "east_of_osijek", "fran.k",
    "gorski42", "histra_maps", "ivo-na-moru",  "juke_box",      "karst_walker",   "lonja",
};

const char *drive_author(int author)
{
    return authors[author];
}

static double luck(const struct drives *d, const struct drive *v, const char *what)
{
    uint64_t service = d->service == DRIVE_MAPILLARY ? 0 : (uint64_t)1 << 63;
    return rng_f64(d->country->seed, rng_stream(what), v->number | service);
}

static double wrap_deg(double deg)
{
    return deg - 360 * floor(deg / 360);
}

/* Mapillary has cameras of all kinds; the drives of Panoramax are half and half. */
static struct camera choose_camera(const struct drives *d, const struct drive *v)
{
    double u = luck(d, v, "drive.camera");
    if (d->service == DRIVE_PANORAMAX) {
        return cameras[u < 0.5 ? ROUND : ACTION];
    }
    return cameras[u < 0.40 ? PHONE : u < 0.65 ? DASH : u < 0.94 ? ROUND : HELMET];
}

/* One camera in five looks sideways out of the car; that of a sphere always looks ahead. */
static double mount_deg(const struct drives *d, const struct drive *v)
{
    double u = luck(d, v, "drive.mount");
    if (v->camera.lens == LENS_SPHERE) {
        return 0;
    }
    return u < 0.1 ? -90 : u < 0.2 ? 90 : 20 * u - 12;
}

/* False: the cell has no road. */
static bool drive_of(const struct drives *d, struct cell cell, struct drive *v)
{
    if (!net_road_of(d->country, cell, &v->road)) {
        return false;
    }
    v->cell = cell;
    v->number = (uint64_t)(cell.x + CELL_ORIGIN) << 27 | (uint64_t)(cell.y + CELL_ORIGIN) << 12;
    v->camera = choose_camera(d, v);
    v->n = (int)fmax(1, round((double)d->density * (0.5 + luck(d, v, "drive.n"))));
    double length_km = hypot(v->road.to.x - v->road.from.x, v->road.to.y - v->road.from.y);
    double step = STEP_MIN_KM * pow(STEP_MAX_KM / STEP_MIN_KM, luck(d, v, "drive.step"));
    bool onward = luck(d, v, "drive.onward") < 0.5;
    step = fmin(step, length_km / v->n);
    v->step_km = onward ? step : -step;
    v->home = (int)((v->n - 1) * (onward ? v->road.stop : 1 - v->road.stop));
    v->heading_deg = wrap_deg(v->road.bearing_deg + (onward ? 0 : 180) + mount_deg(d, v));
    v->speed_km_s = 0.008 + 0.012 * luck(d, v, "drive.speed");
    int64_t day = FIRST_DAY + (int64_t)(N_DAYS * luck(d, v, "drive.day"));
    double hour = 7 + 9 * luck(d, v, "drive.hour");
    v->start_s = day * 86400 + (int64_t)(3600 * hour);
    v->author = (int)(DRIVE_AUTHORS * luck(d, v, "drive.author"));
    return true;
}

double shot_luck(const struct drives *d, const struct shot *shot, const char *what)
{
    struct drive at = {.number = shot->number};
    return luck(d, &at, what);
}

static void take(const struct drives *d, const struct drive *v, int index, struct shot *s)
{
    const struct net_road *road = &v->road;
    *s = (struct shot){.drive = *v, .index = index, .number = v->number | (uint64_t)index};
    double length_km = hypot(road->to.x - road->from.x, road->to.y - road->from.y);
    double along = (index - v->home) * v->step_km / length_km;
    struct xy km = net_on_road(road, road->stop + along);
    double heading = v->heading_deg;
    if (index != v->home) {
        double bearing = road->bearing_deg * GEO_PI / 180;
        double on = (2 * shot_luck(d, s, "shot.along") - 1) * JITTER * v->step_km;
        double off = (2 * shot_luck(d, s, "shot.across") - 1) * ACROSS_KM;
        km.x += on * sin(bearing) + off * cos(bearing);
        km.y += on * cos(bearing) - off * sin(bearing);
        heading += 6 * shot_luck(d, s, "shot.heading") - 3;
    }
    s->at = frame_lonlat(km);
    /* Panoramax tells whole degrees, so whole degrees are what is there */
    s->heading_deg = wrap_deg(d->service == DRIVE_PANORAMAX ? round(heading) : heading);
    s->taken_ms = v->start_s * 1000 + (int64_t)(1000 * index * fabs(v->step_km) / v->speed_km_s);
}

/* --- finding them ----------------------------------------------------------------------------------- */

static bool box_holds(struct bbox box, struct lonlat p)
{
    return p.lon >= box.min_x && p.lon <= box.max_x && p.lat >= box.min_y && p.lat <= box.max_y;
}

/* Whether any of the road may lie in the box, in km of the frame. */
static bool road_touches(const struct net_road *r, struct bbox km)
{
    const double slack = STEP_MAX_KM;
    return fmin(r->from.x, r->to.x) - slack <= km.max_x &&
           fmax(r->from.x, r->to.x) + slack >= km.min_x &&
           fmin(r->from.y, r->to.y) - slack <= km.max_y &&
           fmax(r->from.y, r->to.y) + slack >= km.min_y;
}

/* Returns whether to go on. */
static bool visit_cell(const struct drives *d, struct cell cell, struct bbox box, struct bbox km,
                       shot_fn *on_shot, void *ctx)
{
    struct drive v;
    struct shot s;
    if (!drive_of(d, cell, &v) || !road_touches(&v.road, km)) {
        return true;
    }
    for (int i = 0; i < v.n; i++) {
        take(d, &v, i, &s);
        if (box_holds(box, s.at) && border_contains(d->country->border, s.at) &&
            !on_shot(ctx, &s)) {
            return false;
        }
    }
    return true;
}

void drives_visit(const struct drives *d, struct bbox box, shot_fn *on_shot, void *ctx)
{
    struct bbox home = border_bbox(d->country->border);
    struct bbox both = {fmax(box.min_x, home.min_x), fmax(box.min_y, home.min_y),
                        fmin(box.max_x, home.max_x), fmin(box.max_y, home.max_y)};
    if (both.min_x > both.max_x || both.min_y > both.max_y) {
        return;
    }
    struct xy low = frame_km((struct lonlat){both.min_x, both.min_y});
    struct xy high = frame_km((struct lonlat){both.max_x, both.max_y});
    struct bbox km = {low.x, low.y, high.x, high.y};
    struct cell first = net_cell_at(low);
    struct cell last = net_cell_at(high);
    for (int32_t y = first.y - NET_MARGIN; y <= last.y + NET_MARGIN; y++) {
        for (int32_t x = first.x - NET_MARGIN; x <= last.x + NET_MARGIN; x++) {
            if (!visit_cell(d, (struct cell){x, y}, box, km, on_shot, ctx)) {
                return;
            }
        }
    }
}

bool drives_shot(const struct drives *d, uint64_t number, struct shot *shot)
{
    struct drive v;
    struct shot found;
    struct cell cell = {(int32_t)(number >> 27 & 32767) - CELL_ORIGIN,
                        (int32_t)(number >> 12 & 32767) - CELL_ORIGIN};
    int index = (int)(number & (INDEX_MAX - 1));
    if (number >> DRIVE_NUMBER_BITS != 0 || abs(cell.x) > NET_CELL_LIMIT ||
        abs(cell.y) > NET_CELL_LIMIT || !drive_of(d, cell, &v) || index >= v.n) {
        return false;
    }
    take(d, &v, index, &found);
    if (!border_contains(d->country->border, found.at)) {
        return false;
    }
    *shot = found;
    return true;
}

void shot_scene(const struct drives *d, const struct shot *shot, struct scene *scene)
{
    const struct net_road *road = &shot->drive.road;
    struct stand stand = {frame_km(shot->at), road->bearing_deg, 0};
    /* the panorama's own scene where it stands; each other place has another sky and other trees */
    stand.key = shot->index == shot->drive.home
                    ? net_cell_key(shot->drive.cell)
                    : rng_u64(d->country->seed, rng_stream("shot.key"),
                              shot->number | (uint64_t)d->service << 63);
    country_scene(d->country, &stand, scene);
}
