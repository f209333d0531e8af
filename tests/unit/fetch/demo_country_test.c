/* SPDX-License-Identifier: MIT */
/* The synthetic country: where the sea is, how many points find a panorama and how many find the
 * same one, that every id leads back, and that everything is a function of the seed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/progress.h"
#include "core/rng.h"
#include "fetch/demo/panorama.h"
#include "fetch/demo/render.h"

struct world {
    struct border *border;
    struct country *country;
};

static int open_world(void **state)
{
    struct err e = {0};
    struct world *w = calloc(1, sizeof *w);
    if (!w || border_open("shapes/croatia.shp", &w->border, &e) != 0 ||
        country_new(w->border, 1, &w->country, &e) != 0) {
        print_error("%s\n", e.msg);
        return -1;
    }
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    country_free(w->country);
    border_free(w->border);
    free(w);
    return 0;
}

/* The i-th of an endless row of random points inside the border, uniform on the ground. */
static struct lonlat random_point(const struct world *w, const char *stream, uint64_t *i)
{
    struct bbox box = border_bbox(w->border);
    double low = sin(box.min_y * GEO_PI / 180);
    double high = sin(box.max_y * GEO_PI / 180);
    for (;;) {
        double u = rng_f64(5, rng_stream(stream), 2 * *i);
        double v = rng_f64(5, rng_stream(stream), 2 * *i + 1);
        (*i)++;
        struct lonlat p = {box.min_x + u * (box.max_x - box.min_x),
                           asin(low + v * (high - low)) * 180 / GEO_PI};
        if (border_contains(w->border, p)) {
            return p;
        }
    }
}

struct tally {
    double hits, again; /* shares: of the points; of the hits, a panorama seen before */
};

static struct tally probe(const struct world *w, const char *stream, size_t n)
{
    uint64_t *seen = calloc(n, sizeof *seen);
    uint64_t at = 0;
    size_t n_hits = 0;
    size_t n_again = 0;
    assert_non_null(seen);
    for (size_t i = 0; i < n; i++) {
        struct lonlat p = random_point(w, stream, &at);
        struct panorama pano;
        bool again = false;
        if (!panorama_near(w->country, p, 50, PANORAMA_REACH_M, &pano)) {
            continue;
        }
        assert_true(border_contains(w->border, pano.at));
        assert_true(geo_distance_km(p, pano.at) <= PANORAMA_REACH_M / 1000.0);
        for (size_t k = 0; k < n_hits && !again; k++) {
            again = seen[k] == pano.key;
        }
        n_again += again;
        seen[n_hits++] = pano.key;
    }
    free(seen);
    return (struct tally){(double)n_hits / (double)n, (double)n_again / (double)n_hits};
}

/* About 60 % of random points have imagery, and about 7 % of those find a panorama already seen.
 * Two standard errors at n = 2000 are 2.2 % and 1.5 %; the latter grows with n. */
static void test_coverage(void **state)
{
    const struct world *w = *state;
    for (int round = 0; round < 4; round++) {
        char stream[] = "coverage.0";
        stream[sizeof stream - 2] = (char)('0' + round);
        struct tally t = probe(w, stream, 2000);
        print_message("2000 points: %.1f %% hits, %.1f %% of them again\n", 100 * t.hits,
                      100 * t.again);
        assert_true(fabs(t.hits - 0.60) < 0.03);
        assert_true(fabs(t.again - 0.07) < 0.02);
    }
    struct tally few = probe(w, "coverage.few", 1500);
    assert_true(fabs(few.hits - 0.60) < 0.035);
    assert_true(fabs(few.again - 0.055) < 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coverage),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
