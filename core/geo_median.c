/* SPDX-License-Identifier: MIT */
/*
 * The median minimises f(x) = sum w_i d(x, p_i) by Newton steps in the tangent plane at x, with
 * Weiszfeld's step where Newton does not descend. f has a kink at every p_i, where both crawl:
 * therefore a round whose step could reach the point nearest to x first asks whether that is itself
 * the minimum, and so does the end. It is when the pull of all others together is no stronger than
 * its own weight (Vardi and Zhang 2000). Places are unit vectors here: no longitude wraps, no poles.
 */
#include "core/geo.h"

#include <math.h>
#include <stdlib.h>

#define RAD           (GEO_PI / 180.0)
#define MEDIAN_ROUNDS 200
#define MEDIAN_END    1e-9  /* radians, 6 mm on the ground: a step this short ends the search */
#define AT_POINT      1e-12 /* radians: nearer than this is there */
#define IN_REACH      4     /* steps */

/* A place as a unit vector, or a tangent in radians. */
struct vec {
    double x, y, z;
};

static struct vec to_vec(struct lonlat p)
{
    double c = cos(p.lat * RAD);
    return (struct vec){c * cos(p.lon * RAD), c * sin(p.lon * RAD), sin(p.lat * RAD)};
}

static struct lonlat to_lonlat(struct vec v)
{
    return (struct lonlat){atan2(v.y, v.x) / RAD, atan2(v.z, hypot(v.x, v.y)) / RAD};
}

static double dot(struct vec a, struct vec b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static struct vec add_scaled(struct vec a, struct vec b, double s)
{
    return (struct vec){a.x + s * b.x, a.y + s * b.y, a.z + s * b.z};
}

static struct vec normalised(struct vec a)
{
    return add_scaled((struct vec){0, 0, 0}, a, 1.0 / sqrt(dot(a, a)));
}

/* Angle from the squared chord between unit vectors: exact for near ones, where acos(dot) is not.
 * Up to 120 km the arc sine's series is as exact as the function, and a fifth of its cost. */
static double angle(double chord2)
{
    if (chord2 < 4e-4) {
        double x2 = chord2 / 4;
        return sqrt(chord2) * (1 + x2 * (1.0 / 6 + x2 * (3.0 / 40 + x2 * (15.0 / 336))));
    }
    return 2 * asin(fmin(sqrt(chord2) / 2, 1.0));
}

static double chord2_of(struct vec a, struct vec b)
{
    struct vec d = add_scaled(a, b, -1.0);
    return dot(d, d);
}

/* The weighted points to search among. */
struct cloud {
    const struct lonlat *point; /* [n] */
    const double *weight;       /* [n], or NULL: equal weights */
    size_t n;
    struct vec *vec; /* [n] the points, owned; NULL when there was no memory: made each time */
};

static struct vec vec_of(const struct cloud *c, size_t i)
{
    return c->vec ? c->vec[i] : to_vec(c->point[i]);
}

static double weight_of(const struct cloud *c, size_t i)
{
    return c->weight ? c->weight[i] : 1;
}

/* What the points say at x: the pull towards them (minus the gradient), Weiszfeld's and Newton's
 * steps, all tangent vectors in radians; the nearest point. */
struct slope {
    struct vec pull, weiszfeld, newton;
    bool has_newton;
    double own;          /* weight of the points at x itself */
    double expected_rad; /* f(x) */
    size_t nearest;
    double nearest_rad;
};

/* Tangent plane axes at x. */
static void axes(struct vec x, struct vec *east, struct vec *north)
{
    struct vec up = fabs(x.z) < 0.9 ? (struct vec){0, 0, 1} : (struct vec){1, 0, 0};
    *east = normalised(
        (struct vec){up.y * x.z - up.z * x.y, up.z * x.x - up.x * x.z, up.x * x.y - up.y * x.x});
    *north = (struct vec){x.y * east->z - x.z * east->y, x.z * east->x - x.x * east->z,
                          x.x * east->y - x.y * east->x};
}

static struct slope slope_at(const struct cloud *c, struct vec x)
{
    struct slope s = {0};
    struct vec east;
    struct vec north;
    double gx = 0, gy = 0;            /* pull */
    double hxx = 0, hxy = 0, hyy = 0; /* Hessian */
    double inverse = 0;               /* sum w / d */
    s.nearest_rad = (double)INFINITY;
    axes(x, &east, &north);
    for (size_t i = 0; i < c->n; i++) {
        const struct vec p = vec_of(c, i);
        const double w = weight_of(c, i);
        const double chord2 = chord2_of(x, p);
        const double d = angle(chord2);
        s.expected_rad += w * d;
        if (d < s.nearest_rad) {
            s.nearest_rad = d;
            s.nearest = i;
        }
        if (d < AT_POINT) {
            s.own += w;
            continue;
        }
        /* unit tangent towards the point; its length before scaling is sin d */
        double ux = dot(east, p);
        double uy = dot(north, p);
        double len = sqrt(ux * ux + uy * uy);
        if (len < AT_POINT) {
            continue; /* the antipode pulls nowhere */
        }
        ux /= len;
        uy /= len;
        double bend = w * (1 - chord2 / 2) / len; /* w cot d, across the direction of the point */
        gx += w * ux;
        gy += w * uy;
        hxx += bend * uy * uy;
        hxy -= bend * ux * uy;
        hyy += bend * ux * ux;
        inverse += w / d;
    }
    s.pull = add_scaled(add_scaled((struct vec){0, 0, 0}, east, gx), north, gy);
    s.weiszfeld = add_scaled((struct vec){0, 0, 0}, s.pull, inverse > 0 ? 1 / inverse : 0);
    double det = hxx * hyy - hxy * hxy;
    s.has_newton = hxx > 0 && det > 1e-12 * hxx * hxx;
    if (s.has_newton) {
        double nx = (hyy * gx - hxy * gy) / det;
        double ny = (hxx * gy - hxy * gx) / det;
        s.newton = add_scaled(add_scaled((struct vec){0, 0, 0}, east, nx), north, ny);
    }
    return s;
}

/* Along tangent t from x, as far as t is long. */
static struct vec walk(struct vec x, struct vec t)
{
    double len = sqrt(dot(t, t));
    if (len < AT_POINT) {
        return x;
    }
    struct vec to = add_scaled(add_scaled((struct vec){0, 0, 0}, x, cos(len)), t, sin(len) / len);
    return normalised(to);
}

static bool is_minimum(const struct cloud *c, size_t i)
{
    struct slope s = slope_at(c, vec_of(c, i));
    return dot(s.pull, s.pull) <= s.own * s.own;
}

static double length(struct vec v)
{
    return sqrt(dot(v, v));
}

static struct vec scaled(struct vec v, double by)
{
    return add_scaled((struct vec){0, 0, 0}, v, by);
}

/* From x, where the slope is s, to a lower place; both move there. How far, in radians; 0 when there
 * is none. */
static double descend(const struct cloud *c, struct vec *x, struct slope *s, struct vec step,
                      bool newton)
{
    for (int half = 0; half < 40; half++) {
        struct vec to = walk(*x, step);
        struct slope there = slope_at(c, to);
        if (there.expected_rad < s->expected_rad) {
            double moved = angle(chord2_of(*x, to));
            *x = to;
            *s = there;
            return moved;
        }
        /* no descent: once Weiszfeld instead of Newton, then ever shorter steps */
        step = newton ? s->weiszfeld : scaled(step, 0.5);
        newton = false;
    }
    return 0;
}

/* Place of least expected distance, from a starting place. */
static struct vec median_of(const struct cloud *c, struct vec x)
{
    struct slope s = slope_at(c, x);
    size_t asked = c->n; /* the point last found not to be the minimum */
    double moved = 1;
    for (int round = 0; round < MEDIAN_ROUNDS && moved >= MEDIAN_END; round++) {
        bool newton = s.has_newton && s.own <= 0;
        struct vec step = newton ? s.newton : s.weiszfeld;
        if (s.nearest != asked && s.nearest_rad <= IN_REACH * length(step)) {
            if (is_minimum(c, s.nearest)) {
                return vec_of(c, s.nearest);
            }
            asked = s.nearest;
        }
        if (s.own >
            0) { /* on a point that is not the minimum: only what exceeds its weight moves */
            step = scaled(step, fmax(0, 1 - s.own / length(s.pull)));
        }
        moved = descend(c, &x, &s, step, newton);
    }
    return s.nearest != asked && is_minimum(c, s.nearest) ? vec_of(c, s.nearest) : x;
}

struct lonlat geo_median(const struct lonlat *p, const double *weight, size_t n)
{
    struct cloud c = {.point = p, .weight = weight, .n = n, .vec = malloc(n * sizeof *c.vec)};
    for (size_t i = 0; c.vec && i < n; i++) {
        c.vec[i] = to_vec(p[i]);
    }
    struct lonlat start = geo_mean(p, weight, n);
    if (!isfinite(start.lon)) { /* the vectors cancel: any point will do, the heaviest is nearest */
        size_t best = 0;
        for (size_t i = 1; weight && i < n; i++) {
            best = weight[i] > weight[best] ? i : best;
        }
        start = p[best];
    }
    struct lonlat median = to_lonlat(median_of(&c, to_vec(start)));
    free(c.vec);
    return median;
}
