/* SPDX-License-Identifier: MIT */
/* The synthetic country: where the sea is and that the pictures show it there, how many points find
 * a panorama and how many find the same one, that every id leads back, that a picture tells its
 * region, and that everything is a function of the seed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/image.h"
#include "fetch/demo/protocol.h"
#include "fetch/demo/render.h"
#include "fetch/demo/sheet.h"
#include "tests/unit/fetch/demo_world.h"

#define SIDE 320

/* --- the map ------------------------------------------------------------------------------------ */

static void test_land_and_sea(void **state)
{
    static const struct {
        const char *name;
        struct lonlat at;
        enum surface_kind kind;
    } row[] = {
        {"Zagreb", {15.98, 45.81}, SURFACE_HOME},
        {"Split", {16.50, 43.52}, SURFACE_HOME},
        {"Vis", {16.15, 43.05}, SURFACE_HOME},
        {"open sea", {15.0, 43.5}, SURFACE_SEA},
        {"off Rovinj", {13.4, 45.1}, SURFACE_SEA},
        {"gulf of Trieste", {13.6, 45.65}, SURFACE_SEA},
        {"channel of Brac", {16.6, 43.42}, SURFACE_SEA},
        {"channel of Korcula", {17.2, 42.95}, SURFACE_SEA},
        {"off Dubrovnik", {18.0, 42.5}, SURFACE_SEA},
        {"off Budva", {18.7, 42.2}, SURFACE_SEA},
        {"Ljubljana", {14.5, 46.05}, SURFACE_OTHER},
        {"above Koper", {13.85, 45.52}, SURFACE_OTHER},
        {"Mostar", {17.81, 43.34}, SURFACE_OTHER},
        {"Hutovo", {17.80, 42.96}, SURFACE_OTHER},
        {"Trebinje", {18.34, 42.71}, SURFACE_OTHER},
        {"Cetinje", {18.92, 42.39}, SURFACE_OTHER},
        {"Hungary", {17.5, 46.3}, SURFACE_OTHER},
        {"Italy", {13.2, 43.3}, SURFACE_OTHER},
    };
    const struct world *w = *state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        enum surface_kind kind = surface_kind(&w->country->surface, frame_km(row[i].at));
        if (kind != row[i].kind) {
            fail_msg("%s is %d, not %d", row[i].name, (int)kind, (int)row[i].kind);
        }
    }
}

static void test_distance_to_sea(void **state)
{
    const struct world *w = *state;
    const struct surface *s = &w->country->surface;
    struct xy zagreb = frame_km((struct lonlat){15.98, 45.81});
    struct xy rijeka = frame_km((struct lonlat){14.45, 45.33});
    /* Zagreb lies 120 km from the gulf of Rijeka; chamfer distances are within 8 % */
    assert_true(fabs(surface_sea_km(s, zagreb) - 120) < 12);
    assert_true(surface_sea_km(s, rijeka) < 2);
    assert_true(surface_ray_km(s, rijeka, 180, 40) < 2);
    assert_true(isinf(surface_ray_km(s, rijeka, 0, 40)));
    assert_true(country_height_m(w->country, frame_km((struct lonlat){15.0, 43.5})) < 0.5);
    assert_true(country_height_m(w->country, zagreb) > 10);
}

/* --- pictures ----------------------------------------------------------------------------------- */

static void render_at(const struct country *c, const struct scene *s, double heading_deg,
                      struct image *img)
{
    struct err e = {0};
    struct view v = {heading_deg, 90, 0, SIDE, SIDE};
    (void)c;
    assert_int_equal(render_view(c, s, &v, img, &e), 0);
}

/* The share of a picture that shows the sea: what changes when the sea is painted otherwise. */
static double sea_share(const struct country *c, struct lonlat at, double heading_deg)
{
    struct panorama pano;
    struct scene s;
    struct image real = {0};
    struct image painted = {0};
    size_t n = 0;
    panorama_here(c, at, &pano);
    panorama_scene(c, &pano, &s);
    render_at(c, &s, heading_deg, &real);
    s.sea_near = s.sea_far = (struct rgb){200, 0, 200};
    render_at(c, &s, heading_deg, &painted);
    for (size_t i = 0; i < (size_t)SIDE * SIDE; i++) {
        n += memcmp(real.rgb + 3 * i, painted.rgb + 3 * i, 3) != 0;
    }
    image_release(&real);
    image_release(&painted);
    return (double)n / (SIDE * SIDE);
}

/* Looking north, east, south and west: 1 the sea must be seen, 0 it must not, -1 either. */
static void test_sea_in_pictures(void **state)
{
    static const struct {
        const char *name;
        struct lonlat at;
        int sees[4];
    } row[] = {
        {"Zagreb", {15.98, 45.81}, {0, 0, 0, 0}},     {"Osijek", {18.69, 45.55}, {0, 0, 0, 0}},
        {"Split", {16.50, 43.51}, {0, -1, 1, 1}},     {"Rijeka", {14.45, 45.33}, {0, -1, 1, -1}},
        {"Senj", {14.92, 44.98}, {-1, 0, -1, 1}},     {"Dubrovnik", {18.15, 42.64}, {0, -1, 1, -1}},
        {"Rovinj", {13.65, 45.08}, {-1, 0, -1, 1}},   {"Cres", {14.36, 45.02}, {-1, -1, -1, 1}},
        {"Lastovo", {16.88, 42.76}, {1, -1, -1, -1}},
    };
    const struct world *w = *state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        for (int k = 0; k < 4; k++) {
            double share = sea_share(w->country, row[i].at, 90.0 * k);
            if ((row[i].sees[k] == 1 && share < 0.003) || (row[i].sees[k] == 0 && share > 0)) {
                fail_msg("%s, looking %d: %.2f %% sea", row[i].name, 90 * k, 100 * share);
            }
        }
    }
}

static void test_views_have_their_size(void **state)
{
    static const int size[][2] = {{1, 1}, {640, 640}, {640, 3}, {7, 600}};
    static const double angle[][2] = {{90, 0}, {10, 90}, {120, -90}, {120, 60}, {60, -30}};
    const struct world *w = *state;
    struct panorama pano;
    struct scene s;
    panorama_here(w->country, (struct lonlat){16.5, 43.51}, &pano);
    panorama_scene(w->country, &pano, &s);
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
        for (size_t k = 0; k < sizeof angle / sizeof angle[0]; k++) {
            struct err e = {0};
            struct image img = {0};
            struct view v = {359.5, angle[k][0], angle[k][1], size[i][0], size[i][1]};
            assert_int_equal(render_view(w->country, &s, &v, &img, &e), 0);
            assert_int_equal(img.width, size[i][0]);
            assert_int_equal(img.height, size[i][1]);
            image_release(&img);
        }
    }
}

/* The pictures are a function of seed, place and heading; another seed is another country. */
static void test_deterministic(void **state)
{
    const struct world *w = *state;
    struct err e = {0};
    struct country *again = NULL;
    struct country *other = NULL;
    struct panorama pano;
    struct scene s;
    struct image img[3] = {{0}, {0}, {0}};
    assert_int_equal(country_new(w->border, 1, &again, &e), 0);
    assert_int_equal(country_new(w->border, 2, &other, &e), 0);
    const struct country *c[3] = {w->country, again, other};
    for (int i = 0; i < 3; i++) {
        panorama_here(c[i], (struct lonlat){16.1, 45.8}, &pano);
        panorama_scene(c[i], &pano, &s);
        render_at(c[i], &s, 90, &img[i]);
    }
    assert_memory_equal(img[0].rgb, img[1].rgb, (size_t)SIDE * SIDE * 3);
    assert_true(memcmp(img[0].rgb, img[2].rgb, (size_t)SIDE * SIDE * 3) != 0);
    for (int i = 0; i < 3; i++) {
        image_release(&img[i]);
    }
    country_free(again);
    country_free(other);
}

/* tests/data/demo-contact-sheet.jpg is what `gdje-demo --contact-sheet FILE` writes, but for the
 * last digits that another compiler or another libm may choose. */
static void test_contact_sheet(void **state)
{
    const struct world *w = *state;
    struct err e = {0};
    struct image drawn = {0};
    struct image kept = {0};
    uint8_t *data = NULL;
    size_t n = 0;
    double sum = 0;
    assert_int_equal(sheet_draw(w->country, &drawn, &e), 0);
    assert_int_equal(file_read("tests/data/demo-contact-sheet.jpg", 1 << 20, &data, &n, &e), 0);
    assert_true(n < 150000);
    assert_int_equal(image_decode(data, n, 0, &kept, &e), 0);
    assert_int_equal(kept.width, drawn.width);
    assert_int_equal(kept.height, drawn.height);
    size_t n_bytes = (size_t)kept.width * (size_t)kept.height * 3;
    for (size_t i = 0; i < n_bytes; i++) {
        sum += abs(kept.rgb[i] - drawn.rgb[i]);
    }
    print_message("contact sheet: mean difference %.2f of 255\n", sum / (double)n_bytes);
    assert_true(sum / (double)n_bytes < 5); /* JPEG at quality 76 costs about 3 */
    free(data);
    image_release(&drawn);
    image_release(&kept);
}

static void test_speed(void **state)
{
    enum { N = 40 };
    const struct world *w = *state;
    struct err e = {0};
    uint64_t at = 0;
    clock_t start = clock(); /* of this process: other load does not count */
    for (int i = 0; i < N; i++) {
        struct panorama pano;
        struct scene s;
        struct image img = {0};
        uint8_t *data = NULL;
        size_t n = 0;
        struct view v = {90.0 * (i % 4), 90, 0, 640, 640};
        panorama_here(w->country, world_point(w, "speed", &at), &pano);
        panorama_scene(w->country, &pano, &s);
        assert_int_equal(render_view(w->country, &s, &v, &img, &e), 0);
        assert_int_equal(image_encode(&img, ANSWER_QUALITY, &data, &n, &e), 0);
        image_release(&img);
        free(data);
    }
    print_message("%.0f pictures of 640 x 640 per second on one core, JPEG included\n",
                  N * (double)CLOCKS_PER_SEC / (double)(clock() - start));
}

/* --- panoramas ---------------------------------------------------------------------------------- */

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
        struct lonlat p = world_point(w, stream, &at);
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
 * Two standard errors at n = 2000 are 2.2 % and 1.5 %; the second share grows with n. */
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

static void test_ids(void **state)
{
    const struct world *w = *state;
    struct err e = {0};
    struct country *other = NULL;
    uint64_t at = 0;
    int n = 0;
    assert_int_equal(country_new(w->border, 2, &other, &e), 0);
    while (n < 200) {
        struct panorama pano;
        struct panorama back = {0};
        if (!panorama_near(w->country, world_point(w, "ids", &at), 50, PANORAMA_REACH_M, &pano)) {
            continue;
        }
        n++;
        assert_int_equal(strlen(pano.id), 22);
        assert_true(panorama_by_id(w->country, pano.id, &back));
        assert_memory_equal(&pano.at, &back.at, sizeof pano.at);
        assert_string_equal(pano.date, back.date);
        assert_false(panorama_by_id(other, pano.id, &back));
        /* one character changed, and the last character's unused bits */
        pano.id[n % 21] = pano.id[n % 21] == 'A' ? 'B' : 'A';
        assert_false(panorama_by_id(w->country, pano.id, &back));
    }
    struct panorama back;
    assert_false(panorama_by_id(w->country, "", &back));
    assert_false(panorama_by_id(w->country, "AAAAAAAAAAAAAAAAAAAAAA", &back));
    assert_false(panorama_by_id(w->country, "======================", &back));
    assert_false(panorama_by_id(w->country, "AAAAAAAAAAAAAAAAAAAAAAA", &back));
    country_free(other);
}

/* The nearest of all within reach, and none outside of it; the radius asked for counts above it. */
static void test_reach(void **state)
{
    const struct world *w = *state;
    uint64_t at = 0;
    for (int i = 0; i < 100; i++) {
        struct lonlat p = world_point(w, "reach", &at);
        struct panorama near;
        struct panorama far;
        bool hit = panorama_near(w->country, p, 0, PANORAMA_REACH_M, &near);
        assert_true(panorama_near(w->country, p, 20000, PANORAMA_REACH_M, &far));
        double far_km = geo_distance_km(p, far.at);
        assert_int_equal(hit, far_km <= PANORAMA_REACH_M / 1000.0);
        if (hit) {
            assert_string_equal(near.id, far.id);
        }
        assert_false(panorama_near(w->country, p, far_km * 999, 0, &near));
        assert_true(panorama_near(w->country, p, far_km * 1001, 0, &near));
    }
    struct panorama none;
    assert_false(panorama_near(w->country, (struct lonlat){0, 0}, 1e9, 0, &none));
    assert_false(panorama_near(w->country, (struct lonlat){-163.5, -90}, 1e9, 0, &none));
}

/* --- what can be learnt ------------------------------------------------------------------------- */

#define BANDS   4 /* a picture as 4 x 4 mean colours */
#define N_TRAIN 400
#define N_TEST  150

/* Mean colours of the four views, standardised later. */
#define N_FEATURES (4 * BANDS * BANDS * 3)
struct sample {
    struct lonlat at;
    double v[N_FEATURES];
};

static void look_round(const struct country *c, const struct panorama *pano, struct sample *x)
{
    struct err e = {0};
    struct scene s;
    uint8_t small[BANDS * BANDS * 3];
    panorama_scene(c, pano, &s);
    x->at = pano->at;
    for (int k = 0; k < 4; k++) {
        struct image img = {0};
        struct view v = {90.0 * k, 90, 0, 96, 96};
        assert_int_equal(render_view(c, &s, &v, &img, &e), 0);
        assert_int_equal(image_resize(&img, BANDS, BANDS, small, &e), 0);
        image_release(&img);
        for (size_t i = 0; i < sizeof small; i++) {
            x->v[(size_t)k * sizeof small + i] = small[i];
        }
    }
}

/* The five most alike of the training places, averaged. */
static double nearest_km(const struct sample *train, const struct sample *x)
{
    enum { K = 5 };
    double best[K];
    struct lonlat at[K];
    int n = 0;
    for (int i = 0; i < N_TRAIN; i++) {
        double d = 0;
        for (int j = 0; j < N_FEATURES; j++) {
            d += (train[i].v[j] - x->v[j]) * (train[i].v[j] - x->v[j]);
        }
        int k = n < K ? n++ : K - 1;
        if (k == K - 1 && n == K && i >= K && d >= best[k]) {
            continue;
        }
        for (; k > 0 && best[k - 1] > d; k--) {
            best[k] = best[k - 1];
            at[k] = at[k - 1];
        }
        best[k] = d;
        at[k] = train[i].at;
    }
    return geo_distance_km(geo_mean(at, NULL, K), x->at);
}

/* A picture tells its region: even the five most alike of few training places, compared by 4 x 4
 * mean colours, come to less than half the error of a constant guess. */
static void test_learnable(void **state)
{
    const struct world *w = *state;
    struct sample *x = calloc(N_TRAIN + N_TEST, sizeof *x);
    struct lonlat where[N_TRAIN];
    uint64_t at = 0;
    int n = 0;
    assert_non_null(x);
    while (n < N_TRAIN + N_TEST) {
        struct panorama pano;
        if (panorama_near(w->country, world_point(w, "learn", &at), 50, PANORAMA_REACH_M, &pano)) {
            look_round(w->country, &pano, &x[n++]);
        }
    }
    for (int i = 0; i < N_TRAIN; i++) {
        where[i] = x[i].at;
    }
    struct lonlat middle = geo_mean(where, NULL, N_TRAIN);
    double constant = 0;
    double learnt = 0;
    for (int i = N_TRAIN; i < N_TRAIN + N_TEST; i++) {
        constant += geo_distance_km(middle, x[i].at) / N_TEST;
        learnt += nearest_km(x, &x[i]) / N_TEST;
    }
    print_message("constant guess %.0f km, five nearest of %d by mean colours %.0f km\n", constant,
                  N_TRAIN, learnt);
    assert_true(constant > 110 && constant < 150);
    assert_true(learnt < constant / 2);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_land_and_sea),
        cmocka_unit_test(test_distance_to_sea),
        cmocka_unit_test(test_sea_in_pictures),
        cmocka_unit_test(test_views_have_their_size),
        cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_contact_sheet),
        cmocka_unit_test(test_speed),
        cmocka_unit_test(test_coverage),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_reach),
        cmocka_unit_test(test_learnable),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
