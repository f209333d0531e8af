/* SPDX-License-Identifier: MIT */
/* Points: inside the border, uniform on the ground, apart, and the same for the same seed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/log.h"
#include "fetch/points.h"
#include "fetch/sample.h"
#include "sql/catalog.h"

#define BORDER "shapes/croatia.shp"

static struct border *border;
static struct crs *crs;

static int open_all(void **state)
{
    (void)state;
    struct err e = {0};
    log_init("test", -1);
    if (border_open(BORDER, &border, &e) != 0 || crs_open("EPSG:3765", &crs, &e) != 0) {
        (void)fprintf(stderr, "%s\n", e.msg);
        return -1;
    }
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    border_free(border);
    crs_free(crs);
    return 0;
}

static size_t draw(uint64_t seed, double min_distance_m, struct lonlat *out, size_t n)
{
    struct err e = {0};
    size_t count = 0;
    if (points_draw(border, crs, seed, min_distance_m, out, n, &count, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    return count;
}

static void test_inside_and_rounded(void **state)
{
    (void)state;
    static struct lonlat p[2000];
    assert_int_equal(draw(1, 0, p, 2000), 2000);
    for (size_t i = 0; i < 2000; i++) {
        char text[32];
        assert_true(border_contains(border, p[i]));
        (void)snprintf(text, sizeof text, "%.7f",
                       p[i].lat); /* what --print shows is what is stored */
        assert_true(fabs(strtod(text, NULL) - p[i].lat) < 1e-12);
    }
}

static void test_repeats_and_continues(void **state)
{
    (void)state;
    static struct lonlat a[3000];
    static struct lonlat b[3000];
    static const double distance[] = {0, 2000};
    for (int i = 0; i < 2; i++) {
        (void)draw(7, distance[i], a, 3000);
        (void)draw(7, distance[i], b, 1000);
        for (size_t k = 0; k < 1000; k++) {
            assert_true(a[k].lon == b[k].lon && a[k].lat == b[k].lat);
        }
        (void)draw(8, distance[i], b, 1000);
        assert_true(a[0].lon != b[0].lon);
    }
}

/* Number of points in each of the squares of side_m that lie wholly inside (their corners, edge
 * middles and centre do). Returns the number of squares. */
static size_t count_squares(const struct lonlat *p, size_t n, double side_m, size_t *count,
                            size_t max_squares)
{
    static struct xy q[40000];
    struct err e = {0};
    size_t n_squares = 0;
    assert_int_equal(crs_project(crs, p, q, n, &e), 0);
    for (int col = 0; col * side_m < 500e3; col++) {
        for (int row = 0; row * side_m < 480e3 && n_squares < max_squares; row++) {
            double x = 250e3 + col * side_m;
            double y = 4680e3 + row * side_m;
            bool inside = true;
            for (int k = 0; k < 9 && inside; k++) {
                struct xy at = {x + side_m * (k % 3) / 2.0, y + side_m * (double)(k / 3) / 2.0};
                struct lonlat l;
                inside = crs_unproject(crs, &at, &l, 1, &e) == 0 && border_contains(border, l);
            }
            if (!inside) {
                continue;
            }
            count[n_squares] = 0;
            for (size_t i = 0; i < n; i++) {
                count[n_squares] +=
                    q[i].x >= x && q[i].x < x + side_m && q[i].y >= y && q[i].y < y + side_m;
            }
            n_squares++;
        }
    }
    return n_squares;
}

static void test_uniform(void **state)
{
    (void)state;
    static struct lonlat p[40000];
    size_t count[400];
    size_t total = 0;
    double chi2 = 0;
    (void)draw(3, 0, p, 40000);
    size_t n = count_squares(p, 40000, 15000, count, 400);
    assert_true(n > 80);
    for (size_t i = 0; i < n; i++) {
        total += count[i];
    }
    double expect = (double)total / (double)n;
    for (size_t i = 0; i < n; i++) {
        chi2 += ((double)count[i] - expect) * ((double)count[i] - expect) / expect;
    }
    /* Wilson and Hilferty 1931: the cube root of chi2 / df is nearly normal. |z| < 3.3: p > 0.001. */
    double df = (double)n - 1;
    double z = (cbrt(chi2 / df) - (1 - 2 / (9 * df))) / sqrt(2 / (9 * df));
    if (fabs(z) >= 3.3) {
        fail_msg("chi2 %.1f with %.0f degrees of freedom: z %.2f", chi2, df, z);
    }
    /* and as many fall into a square as the country's area says: 56,448 km2 */
    double share = 15.0 * 15.0 / 56448 * 40000;
    assert_true(fabs(expect - share) < 0.02 * share);
}

static void test_apart(void **state)
{
    (void)state;
    static struct lonlat p[1500];
    static struct xy q[1500];
    struct err e = {0};
    size_t n = draw(1, 3000, p, 1500);
    assert_int_equal(n, 1500);
    assert_int_equal(crs_project(crs, p, q, n, &e), 0);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_true(hypot(q[i].x - q[j].x, q[i].y - q[j].y) >= 3000);
        }
    }
}

static void test_no_room(void **state)
{
    (void)state;
    static struct lonlat p[1000];
    size_t n = draw(1, 50000, p, 1000);
    /* discs of radius 25 km that do not overlap: fewer than 90 on Croatia's length of coast */
    assert_true(n >= 20 && n < 90);
}

/* --- the tool ------------------------------------------------------------------------------------------ */

static char path[64];

static int64_t count_requests(void)
{
    struct err e = {0};
    struct db *db = NULL;
    int64_t n = -1;
    bool found = false;
    assert_int_equal(catalog_open(path, CATALOG_READ, &db, &e), 0);
    assert_int_equal(db_get_i64(db, "SELECT count(*) FROM request", &n, &found, &e), 0);
    catalog_close(db);
    return n;
}

static int sample(int64_t count, int64_t seed, double min_distance_m, struct err *e)
{
    struct sample_prefs p = SAMPLE_PREFS_DEFAULT;
    const struct cli cli = {.tool = "gdje-sample", .catalog = path, .command_line = "--test"};
    p.count = count;
    p.seed = seed;
    p.min_distance_m = min_distance_m;
    memset(e, 0, sizeof *e);
    return sample_run(&cli, &p, e);
}

static void test_tool_adds_only_what_is_missing(void **state)
{
    (void)state;
    struct err e;
    char dir[] = "/tmp/gdje-sample.XXXXXX";
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/c.gpkg", dir);
    assert_int_equal(sample(50, 1, 0, &e), 0);
    assert_int_equal(count_requests(), 50);
    assert_int_equal(sample(50, 1, 0, &e), 0);
    assert_int_equal(count_requests(), 50);
    assert_int_equal(sample(80, 1, 0, &e), 0);
    assert_int_equal(count_requests(), 80);
    assert_int_equal(sample(20, 1, 0, &e), 0); /* fewer: what is there stays */
    assert_int_equal(sample(80, 1, 0, &e), 0);
    assert_int_equal(count_requests(), 80);
    assert_int_equal(sample(10, 2, 0, &e), 0); /* another sequence */
    assert_int_equal(count_requests(), 90);
    assert_int_equal(sample(1000, 1, 60000, &e), -1);
    assert_int_equal(e.kind, ERR_INCOMPLETE);
    assert_non_null(strstr(e.msg, "no room for more than"));
    int64_t n = count_requests();
    assert_true(n > 100);
    assert_int_equal(sample(1000, 1, 60000, &e), -1);
    assert_int_equal(count_requests(), n);
    static const char *const tail[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "%s%s", path, tail[i]);
        (void)unlink(name);
    }
    (void)rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inside_and_rounded),
        cmocka_unit_test(test_repeats_and_continues),
        cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_apart),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_tool_adds_only_what_is_missing),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
