/* SPDX-License-Identifier: MIT */
/* Splits: stable under additions, groups whole, blocks and buffers apart, distances right. */
#include "tests/unit/prep/place_catalog.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sig.h"
#include "prep/split.h"
#include "prep/split_assign.h"

static void make(const struct split_prefs *prefs)
{
    struct err e = {0};
    if (split_make(place_db(), place_cli(), prefs, &e) != 0) {
        fail_msg("%s", e.msg);
    }
}

static void test_ratios(void **state)
{
    (void)state;
    static const char *const bad[] = {"",          "80",        "80/20",    "80/10/10/0", "80/10/0",
                                      "a/b/c",     "80/-10/30", "80//20",   "80/10/",     "/10/10",
                                      "1e400/1/1", "nan/1/1",   "80 /1/1x", "inf/1/1"};
    struct err e = {0};
    struct split_ratios r;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(split_ratios_parse(bad[i], &r, &e), -1);
        assert_int_equal(e.kind, ERR_USAGE);
    }
    assert_int_equal(split_ratios_parse("8/1/1", &r, &e), 0);
    assert_true(fabs(r.end[0] - 0.8) < 1e-15 && fabs(r.end[1] - 0.9) < 1e-15 && r.end[2] == 1);
    assert_int_equal(split_ratios_parse("0.5/0.25/0.25", &r, &e), 0);
    assert_true(r.end[0] == 0.5);
}

static void test_shares(void **state)
{
    (void)state;
    struct split_prefs prefs = SPLIT_PREFS_DEFAULT;
    place_add(0, 5000);
    place_add_one("unplaced", (struct lonlat){NAN, NAN}, "unplaced");
    make(&prefs);
    assert_int_equal(place_i64("SELECT count(*) FROM split"), 5000);
    int64_t train = place_i64("SELECT count(*) FROM split WHERE part = 'train'");
    int64_t val = place_i64("SELECT count(*) FROM split WHERE part = 'val'");
    assert_true(train > 3900 && train < 4100);
    assert_true(val > 420 && val < 580);
}

/* Half the list, then all of it: nobody moves; the other order of insertion gives the same. */
static void test_additions_move_nothing(void **state)
{
    (void)state;
    char before[SHA256_HEX_SIZE];
    char after[SHA256_HEX_SIZE];
    static const char old[] = "SELECT l.uuid, s.part FROM split s JOIN location l ON l.id ="
                              " s.location_id WHERE l.id <= 500 ORDER BY l.id";
    struct split_prefs prefs = SPLIT_PREFS_DEFAULT;
    place_add(0, 500);
    make(&prefs);
    (void)place_digest(old, before);
    place_add(500, 1500);
    make(&prefs);
    assert_string_equal(before, place_digest(old, after));
    assert_int_equal(place_i64("SELECT count(*) FROM split"), 2000);
    place_exec("DELETE FROM location WHERE id > 500");
    make(&prefs);
    assert_string_equal(before, place_digest(old, after));
    prefs.seed = 2;
    make(&prefs);
    assert_string_not_equal(before, place_digest(old, after));
}

static void test_groups_stay_whole(void **state)
{
    (void)state;
    static const char torn[] =
        "SELECT count(*) FROM (SELECT 1 FROM split s JOIN location l ON l.id = s.location_id"
        " LEFT JOIN grouping g ON g.location_id = l.id"
        " GROUP BY coalesce(g.group_key, l.group_key) HAVING count(DISTINCT s.part) > 1)";
    struct split_prefs prefs = SPLIT_PREFS_DEFAULT;
    place_add(0, 1000);
    place_exec("UPDATE location SET group_key = 'seq' || (id % 100) WHERE id <= 700");
    place_exec("INSERT INTO grouping SELECT id, 'dup' || (id % 50) FROM location WHERE id > 600");
    make(&prefs);
    assert_int_equal(place_i64(torn), 0);
    assert_int_equal(place_i64("SELECT count(DISTINCT part) FROM split"), 3);
    prefs.block_km = 50;
    make(&prefs);
    assert_int_equal(place_i64(torn), 0);
}

static void test_up_to_date(void **state)
{
    (void)state;
    struct split_prefs prefs = SPLIT_PREFS_DEFAULT;
    place_add(0, 100);
    make(&prefs);
    int64_t id = place_i64("SELECT id FROM split_scheme");
    place_exec("UPDATE stage SET finished = 'before'");
    make(&prefs);
    assert_int_equal(place_i64("SELECT count(*) FROM stage WHERE finished = 'before'"), 1);
    prefs.ratios = "1/1/1";
    make(&prefs);
    assert_int_equal(place_i64("SELECT count(*) FROM stage WHERE finished = 'before'"), 0);
    assert_int_equal(place_i64("SELECT id FROM split_scheme"), id);
    prefs.name = "other";
    make(&prefs);
    assert_int_equal(place_i64("SELECT count(*) FROM split_scheme"), 2);
    assert_int_equal(place_i64("SELECT count(*) FROM split"), 200);
}

static void test_no_locations(void **state)
{
    (void)state;
    struct err e = {0};
    struct split_prefs prefs = SPLIT_PREFS_DEFAULT;
    assert_int_equal(split_make(place_db(), place_cli(), &prefs, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_int_equal(place_i64("SELECT count(*) FROM split_scheme"), 0);
}

/* Parts of blocks: what is left after the buffer is that far apart. */
static void test_blocks_and_buffer(void **state)
{
    (void)state;
    struct split_prefs prefs = SPLIT_PREFS_DEFAULT;
    prefs.block_km = 40;
    prefs.buffer_km = 10;
    place_add(0, 4000);
    make(&prefs);
    int64_t n_buffer = place_i64("SELECT count(*) FROM split WHERE part = 'buffer'");
    assert_true(n_buffer > 50 && n_buffer < 2500);
    assert_int_equal(place_i64("SELECT count(DISTINCT part) FROM split"), 4);
    assert_true(place_f64("SELECT max(share_5km) FROM split_distance") == 0);
    assert_true(place_f64("SELECT min(p10_km) FROM split_distance") >= 10);
    assert_true(place_f64("SELECT min(p50_km) FROM split_distance") > 11);
}

static void test_distances(void **state)
{
    (void)state;
    struct err e = {0};
    struct split_distance d[SPLIT_COUNT];
    /* train at the origin; val 0.04, 0.5, 3, 10 km north of it */
    struct split_item item[5] = {{.id = 1, .at = {16, 45}, .part = SPLIT_TRAIN}};
    static const double km[4] = {0.04, 0.5, 3, 10};
    for (int i = 0; i < 4; i++) {
        item[i + 1] = (struct split_item){
            .id = i + 2, .at = geo_offset(item[0].at, 0, km[i]), .part = SPLIT_VAL};
    }
    assert_int_equal(split_distances(item, 5, d, &e), 0);
    assert_int_equal(d[SPLIT_VAL].n, 4);
    assert_int_equal(d[SPLIT_TEST].n, 0);
    assert_true(fabs(d[SPLIT_VAL].p10_km - (0.04 + 0.3 * 0.46)) < 1e-9); /* as numpy.quantile */
    assert_true(fabs(d[SPLIT_VAL].p50_km - 1.75) < 1e-9);
    assert_true(fabs(d[SPLIT_VAL].p90_km - (3 + 0.7 * 7)) < 1e-9);
    assert_true(d[SPLIT_VAL].share_50m == 0.25);
    assert_true(d[SPLIT_VAL].share_1km == 0.5);
    assert_true(d[SPLIT_VAL].share_5km == 0.75);
}

static void test_report(void **state)
{
    (void)state;
    struct err e = {0};
    char text[1024] = "";
    struct split_prefs prefs = SPLIT_PREFS_DEFAULT;
    place_add(0, 300);
    make(&prefs);
    FILE *f = tmpfile();
    assert_non_null(f);
    assert_int_equal(split_print(place_db(), "default", f, &e), 0);
    rewind(f);
    assert_true(fread(text, 1, sizeof text - 1, f) > 0);
    (void)fclose(f);
    assert_non_null(strstr(text, "part\tlocations\tpercent\tp10_km"));
    assert_true(strstr(text, "\ntrain\t") < strstr(text, "\nval\t"));
    assert_true(strstr(text, "\nval\t") < strstr(text, "\ntest\t"));
    assert_non_null(strstr(text, "\t-\t-\t-\t-\t-\t-\n")); /* of train */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ratios),  cmocka_unit_test(test_distances), T(test_shares),
        T(test_additions_move_nothing), T(test_groups_stay_whole),        T(test_up_to_date),
        T(test_no_locations),           T(test_blocks_and_buffer),        T(test_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
