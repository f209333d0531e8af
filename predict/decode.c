/* SPDX-License-Identifier: MIT */
/*
 * The decoders. Mean and mode are one pass; the median minimises f(x) = sum w_i d(x, p_i) by
 * Newton steps in the tangent plane at x, with the Weiszfeld step where Newton does not descend.
 *
 * f has a kink at every p_i, where Newton and Weiszfeld crawl. Therefore each round first asks
 * whether the point nearest to x is itself the minimum: it is when the pull of all others together
 * is no stronger than its own weight (Vardi and Zhang 2000). Points are unit vectors throughout:
 * no longitude wraps, no poles.
 */
#include "predict/decode.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define RAD        (GEO_PI / 180.0)
#define MAX_ROUNDS 200
#define DONE_RAD   1e-9 /* 6 mm on the ground: a step this short ends the search */
#define AT_POINT   1e-12

struct vec {
    double x, y, z;
};

struct decoder {
    size_t n, top;
    struct lonlat *point; /* [n] */
    struct vec *v;        /* [n] the same as unit vectors */
    struct vec *used_v;   /* [n] scratch */
    double *weight;       /* [n] scratch */
    uint32_t *index;      /* [n] scratch */
};

static const char *const names[DECODE_COUNT] = {"mean", "mode", "median"};

const char *decode_name(enum decode d)
{
    return names[d];
}

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

void decoder_free(struct decoder *d)
{
    if (d) {
        free(d->point);
        free(d->v);
        free(d->used_v);
        free(d->weight);
        free(d->index);
        free(d);
    }
}

int decoder_new(const struct lonlat *point, size_t n, size_t top, struct decoder **out,
                struct err *e)
{
    if (n == 0) {
        return err_set(e, ERR_INPUT, "no classes to decode");
    }
    struct decoder *d = calloc(1, sizeof *d);
    if (!d || !(d->point = calloc(n, sizeof *d->point)) || !(d->v = calloc(n, sizeof *d->v)) ||
        !(d->used_v = calloc(n, sizeof *d->used_v)) ||
        !(d->weight = calloc(n, sizeof *d->weight)) || !(d->index = calloc(n, sizeof *d->index))) {
        decoder_free(d);
        return err_nomem(e, "a decoder");
    }
    d->n = n;
    d->top = top == 0 || top > n ? n : top;
    memcpy(d->point, point, n * sizeof *point);
    for (size_t i = 0; i < n; i++) {
        d->v[i] = to_vec(point[i]);
    }
    *out = d;
    return 0;
}

void decode_top(const double *prob, size_t n, uint32_t *index, size_t k)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept == k && (k == 0 || prob[i] <= prob[index[k - 1]])) {
            continue;
        }
        size_t at = kept < k ? kept++ : k - 1;
        while (at > 0 && prob[index[at - 1]] < prob[i]) {
            index[at] = index[at - 1];
            at--;
        }
        index[at] = (uint32_t)i;
    }
}

double decode_softmax(const float *logit, double *prob, size_t n)
{
    double max = -INFINITY;
    double sum = 0;
    double entropy = 0;
    for (size_t i = 0; i < n; i++) {
        max = fmax(max, (double)logit[i]);
    }
    for (size_t i = 0; i < n; i++) {
        prob[i] = exp((double)logit[i] - max);
        sum += prob[i];
    }
    for (size_t i = 0; i < n; i++) {
        prob[i] /= sum;
        entropy -= prob[i] > 0 ? prob[i] * log(prob[i]) : 0;
    }
    return fmax(entropy, 0);
}

/* Weighted points to search among: the scratch of a decoder, or all train locations. */
struct cloud {
    const struct vec *v;
    const double *w;
    size_t n;
};

static double expected_rad(const struct cloud *c, struct vec x)
{
    double sum = 0;
    for (size_t i = 0; i < c->n; i++) {
        sum += c->w[i] * angle(x, c->v[i]);
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
    double best = INFINITY;
    axes(x, &east, &north);
    for (size_t i = 0; i < c->n; i++) {
        double d = angle(x, c->v[i]);
        if (d < best) {
            best = d;
            s.nearest = i;
        }
        if (d < AT_POINT) {
            s.own += c->w[i];
            continue;
        }
        /* unit tangent towards the point; its length before scaling is sin d */
        double ux = dot(east, c->v[i]);
        double uy = dot(north, c->v[i]);
        double len = hypot(ux, uy);
        if (len < AT_POINT) {
            continue; /* the antipode pulls nowhere */
        }
        ux /= len;
        uy /= len;
        double bend = c->w[i] * cos(d) / len; /* w cot d, across the direction of the point */
        gx += c->w[i] * ux;
        gy += c->w[i] * uy;
        hxx += bend * uy * uy;
        hxy -= bend * ux * uy;
        hyy += bend * ux * ux;
        inverse += c->w[i] / d;
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
    struct slope s = slope_at(c, c->v[i]);
    return dot(s.pull, s.pull) <= s.own * s.own;
}

/* Place of least expected distance, from a starting place. */
static struct vec median_of(const struct cloud *c, struct vec x)
{
    double f = expected_rad(c, x);
    size_t asked = c->n; /* the point last found not to be the minimum */
    for (int round = 0; round < MAX_ROUNDS; round++) {
        struct slope s = slope_at(c, x);
        if (s.nearest != asked && is_minimum(c, s.nearest)) {
            return c->v[s.nearest];
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
        if (moved < DONE_RAD) {
            break;
        }
    }
    return x;
}

/* The weighted mean direction, or the heaviest point when the vectors cancel out. */
static struct vec mean_of(const struct cloud *c)
{
    struct vec sum = {0, 0, 0};
    double total = 0;
    size_t heaviest = 0;
    for (size_t i = 0; i < c->n; i++) {
        sum = add_scaled(sum, c->v[i], c->w[i]);
        total += c->w[i];
        heaviest = c->w[i] > c->w[heaviest] ? i : heaviest;
    }
    return sqrt(dot(sum, sum)) > 1e-9 * total ? normalised(sum) : c->v[heaviest];
}

struct lonlat decoder_place(struct decoder *d, enum decode how, const double *prob)
{
    if (how == DECODE_MODE) {
        decode_top(prob, d->n, d->index, 1);
        return d->point[d->index[0]];
    }
    struct cloud c = {.v = d->used_v, .w = d->weight};
    if (d->top < d->n) {
        decode_top(prob, d->n, d->index, d->top);
    }
    for (size_t k = 0; k < d->top; k++) {
        size_t i = d->top < d->n ? d->index[k] : k;
        if (prob[i] > 0) {
            d->used_v[c.n] = d->v[i];
            d->weight[c.n++] = prob[i];
        }
    }
    if (c.n == 0) {
        return d->point[0];
    }
    struct vec x = mean_of(&c);
    return to_lonlat(how == DECODE_MEDIAN ? median_of(&c, x) : x);
}

int decode_geo_median(const struct lonlat *p, size_t n, struct lonlat *out, struct err *e)
{
    int rc = -1;
    struct vec *v = calloc(n, sizeof *v);
    double *w = calloc(n, sizeof *w);
    if (!v || !w) {
        rc = err_nomem(e, "a geometric median");
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        v[i] = to_vec(p[i]);
        w[i] = 1.0 / (double)n;
    }
    struct cloud c = {.v = v, .w = w, .n = n};
    *out = to_lonlat(median_of(&c, mean_of(&c)));
    rc = 0;
out:
    free(v);
    free(w);
    return rc;
}
