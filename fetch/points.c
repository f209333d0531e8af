/* SPDX-License-Identifier: MIT */
/*
 * Candidate i is a pure function of (seed, i): raising n continues the same sequence. Darts are
 * kept apart with a hash of grid cells whose diagonal is the distance: a cell holds one point at
 * most, and only the 5 x 5 cells around a dart must be looked at. Memory follows the number of
 * points, not the area.
 */
#include "fetch/points.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/rng.h"
#include "core/sig.h"

#define BATCH ((size_t)4096) /* candidates unprojected in one call */
#define STEP_DEG \
    0.05 /* borders are split into pieces no longer than this before they are projected */
#define MARGIN 1e-3 /* of the box: what a projected edge of STEP_DEG may bulge, and more */

/* Two points that are rounded to POINTS_DEGREE_STEP come closer by less than this. */
#define ROUNDING_M 0.02

/* With so many darts in the border rejected in a row, less than a thousandth of it is free (but
 * with probability e^-20). */
#define NO_ROOM_DARTS 20000

/* A border that holds less of its box than 1 in so many candidates counts as empty. */
#define EMPTY_CANDIDATES ((uint64_t)50000000)

/* --- the box ------------------------------------------------------------------------------------- */

static void grow(struct bbox *box, struct xy p)
{
    box->min_x = fmin(box->min_x, p.x);
    box->max_x = fmax(box->max_x, p.x);
    box->min_y = fmin(box->min_y, p.y);
    box->max_y = fmax(box->max_y, p.y);
}

/* One edge, in pieces: straight in degrees is not straight in metres. */
static int grow_edge(struct crs *c, struct lonlat a, struct lonlat b, struct bbox *box,
                     struct err *e)
{
    double length = fmax(fabs(b.lon - a.lon), fabs(b.lat - a.lat));
    int n = 1 + (int)(length / STEP_DEG);
    for (int i = 0; i < n; i++) {
        double t = (double)i / n;
        struct lonlat p = {a.lon + t * (b.lon - a.lon), a.lat + t * (b.lat - a.lat)};
        struct xy q;
        if (crs_project(c, &p, &q, 1, e) != 0) {
            return err_ctx(e, "the border");
        }
        grow(box, q);
    }
    return 0;
}

static int projected_box(const struct border *b, struct crs *c, struct bbox *box, struct err *e)
{
    *box = (struct bbox){HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
    for (size_t i = 0; i < border_n_rings(b); i++) {
        size_t n = 0;
        bool hole = false;
        const struct lonlat *p = border_ring(b, i, &n, &hole);
        for (size_t k = 1; !hole && k < n; k++) {
            if (grow_edge(c, p[k - 1], p[k], box, e) != 0) {
                return -1;
            }
        }
    }
    double dx = MARGIN * (box->max_x - box->min_x);
    double dy = MARGIN * (box->max_y - box->min_y);
    *box = (struct bbox){box->min_x - dx, box->min_y - dy, box->max_x + dx, box->max_y + dy};
    return 0;
}

/* --- keeping apart --------------------------------------------------------------------------------- */

struct cell {
    int64_t col, row;
    struct xy at;
    bool used;
};

struct spread {
    double distance_m; /* 0: anything goes; else what was asked and ROUNDING_M */
    double side_m;
    struct cell *cells; /* [n_cells], a power of two, at most half full */
    size_t n_cells;
};

static int spread_init(struct spread *s, double distance_m, size_t n, struct err *e)
{
    *s = (struct spread){0};
    if (!(distance_m > 0)) {
        return 0;
    }
    s->distance_m = distance_m + ROUNDING_M;
    s->side_m = s->distance_m / sqrt(2);
    s->n_cells = 16;
    while (s->n_cells < 2 * n) {
        s->n_cells *= 2;
    }
    s->cells = calloc(s->n_cells, sizeof *s->cells);
    return s->cells ? 0 : err_nomem(e, "the points");
}

/* The cell's place in the table, or the free place where it would go. */
static struct cell *spread_find(const struct spread *s, int64_t col, int64_t row)
{
    uint64_t h = (uint64_t)col * 0x9E3779B97F4A7C15u ^ (uint64_t)row * 0xC2B2AE3D27D4EB4Fu;
    size_t i = (size_t)(h ^ h >> 32) & (s->n_cells - 1);
    while (s->cells[i].used && (s->cells[i].col != col || s->cells[i].row != row)) {
        i = (i + 1) & (s->n_cells - 1);
    }
    return &s->cells[i];
}

/* Whether p is far enough from all points so far; if it is, it is one of them. */
static bool spread_add(struct spread *s, struct xy p)
{
    if (!s->cells) {
        return true;
    }
    int64_t col = (int64_t)floor(p.x / s->side_m);
    int64_t row = (int64_t)floor(p.y / s->side_m);
    for (int64_t r = row - 2; r <= row + 2; r++) {
        for (int64_t q = col - 2; q <= col + 2; q++) {
            const struct cell *c = spread_find(s, q, r);
            if (c->used && hypot(c->at.x - p.x, c->at.y - p.y) < s->distance_m) {
                return false;
            }
        }
    }
    *spread_find(s, col, row) = (struct cell){col, row, p, true};
    return true;
}

/* --- drawing ---------------------------------------------------------------------------------------- */

static void candidates(uint64_t seed, const struct bbox *box, uint64_t first, struct xy *p)
{
    uint64_t sx = rng_stream("sample.x");
    uint64_t sy = rng_stream("sample.y");
    for (size_t i = 0; i < BATCH; i++) {
        p[i].x = box->min_x + (box->max_x - box->min_x) * rng_f64(seed, sx, first + i);
        p[i].y = box->min_y + (box->max_y - box->min_y) * rng_f64(seed, sy, first + i);
    }
}

static struct lonlat rounded(struct lonlat p)
{
    return (struct lonlat){round(p.lon / POINTS_DEGREE_STEP) * POINTS_DEGREE_STEP,
                           round(p.lat / POINTS_DEGREE_STEP) * POINTS_DEGREE_STEP};
}

struct drawing {
    struct spread spread;
    struct lonlat *out; /* [n] */
    size_t n, count;
    size_t n_rejected; /* darts in a row that were too close to others */
};

/* One batch of candidates; false when there is no room for more. */
static bool draw_batch(struct drawing *d, const struct border *b, const struct xy *p,
                       const struct lonlat *at)
{
    for (size_t i = 0; i < BATCH && d->count < d->n; i++) {
        struct lonlat place = rounded(at[i]);
        if (!border_contains(b, place)) {
            continue;
        }
        if (spread_add(&d->spread, p[i])) {
            d->out[d->count++] = place;
            d->n_rejected = 0;
        } else if (++d->n_rejected == NO_ROOM_DARTS) {
            return false;
        }
    }
    return true;
}

int points_draw(const struct border *b, struct crs *c, uint64_t seed, double min_distance_m,
                struct lonlat *out, size_t n, size_t *n_out, struct err *e)
{
    int rc = -1;
    struct bbox box;
    struct drawing d = {.out = out, .n = n};
    struct xy *p = malloc(BATCH * sizeof *p);
    struct lonlat *at = malloc(BATCH * sizeof *at);
    if (!p || !at) {
        rc = err_nomem(e, "candidates");
        goto out;
    }
    TRY(projected_box(b, c, &box, e));
    TRY(spread_init(&d.spread, min_distance_m, n, e));
    for (uint64_t first = 0; d.count < n; first += BATCH) {
        if (d.count == 0 && first >= EMPTY_CANDIDATES) {
            rc = err_set(e, ERR_INPUT, "no point falls inside the border");
            goto out;
        }
        TRY(sig_check(e));
        candidates(seed, &box, first, p);
        TRY(crs_unproject(c, p, at, BATCH, e));
        if (!draw_batch(&d, b, p, at)) {
            break;
        }
    }
    *n_out = d.count;
    rc = 0;
out:
    free(d.spread.cells);
    free(at);
    free(p);
    return rc;
}
