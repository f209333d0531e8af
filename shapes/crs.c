/* SPDX-License-Identifier: MIT */
/*
 * PROJ behind four functions. Coordinates go in and out as doubles in the order the structs have
 * (normalised for visualisation), every result is checked with isfinite, and no grid is ever
 * fetched from the network. The only file that includes PROJ.
 */
#include "shapes/crs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <proj.h>

#include "core/buf.h"

#define NAME_MAX_BYTES 65536 /* a WKT definition may be long */

struct crs {
    PJ_CONTEXT *ctx;
    PJ *forward; /* EPSG:4326, longitude first, to easting first */
    char *name;
};

const char *crs_version(void)
{
    static char text[32];
    (void)snprintf(text, sizeof text, "PROJ %d.%d.%d", PROJ_VERSION_MAJOR, PROJ_VERSION_MINOR,
                   PROJ_VERSION_PATCH);
    return text;
}

static void silent(void *app, int level, const char *text)
{
    (void)app;
    (void)level;
    (void)text;
}

void crs_free(struct crs *c)
{
    if (!c) {
        return;
    }
    proj_destroy(c->forward);
    proj_context_destroy(c->ctx);
    free(c->name);
    free(c);
}

/* What is behind "bound" (with a datum shift) and "compound" (with a height) systems; frees p. */
static PJ *horizontal(PJ_CONTEXT *ctx, PJ *p)
{
    PJ *inner = NULL;
    for (int depth = 0; p && depth < 4; depth++) {
        PJ_TYPE type = proj_get_type(p);
        if (type == PJ_TYPE_BOUND_CRS) {
            inner = proj_get_source_crs(ctx, p);
        } else if (type == PJ_TYPE_COMPOUND_CRS) {
            inner = proj_crs_get_sub_crs(ctx, p, 0);
        } else {
            break;
        }
        proj_destroy(p);
        p = inner;
    }
    return p;
}

/* Projected, and metres on both axes. */
static int check_kind(PJ_CONTEXT *ctx, const char *definition, const char *name, struct err *e)
{
    int rc = -1;
    PJ *cs = NULL;
    const char *unit = NULL;
    PJ *p = horizontal(ctx, proj_create(ctx, definition));
    if (!p) {
        rc = err_set(e, ERR_USAGE, "PROJ does not know the reference system '%s'", name);
        goto out;
    }
    if (proj_get_type(p) != PJ_TYPE_PROJECTED_CRS) {
        rc = err_set(e, ERR_USAGE,
                     "reference system '%s' is not projected: coordinates in metres are needed",
                     name);
        goto out;
    }
    cs = proj_crs_get_coordinate_system(ctx, p);
    for (int axis = 0; axis < 2; axis++) {
        double metres = 0;
        if (!cs ||
            !proj_cs_get_axis_info(ctx, cs, axis, NULL, NULL, NULL, &metres, &unit, NULL, NULL)) {
            rc = err_set(e, ERR_USAGE, "reference system '%s' has no axes PROJ knows", name);
            goto out;
        }
        if (metres != 1.0) {
            rc = err_set(e, ERR_USAGE, "reference system '%s' is in '%s', not in metres", name,
                         unit ? unit : "an unknown unit");
            goto out;
        }
    }
    rc = 0;
out:
    proj_destroy(cs);
    proj_destroy(p);
    return rc;
}

/* "+proj=utm +zone=33" alone means an operation to PROJ; as a reference system it needs a word. */
static int define(const char *name, struct buf *out, struct err *e)
{
    bool bare = strncmp(name, "+proj=", 6) == 0 && !strstr(name, "+type=crs");
    return buf_printf(out, e, "%s%s", name, bare ? " +type=crs" : "");
}

static int open_transformation(struct crs *c, const char *definition, struct err *e)
{
    PJ *raw = proj_create_crs_to_crs(c->ctx, "EPSG:4326", definition, NULL);
    if (!raw) {
        return err_set(e, ERR_USAGE, "PROJ knows no way from EPSG:4326 to '%s'", c->name);
    }
    c->forward = proj_normalize_for_visualization(c->ctx, raw);
    proj_destroy(raw);
    if (!c->forward) {
        return err_set(e, ERR_USAGE, "PROJ cannot order the axes of '%s'", c->name);
    }
    return 0;
}

int crs_open(const char *name, struct crs **out, struct err *e)
{
    int rc = -1;
    struct buf definition;
    buf_init(&definition, NAME_MAX_BYTES);
    struct crs *c = calloc(1, sizeof *c);
    if (!c || !(c->name = strdup(name)) || !(c->ctx = proj_context_create())) {
        rc = err_nomem(e, "a projection");
        goto out;
    }
    proj_log_func(c->ctx, NULL, silent);
    (void)proj_context_set_enable_network(c->ctx, 0);
    TRY(define(name, &definition, e));
    TRY(check_kind(c->ctx, definition.p, name, e));
    TRY(open_transformation(c, definition.p, e));
    *out = c;
    c = NULL;
out:
    buf_release(&definition);
    crs_free(c);
    return rc;
}

int crs_clone(const struct crs *c, struct crs **out, struct err *e)
{
    struct crs *copy = calloc(1, sizeof *copy);
    if (!copy || !(copy->name = strdup(c->name)) || !(copy->ctx = proj_context_clone(c->ctx)) ||
        !(copy->forward = proj_clone(copy->ctx, c->forward))) {
        crs_free(copy);
        return err_nomem(e, "a projection");
    }
    *out = copy;
    return 0;
}

/* n pairs in place; the index of the first that has no image, or n. */
static size_t transform(struct crs *c, PJ_DIRECTION direction, double *pair, size_t n)
{
    const size_t step = 2 * sizeof *pair;
    (void)proj_errno_reset(c->forward);
    (void)proj_trans_generic(c->forward, direction, pair, step, n, pair + 1, step, n, NULL, 0, 0,
                             NULL, 0, 0);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(pair[2 * i]) || !isfinite(pair[2 * i + 1])) {
            return i;
        }
    }
    return n;
}

_Static_assert(sizeof(struct lonlat) == 2 * sizeof(double), "lonlat is a pair of doubles");
_Static_assert(sizeof(struct xy) == 2 * sizeof(double), "xy is a pair of doubles");

int crs_project(struct crs *c, const struct lonlat *p, struct xy *out, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        double lon = geo_lon_near(p[i].lon, 0);
        if (!geo_valid((struct lonlat){lon, p[i].lat})) {
            return err_set(e, ERR_INPUT, "point %zu (lon %.7f, lat %.7f) is not on Earth", i,
                           p[i].lon, p[i].lat);
        }
        out[i] = (struct xy){lon, p[i].lat};
    }
    size_t bad = n == 0 ? 0 : transform(c, PJ_FWD, &out[0].x, n);
    if (bad < n) {
        return err_set(e, ERR_INPUT, "point %zu (lon %.7f, lat %.7f) has no image in '%s'", bad,
                       p[bad].lon, p[bad].lat, c->name);
    }
    return 0;
}

int crs_unproject(struct crs *c, const struct xy *p, struct lonlat *out, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(p[i].x) || !isfinite(p[i].y)) {
            return err_set(e, ERR_INPUT, "point %zu (%g, %g) is not finite", i, p[i].x, p[i].y);
        }
        out[i] = (struct lonlat){p[i].x, p[i].y};
    }
    size_t bad = n == 0 ? 0 : transform(c, PJ_INV, &out[0].lon, n);
    for (size_t i = 0; i < bad; i++) {
        if (!geo_valid(out[i])) {
            bad = i;
        }
    }
    if (bad < n) {
        return err_set(e, ERR_INPUT, "point %zu (x %.3f, y %.3f) of '%s' is not on Earth", bad,
                       p[bad].x, p[bad].y, c->name);
    }
    return 0;
}

bool crs_area_of_use(const struct crs *c, struct bbox *area)
{
    struct bbox b = {0};
    PJ *p = NULL;
    struct buf definition;
    struct err ignored = {0};
    bool known = false;
    buf_init(&definition, NAME_MAX_BYTES);
    if (define(c->name, &definition, &ignored) == 0) {
        p = proj_create(c->ctx, definition.p);
    }
    if (p && proj_get_area_of_use(c->ctx, p, &b.min_x, &b.min_y, &b.max_x, &b.max_y, NULL) == 1 &&
        b.min_x >= -180) { /* PROJ says -1000 for "unknown" */
        *area = b;
        known = true;
    }
    proj_destroy(p);
    buf_release(&definition);
    return known;
}
