/* SPDX-License-Identifier: MIT */
/* Each name's features become one border (shapes/border), which knows what is inside of it. */
#include "prep/grid_polygons.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/sig.h"
#include "prep/grid_cells.h"
#include "shapes/border.h"
#include "shapes/region.h"
#include "shapes/vector.h"
#include "shapes/wkb.h"

#define SIG_EVERY 4096

struct polygon {
    char *name;
    struct border *border;
};

struct grid_layer {
    struct polygon *v; /* [n] ascending by name; all owned */
    size_t n;
    bool strict;
};

void grid_layer_free(struct grid_layer *l)
{
    if (!l) {
        return;
    }
    for (size_t i = 0; i < l->n; i++) {
        free(l->v[i].name);
        border_free(l->v[i].border);
    }
    free(l->v);
    free(l);
}

static int by_name(const void *a, const void *b)
{
    const struct vector_feature *p = a;
    const struct vector_feature *q = b;
    if (!p->name || !q->name) { /* those without one last */
        return !p->name - !q->name;
    }
    int c = strcmp(p->name, q->name);
    return c != 0 ? c : (p->fid > q->fid) - (p->fid < q->fid);
}

static bool same_name(const struct vector_feature *a, const struct vector_feature *b)
{
    return b->name && strcmp(a->name, b->name) == 0;
}

/* Features v[n] of one name. */
static int add_polygon(struct grid_layer *l, struct vector_feature *v, size_t n, const char *path,
                       struct err *e)
{
    struct polygon *p = &l->v[l->n];
    const struct vector part = {v, n};
    for (const char *c = v->name; *c; c++) {
        if ((unsigned char)*c < ' ') {
            return err_set(e, ERR_INPUT, "'%s' feature %lld: a control character in its name", path,
                           v->fid);
        }
    }
    if (border_from(&part, path, l->strict, &p->border, e) != 0) {
        return err_ctx(e, "'%s'", v->name);
    }
    p->name = v->name;
    v->name = NULL;
    l->n++;
    return 0;
}

static int group(struct grid_layer *l, struct vector *v, const char *path, struct err *e)
{
    size_t i = 0;
    qsort(v->feature, v->n, sizeof *v->feature, by_name);
    while (i < v->n && v->feature[i].name) {
        size_t n = 1;
        while (i + n < v->n && same_name(&v->feature[i], &v->feature[i + n])) {
            n++;
        }
        if (sig_check(e) != 0 || add_polygon(l, v->feature + i, n, path, e) != 0) {
            return -1;
        }
        i += n;
    }
    if (i < v->n) {
        log_warn("%zu of %zu polygons of '%s' have no name and are left out", v->n - i, v->n, path);
    }
    return l->n > 0 ? 0 : err_set(e, ERR_INPUT, "no polygon of '%s' has a name", path);
}

int grid_layer_open(const char *path, const char *field, bool strict, struct grid_layer **out,
                    struct err *e)
{
    const struct vector_how how = {field, strict};
    int rc = -1;
    struct vector v = {0};
    struct grid_layer *l = calloc(1, sizeof *l);
    if (!l) {
        return err_nomem(e, "polygons");
    }
    l->strict = strict;
    TRY(vector_read(path, &how, &v, e));
    l->v = calloc(v.n, sizeof *l->v);
    if (!l->v) {
        rc = err_nomem(e, "polygons");
        goto out;
    }
    TRY(group(l, &v, path, e));
    *out = l;
    l = NULL;
out:
    if (rc != 0) {
        (void)err_ctx(e, "polygons");
    }
    vector_release(&v);
    grid_layer_free(l);
    return rc;
}

size_t grid_layer_n(const struct grid_layer *l)
{
    return l->n;
}

const char *grid_layer_name(const struct grid_layer *l, size_t i)
{
    return l->v[i].name;
}

void grid_layer_digest(const struct grid_layer *l, struct sha256 *s)
{
    for (size_t i = 0; i < l->n; i++) {
        sha256_add_str(s, l->v[i].name);
        sha256_add_str(s, border_sha256(l->v[i].border));
    }
}

uint32_t grid_layer_find(const struct grid_layer *l, struct lonlat p)
{
    for (size_t i = 0; i < l->n; i++) {
        if (border_contains(l->v[i].border, p)) {
            return (uint32_t)i;
        }
    }
    return GRID_NO_CELL;
}

int grid_layer_warn_overlaps(const struct grid_layer *l, const struct lonlat *at,
                             const uint32_t *cell, size_t n, struct err *e)
{
    size_t n_twice = 0;
    for (size_t i = 0; i < n; i++) {
        bool twice = false;
        if (i % SIG_EVERY == 0 && sig_check(e) != 0) {
            return -1;
        }
        for (size_t k = cell[i] == GRID_NO_CELL ? l->n : cell[i] + 1; k < l->n && !twice; k++) {
            twice = border_contains(l->v[k].border, at[i]);
        }
        n_twice += twice;
    }
    if (n_twice > 0) {
        log_warn("%zu locations are in several polygons, or on a common edge: each has the first "
                 "of their names",
                 n_twice);
    }
    return 0;
}

uint32_t grid_layer_snap(const struct grid_layer *l, struct lonlat p, double snap_m)
{
    uint32_t best = GRID_NO_CELL;
    double best_km = nextafter(snap_m / 1000, (double)INFINITY);
    for (size_t i = 0; i < l->n; i++) {
        double km = geo_distance_km(p, border_nearest_land(l->v[i].border, p));
        if (km < best_km) {
            best_km = km;
            best = (uint32_t)i;
        }
    }
    return best;
}

/* Of one polygon in one plane. */
static int points_in(const struct border *b, struct crs *crs, struct lonlat *centroid,
                     struct lonlat *clipped, struct err *e)
{
    int rc = -1;
    struct xy at;
    struct xy land;
    struct region *r = NULL;
    TRY(region_new(b, crs, &r, e));
    at = region_centroid(r);
    TRY(region_nearest(r, at, &land, e));
    TRY(crs_unproject(crs, &at, centroid, 1, e));
    TRY(crs_unproject(crs, &land, clipped, 1, e));
out:
    region_free(r);
    return rc;
}

/* Where the grid's plane has no place for a polygon, or is cut open in it: an equal-area one around
 * its own middle. */
static int points_around(const struct border *b, struct lonlat *centroid, struct lonlat *clipped,
                         struct err *e)
{
    int rc = -1;
    char name[160];
    struct crs *crs = NULL;
    struct bbox box = border_bbox(b);
    (void)snprintf(name, sizeof name, "+proj=laea +lat_0=%.6f +lon_0=%.6f +datum=WGS84 +units=m",
                   (box.min_y + box.max_y) / 2, geo_lon_near((box.min_x + box.max_x) / 2, 0));
    TRY(crs_open(name, &crs, e));
    TRY(points_in(b, crs, centroid, clipped, e));
out:
    crs_free(crs);
    return rc;
}

int grid_layer_points(const struct grid_layer *l, size_t i, struct crs *crs,
                      struct lonlat *centroid, struct lonlat *clipped, struct err *e)
{
    const struct polygon *p = &l->v[i];
    struct err why = {0};
    if (points_in(p->border, crs, centroid, clipped, &why) == 0) {
        return 0;
    }
    if (points_around(p->border, centroid, clipped, e) != 0) {
        *e = why;
        return err_ctx(e, "'%s'", p->name);
    }
    log_note("'%s': its centre is that of an equal-area projection around it (%s)", p->name,
             why.msg);
    return 0;
}

int grid_layer_outline(const struct grid_layer *l, size_t i, struct buf *wkb, struct bbox *box,
                       struct err *e)
{
    return wkb_border(l->v[i].border, wkb, box, e);
}

/* The layer is open. Which polygons there are does not depend on the country: all are kept. */
static int make_polygons(struct grid_cells *cells, struct grid_ground *g,
                         const struct grid_prefs *prefs, struct err *e)
{
    (void)g;
    (void)prefs;
    for (size_t i = 0; i < cells->layer->n; i++) {
        if (grid_cells_add(cells, (struct grid_cell){(int64_t)i, 0, 0, true}, e) != 0) {
            return -1;
        }
    }
    cells->n_made = cells->n;
    return 0;
}

static void name_polygon(const struct grid_cells *cells, size_t i, char *text, size_t size)
{
    (void)snprintf(text, size, "%s", grid_layer_name(cells->layer, i));
}

const struct grid_method grid_polygons = {
    .name = "polygons",
    .make = make_polygons,
    .name_of = name_polygon,
};
