/* SPDX-License-Identifier: MIT */
/*
 * Every file of ../shared/data/borders, read as a border: what it must become, or the words it must
 * be refused with; files that are not in the table must be one or the other. The areas are those on
 * the sphere. Then files made here: damaged shapefiles, what can be mended and what --strict says of
 * it, layers.
 */
#include "tests/unit/shapes/support.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"

#define BORDERS DATA "/borders"

struct expected {
    const char *file;
    size_t n_rings;     /* 0: refused, */
    double km2;         /* within a thousandth */
    const char *words;  /* with these words */
    const char *strict; /* of --strict; NULL: it says the same */
};

static const struct expected files[] = {
    /* countries */
    {"croatia/dgu_hrv.geojson", 1079, 56428.1, NULL, NULL},
    {"croatia/hrv_dgu.shp", 1079, 56428.1, NULL, NULL},
    {"croatia/ne10m_hrv.geojson", 25, 54899.6, NULL, NULL},
    {"croatia/hrv_ne10m.shp", 25, 54899.6, NULL, NULL},
    {"croatia/hrv_ne10m_3765.shp", 25, 54899.6, NULL, NULL},
    {"croatia/ne50m_hrv.geojson", 13, 54418.6, NULL, NULL},
    {"awkward/ne10m_chl.geojson", 163, 736362, NULL, NULL},
    {"awkward/ne10m_gmb.geojson", 1, 10540.4, NULL, NULL},
    {"awkward/gmb_ne10m.shp", 1, 10540.4, NULL, NULL},
    /* odd, and still polygons */
    {"malformed/chrieke__invalid_exterior_not_ccw.geojson", 1, 0.0100421, NULL, NULL},
    {"malformed/chrieke__invalid_interior_not_cw.geojson", 2, 0.0143334, NULL, NULL},
    {"malformed/chrieke__problematic_crs_defined.geojson", 1, 0.0106299, NULL, NULL},
    {"malformed/chrieke__problematic_holes.geojson", 3, 0.0110711, NULL, NULL},
    {"malformed/chrieke__problematic_outside_lat_lon_boundaries.geojson", 1, 348730, NULL, NULL},
    /* mended */
    {"malformed/chrieke__invalid_unclosed.geojson", 1, 0.00824447, NULL, "is not closed"},
    {"malformed/geojsonhint__different-first-last.geojson", 1, 12364, NULL, "is not closed"},
    {"malformed/geojsonhint__short-linearring.geojson", 1, 6182.49, NULL, "is not closed"},
    {"malformed/chrieke__problematic_crosses_antimeridian.geojson", 1, 57871.7, NULL,
     "longer than 180 degrees"},
    {"malformed/chrieke__problematic_inner_and_exterior_ring_intersect.geojson", 1, 0.00507537,
     NULL, "invalid: Self-intersection"},
    {"malformed/chrieke__problematic_self_intersection_large.geojson", 2, 0.00466255, NULL,
     "invalid: Self-intersection"},
    {"malformed/chrieke__problematic_self_intersection_small.geojson", 2, 0.00603004, NULL,
     "invalid: Self-intersection"},
    {"malformed/derived/no_dbf.shp", 25, 54899.6, NULL, NULL},
    {"malformed/derived/no_prj.shp", 25, 54899.6, NULL, "its .prj"},
    {"malformed/derived/no_shx.shp", 25, 54899.6, NULL, "its .shx is missing"},
    /* refused */
    {"malformed/chrieke__invalid_featurecollection_features_is_object.geojson", 0, 0,
     "Missing 'features' member", NULL},
    {"malformed/chrieke__invalid_geometry_coordinates_string.geojson", 0, 0,
     "Invalid 'x' coordinate", NULL},
    {"malformed/chrieke__invalid_less_three_unique_nodes.geojson", 0, 0, "has no polygons",
     "fewer than three places"},
    {"malformed/chrieke__problematic_feature_null_geometry.geojson", 0, 0, "has no polygons", NULL},
    {"malformed/chrieke__valid_featurecollection_empty_features.geojson", 0, 0, "has no features",
     NULL},
    {"malformed/geojsonhint__bad-json.geojson", 0, 0, "at offset 31", NULL},
    {"malformed/geojsonhint__bad-polygonloop.geojson", 0, 0, "has no polygons", NULL},
    {"malformed/geojsonhint__point-toofew.geojson", 0, 0, "Failed to read GeoJSON data", NULL},
    {"malformed/geojsonhint__stringcoord.geojson", 0, 0, "Invalid 'y' coordinate", NULL},
    {"malformed/derived/empty_shp.shp", 0, 0, "0 bytes", NULL},
    {"malformed/derived/trunc_shp_60pct.shp", 0, 0, "Error in fread()", NULL},
};

#define N_FILES (sizeof files / sizeof files[0])

/* Chamberlain and Duquette 2007, as in shapes/border.c, of the rings that came out */
static double sphere_km2(const struct border *b)
{
    const double rad = GEO_PI / 180;
    double all = 0;
    for (size_t i = 0; i < border_n_rings(b); i++) {
        size_t n = 0;
        bool hole = false;
        double sum = 0;
        const struct lonlat *p = border_ring(b, i, &n, &hole);
        for (size_t k = 0; k + 1 < n; k++) {
            sum +=
                (p[k + 1].lon - p[k].lon) * rad * (sin(p[k].lat * rad) + sin(p[k + 1].lat * rad));
        }
        all += (hole ? -1 : 1) * fabs(sum) / 2 * GEO_EARTH_R_KM * GEO_EARTH_R_KM;
    }
    return all;
}

static void refused(const char *path, bool strict, const char *words)
{
    struct err e = {0};
    struct border *b = NULL;
    if (border_open_strict(path, strict, &b, &e) == 0) {
        fail_msg("'%s' was not refused with '%s'", path, words);
    }
    assert_null(b);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_null(strchr(e.msg, '\n'));
    if (!strstr(e.msg, words) || !strstr(e.msg, path)) {
        fail_msg("'%s' does not say '%s' of '%s'", e.msg, words, path);
    }
}

static void check_file(const struct expected *x)
{
    char path[512];
    (void)snprintf(path, sizeof path, BORDERS "/%s", x->file);
    if (x->n_rings == 0) {
        refused(path, false, x->words);
        refused(path, true, x->strict ? x->strict : x->words);
        return;
    }
    struct border *b = open_border(path);
    print_message("%s: %zu rings, %.6g km2\n", x->file, border_n_rings(b), sphere_km2(b));
    if (border_n_rings(b) != x->n_rings || fabs(sphere_km2(b) - x->km2) > 1e-3 * x->km2) {
        fail_msg("%s: not %zu rings, %g km2", x->file, x->n_rings, x->km2);
    }
    border_free(b);
    if (x->strict) {
        refused(path, true, x->strict);
    } else {
        struct err e = {0};
        assert_int_equal(border_open_strict(path, true, &b, &e), 0);
        border_free(b);
    }
}

static void test_files(void **state)
{
    (void)state;
    need(BORDERS "/malformed");
    for (size_t i = 0; i < N_FILES; i++) {
        check_file(&files[i]);
    }
}

static bool is_expected(const char *folder, const char *name)
{
    char file[512];
    (void)snprintf(file, sizeof file, "%s/%s", folder, name);
    for (size_t i = 0; i < N_FILES; i++) {
        if (strcmp(files[i].file, file) == 0) {
            return true;
        }
    }
    return false;
}

/* A file that is not in the table: opened, or refused in one line. */
static void check_other(const char *path)
{
    struct err e = {0};
    struct border *b = NULL;
    if (border_open(path, &b, &e) == 0) {
        print_message("%s: not in the table: %zu rings, %.6g km2\n", path, border_n_rings(b),
                      sphere_km2(b));
    } else {
        print_message("%s: not in the table: %s\n", path, e.msg);
        assert_int_equal(e.kind, ERR_INPUT);
        assert_null(strchr(e.msg, '\n'));
    }
    border_free(b);
}

static void test_other_files(void **state)
{
    (void)state;
    static const char *const folders[] = {"croatia", "awkward", "malformed", "malformed/derived"};
    need(BORDERS "/malformed");
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char path[512];
        struct dirent *entry = NULL;
        (void)snprintf(path, sizeof path, BORDERS "/%s", folders[i]);
        DIR *d = opendir(path);
        assert_non_null(d);
        while ((entry = readdir(d)) != NULL) {
            const char *dot = strrchr(entry->d_name, '.');
            if (dot && (strcmp(dot, ".shp") == 0 || strcmp(dot, ".geojson") == 0) &&
                !is_expected(folders[i], entry->d_name)) {
                (void)snprintf(path, sizeof path, BORDERS "/%s/%s", folders[i], entry->d_name);
                check_other(path);
            }
        }
        (void)closedir(d);
    }
}

/* Files made here ---------------------------------------------------------------------------------- */

/* Of the border's .shp: a header of 100 bytes, one record with a header of 8, then type, box, number of
 * parts, number of points, where parts begin, and points (ESRI Shapefile Technical Description, 1998). */
#define AT_TYPE     108
#define AT_N_PARTS  144
#define AT_N_POINTS 148
#define AT_PARTS    152

static const struct damage {
    const char *what;
    size_t at;
    uint8_t bytes[9];
    size_t n;          /* of bytes; 0: the file ends at `at` */
    const char *words; /* what it must be refused with */
} damages[] = {
    {"another file code", 0, {0, 0, 0, 1}, 4, "no format of polygons"},
    {"no shape", AT_TYPE, {0, 0, 0, 0}, 4, "has no polygons"},
    {"many parts", AT_N_PARTS, {0xff, 0xff, 0xff, 0x7f}, 4, "Corrupted .shp"},
    {"fewer than no parts", AT_N_PARTS, {0xfb, 0xff, 0xff, 0xff}, 4, "Corrupted .shp"},
    {"many points", AT_N_POINTS, {0xff, 0xff, 0xff, 0x7f}, 4, "Corrupted .shp"},
    {"fewer than no points", AT_N_POINTS, {0xff, 0xff, 0xff, 0xff}, 4, "Corrupted .shp"},
    {"a part before the first point", AT_PARTS + 4, {0x9c, 0xff, 0xff, 0xff}, 4, "Corrupted .shp"},
    {"not a number", AT_PARTS + 4 * 98, {0, 0, 0, 0, 0, 0, 0xf8, 0x7f}, 8, "is not on Earth"},
    {"far away", AT_PARTS + 4 * 98, {0, 0, 0, 0, 0, 0, 0xe0, 0xff}, 8, "is not on Earth"},
    {"the header alone", 100, {0}, 0, ""},
    {"half", 60000, {0}, 0, "cannot read"},
    {"nothing", 0, {0}, 0, "0 bytes"},
};

static char *copy_file(const char *ext, const struct damage *d)
{
    static char name[64];
    char from[64];
    struct err e = {0};
    uint8_t *data = NULL;
    size_t n = 0;
    (void)snprintf(from, sizeof from, "shapes/croatia.%s", ext);
    (void)snprintf(name, sizeof name, "damaged.%s", ext);
    assert_int_equal(file_read(from, 1u << 20, &data, &n, &e), 0);
    if (d && d->n > 0) {
        memcpy(data + d->at, d->bytes, d->n);
    } else if (d) {
        n = d->at;
    }
    const char *to = temp_file(name, "");
    assert_int_equal(file_write(to, data, n, &e), 0);
    free(data);
    return strdup(to);
}

/* With its index and without. */
static void test_damaged_shapefiles(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof damages / sizeof damages[0]; i++) {
        const struct damage *d = &damages[i / 2];
        char *prj = copy_file("prj", NULL);
        char *shx = copy_file("shx", NULL);
        char *shp = copy_file("shp", d);
        if (i % 2 == 1) {
            assert_int_equal(unlink(shx), 0);
        }
        print_message("%s%s\n", d->what, i % 2 ? ", no index" : "");
        refused(shp, false, d->words);
        free(prj);
        free(shx);
        free(shp);
    }
}

#define SQUARE "[[0,0],[2,0],[2,2],[0,2],[0,0]]"

static struct border *opened(const char *name, const char *text, size_t n_rings)
{
    struct border *b = open_border(temp_file(name, text));
    if (border_n_rings(b) != n_rings) {
        fail_msg("%s: %zu rings, not %zu", text, border_n_rings(b), n_rings);
    }
    return b;
}

static void test_collections(void **state)
{
    (void)state;
    /* polygons at any depth, with a height, among points and lines */
    struct border *b =
        opened("c.geojson",
               "{\"type\":\"GeometryCollection\",\"geometries\":["
               "{\"type\":\"Point\",\"coordinates\":[9,9]},"
               "{\"type\":\"GeometryCollection\",\"geometries\":["
               "{\"type\":\"LineString\",\"coordinates\":[[5,5],[6,6]]},"
               "{\"type\":\"Polygon\",\"coordinates\":[[[0,0,7],[2,0,7],[2,2,8],[0,0,7]]]}]},"
               "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[5,0],[6,0],[6,1],[5,0]]]]}]}",
               2);
    assert_true(border_contains(b, (struct lonlat){1.5, 0.5}));
    assert_true(border_contains(b, (struct lonlat){5.9, 0.1}));
    assert_false(border_contains(b, (struct lonlat){9, 9}));
    border_free(b);
}

static void test_rings_are_mended(void **state)
{
    (void)state;
    const char *path = NULL;
    /* a hole that is a line goes, a shell that is a point takes its polygon with it */
    border_free(opened("r.geojson",
                       "{\"type\":\"MultiPolygon\",\"coordinates\":[[" SQUARE
                       ",[[1,1],[1.5,1.5],[1,1]]],[[[8,8],[8,8]]]]}",
                       1));
    path = temp_file("r.geojson",
                     "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,0],[2,2],[0,2]]]}");
    refused(path, true, "is not closed");
    path = temp_file("r.geojson",
                     "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,0],[NaN,2],[0,0]]]}");
    refused(path, false, path);
}

static void test_exchanged(void **state)
{
    (void)state;
    refused(temp_file("x.geojson",
                      "{\"type\":\"Polygon\",\"coordinates\":[[[-18,177],[-17,177],[-17,178],[-18,"
                      "177]]]}"),
            false, "exchanged?");
    refused(temp_file("x.geojson",
                      "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[500,0],[0,500],[0,0]]]}"),
            false, "is not on Earth");
}

static void test_round_the_earth(void **state)
{
    (void)state;
    refused(
        temp_file("pole.geojson",
                  "{\"type\":\"Polygon\",\"coordinates\":[[[0,80],[120,80],[-120,80],[0,80]]]}"),
        false, "goes round the Earth");
    /* led to the pole along the antimeridian, as files of Antarctica are */
    struct border *b = opened("pole.geojson",
                              "{\"type\":\"Polygon\",\"coordinates\":[[[-180,80],[0,75],[180,80],"
                              "[180,90],[-180,90],[-180,80]]]}",
                              1);
    assert_true(border_contains(b, (struct lonlat){10, 85}));
    assert_true(border_contains(b, (struct lonlat){-180, 85}));
    assert_false(border_contains(b, (struct lonlat){10, 70}));
    border_free(b);
}

static void test_wrong_reference_system(void **state)
{
    (void)state;
    refused(
        temp_file("wrong.geojson",
                  "{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":{"
                  "\"name\":\"urn:ogc:def:crs:EPSG::3857\"}},\"features\":[{\"type\":\"Feature\","
                  "\"properties\":{},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[" SQUARE
                  "]}}]}"),
        false, "look like degrees");
}

/* A TopoJSON file has a layer for each of its objects. */
#define OBJECT(arc)                                                                           \
    "{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Polygon\",\"arcs\":[[" #arc \
    "]]}]}"
#define LAYERS                                                                               \
    "{\"type\":\"Topology\",\"arcs\":[[[0,0],[2,0],[2,2],[0,0]],[[5,0],[9,0],[9,9],[5,0]]]," \
    "\"objects\":{\"land\":" OBJECT(0) ",\"sea\":" OBJECT(1) "}}"

static void test_layers(void **state)
{
    (void)state;
    char path[600];
    const char *file = temp_file("layers.topojson", LAYERS);
    struct err e = {0};
    struct border *b = NULL;
    refused(file, false, "has 2 layers of polygons");
    assert_int_equal(border_open(file, &b, &e), -1);
    assert_non_null(strstr(e.msg, "layers.topojson|layername=NAME' (land, sea)"));
    (void)snprintf(path, sizeof path, "%s|layername=sea", file);
    b = open_border(path);
    assert_true(border_contains(b, (struct lonlat){8, 1}));
    assert_false(border_contains(b, (struct lonlat){1.5, 1}));
    border_free(b);
    (void)snprintf(path, sizeof path, "%s|layername=air", file);
    assert_int_equal(border_open(path, &b, &e), -1);
    assert_non_null(strstr(e.msg, "has no layer 'air': it has land, sea"));
    assert_int_equal(border_open("nowhere.gpkg|layername=x", &b, &e), -1);
    assert_non_null(strstr(e.msg, "there is no file 'nowhere.gpkg'"));
}

int main(void)
{
    log_init("border_files_test", 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_damaged_shapefiles),
        cmocka_unit_test(test_collections),
        cmocka_unit_test(test_rings_are_mended),
        cmocka_unit_test(test_exchanged),
        cmocka_unit_test(test_round_the_earth),
        cmocka_unit_test(test_wrong_reference_system),
        cmocka_unit_test(test_layers),
    };
    return cmocka_run_group_tests(tests, temp_setup, temp_teardown);
}
