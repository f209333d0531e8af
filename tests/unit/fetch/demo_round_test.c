/* SPDX-License-Identifier: MIT */
/*
 * Round pictures against views: what the fetcher cuts out of a round picture is what the demo
 * shows that way directly. The fetcher's cutting and the demo's drawing know nothing of each other.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/image.h"
#include "fetch/demo/render.h"
#include "fetch/equirect.h"
#include "tests/unit/fetch/demo_world.h"

enum { PLACES = 24, SIDE = 384, SMALL = 48 };

/* Mean absolute difference, 0..255, when both are made so small that the grain does not count. */
static double difference(const struct image *a, const struct image *b)
{
    struct err e = {0};
    static uint8_t small[2][SMALL * SMALL * 3];
    double sum = 0;
    assert_int_equal(image_resize(a, SMALL, SMALL, small[0], &e), 0);
    assert_int_equal(image_resize(b, SMALL, SMALL, small[1], &e), 0);
    for (int i = 0; i < SMALL * SMALL * 3; i++) {
        sum += abs(small[0][i] - small[1][i]);
    }
    return sum / (SMALL * SMALL * 3);
}

static void scene_at(const struct world *w, uint64_t *i, struct scene *s)
{
    struct panorama pano;
    panorama_here(w->country, world_point(w, "round", i), &pano);
    panorama_scene(w->country, &pano, s);
}

static void view_of(const struct world *w, const struct scene *s, double heading, double fov,
                    struct image *img)
{
    struct err e = {0};
    struct view v = {heading, fov, 0, SIDE, SIDE};
    assert_int_equal(render_view(w->country, s, &v, img, &e), 0);
}

static void cut_of(const struct world *w, const struct scene *s, double middle, double heading,
                   double fov, struct image *img)
{
    struct err e = {0};
    struct image around = {0};
    struct equirect_view v = {heading, 0, fov, SIDE, SIDE};
    assert_int_equal(render_round(w->country, s, middle, 2048, &around, &e), 0);
    assert_int_equal(around.width, 2048);
    assert_int_equal(around.height, 1024);
    assert_int_equal(equirect_cut(&around, middle, &v, img, &e), 0);
    image_release(&around);
}

/* The four views of a panorama differ by less than 5 of 255 on average from what is cut, by less than
 * 12 at the worst place; the next view differs by 40. What differs is the sky, of which a view takes
 * a row for one elevation, and things at a view's sides, which are drawn as boards before its plane. */
static void test_four_views(void **state)
{
    const struct world *w = *state;
    uint64_t at = 0;
    double sum = 0;
    double worst = 0;
    double sum_other = 0;
    for (int i = 0; i < PLACES; i++) {
        struct scene s;
        struct image cut = {0};
        struct image seen = {0};
        struct image other = {0};
        double heading = 90.0 * (i % 4);
        scene_at(w, &at, &s);
        cut_of(w, &s, 37.5 * i, heading, 90, &cut);
        view_of(w, &s, heading, 90, &seen);
        view_of(w, &s, heading + 90, 90, &other);
        double d = difference(&cut, &seen);
        sum += d;
        worst = fmax(worst, d);
        sum_other += difference(&cut, &other);
        image_release(&cut);
        image_release(&seen);
        image_release(&other);
    }
    print_message("cut from the round picture: %.2f of 255 from the view, %.2f at worst; the next "
                  "view: %.2f\n",
                  sum / PLACES, worst, sum_other / PLACES);
    assert_true(sum / PLACES < 5);
    assert_true(worst < 12);
    assert_true(sum_other / PLACES > 30);
}

/* Any heading and the angle of a camera: as near, but for houses, which show the side that the
 * nearest of the four headings shows. */
static void test_any_heading(void **state)
{
    const struct world *w = *state;
    uint64_t at = 1000;
    double sum = 0;
    double worst = 0;
    for (int i = 0; i < PLACES; i++) {
        struct scene s;
        struct image cut = {0};
        struct image seen = {0};
        double heading = 360.0 * (i * 0.6180339887 - floor(i * 0.6180339887));
        scene_at(w, &at, &s);
        cut_of(w, &s, 360 - 11.0 * i, heading, 70, &cut);
        view_of(w, &s, heading, 70, &seen);
        double d = difference(&cut, &seen);
        sum += d;
        worst = fmax(worst, d);
        image_release(&cut);
        image_release(&seen);
    }
    print_message("at any heading: %.2f of 255, %.2f at worst\n", sum / PLACES, worst);
    assert_true(sum / PLACES < 5);
    assert_true(worst < 12);
}

/* The same scene from another middle is the same picture, turned: a quarter of the width for a
 * quarter of the circle. Dithering differs. */
static void test_turned(void **state)
{
    const struct world *w = *state;
    struct err e = {0};
    uint64_t at = 2000;
    struct scene s;
    struct image a = {0};
    struct image b = {0};
    double sum = 0;
    scene_at(w, &at, &s);
    assert_int_equal(render_round(w->country, &s, 30, 1024, &a, &e), 0);
    assert_int_equal(render_round(w->country, &s, 120, 1024, &b, &e), 0);
    for (int y = 0; y < 512; y++) {
        for (int x = 0; x < 1024; x++) {
            const uint8_t *p = a.rgb + 3 * ((size_t)y * 1024 + (size_t)x);
            const uint8_t *q = b.rgb + 3 * ((size_t)y * 1024 + (size_t)(x + 768) % 1024);
            sum += abs(p[1] - q[1]);
        }
    }
    print_message("turned by a quarter: %.2f of 255\n", sum / (1024 * 512));
    assert_true(sum / (1024 * 512) < 5);
    image_release(&a);
    image_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_four_views),
        cmocka_unit_test(test_any_heading),
        cmocka_unit_test(test_turned),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
