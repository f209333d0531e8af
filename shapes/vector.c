/* SPDX-License-Identifier: MIT */
/*
 * Reading polygons by OGR. GDAL reports through a per-thread "last error", so every call that may
 * fail is preceded by a reset; its own printing is switched off. Warnings of GDAL (odd winding,
 * long field names) concern nothing we use and are dropped; failures in the middle of a layer,
 * which OGR's iteration swallows, are not.
 */
#include "shapes/vector.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cpl_error.h>
#include <gdal.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>

#include "core/file.h"
#include "core/geo.h"
#include "core/log.h"
#include "core/sig.h"

#define TARGET_EPSG   4326
#define MAX_WKB_BYTES ((size_t)1 << 30)

/* Formats that are files and nothing else: none that leads to a database or an address. */
static const char *const drivers[] = {"ESRI Shapefile", "GeoJSON",    "GeoJSONSeq", "TopoJSON",
                                      "GPKG",           "FlatGeobuf", NULL};

static pthread_once_t registered = PTHREAD_ONCE_INIT;

static void register_drivers(void)
{
    GDALAllRegister();
}

const char *vector_version(void)
{
    return "GDAL " GDAL_RELEASE_NAME;
}

/* What GDAL said last, on one line: control characters may come from the file. */
static void last_error(char *text, size_t size)
{
    (void)snprintf(text, size, "%s", CPLGetLastErrorMsg());
    for (char *c = text; *c; c++) {
        *c = (unsigned char)*c < ' ' ? ' ' : *c;
    }
}

/* ERR_INPUT "<what> '<path>': <GDAL's words>". */
static int gdal_err(struct err *e, const char *what, const char *path)
{
    char text[512];
    last_error(text, sizeof text);
    return err_set(e, ERR_INPUT, "%s '%s'%s%s", what, path, text[0] ? ": " : "", text);
}

/* From the layer's own system to EPSG:4326 with longitude first; NULL: it is that already. */
static int open_transformation(OGRLayerH layer, const char *path, OGRCoordinateTransformationH *out,
                               struct err *e)
{
    int rc = -1;
    OGRSpatialReferenceH to = NULL;
    OGRSpatialReferenceH from = OGR_L_GetSpatialRef(layer);
    if (!from) {
        return err_set(e, ERR_INPUT,
                       "'%s' does not say its reference system: a shapefile needs its .prj beside "
                       "it",
                       path);
    }
    to = OSRNewSpatialReference(NULL);
    if (!to || OSRImportFromEPSG(to, TARGET_EPSG) != OGRERR_NONE) {
        rc = gdal_err(e, "GDAL has no EPSG:4326 for", path);
        goto out;
    }
    OSRSetAxisMappingStrategy(to, OAMS_TRADITIONAL_GIS_ORDER);
    OSRSetAxisMappingStrategy(from, OAMS_TRADITIONAL_GIS_ORDER);
    if (!OSRIsSame(from, to)) {
        CPLErrorReset();
        *out = OCTNewCoordinateTransformation(from, to);
        if (!*out) {
            rc = gdal_err(e, "cannot use the reference system of", path);
            goto out;
        }
    }
    rc = 0;
out:
    OSRDestroySpatialReference(to);
    return rc;
}

/* Every vertex must be a place; wild numbers would make an index or a raster endless. Longitudes may
 * be those of a neighbouring turn, as in files that go from 0 to 360. */
static int check_ring(OGRGeometryH ring, struct err *e)
{
    for (int i = 0; i < OGR_G_GetPointCount(ring); i++) {
        struct lonlat p = {OGR_G_GetX(ring, i), OGR_G_GetY(ring, i)};
        if (!(p.lon >= -360 && p.lon <= 360 && p.lat >= -90 && p.lat <= 90)) {
            return err_set(e, ERR_INPUT, "vertex %d (lon %g, lat %g) is not on Earth", i, p.lon,
                           p.lat);
        }
    }
    return 0;
}

/*
 * A ring within -180 .. 180 with an edge from 178 to -179 crosses the antimeridian: the edge is
 * 3 degrees long and not 357, and the ring goes on beyond 180. *crosses is set then. Rings with
 * vertices beyond 180 say themselves what they mean, and an edge of a whole turn is one along the
 * edge of the map.
 */
static int unwrap_ring(OGRGeometryH ring, bool *crosses, struct err *e)
{
    int n = OGR_G_GetPointCount(ring);
    double shift = 0;
    double last = n > 0 ? OGR_G_GetX(ring, 0) : 0;
    for (int i = 0; i < n; i++) {
        if (fabs(OGR_G_GetX(ring, i)) > 180) {
            return 0;
        }
    }
    for (int i = 1; i < n; i++) {
        double lon = OGR_G_GetX(ring, i);
        if (fabs(lon - last) > 180 && fabs(lon - last) < 360) {
            shift += lon > last ? -360 : 360;
            *crosses = true;
        }
        last = lon;
        if (shift < 0 || shift > 0) {
            OGR_G_SetPoint_2D(ring, i, lon + shift, OGR_G_GetY(ring, i));
        }
    }
    if (shift < 0 || shift > 0) {
        return err_set(e, ERR_INPUT,
                       "a ring goes round the Earth: lead it along the antimeridian to the pole "
                       "and back");
    }
    return 0;
}

static void move_ring(OGRGeometryH ring, double by)
{
    for (int i = 0; i < OGR_G_GetPointCount(ring); i++) {
        OGR_G_SetPoint_2D(ring, i, OGR_G_GetX(ring, i) + by, OGR_G_GetY(ring, i));
    }
}

static double middle_of(OGRGeometryH ring)
{
    OGREnvelope box;
    OGR_G_GetEnvelope(ring, &box);
    return (box.MinX + box.MaxX) / 2;
}

/* Rings of a polygon: made continuous, holes at the turn of their shell. */
static int unwrap_polygon(OGRGeometryH polygon, bool *crosses, struct err *e)
{
    OGRGeometryH shell = OGR_G_GetGeometryRef(polygon, 0);
    bool here = false;
    for (int i = 0; i < OGR_G_GetGeometryCount(polygon); i++) {
        OGRGeometryH ring = OGR_G_GetGeometryRef(polygon, i);
        if (check_ring(ring, e) != 0 || unwrap_ring(ring, &here, e) != 0) {
            return -1;
        }
        double middle = middle_of(ring);
        double near = geo_lon_near(middle, middle_of(shell));
        if (here && (near < middle || near > middle)) {
            move_ring(ring, near - middle);
        }
    }
    *crosses = *crosses || here;
    return 0;
}

/* The polygons in g (taken), straight-edged and flat: a multipolygon, or NULL when there are none. */
static OGRGeometryH polygons_of(OGRGeometryH g)
{
    g = OGR_G_ForceTo(g, OGR_GT_GetLinear(OGR_G_GetGeometryType(g)), NULL);
    if (!g) {
        return NULL;
    }
    OGR_G_FlattenTo2D(g);
    OGRwkbGeometryType type = wkbFlatten(OGR_G_GetGeometryType(g));
    OGRGeometryH all = OGR_G_CreateGeometry(wkbMultiPolygon);
    if (type == wkbPolygon) {
        (void)OGR_G_AddGeometry(all, g);
    } else if (type == wkbMultiPolygon || type == wkbGeometryCollection) {
        for (int i = 0; i < OGR_G_GetGeometryCount(g); i++) {
            OGRGeometryH part = OGR_G_GetGeometryRef(g, i);
            if (wkbFlatten(OGR_G_GetGeometryType(part)) == wkbPolygon) {
                (void)OGR_G_AddGeometry(all, part);
            }
        }
    }
    OGR_G_DestroyGeometry(g);
    if (OGR_G_GetGeometryCount(all) == 0) {
        OGR_G_DestroyGeometry(all);
        return NULL;
    }
    return all;
}

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

static int read_feature(OGRFeatureH feature, const char *path,
                        OGRCoordinateTransformationH transformation, int field, struct vector *v,
                        struct err *e)
{
    int rc = -1;
    bool crosses = false;
    long long fid = (long long)OGR_F_GetFID(feature);
    OGRGeometryH g = OGR_F_StealGeometry(feature);
    OGRGeometryH polygons = g ? polygons_of(g) : NULL;
    if (!polygons) {
        return 0;
    }
    CPLErrorReset();
    if (transformation && OGR_G_Transform(polygons, transformation) != OGRERR_NONE) {
        char text[512];
        last_error(text, sizeof text);
        rc = err_set(e, ERR_INPUT, "cannot be brought to EPSG:4326: %s", text);
        goto out;
    }
    for (int i = 0; i < OGR_G_GetGeometryCount(polygons); i++) {
        TRY(unwrap_polygon(OGR_G_GetGeometryRef(polygons, i), &crosses, e));
    }
    if (crosses && !transformation) {
        log_warn("'%s' feature %lld has edges of more than 180 degrees: taken as crossing the "
                 "antimeridian",
                 path, fid);
    }
    TRY(add_feature(v, fid, polygons, e));
    TRY(add_name(v, feature, field, e));
out:
    OGR_G_DestroyGeometry(polygons);
    return rc == 0 ? 0 : err_ctx(e, "feature %lld", fid);
}

/* The number of the field, which must be there. */
static int find_field(OGRLayerH layer, const char *path, const char *field, int *out, struct err *e)
{
    OGRFeatureDefnH defn = OGR_L_GetLayerDefn(layer);
    char known[512] = "";
    size_t n = 0;
    *out = OGR_FD_GetFieldIndex(defn, field);
    if (*out >= 0) {
        return 0;
    }
    for (int i = 0; i < OGR_FD_GetFieldCount(defn) && n < sizeof known - 1; i++) {
        int m = snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "",
                         OGR_Fld_GetNameRef(OGR_FD_GetFieldDefn(defn, i)));
        n += m > 0 ? (size_t)m : 0;
    }
    return err_set(e, ERR_INPUT, "'%s' has no field '%s': it has %s", path, field,
                   known[0] ? known : "none");
}

static int read_layer(OGRLayerH layer, const char *path, const char *name_field, struct vector *v,
                      struct err *e)
{
    int rc = -1;
    int field = -1;
    OGRCoordinateTransformationH transformation = NULL;
    OGRFeatureH feature = NULL;
    if (name_field) {
        TRY(find_field(layer, path, name_field, &field, e));
    }
    TRY(open_transformation(layer, path, &transformation, e));
    OGR_L_ResetReading(layer);
    CPLErrorReset();
    while ((feature = OGR_L_GetNextFeature(layer)) != NULL) {
        bool damaged = CPLGetLastErrorType() >= CE_Failure;
        rc = damaged ? gdal_err(e, "cannot read", path)
                     : read_feature(feature, path, transformation, field, v, e);
        OGR_F_Destroy(feature);
        if (rc != 0) {
            rc = damaged ? rc : err_ctx(e, "'%s'", path);
            goto out;
        }
        TRY(sig_check(e));
        CPLErrorReset();
    }
    if (CPLGetLastErrorType() >= CE_Failure) {
        rc = gdal_err(e, "cannot read", path);
        goto out;
    }
    if (v->n == 0) {
        rc = err_set(e, ERR_INPUT, "'%s' has no polygons in its first layer", path);
        goto out;
    }
    rc = 0;
out:
    OCTDestroyCoordinateTransformation(transformation);
    return rc;
}

static int read_file(const char *path, const char *name_field, struct vector *out, struct err *e)
{
    int rc = -1;
    struct vector v = {0};
    GDALDatasetH ds = NULL;
    if (!file_exists(path)) {
        return err_set(e, ERR_INPUT, "there is no file '%s'", path);
    }
    (void)pthread_once(&registered, register_drivers);
    CPLPushErrorHandler(CPLQuietErrorHandler);
    CPLErrorReset();
    ds = GDALOpenEx(path, GDAL_OF_VECTOR | GDAL_OF_READONLY, drivers, NULL, NULL);
    if (!ds && CPLGetLastErrorNo() == CPLE_None) {
        rc = err_set(e, ERR_INPUT, "cannot read '%s': no format of polygons that GDAL knows", path);
        goto out;
    }
    if (!ds) {
        rc = gdal_err(e, "cannot read", path);
        goto out;
    }
    if (GDALDatasetGetLayerCount(ds) < 1) {
        rc = err_set(e, ERR_INPUT, "'%s' has no layers", path);
        goto out;
    }
    TRY(read_layer(GDALDatasetGetLayer(ds, 0), path, name_field, &v, e));
    *out = v;
    v = (struct vector){0};
out:
    if (ds) {
        GDALClose(ds);
    }
    CPLPopErrorHandler();
    vector_release(&v);
    return rc;
}

int vector_read(const char *path, struct vector *out, struct err *e)
{
    return read_file(path, NULL, out, e);
}

int vector_read_names(const char *path, const char *field, struct vector *out, struct err *e)
{
    return read_file(path, field, out, e);
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
