/* SPDX-License-Identifier: MIT */
/*
 * GDAL reports through a per-thread "last error", so every call that may fail is preceded by a
 * reset; its own printing is switched off. Files are opened and nothing else: no driver that leads
 * to a database or an address, no path that GDAL takes for one.
 */
#include "shapes/dataset.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_vsi.h>

#include "core/file.h"
#include "core/log.h"

#define PATH_BYTES 4200
#define LAYER_KEY  "|layername="

static const char *const drivers[] = {"ESRI Shapefile", "GeoJSON",    "GeoJSONSeq", "TopoJSON",
                                      "GPKG",           "FlatGeobuf", NULL};

static pthread_once_t registered = PTHREAD_ONCE_INIT;

static void register_drivers(void)
{
    GDALAllRegister();
}

/* The first failure says what is wrong, those that follow that it failed. */
static _Thread_local char first_words[400];

static void CPL_STDCALL on_error(CPLErr kind, CPLErrorNum number, const char *text)
{
    (void)number;
    if (kind >= CE_Failure && !first_words[0]) {
        (void)snprintf(first_words, sizeof first_words, "%s", text);
    }
}

void gdal_reset(void)
{
    CPLErrorReset();
    first_words[0] = '\0';
}

void gdal_words(char *text, size_t size)
{
    (void)snprintf(text, size, "%s", first_words);
    for (char *c = text; *c; c++) {
        *c = (unsigned char)*c < ' ' ? ' ' : *c;
    }
}

int gdal_err(struct err *e, const char *what, const char *path)
{
    char text[sizeof first_words];
    gdal_words(text, sizeof text);
    return err_set(e, ERR_INPUT, "%s '%s'%s%s", what, path, text[0] ? ": " : "", text);
}

/* Shapefiles without their index -------------------------------------------------------------------- */

static bool ends_in(const char *path, const char *ending)
{
    size_t n = strlen(path);
    size_t m = strlen(ending);
    return n > m && strcasecmp(path + n - m, ending) == 0;
}

/* The file beside a .shp that ends in ext, in the case it has; false when there is none. */
static bool sibling(const char *path, const char *ext, char *out)
{
    static const char upper[][4] = {"SHX", "DBF", "PRJ", "CPG"};
    int stem = (int)strlen(path) - 3;
    (void)snprintf(out, PATH_BYTES, "%.*s%s", stem, path, ext);
    if (file_exists(out)) {
        return true;
    }
    for (size_t i = 0; i < sizeof upper / sizeof upper[0]; i++) {
        if (strcasecmp(upper[i], ext) == 0) {
            (void)snprintf(out, PATH_BYTES, "%.*s%s", stem, path, upper[i]);
        }
    }
    return file_exists(out);
}

/* Copies into memory, where GDAL may write the index that it rebuilds: nothing appears beside the
 * user's file. shp OUT: the copy's path. */
static int copy_shapefile(const char *path, struct dataset *d, char *shp, struct err *e)
{
    static const char *const also[] = {"dbf", "prj", "cpg"};
    char from[PATH_BYTES];
    char to[PATH_BYTES];
    (void)snprintf(d->dir, sizeof d->dir, "/vsimem/gdje-%p", (void *)d);
    (void)snprintf(shp, PATH_BYTES, "%s/copy.shp", d->dir);
    if (CPLCopyFile(shp, path) != 0) {
        return gdal_err(e, "cannot read", path);
    }
    for (size_t i = 0; i < sizeof also / sizeof also[0]; i++) {
        (void)snprintf(to, sizeof to, "%s/copy.%s", d->dir, also[i]);
        if (sibling(path, also[i], from) && CPLCopyFile(to, from) != 0) {
            return gdal_err(e, "cannot read", from);
        }
    }
    return 0;
}

static int restore_index(const char *path, bool strict, struct dataset *d, char *shp, struct err *e)
{
    char shx[PATH_BYTES];
    if (!ends_in(path, ".shp") || sibling(path, "shx", shx)) {
        return 0;
    }
    if (strict) {
        return err_set(e, ERR_INPUT, "the shapefile '%s' has no index: its .shx is missing", path);
    }
    log_warn("the shapefile '%s' has no index (.shx): its records are taken one after the other",
             path);
    return copy_shapefile(path, d, shp, e);
}

/* Layers --------------------------------------------------------------------------------------------- */

static bool may_have_polygons(OGRLayerH layer)
{
    OGRwkbGeometryType type = wkbFlatten(OGR_L_GetGeomType(layer));
    return type == wkbUnknown || type == wkbGeometryCollection ||
           OGR_GT_IsSubClassOf(type, wkbSurface) || OGR_GT_IsSubClassOf(type, wkbMultiSurface);
}

/* "a, b, c" of the layers, or of those that may have polygons. */
static const char *layer_names(GDALDatasetH ds, bool of_polygons, char *text, size_t size)
{
    size_t n = 0;
    text[0] = '\0';
    for (int i = 0; i < GDALDatasetGetLayerCount(ds) && n < size - 1; i++) {
        OGRLayerH layer = GDALDatasetGetLayer(ds, i);
        if (of_polygons && !may_have_polygons(layer)) {
            continue;
        }
        int m = snprintf(text + n, size - n, "%s%s", n ? ", " : "", OGR_L_GetName(layer));
        n += m > 0 ? (size_t)m : 0;
    }
    return text;
}

/* The layer of that name; NULL: the only one, or the only one of polygons. */
static int choose_layer(struct dataset *d, const char *path, const char *name, struct err *e)
{
    int n = GDALDatasetGetLayerCount(d->ds);
    int n_of_polygons = 0;
    char known[400];
    if (name) {
        d->layer = GDALDatasetGetLayerByName(d->ds, name);
        return d->layer ? 0
                        : err_set(e, ERR_INPUT, "'%s' has no layer '%s': it has %s", path, name,
                                  n > 0 ? layer_names(d->ds, false, known, sizeof known) : "none");
    }
    for (int i = 0; i < n; i++) {
        OGRLayerH layer = GDALDatasetGetLayer(d->ds, i);
        if (n == 1 || may_have_polygons(layer)) {
            d->layer = n_of_polygons++ == 0 ? layer : d->layer;
        }
    }
    if (n_of_polygons == 1) {
        return 0;
    }
    if (n_of_polygons == 0) {
        return err_set(e, ERR_INPUT, "'%s' has no layer of polygons%s%s", path, n > 0 ? ": " : "",
                       layer_names(d->ds, false, known, sizeof known));
    }
    return err_set(e, ERR_INPUT,
                   "'%s' has %d layers of polygons: say which one, like '%s" LAYER_KEY "NAME' (%s)",
                   path, n_of_polygons, path_base(path),
                   layer_names(d->ds, true, known, sizeof known));
}

/* Opening -------------------------------------------------------------------------------------------- */

/* "file|layername=name", as QGIS writes it, in two; *layer NULL when there is none. */
static int divide(const char *path, char *file, const char **layer, struct err *e)
{
    struct stat info;
    const char *key = file_exists(path) ? NULL : strstr(path, LAYER_KEY);
    size_t n = key ? (size_t)(key - path) : strlen(path);
    if (n >= PATH_BYTES - 16) {
        return err_set(e, ERR_INPUT, "the path '%.40s...' is too long", path);
    }
    memcpy(file, path, n);
    file[n] = '\0';
    *layer = key ? key + sizeof LAYER_KEY - 1 : NULL;
    if (!file_exists(file)) {
        return err_set(e, ERR_INPUT, "there is no file '%s'", file);
    }
    if (stat(file, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == 0) {
        return err_set(e, ERR_INPUT, "'%s' is empty: 0 bytes", file);
    }
    return 0;
}

int dataset_open(const char *path, bool strict, struct dataset *d, struct err *e)
{
    char file[PATH_BYTES];
    char opened[PATH_BYTES + 16];
    const char *layer = NULL;
    *d = (struct dataset){0};
    (void)pthread_once(&registered, register_drivers);
    CPLPushErrorHandler(on_error);
    gdal_reset();
    if (divide(path, file, &layer, e) != 0) {
        return -1;
    }
    (void)snprintf(opened, sizeof opened, "%s%s", ends_in(file, ".zip") ? "/vsizip/" : "", file);
    if (restore_index(file, strict, d, opened, e) != 0) {
        return -1;
    }
    gdal_reset();
    CPLSetThreadLocalConfigOption("SHAPE_RESTORE_SHX", d->dir[0] ? "YES" : NULL);
    d->ds = GDALOpenEx(opened, GDAL_OF_VECTOR | GDAL_OF_READONLY, drivers, NULL, NULL);
    CPLSetThreadLocalConfigOption("SHAPE_RESTORE_SHX", NULL);
    if (!d->ds && CPLGetLastErrorNo() == CPLE_None) {
        return err_set(e, ERR_INPUT, "cannot read '%s': no format of polygons that GDAL knows",
                       file);
    }
    if (!d->ds) {
        return gdal_err(e, "cannot read", file);
    }
    return choose_layer(d, file, layer, e);
}

bool dataset_is(const struct dataset *d, const char *format)
{
    return strcmp(GDALGetDriverShortName(GDALGetDatasetDriver(d->ds)), format) == 0;
}

void dataset_close(struct dataset *d)
{
    if (d->ds) {
        GDALClose(d->ds);
    }
    if (d->dir[0]) {
        (void)VSIRmdirRecursive(d->dir);
    }
    CPLPopErrorHandler();
    *d = (struct dataset){0};
}
