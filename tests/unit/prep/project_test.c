/* SPDX-License-Identifier: MIT */
/* Projections: the extent is the train part's, rows follow the locations. */
#include "tests/unit/prep/place_catalog.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "prep/places.h"
#include "prep/project.h"

static void make(const struct project_prefs *prefs)
{
    struct err e = {0};
    if (project_make(place_db(), place_cli(), prefs, &e) != 0) {
        fail_msg("%s", e.msg);
    }
}

static void test_extent_is_of_train(void **state)
{
    (void)state;
    struct project_prefs prefs = PROJECT_PREFS_DEFAULT;
    place_add(0, 400);
    place_split();
    /* whoever is farthest out becomes test: the extent must not reach it */
    place_exec(
        "UPDATE split SET part = 'test' WHERE location_id = (SELECT id FROM location ORDER BY"
        " lon_deg DESC LIMIT 1)");
    make(&prefs);
    assert_int_equal(place_i64("SELECT count(*) FROM projected"), 400);
    assert_int_equal(
        place_i64("SELECT count(*) FROM projection p, (SELECT min(x_m) a, max(x_m) b, min(y_m) c,"
                  " max(y_m) d FROM projected JOIN split USING (location_id) WHERE part = 'train')"
                  " WHERE min_x_m = a AND max_x_m = b AND min_y_m = c AND max_y_m = d"),
        1);
    assert_true(place_f64("SELECT max_x_m FROM projection") <
                place_f64("SELECT max(x_m) FROM projected"));
}

static void test_values(void **state)
{
    (void)state;
    struct project_prefs prefs = PROJECT_PREFS_DEFAULT;
    /* source: shapes/crs_test.c */
    place_add_one("centroid", (struct lonlat){16.3178924606184, 44.891094757493825}, "a");
    place_add_one("nowhere", (struct lonlat){NAN, NAN}, "b");
    place_split();
    place_exec("UPDATE split SET part = 'train'");
    make(&prefs);
    assert_int_equal(place_i64("SELECT count(*) FROM projected"), 1);
    assert_true(fabs(place_f64("SELECT x_m FROM projected") - 485615.660916) < 0.001);
    assert_true(fabs(place_f64("SELECT y_m FROM projected") - 4972360.509735) < 0.001);
}

static void test_again(void **state)
{
    (void)state;
    struct project_prefs prefs = PROJECT_PREFS_DEFAULT;
    place_add(0, 50);
    place_split();
    make(&prefs);
    int64_t id = place_i64("SELECT id FROM projection");
    place_exec("UPDATE stage SET finished = 'before'");
    make(&prefs);
    assert_int_equal(place_i64("SELECT count(*) FROM stage WHERE finished = 'before'"), 2);
    place_add(50, 10);
    make(&prefs); /* the new ones are in no part, but have their place */
    assert_int_equal(place_i64("SELECT count(*) FROM projected"), 60);
    prefs.crs = "EPSG:32633";
    make(&prefs);
    assert_int_equal(place_i64("SELECT id FROM projection"), id);
    assert_int_equal(place_i64("SELECT count(*) FROM projected"), 60);
    prefs.name = "second";
    make(&prefs);
    assert_int_equal(place_i64("SELECT count(*) FROM projected"), 120);
}

static void refused(const struct project_prefs *prefs, enum err_kind kind, const char *words)
{
    struct err e = {0};
    assert_int_equal(project_make(place_db(), place_cli(), prefs, &e), -1);
    assert_int_equal(e.kind, kind);
    if (!strstr(e.msg, words)) {
        fail_msg("'%s' does not say '%s'", e.msg, words);
    }
    assert_int_equal(place_i64("SELECT count(*) FROM projection"), 0);
}

static void test_refused(void **state)
{
    (void)state;
    struct project_prefs prefs = PROJECT_PREFS_DEFAULT;
    refused(&prefs, ERR_INPUT, "run gdje-split first");
    place_add(0, 20);
    place_split();
    prefs.crs = "EPSG:4326";
    refused(&prefs, ERR_USAGE, "not projected");
    prefs.crs = "EPSG:3765";
    place_exec("UPDATE split SET part = 'val'");
    refused(&prefs, ERR_INPUT, "no train locations");
    place_exec("UPDATE split SET part = 'train'");
    place_add_one("other side", (struct lonlat){-163.5, 0}, "x");
    prefs.crs = "+proj=gnom +lat_0=45 +lon_0=16";
    refused(&prefs, ERR_INPUT, "location 21");
}

/* In pieces, each with a reference system of its own, as in one. */
static void test_pieces(void **state)
{
    (void)state;
    enum { N = 120000 };
    struct err e = {0};
    struct crs *c = NULL;
    struct places p = {.n = N, .id = calloc(N, sizeof *p.id), .at = calloc(N, sizeof *p.at)};
    struct xy *xy = calloc(2 * (size_t)N, sizeof *xy);
    assert_true(p.id && p.at && xy);
    for (size_t i = 0; i < N; i++) {
        p.id[i] = (int64_t)i + 1;
        p.at[i] = (struct lonlat){13.5 + 5.9 * rng_f64(3, 1, i), 42.3 + 4.2 * rng_f64(3, 2, i)};
    }
    assert_int_equal(crs_open("EPSG:3765", &c, &e), 0);
    assert_int_equal(places_project(&p, c, xy, &e), 0);
    assert_int_equal(crs_project(c, p.at, xy + N, N, &e), 0);
    assert_memory_equal(xy, xy + N, N * sizeof *xy);
    crs_free(c);
    /* the one without an image is named, wherever it is */
    p.at[N - 2] = (struct lonlat){-100, -40};
    assert_int_equal(crs_open("+proj=gnom +lat_0=45 +lon_0=16", &c, &e), 0);
    assert_int_equal(places_project(&p, c, xy, &e), -1);
    assert_non_null(strstr(e.msg, "location 119999: "));
    crs_free(c);
    free(xy);
    places_release(&p);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
    const struct CMUnitTest tests[] = {
        T(test_extent_is_of_train),    T(test_values), T(test_again), T(test_refused),
        cmocka_unit_test(test_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
