/* SPDX-License-Identifier: MIT */
/*
 * The median minimises f(x) = sum w_i d(x, p_i) by Newton steps in the tangent plane at x, with
 * Weiszfeld's step where Newton does not descend. f has a kink at every p_i, where both crawl:
 * therefore each round first asks whether the point nearest to x is itself the minimum. It is when
 * the pull of all others together is no stronger than its own weight (Vardi and Zhang 2000). Places
 * are unit vectors here: no longitude wraps, no poles.
 */
#include "core/geo.h"

#include <math.h>

#define RAD           (GEO_PI / 180.0)
#define MEDIAN_ROUNDS 200
#define MEDIAN_END    1e-9  /* radians, 6 mm on the ground: a step this short ends the search */
#define AT_POINT      1e-12 /* radians: nearer than this is there */

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

/* Angle between unit vectors from the chord: exact for near ones, where acos(dot) is not. */
static double angle(struct vec a, struct vec b)
{
    struct vec d = add_scaled(a, b, -1.0);
    return 2 * asin(fmin(sqrt(dot(d, d)) / 2, 1.0));
}

/* The weighted points to search among. */
struct cloud {
    const struct lonlat *point; /* [n] */
    const double *weight;       /* [n], or NULL: equal weights */
    size_t n;
};

static double weight_of(const struct cloud *c, size_t i)
{
    return c->weight ? c->weight[i] : 1;
}

static double expected_rad(const struct cloud *c, struct vec x)
{
    double sum = 0;
    for (size_t i = 0; i < c->n; i++) {
        sum += weight_of(c, i) * angle(x, to_vec(c->point[i]));
    }
    return sum;
}

/* What the points say at x: the pull towards them (minus the gradient), Weiszfeld's and Newton's
 * steps, all tangent vectors in radians; the nearest point. */
struct slope {
    struct vec pull, weiszfeld, newton;
    bool has_newton;
    double own; /* weight of the points at x itself */
    size_t nearest;
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
    double best = (double)INFINITY;
    axes(x, &east, &north);
    for (size_t i = 0; i < c->n; i++) {
        const struct vec p = to_vec(c->point[i]);
        const double w = weight_of(c, i);
        const double d = angle(x, p);
        if (d < best) {
            best = d;
            s.nearest = i;
        }
        if (d < AT_POINT) {
            s.own += w;
            continue;
        }
        /* unit tangent towards the point; its length before scaling is sin d */
        double ux = dot(east, p);
        double uy = dot(north, p);
        double len = hypot(ux, uy);
        if (len < AT_POINT) {
            continue; /* the antipode pulls nowhere */
        }
        ux /= len;
        uy /= len;
        double bend = w * cos(d) / len; /* w cot d, across the direction of the point */
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
    struct slope s = slope_at(c, to_vec(c->point[i]));
    return dot(s.pull, s.pull) <= s.own * s.own;
}

/* Place of least expected distance, from a starting place. */
static struct vec median_of(const struct cloud *c, struct vec x)
{
    double f = expected_rad(c, x);
    size_t asked = c->n; /* the point last found not to be the minimum */
    for (int round = 0; round < MEDIAN_ROUNDS; round++) {
        struct slope s = slope_at(c, x);
        if (s.nearest != asked && is_minimum(c, s.nearest)) {
            return to_vec(c->point[s.nearest]);
        }
        asked = s.nearest;
        if (s.own >
            0) { /* on a point that is not the minimum: only what exceeds its weight moves */
            double len = sqrt(dot(s.pull, s.pull));
            s.weiszfeld = add_scaled((struct vec){0, 0, 0}, s.weiszfeld, fmax(0, 1 - s.own / len));
            s.has_newton = false;
        }
        struct vec step = s.has_newton ? s.newton : s.weiszfeld;
        bool newton = s.has_newton;
        double moved = 0;
        for (int half = 0; half < 40; half++) {
            struct vec to = walk(x, step);
            double f_to = expected_rad(c, to);
            if (f_to < f) {
                moved = angle(x, to);
                x = to;
                f = f_to;
                break;
            }
            /* no descent: once Weiszfeld instead of Newton, then ever shorter steps */
            step = newton ? s.weiszfeld : add_scaled((struct vec){0, 0, 0}, step, 0.5);
            newton = false;
        }
        if (moved < MEDIAN_END) {
            break;
        }
    }
    return x;
}

struct lonlat geo_median(const struct lonlat *p, const double *weight, size_t n)
{
    const struct cloud c = {.point = p, .weight = weight, .n = n};
    struct lonlat start = geo_mean(p, weight, n);
    if (!isfinite(start.lon)) { /* the vectors cancel: any point will do, the heaviest is nearest */
        size_t best = 0;
        for (size_t i = 1; weight && i < n; i++) {
            best = weight[i] > weight[best] ? i : best;
        }
        start = p[best];
    }
    return to_lonlat(median_of(&c, to_vec(start)));
}
