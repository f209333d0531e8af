/* SPDX-License-Identifier: MIT */
/*
 * The border's rings are filled by scanlines. What is outside is either the Adriatic or a
 * neighbour: the sea is flooded from a place on the open sea, and where the border leaves the
 * coast, a few hand-written points of the neighbours' coasts hold the flood back. Elsewhere the
 * country itself is the dam, so the coast is as exact as the border.
 *
 * Bays behind a strait narrower than a cell stay land. With a border of another part of the world the flood does not start, and there is no sea.
 */
#include "fetch/demo/surface.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_LON      16.5
#define FRAME_LAT      44.5
#define KM_PER_DEG_LAT (GEO_EARTH_R_KM * GEO_PI / 180)
#define MARGIN_KM      45.0       /* one sees 40 km at most */
#define MAX_CELLS      (40 << 20) /* 120 MiB of raster */

/* Coasts beyond the border's ends, degrees east and north, read off maps to about 1 km: only their
 * ends matter, which lie inside Croatia (or outside the raster). */
static const struct lonlat coast_north[] = {
    /* Buje, the Dragonja's mouth, Piran, Izola, Koper, Muggia, Trieste, Monfalcone, Grado, Lignano */
    {13.64, 45.43},  {13.60, 45.475}, {13.575, 45.515}, {13.565, 45.53}, {13.66, 45.54},
    {13.73, 45.545}, {13.72, 45.595}, {13.77, 45.64},   {13.71, 45.705}, {13.57, 45.78},
    {13.48, 45.72},  {13.38, 45.68},  {13.10, 45.64},   {12.40, 45.45},
};
static const struct lonlat coast_neum[] = {
    {17.53, 42.965}, {17.60, 42.93}, {17.64, 42.905}, {17.72, 42.885}, /* Klek, Neum, Imotica */
};
static const struct lonlat coast_south[] = {
    /* Gruda, Vitaljina, Prevlaka, Lustica (the Bay of Kotor counts as land), Budva, Bar, Ulcinj */
    {18.38, 42.52}, {18.44, 42.46}, {18.515, 42.395}, {18.56, 42.385}, {18.66, 42.35},
    {18.84, 42.28}, {18.95, 42.20}, {19.09, 42.09},   {19.22, 41.93},  {19.40, 41.70},
};
static const struct lonlat coast_west[] = {
    /* Rimini, Ancona, San Benedetto, Pescara, Vasto, Vieste, Bari */
    {12.58, 44.06}, {13.52, 43.62}, {13.89, 42.94}, {14.22, 42.47},
    {14.72, 42.11}, {16.18, 41.88}, {16.87, 41.13},
};
static const struct lonlat open_sea = {15.2, 43.2};

struct xy frame_km(struct lonlat p)
{
    double shrink = cos(FRAME_LAT * GEO_PI / 180);
    return (struct xy){geo_wrap_lon(p.lon - FRAME_LON) * KM_PER_DEG_LAT * shrink,
                       (p.lat - FRAME_LAT) * KM_PER_DEG_LAT};
}

struct lonlat frame_lonlat(struct xy km)
{
    double shrink = cos(FRAME_LAT * GEO_PI / 180);
    return (struct lonlat){geo_wrap_lon(FRAME_LON + km.x / (KM_PER_DEG_LAT * shrink)),
                           FRAME_LAT + km.y / KM_PER_DEG_LAT};
}

/* Column and row as numbers with a fraction; the centre of cell (0, 0) is at 0, 0. */
static struct xy raster_xy(const struct surface *s, struct xy km)
{
    return (struct xy){(km.x - s->origin.x) / SURFACE_CELL_KM,
                       (km.y - s->origin.y) / SURFACE_CELL_KM};
}

static bool inside(const struct surface *s, struct xy c)
{
    return c.x > -0.5 && c.y > -0.5 && c.x < s->n_x - 0.5 && c.y < s->n_y - 0.5;
}

static int clamp_index(double v, int n)
{
    return v <= 0 ? 0 : v >= n - 1 ? n - 1 : (int)(v + 0.5);
}

size_t surface_cell(const struct surface *s, struct xy km)
{
    struct xy c = raster_xy(s, km);
    return (size_t)clamp_index(c.y, s->n_y) * (size_t)s->n_x + (size_t)clamp_index(c.x, s->n_x);
}

enum surface_kind surface_kind(const struct surface *s, struct xy km)
{
    return (enum surface_kind)s->kind[surface_cell(s, km)];
}

double surface_sea_km(const struct surface *s, struct xy km)
{
    return s->sea_10m[surface_cell(s, km)] * 0.01;
}

double surface_ray_km(const struct surface *s, struct xy km, double bearing_deg, double max_km)
{
    double east = sin(bearing_deg * GEO_PI / 180);
    double north = cos(bearing_deg * GEO_PI / 180);
    const double step_km = SURFACE_CELL_KM / 2;
    int n_steps = (int)(max_km / step_km);
    for (int i = 1; i <= n_steps; i++) {
        double d = i * step_km;
        if (surface_kind(s, (struct xy){km.x + east * d, km.y + north * d}) == SURFACE_SEA) {
            return d;
        }
    }
    return (double)INFINITY;
}

/* --- filling ------------------------------------------------------------------------------------ */

static int compare_double(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Where the rings cross each row, as columns: row r has crossing[start[r]] .. crossing[start[r+1]]. */
struct crossings {
    size_t *start; /* [n_y + 1], owned */
    double *x;     /* owned */
};

/* Calls for every crossing of a ring's edges with a row's centre line: counts into c->start, or
 * fills c->x when that is there. */
static void cross_ring(const struct surface *s, struct crossings *c, const struct lonlat *ring,
                       size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) {
        struct xy a = raster_xy(s, frame_km(ring[i]));
        struct xy b = raster_xy(s, frame_km(ring[i + 1]));
        double low = fmin(a.y, b.y);
        double high = fmax(a.y, b.y);
        /* rows with low <= row < high: a shared vertex counts once */
        for (int row = (int)fmax(0, ceil(low)); row < high && row < s->n_y; row++) {
            if (c->x) {
                c->x[c->start[row]++] = a.x + (row - a.y) / (b.y - a.y) * (b.x - a.x);
            } else {
                c->start[row + 1]++;
            }
        }
    }
}

static void fill_row(struct surface *s, int row, double *x, size_t n)
{
    uint8_t *kind = s->kind + (size_t)row * (size_t)s->n_x;
    qsort(x, n, sizeof x[0], compare_double);
    for (size_t i = 0; i + 1 < n; i += 2) {
        for (int col = (int)fmax(0, ceil(x[i])); col < x[i + 1] && col < s->n_x; col++) {
            kind[col] = SURFACE_HOME;
        }
    }
}

/* All rings at once, even-odd: holes need no care. */
static int fill_home(struct surface *s, const struct border *b, struct err *e)
{
    int rc = -1;
    struct crossings c = {0};
    size_t n_rings = border_n_rings(b);
    c.start = calloc((size_t)s->n_y + 1, sizeof c.start[0]);
    if (!c.start) {
        return err_nomem(e, "the border's crossings");
    }
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < n_rings; i++) {
            size_t n = 0;
            bool hole = false;
            const struct lonlat *ring = border_ring(b, i, &n, &hole);
            cross_ring(s, &c, ring, n);
        }
        if (pass == 0) {
            for (int row = 0; row < s->n_y; row++) {
                c.start[row + 1] += c.start[row];
            }
            c.x = malloc((c.start[s->n_y] + 1) * sizeof c.x[0]);
            if (!c.x) {
                rc = err_nomem(e, "the border's crossings");
                goto out;
            }
        }
    }
    /* the second pass moved each row's start to its end */
    for (int row = 0; row < s->n_y; row++) {
        size_t from = row > 0 ? c.start[row - 1] : 0;
        fill_row(s, row, c.x + from, c.start[row] - from);
    }
    rc = 0;
out:
    free(c.start);
    free(c.x);
    return rc;
}

/* --- the sea ------------------------------------------------------------------------------------ */

#define DAM 3 /* in kind while the sea is being flooded */

static void draw_dam(struct surface *s, const struct lonlat *p, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) {
        struct xy a = frame_km(p[i]);
        struct xy b = frame_km(p[i + 1]);
        /* steps of a quarter cell, so that the cells touch along edges or corners: the flood goes
         * along edges only */
        int n_steps = 1 + (int)(hypot(b.x - a.x, b.y - a.y) / (SURFACE_CELL_KM / 4));
        for (int k = 0; k <= n_steps; k++) {
            double t = (double)k / n_steps;
            struct xy km = {a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)};
            if (inside(s, raster_xy(s, km)) && s->kind[surface_cell(s, km)] == SURFACE_OTHER) {
                s->kind[surface_cell(s, km)] = DAM;
            }
        }
    }
}

static int flood(struct surface *s, size_t from, struct err *e)
{
    size_t n_x = (size_t)s->n_x;
    size_t n_cells = n_x * (size_t)s->n_y;
    /* a cell is marked when it is pushed, so it is pushed once */
    uint32_t *stack = malloc(n_cells * sizeof stack[0]);
    if (!stack) {
        return err_nomem(e, "the sea's flood");
    }
    size_t n = 0;
    stack[n++] = (uint32_t)from;
    s->kind[from] = SURFACE_SEA;
    while (n > 0) {
        size_t i = stack[--n];
        size_t x = i % n_x;
        size_t next[4] = {i, i, i, i};
        next[0] = x > 0 ? i - 1 : i;
        next[1] = x + 1 < n_x ? i + 1 : i;
        next[2] = i >= n_x ? i - n_x : i;
        next[3] = i + n_x < n_cells ? i + n_x : i;
        for (int k = 0; k < 4; k++) {
            if (s->kind[next[k]] == SURFACE_OTHER) {
                s->kind[next[k]] = SURFACE_SEA;
                stack[n++] = (uint32_t)next[k];
            }
        }
    }
    free(stack);
    return 0;
}

static int fill_sea(struct surface *s, struct err *e)
{
    struct xy seed = frame_km(open_sea);
    if (!inside(s, raster_xy(s, seed)) || surface_kind(s, seed) != SURFACE_OTHER) {
        return 0;
    }
    draw_dam(s, coast_north, sizeof coast_north / sizeof coast_north[0]);
    draw_dam(s, coast_neum, sizeof coast_neum / sizeof coast_neum[0]);
    draw_dam(s, coast_south, sizeof coast_south / sizeof coast_south[0]);
    draw_dam(s, coast_west, sizeof coast_west / sizeof coast_west[0]);
    int rc = flood(s, surface_cell(s, seed), e);
    for (size_t i = 0; i < (size_t)s->n_x * (size_t)s->n_y; i++) {
        if (s->kind[i] == DAM) {
            s->kind[i] = SURFACE_OTHER;
        }
    }
    return rc;
}

static void relax(uint16_t *d, size_t i, size_t from, unsigned step)
{
    unsigned v = d[from] + step;
    if (v < d[i]) {
        d[i] = (uint16_t)v;
    }
}

/* Distance to the sea in two sweeps over eight neighbours: 3-4 chamfer weights, within 8 %.
 * Source: Borgefors 1986, "Distance transformations in digital images". */
static void measure_sea(struct surface *s)
{
    const unsigned side = (unsigned)(SURFACE_CELL_KM * 100 + 0.5);
    const unsigned diagonal = side * 4 / 3;
    size_t w = (size_t)s->n_x;
    size_t h = (size_t)s->n_y;
    uint16_t *d = s->sea_10m;
    for (size_t i = 0; i < w * h; i++) {
        d[i] = s->kind[i] == SURFACE_SEA ? 0 : SURFACE_SEA_FAR;
    }
    for (size_t y = 1; y < h; y++) {
        for (size_t x = 1; x + 1 < w; x++) {
            size_t i = y * w + x;
            relax(d, i, i - 1, side);
            relax(d, i, i - w, side);
            relax(d, i, i - w - 1, diagonal);
            relax(d, i, i - w + 1, diagonal);
        }
    }
    for (size_t y = h - 1; y-- > 0;) {
        for (size_t x = w - 1; x-- > 1;) {
            size_t i = y * w + x;
            relax(d, i, i + 1, side);
            relax(d, i, i + w, side);
            relax(d, i, i + w + 1, diagonal);
            relax(d, i, i + w - 1, diagonal);
        }
    }
}

int surface_init(struct surface *s, const struct border *b, struct err *e)
{
    int rc = -1;
    struct bbox box = border_bbox(b);
    struct xy low = frame_km((struct lonlat){box.min_x, box.min_y});
    struct xy high = frame_km((struct lonlat){box.max_x, box.max_y});
    double n_x = (high.x - low.x + 2 * MARGIN_KM) / SURFACE_CELL_KM;
    double n_y = (high.y - low.y + 2 * MARGIN_KM) / SURFACE_CELL_KM;
    if (!(n_x > 1 && n_y > 1 && n_x * n_y < MAX_CELLS)) {
        return err_set(e, ERR_INPUT, "the border spans %.0f x %.0f km: too large for the demo",
                       high.x - low.x, high.y - low.y);
    }
    *s = (struct surface){.origin = {low.x - MARGIN_KM, low.y - MARGIN_KM}};
    s->n_x = (int)n_x + 1;
    s->n_y = (int)n_y + 1;
    size_t n_cells = (size_t)s->n_x * (size_t)s->n_y;
    s->kind = calloc(n_cells, sizeof s->kind[0]);
    s->sea_10m = malloc(n_cells * sizeof s->sea_10m[0]);
    if (!s->kind || !s->sea_10m) {
        rc = err_nomem(e, "the map of the sea");
        goto out;
    }
    TRY(fill_home(s, b, e));
    TRY(fill_sea(s, e));
    measure_sea(s);
out:
    if (rc != 0) {
        surface_release(s);
    }
    return rc;
}

void surface_release(struct surface *s)
{
    free(s->kind);
    free(s->sea_10m);
    *s = (struct surface){0};
}
