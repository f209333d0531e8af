/* SPDX-License-Identifier: MIT */
/*
 * Reading polygons by OGR. Its warnings (odd winding, long field names) concern nothing we use and
 * are dropped; failures in the middle of a layer, which OGR's iteration swallows, are not.
 */
#include "shapes/vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cpl_error.h>
#include <ogr_srs_api.h>

#include "core/log.h"
#include "core/sig.h"
#include "shapes/dataset.h"
#include "shapes/rings.h"

#define TARGET_EPSG   4326
#define MAX_WKB_BYTES ((size_t)1 << 30)

/* A layer that is being read. */
struct reading {
    const char *path; /* for messages */
    const struct vector_how *how;
    OGRLayerH layer;
    OGRCoordinateTransformationH to_degrees; /* NULL: they are degrees */
    int field;                               /* number of how->field; -1: none */
    size_t n_features;
    struct vector v;
};

const char *vector_version(void)
{
    return "GDAL " GDAL_RELEASE_NAME;
}

/* Reference systems ------------------------------------------------------------------------------------ */

static bool looks_like_degrees(OGRLayerH layer)
{
    OGREnvelope box;
    return OGR_L_GetExtent(layer, &box, TRUE) == OGRERR_NONE && box.MinX >= -180 &&
           box.MaxX <= 360 && box.MinY >= -90 && box.MaxY <= 90;
}

/* Without a reference system: taken for EPSG:4326 when the numbers can be degrees. */
static int assume_degrees(const struct reading *r, struct err *e)
{
    bool empty = OGR_L_GetFeatureCount(r->layer, TRUE) == 0; /* is told of as such */
    if (!empty && (r->how->strict || !looks_like_degrees(r->layer))) {
        return err_set(
            e, ERR_INPUT,
            "'%s' does not say its reference system%s: a shapefile needs its .prj beside "
            "it",
            r->path, r->how->strict ? "" : ", and its coordinates are not degrees");
    }
    if (!empty) {
        log_warn("'%s' does not say its reference system (a shapefile needs its .prj beside it): "
                 "its coordinates look like degrees and are taken for EPSG:4326",
                 r->path);
    }
    return 0;
}

/* From the layer's own system to EPSG:4326 with longitude first. always_degrees: the format has none
 * but that. */
static int open_transformation(struct reading *r, bool always_degrees, struct err *e)
{
    int rc = -1;
    OGRSpatialReferenceH to = NULL;
    OGRSpatialReferenceH from = OGR_L_GetSpatialRef(r->layer);
    if (!from) {
        return always_degrees ? 0 : assume_degrees(r, e);
    }
    if (OSRIsProjected(from) && OGR_L_GetFeatureCount(r->layer, TRUE) > 0 &&
        looks_like_degrees(r->layer)) {
        return err_set(e, ERR_INPUT,
                       "the coordinates of '%s' look like degrees, and its reference system is "
                       "'%s': one of the two is wrong",
                       r->path, OSRGetName(from));
    }
    to = OSRNewSpatialReference(NULL);
    if (!to || OSRImportFromEPSG(to, TARGET_EPSG) != OGRERR_NONE) {
        rc = gdal_err(e, "GDAL has no EPSG:4326 for", r->path);
        goto out;
    }
    OSRSetAxisMappingStrategy(to, OAMS_TRADITIONAL_GIS_ORDER);
    OSRSetAxisMappingStrategy(from, OAMS_TRADITIONAL_GIS_ORDER);
    if (!OSRIsSame(from, to)) {
        gdal_reset();
        r->to_degrees = OCTNewCoordinateTransformation(from, to);
        if (!r->to_degrees) {
            rc = gdal_err(e, "cannot use the reference system of", r->path);
            goto out;
        }
    }
    rc = 0;
out:
    OSRDestroySpatialReference(to);
    return rc;
}

/* Features ---------------------------------------------------------------------------------------------- */

static int add_feature(struct vector *v, long long fid, OGRGeometryH g, struct err *e)
{
    size_t n = (size_t)OGR_G_WkbSizeEx(g);
    struct vector_feature *grown = NULL;
    if (n > MAX_WKB_BYTES) {
        return err_set(e, ERR_INPUT, "is larger than %zu MiB", MAX_WKB_BYTES >> 20);
    }
    grown = realloc(v->feature, (v->n + 1) * sizeof *grown);
    if (!grown) {
        return err_nomem(e, "a feature");
    }
    v->feature = grown;
    uint8_t *wkb = malloc(n);
    if (!wkb || OGR_G_ExportToIsoWkb(g, wkbNDR, wkb) != OGRERR_NONE) {
        free(wkb);
        return err_nomem(e, "a feature's geometry");
    }
    v->feature[v->n++] = (struct vector_feature){fid, wkb, n, NULL};
    return 0;
}

/* The field's text to the feature added last; an empty one is none. */
static int add_name(struct vector *v, OGRFeatureH feature, int field, struct err *e)
{
    if (field >= 0 && OGR_F_IsFieldSetAndNotNull(feature, field)) {
        const char *text = OGR_F_GetFieldAsString(feature, field);
        char *name = text[0] ? strdup(text) : NULL;
        if (text[0] && !name) {
            return err_nomem(e, "a feature's name");
        }
        v->feature[v->n - 1].name = name;
    }
    return 0;
}

/* What had to be mended: a warning, or with how->strict an error. */
static int tell_faults(const struct reading *r, long long fid, const struct ring_faults *f,
                       struct err *e)
{
    bool crosses = f->crosses && !r->to_degrees; /* from metres it is no guess */
    if (r->how->strict && (f->n_unclosed > 0 || f->n_short > 0 || crosses)) {
        return err_set(e, ERR_INPUT, "%s",
                       f->n_unclosed > 0 ? "a ring is not closed"
                       : f->n_short > 0  ? "a ring has fewer than three places"
                                         : "an edge is longer than 180 degrees");
    }
    if (f->n_unclosed > 0) {
        log_warn("'%s' feature %lld: rings that were not closed were closed by their first place: "
                 "%d",
                 r->path, fid, f->n_unclosed);
    }
    if (f->n_short > 0) {
        log_warn("'%s' feature %lld: rings of fewer than three places were left out: %d", r->path,
                 fid, f->n_short);
    }
    if (crosses) {
        log_warn("'%s' feature %lld has edges longer than 180 degrees: taken as crossing the "
                 "antimeridian",
                 r->path, fid);
    }
    return 0;
}

static int read_feature(struct reading *r, OGRFeatureH feature, struct err *e)
{
    int rc = -1;
    struct ring_faults faults = {0};
    long long fid = (long long)OGR_F_GetFID(feature);
    OGRGeometryH g = OGR_F_StealGeometry(feature);
    OGRGeometryH polygons = g ? rings_polygons(g, &faults) : NULL;
    gdal_reset();
    if (polygons && r->to_degrees && OGR_G_Transform(polygons, r->to_degrees) != OGRERR_NONE) {
        char text[400];
        gdal_words(text, sizeof text);
        rc = err_set(e, ERR_INPUT, "cannot be brought to EPSG:4326: %s", text);
        goto out;
    }
    if (polygons) {
        TRY(rings_unwrap(polygons, &faults, e));
    }
    TRY(tell_faults(r, fid, &faults, e));
    if (polygons) {
        TRY(add_feature(&r->v, fid, polygons, e));
        TRY(add_name(&r->v, feature, r->field, e));
    }
    rc = 0;
out:
    OGR_G_DestroyGeometry(polygons);
    return rc == 0 ? 0 : err_ctx(e, "'%s' feature %lld", r->path, fid);
}

/* The number of the field, which must be there. */
static int find_field(struct reading *r, struct err *e)
{
    OGRFeatureDefnH defn = OGR_L_GetLayerDefn(r->layer);
    char known[512] = "";
    size_t n = 0;
    r->field = r->how->field ? OGR_FD_GetFieldIndex(defn, r->how->field) : -1;
    if (!r->how->field || r->field >= 0) {
        return 0;
    }
    for (int i = 0; i < OGR_FD_GetFieldCount(defn) && n < sizeof known - 1; i++) {
        int m = snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "",
                         OGR_Fld_GetNameRef(OGR_FD_GetFieldDefn(defn, i)));
        n += m > 0 ? (size_t)m : 0;
    }
    return err_set(e, ERR_INPUT, "'%s' has no field '%s': it has %s", r->path, r->how->field,
                   known[0] ? known : "none");
}

static int read_features(struct reading *r, struct err *e)
{
    OGRFeatureH feature = NULL;
    OGR_L_ResetReading(r->layer);
    gdal_reset();
    while ((feature = OGR_L_GetNextFeature(r->layer)) != NULL) {
        bool damaged = CPLGetLastErrorType() >= CE_Failure;
        int rc = damaged ? gdal_err(e, "cannot read", r->path) : read_feature(r, feature, e);
        OGR_F_Destroy(feature);
        if (rc != 0 || sig_check(e) != 0) {
            return -1;
        }
        r->n_features++;
        gdal_reset();
    }
    return CPLGetLastErrorType() >= CE_Failure ? gdal_err(e, "cannot read", r->path) : 0;
}

int vector_read(const char *path, const struct vector_how *how, struct vector *out, struct err *e)
{
    int rc = -1;
    static const struct vector_how plain = {0};
    struct dataset d;
    struct reading r = {.path = path, .how = how ? how : &plain};
    TRY(dataset_open(path, r.how->strict, &d, e));
    r.layer = d.layer;
    TRY(find_field(&r, e));
    TRY(open_transformation(&r, dataset_is(&d, "TopoJSON"), e));
    TRY(read_features(&r, e));
    if (r.v.n == 0) {
        rc = r.n_features == 0
                 ? err_set(e, ERR_INPUT, "'%s' is empty: it has no features", path)
                 : err_set(e, ERR_INPUT, "'%s' has no polygons: none of its %zu features has one",
                           path, r.n_features);
        goto out;
    }
    *out = r.v;
    r.v = (struct vector){0};
    rc = 0;
out:
    OCTDestroyCoordinateTransformation(r.to_degrees);
    dataset_close(&d);
    vector_release(&r.v);
    return rc;
}

void vector_release(struct vector *v)
{
    for (size_t i = 0; i < v->n; i++) {
        free(v->feature[i].name);
        free(v->feature[i].wkb);
    }
    free(v->feature);
    *v = (struct vector){0};
}
