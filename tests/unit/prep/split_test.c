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
#include "prep/split_distance.h"
#include "prep/split_exact.h"

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
    struct split_parts r;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(split_parts_ratios(bad[i], &r, &e), -1);
        assert_int_equal(e.kind, ERR_USAGE);
    }
    assert_int_equal(split_parts_ratios("8/1/1", &r, &e), 0);
    assert_true(fabs(r.share[0] - 0.8) < 1e-15 && fabs(r.share[1] - 0.1) < 1e-15);
    assert_int_equal(r.n, 3);
    assert_int_equal(r.train, 0);
    assert_int_equal(split_parts_ratios("0.5/0.25/0.25", &r, &e), 0);
    assert_true(r.share[0] == 0.5 && r.share[2] == 0.25);
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

/* A third of the locations, another one each time, inserted in another order with other ids: every
 * location has the part that it has among all of them. */
static void expect_same_in_subsets(const struct split_prefs *prefs)
{
    char sql[512];
    place_exec("DELETE FROM location; DELETE FROM stage; INSERT INTO location SELECT * FROM every;"
               "DELETE FROM whole");
    make(prefs);
    place_exec("INSERT INTO whole SELECT uuid, part FROM split JOIN location ON id = location_id");
    assert_true(place_i64("SELECT count(DISTINCT part) FROM whole") >= 3);
    for (int trial = 1; trial <= 8; trial++) {
        (void)snprintf(sql, sizeof sql,
                       "DELETE FROM location; INSERT INTO location (uuid, lat_deg, lon_deg,"
                       " provider, group_key, added) SELECT uuid, lat_deg, lon_deg, provider,"
                       " group_key, added FROM every WHERE id * %d %% 1009 %% 3 = 0"
                       " ORDER BY id * %d %% 1013",
                       37 * trial, 101 * trial);
        place_exec(sql);
        make(prefs);
        int64_t n = place_i64("SELECT count(*) FROM split");
        assert_true(n > 150 && n < 250);
        assert_int_equal(
            place_i64("SELECT count(*) FROM split s JOIN location l ON l.id = s.location_id"
                      " JOIN whole w USING (uuid) WHERE s.part = w.part"),
            n);
    }
}

static void test_subsets_keep_their_parts(void **state)
{
    (void)state;
    struct split_prefs prefs = SPLIT_PREFS_DEFAULT;
    place_add(0, 600);
    place_exec("UPDATE location SET group_key = 'seq' || (id % 50) WHERE id <= 200");
    place_exec("CREATE TEMP TABLE every AS SELECT * FROM location;"
               "CREATE TEMP TABLE whole (uuid TEXT PRIMARY KEY, part TEXT)");
    expect_same_in_subsets(&prefs);
    prefs.folds = 4;
    expect_same_in_subsets(&prefs);
    prefs.folds = 0;
    prefs.parts = "train=5,a=1,b=1,c=3";
    expect_same_in_subsets(&prefs);
    /* blocks, too, where no group is larger than one: a group lies where its first location lies */
    prefs.parts = NULL;
    prefs.block_km = 30;
    place_exec("UPDATE every SET group_key = uuid");
    expect_same_in_subsets(&prefs);
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
    assert_true(place_f64("SELECT max(share_5km) FROM split_part") == 0);
    assert_true(place_f64("SELECT min(p10_km) FROM split_part") >= 10);
    assert_true(place_f64("SELECT min(p50_km) FROM split_part") > 11);
}

static void test_distances(void **state)
{
    (void)state;
    struct err e = {0};
    struct split_distance d[3];
    struct split_parts parts;
    /* train at the origin; val 0.04, 0.5, 3, 10 km north of it */
    struct split_item item[5] = {{.id = 1, .at = {16, 45}, .part = SPLIT_TRAIN}};
    static const double km[4] = {0.04, 0.5, 3, 10};
    for (int i = 0; i < 4; i++) {
        item[i + 1] = (struct split_item){
            .id = i + 2, .at = geo_offset(item[0].at, 0, km[i]), .part = SPLIT_VAL};
    }
    assert_int_equal(split_parts_ratios("1/1/1", &parts, &e), 0);
    assert_int_equal(split_distances(item, 5, &parts, d, &e), 0);
    assert_int_equal(d[SPLIT_VAL].n, 4);
    assert_int_equal(d[SPLIT_TEST].n, 0);
    assert_true(fabs(d[SPLIT_VAL].p10_km - (0.04 + 0.3 * 0.46)) < 1e-9); /* as numpy.quantile */
    assert_true(fabs(d[SPLIT_VAL].p50_km - 1.75) < 1e-9);
    assert_true(fabs(d[SPLIT_VAL].p90_km - (3 + 0.7 * 7)) < 1e-9);
    assert_true(d[SPLIT_VAL].share_50m == 0.25);
    assert_true(d[SPLIT_VAL].share_1km == 0.5);
    assert_true(d[SPLIT_VAL].share_5km == 0.75);
}

static void test_parts(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "train",
                                      "train=",
                                      "train=0",
                                      "train=-1",
                                      "train=x",
                                      "val=1",
                                      "train=1,",
                                      "train=1,train=1",
                                      "train=1,buffer=1",
                                      "train=1,a b=1",
                                      "train=1,=1",
                                      "train=1,a-name-that-is-longer-than-32-bytes=1"};
    struct err e = {0};
    struct split_parts p;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(split_parts_list(bad[i], &p, &e), -1);
        assert_int_equal(e.kind, ERR_USAGE);
    }
    assert_int_equal(split_parts_list("a=1,train=6,val=2,test=1", &p, &e), 0);
    assert_int_equal(p.n, 4);
    assert_int_equal(p.train, 1);
    assert_true(p.share[1] == 0.6);
    assert_int_equal(split_parts_at(&p, 0), 0);
    assert_int_equal(split_parts_at(&p, 0.0999), 0);
    assert_int_equal(split_parts_at(&p, 0.5), 1);
    assert_int_equal(split_parts_at(&p, 0.7001), 2);
    assert_int_equal(split_parts_at(&p, 0.999999), 3);
}

/* Sizes of parts in strata of many sizes, single locations: each its quota rounded down or up, and
 * the sums over all strata, too. */
static void test_exact(void **state)
{
    (void)state;
    enum { N = 3000, STRATA = 200 };
    static struct split_item item[N];
    static size_t count[STRATA][SPLIT_MAX_PARTS];
    size_t size[STRATA] = {0};
    double worst = 9;
    double total[4] = {0};
    struct err e = {0};
    struct split_parts p;
    struct sha256 *key = NULL;
    assert_int_equal(sha256_new(&key, &e), 0);
    for (int i = 0; i < N; i++) {
        char group[32];
        item[i] = (struct split_item){.id = i, .stratum = (i * 7919L) % N * i % STRATA};
        (void)snprintf(group, sizeof group, "g%d", i);
        split_key(key, 1, group, item[i].key);
        size[item[i].stratum]++;
    }
    sha256_free(key);
    assert_int_equal(split_parts_list("train=70,val=13,test=12,x=5", &p, &e), 0);
    assert_int_equal(split_exact(item, N, &p, &worst, &e), 0);
    assert_true(worst < 1);
    for (int i = 0; i < N; i++) {
        count[item[i].stratum][item[i].part]++;
        total[item[i].part]++;
    }
    for (int s = 0; s < STRATA; s++) {
        for (int k = 0; k < p.n; k++) {
            assert_true(fabs((double)count[s][k] - p.share[k] * (double)size[s]) < 1);
        }
    }
    for (int k = 0; k < p.n; k++) { /* rounding does not add up */
        assert_true(fabs(total[k] - p.share[k] * N) < 3);
    }
}

static void test_exact_in_the_catalog(void **state)
{
    (void)state;
    struct split_prefs prefs = SPLIT_PREFS_DEFAULT;
    prefs.exact = true;
    place_add(0, 1003);
    make(&prefs);
    assert_int_equal(place_i64("SELECT count(*) FROM split WHERE part = 'train'") / 2, 401);
    assert_int_equal(place_i64("SELECT count(*) FROM split WHERE part = 'val'") / 2, 50);
    /* groups stay whole, and what they leave is filled up */
    place_exec("UPDATE location SET group_key = 'seq' || (id % 30) WHERE id <= 300");
    make(&prefs);
    assert_int_equal(
        place_i64("SELECT count(*) FROM (SELECT 1 FROM split s JOIN location l ON l.id ="
                  " s.location_id GROUP BY l.group_key HAVING count(DISTINCT part) > 1)"),
        0);
    assert_int_equal(place_i64("SELECT count(*) FROM split WHERE part = 'test'") / 2, 50);
    assert_int_equal(place_i64("SELECT count(*) FROM split_scheme WHERE method = 'exact'"), 1);
}

/* 1000 locations, and a grid of seven classes in which every ninth of them has none. */
static void add_classes(void)
{
    place_add(0, 1000);
    place_split();
    place_exec("INSERT INTO grid (id, name, method, crs, scheme_id, border_sha256, n_classes,"
               " n_unlabelled) VALUES (1, 'g', 'square', 'EPSG:3765', 1, '', 7, 0)");
    place_exec("WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 6)"
               " INSERT INTO class (id, grid_id, number, state) SELECT i + 1, 1, i, 'kept' FROM n");
    place_exec("INSERT INTO label SELECT 1, id, 1 + id * id % 7 FROM location WHERE id % 9 > 0");
}

/* Shares within each class, and within those of no class, to one location. */
static void test_exact_in_classes(void **state)
{
    (void)state;
    struct split_prefs prefs = SPLIT_PREFS_DEFAULT;
    static const char off[] =
        "SELECT count(*) FROM (SELECT coalesce(class_id, 0) AS class, part, count(*) AS n,"
        " sum(count(*)) OVER (PARTITION BY coalesce(class_id, 0)) AS total FROM split s LEFT JOIN"
        " label l ON l.location_id = s.location_id WHERE s.scheme_id = 2 GROUP BY 1, 2)"
        " WHERE abs(n - total * CASE part WHEN 'train' THEN 0.7 WHEN 'val' THEN 0.2 ELSE 0.1 END)"
        " >= 1";
    add_classes();
    prefs.name = "exact";
    prefs.ratios = "70/20/10";
    prefs.exact = true;
    make(&prefs);
    assert_true(place_i64(off) > 3); /* exact as a whole is not so in the classes */
    assert_int_equal(place_i64("SELECT n_locations FROM split_part WHERE scheme_id = 2 AND part ="
                               " 'train'"),
                     700);
    prefs.grid = "g";
    make(&prefs);
    assert_int_equal(place_i64(off), 0);
    assert_int_equal(place_i64("SELECT count(*) FROM split WHERE scheme_id = 2"), 1000);
}

/* Folds within the classes of a grid, each against the others. */
static void test_folds(void **state)
{
    (void)state;
    struct err e = {0};
    struct split_prefs prefs = SPLIT_PREFS_DEFAULT;
    add_classes();
    prefs.grid = "g";
    assert_int_equal(split_make(place_db(), place_cli(), &prefs, &e), -1); /* made from default */
    assert_int_equal(e.kind, ERR_USAGE);
    prefs.name = "cv";
    prefs.folds = 5;
    make(&prefs);
    assert_int_equal(place_i64("SELECT count(*) FROM split WHERE scheme_id = 2"), 1000);
    assert_int_equal(place_i64("SELECT max(n) - min(n) FROM (SELECT count(*) AS n FROM split WHERE"
                               " scheme_id = 2 GROUP BY part)") /
                         4,
                     0);
    assert_int_equal(
        place_i64("SELECT max(b - a) FROM (SELECT max(n) AS b, min(n) AS a FROM (SELECT class_id,"
                  " part, count(*) AS n FROM split s JOIN label l ON l.location_id = s.location_id"
                  " WHERE s.scheme_id = 2 GROUP BY class_id, part) GROUP BY class_id)"),
        1);
    assert_int_equal(place_i64("SELECT count(*) FROM split_part WHERE scheme_id = 2 AND"
                               " n_locations BETWEEN 190 AND 210 AND p50_km > 0"),
                     5);
    prefs.buffer_km = 1;
    assert_int_equal(split_make(place_db(), place_cli(), &prefs, &e), -1);
    assert_int_equal(e.kind, ERR_USAGE);
}

/* Every way to split says how far its parts are from what is learnt from. */
static void test_distances_of_every_scheme(void **state)
{
    (void)state;
    struct split_prefs ways[5];
    for (int i = 0; i < 5; i++) {
        ways[i] = (struct split_prefs)SPLIT_PREFS_DEFAULT;
    }
    ways[1].exact = true;
    ways[2].block_km = 20;
    ways[3].folds = 3;
    ways[4].parts = "train=2,x=1,y=1";
    place_add(0, 500);
    for (int i = 0; i < 5; i++) {
        make(&ways[i]);
        assert_int_equal(place_i64("SELECT count(*) FROM split_part"), 3);
        assert_int_equal(place_i64("SELECT sum(n_locations) FROM split_part"), 500);
        assert_int_equal(place_i64("SELECT count(*) FROM split_part WHERE p10_km > 0 AND p50_km >"
                                   " p10_km AND p90_km > p50_km AND share_5km BETWEEN share_1km AND"
                                   " 1"),
                         i == 3 ? 3 : 2);
        assert_int_equal(place_i64("SELECT count(*) FROM split_report WHERE locations = (SELECT"
                                   " count(*) FROM split s WHERE s.part = split_report.part)"),
                         3);
    }
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
        cmocka_unit_test(test_ratios),
        cmocka_unit_test(test_distances),
        T(test_shares),
        T(test_additions_move_nothing),
        T(test_subsets_keep_their_parts),
        T(test_groups_stay_whole),
        T(test_up_to_date),
        T(test_no_locations),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_exact),
        T(test_exact_in_the_catalog),
        T(test_exact_in_classes),
        T(test_folds),
        T(test_blocks_and_buffer),
        T(test_distances_of_every_scheme),
        T(test_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
