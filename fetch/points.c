/* SPDX-License-Identifier: MIT */
/* Candidate i of a site is a pure function of (seed, the site's name, i): asking for more continues
 * the same sequence. */
#include "fetch/points.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/rng.h"
#include "core/sig.h"
#include "fetch/ground.h"
#include "fetch/spread.h"

/* Two points that are rounded to POINTS_DEGREE_STEP come closer by less than this. */
#define ROUNDING_M 0.02

/* Closer than this to a place that is taken is the same place. */
#define SAME_M 0.05

/*
 * When a site is given up, after so many candidates in a row: of all, of those on land that is
 * excluded, and of those on free ground but too near to others. What is 20 / limit of the box, of
 * the land or of the ground is missed with probability e^-20. There may be very many discs and
 * cells, so less is tried in each; cells may well have slivers of land only.
 */
struct patience {
    uint64_t all, excluded, near;
};
static const struct patience for_border = {50000000, 1000000, 20000};
static const struct patience for_cell = {2000000, 20000, 2000};
static const struct patience for_disc = {50000, 20000, 2000};

#define SIG_EVERY 4096

#define M_PER_DEGREE 111700.0 /* of latitude; no degree is longer */

struct site {
    const struct points_site *spec;
    uint64_t stream_u, stream_v;
    struct bbox box; /* of an area: degrees across, ground_z upwards */
    uint64_t next;   /* candidate */
    const struct patience *limit;
    size_t n_given;
    bool closed;
};

struct points {
    const struct points_rules *rules;
    struct site *site; /* [n] */
    size_t n;
    struct spread spread; /* unused without a distance */
};

/* Whether all that is within a distance is at sea, as most discs around the world's towns are.
 * border_nearest_land is right to metres within 50 km; far away it may be some percent off. */
static bool out_of_reach(const struct border *b, struct lonlat centre, double radius_m)
{
    struct bbox box = border_bbox(b);
    double reach_deg = 1.1 * radius_m / M_PER_DEGREE;
    if (centre.lat < box.min_y - reach_deg || centre.lat > box.max_y + reach_deg) {
        return true;
    }
    double km = geo_distance_km(centre, border_nearest_land(b, centre));
    return km * 1000 > (km < 50 ? 1.01 : 1.5) * radius_m + 10;
}

/* A disc that holds a box in degrees. */
static void disc_around(struct bbox b, struct lonlat *centre, double *radius_m)
{
    double widest = b.min_y <= 0 && b.max_y >= 0 ? 0 : fmin(fabs(b.min_y), fabs(b.max_y));
    double across = (b.max_x - b.min_x) / 2 * cos(widest * GEO_PI / 180);
    *centre = (struct lonlat){geo_lon_near((b.min_x + b.max_x) / 2, 0), (b.min_y + b.max_y) / 2};
    *radius_m = hypot(across, (b.max_y - b.min_y) / 2) * M_PER_DEGREE;
}

static void site_init(struct site *s, const struct points_site *spec, const struct border *border)
{
    char name[160];
    struct lonlat centre = spec->centre;
    double radius_m = spec->radius_m;
    *s = (struct site){.spec = spec, .limit = &for_disc};
    (void)snprintf(name, sizeof name, "%s.x", spec->name);
    s->stream_u = rng_stream(name);
    (void)snprintf(name, sizeof name, "%s.y", spec->name);
    s->stream_v = rng_stream(name);
    if (spec->area) {
        s->limit = spec->area == border ? &for_border : &for_cell;
        s->box = border_bbox(spec->area);
        disc_around(s->box, &centre, &radius_m);
        s->box.min_y = ground_z(s->box.min_y);
        s->box.max_y = ground_z(s->box.max_y);
    }
    s->closed = spec->area != border && out_of_reach(border, centre, radius_m);
}

int points_new(const struct points_rules *rules, const struct points_site *site, size_t n_sites,
               struct points **out, struct err *e)
{
    struct points *p = calloc(1, sizeof *p);
    struct site *sites = calloc(n_sites, sizeof *sites);
    if (!p || !sites) {
        free(p);
        free(sites);
        return err_nomem(e, "the points");
    }
    for (size_t i = 0; i < n_sites; i++) {
        site_init(&sites[i], &site[i], rules->border);
    }
    *p = (struct points){.rules = rules, .site = sites, .n = n_sites};
    if (rules->min_distance_m > 0) {
        spread_init(&p->spread, rules->min_distance_m + ROUNDING_M);
    }
    *out = p;
    return 0;
}

void points_free(struct points *p)
{
    if (!p) {
        return;
    }
    spread_release(&p->spread);
    free(p->site);
    free(p);
}

bool points_closed(const struct points *p, size_t site)
{
    return p->site[site].closed;
}

size_t points_given(const struct points *p, size_t site)
{
    return p->site[site].n_given;
}

/* --- candidates ------------------------------------------------------------------------------------ */

/* Uniform in a disc of the sphere: the area within a distance grows with its half's sine squared. */
static struct lonlat in_disc(const struct points_site *s, double u, double v)
{
    double half = s->radius_m / 1000 / GEO_EARTH_R_KM / 2;
    double km = 2 * GEO_EARTH_R_KM * asin(sqrt(v) * sin(half));
    return geo_offset(s->centre, 360 * u, km);
}

static struct lonlat candidate(const struct site *s, uint64_t seed)
{
    double u = rng_f64(seed, s->stream_u, s->next);
    double v = rng_f64(seed, s->stream_v, s->next);
    struct lonlat p;
    if (s->spec->area) {
        p.lon = s->box.min_x + (s->box.max_x - s->box.min_x) * u;
        p.lat = ground_lat(s->box.min_y + (s->box.max_y - s->box.min_y) * v);
    } else {
        p = in_disc(s->spec, u, v);
    }
    return (struct lonlat){geo_lon_near(round(p.lon / POINTS_DEGREE_STEP) * POINTS_DEGREE_STEP, 0),
                           round(p.lat / POINTS_DEGREE_STEP) * POINTS_DEGREE_STEP};
}

/* On land, and in the site. */
static bool inside(const struct points_rules *r, const struct points_site *s, struct lonlat at)
{
    return (!s->area || border_contains(s->area, at)) &&
           (s->area == r->border || border_contains(r->border, at));
}

/* Whether a place on free ground is far enough from all others; if so, it is one of them. *again:
 * this very place was taken before. */
static int has_room(struct points *p, struct lonlat at, bool *room, bool *again, struct err *e)
{
    const struct points_rules *r = p->rules;
    struct xy xy;
    double km = HUGE_VAL;
    if (r->taken) {
        (void)nearest_find(r->taken, at, &km);
    }
    *again = km * 1000 < SAME_M;
    *room = !*again && km * 1000 >= r->min_distance_m;
    if (!*room || !(r->min_distance_m > 0)) {
        return 0;
    }
    return crs_project(r->crs, &at, &xy, 1, e) != 0 ? -1 : spread_add(&p->spread, xy, room, e);
}

int points_next(struct points *p, size_t site, struct lonlat *at, bool *found, struct err *e)
{
    const struct points_rules *r = p->rules;
    struct site *s = &p->site[site];
    const struct patience *limit = s->limit;
    struct patience n = {0};
    bool again = false;
    *found = false;
    for (; !s->closed && n.all < limit->all && n.excluded < limit->excluded && n.near < limit->near;
         n.all++) {
        if (s->next % SIG_EVERY == 0 && sig_check(e) != 0) {
            return -1;
        }
        struct lonlat c = candidate(s, r->seed);
        s->next++;
        if (!inside(r, s->spec, c)) {
            continue;
        }
        if (r->exclude && border_contains(r->exclude, c)) {
            n.excluded++;
            continue;
        }
        if (has_room(p, c, found, &again, e) != 0) {
            return -1;
        }
        if (*found) {
            *at = c;
            s->n_given++;
            return 0;
        }
        n.near++;
        if (again) { /* found by an earlier run, whose sequence this is: it looked on from here */
            n = (struct patience){0};
        }
    }
    s->closed = true;
    return 0;
}

int points_draw(struct points *p, struct lonlat *out, size_t n, size_t *n_out, struct err *e)
{
    size_t count = 0;
    bool open = true;
    while (open && count < n) {
        open = false;
        for (size_t i = 0; i < p->n && count < n; i++) {
            bool found = false;
            if (points_next(p, i, &out[count], &found, e) != 0) {
                return -1;
            }
            count += found;
            open = open || found;
        }
    }
    *n_out = count;
    return 0;
}
