/* SPDX-License-Identifier: MIT */
/*
 * Views cut from panoramas that are functions of the direction: where each part of the view is, to
 * a fraction of a pixel, by three independent routes - spots of known directions, the displacement
 * that best explains the difference to the function itself, and a plain bilinear look in double.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/geo.h"
#include "core/rng.h"
#include "fetch/equirect.h"

#define RAD (GEO_PI / 180)

struct vec {
    double e, n, u; /* east, north, up */
};

static struct vec direction(double lon_deg, double lat_deg)
{
    double c = cos(lat_deg * RAD);
    return (struct vec){c * sin(lon_deg * RAD), c * cos(lon_deg * RAD), sin(lat_deg * RAD)};
}

static double dot(struct vec a, struct vec b)
{
    return a.e * b.e + a.n * b.n + a.u * b.u;
}

/* The camera's axes in the world. */
struct camera {
    struct vec right, up, ahead;
    double focal_px, middle_x, middle_y;
};

static struct camera camera_of(const struct equirect_view *v)
{
    return (struct camera){
        .right = direction(v->heading_deg + 90, 0),
        .up = direction(v->heading_deg, v->pitch_deg + 90),
        .ahead = direction(v->heading_deg, v->pitch_deg),
        .focal_px = v->width / 2.0 / tan(v->fov_deg / 2 * RAD),
        .middle_x = v->width / 2.0,
        .middle_y = v->height / 2.0,
    };
}

/* Where the centre of pixel (i, j) looks. */
static struct vec look_at(const struct camera *c, double i, double j)
{
    double x = (i + 0.5 - c->middle_x) / c->focal_px;
    double y = (c->middle_y - j - 0.5) / c->focal_px;
    double length = sqrt(x * x + y * y + 1);
    return (struct vec){(c->right.e * x + c->up.e * y + c->ahead.e) / length,
                        (c->right.n * x + c->up.n * y + c->ahead.n) / length,
                        (c->right.u * x + c->up.u * y + c->ahead.u) / length};
}

typedef void colour_fn(const void *ctx, struct vec d, double rgb[3]);

/* A panorama of a function, sampled at pixel centres. */
static struct image paint(int width, double centre_heading_deg, colour_fn *colour, const void *ctx)
{
    struct err e = {0};
    struct image img = {0};
    assert_int_equal(image_new(&img, width, width / 2, &e), 0);
    for (int j = 0; j < img.height; j++) {
        for (int i = 0; i < width; i++) {
            double rgb[3];
            double lon = centre_heading_deg + ((i + 0.5) / width - 0.5) * 360;
            double lat = 90 - (j + 0.5) / img.height * 180;
            colour(ctx, direction(lon, lat), rgb);
            for (int ch = 0; ch < 3; ch++) {
                img.rgb[3 * ((size_t)j * (size_t)width + (size_t)i) + (size_t)ch] =
                    (uint8_t)lrint(rgb[ch]);
            }
        }
    }
    return img;
}

static struct image cut(const struct image *pano, double centre, const struct equirect_view *v)
{
    struct err e = {0};
    struct image out = {0};
    if (equirect_cut(pano, centre, v, &out, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    assert_int_equal(out.width, v->width);
    assert_int_equal(out.height, v->height);
    return out;
}

static double pixel(const struct image *img, int i, int j, int ch)
{
    return img->rgb[3 * ((size_t)j * (size_t)img->width + (size_t)i) + (size_t)ch];
}

static const struct equirect_view views[] = {
    {0, 0, 90, 640, 640},       {90, 0, 90, 640, 640},    {180, 0, 90, 640, 640},
    {270, 0, 90, 640, 640},     {37.5, 0, 90, 512, 512},  {-20, 10, 60, 320, 200},
    {359.9, -35, 75, 401, 300}, {123, 60, 100, 300, 401}, {200, 90, 90, 256, 256},
    {301, -90, 70, 255, 255},   {77, 15, 90, 160, 160},   {12, -5, 40, 100, 75},
    {245, 0, 130, 640, 400},    {66, 30, 25, 640, 480},
};
#define N_VIEWS (sizeof views / sizeof views[0])

static const double centres[] = {0, 180, -123.4};
#define N_CENTRES (sizeof centres / sizeof centres[0])

/* --- spots of known directions ---------------------------------------------------------------------- */

#define N_SPOTS     120
#define SPOT_RADIUS 0.008 /* radian: the bell's width */

struct spots {
    struct vec at[N_SPOTS];
};

/* Spread evenly over the sphere: a spiral. */
static struct spots spots(void)
{
    struct spots s;
    for (int i = 0; i < N_SPOTS; i++) {
        double lat = asin(1 - (2 * i + 1.0) / N_SPOTS) / RAD;
        s.at[i] = direction(i * 137.50776405, lat);
    }
    return s;
}

static void spotted(const void *ctx, struct vec d, double rgb[3])
{
    const struct spots *s = ctx;
    double sum = 0;
    for (int i = 0; i < N_SPOTS; i++) {
        double c = dot(d, s->at[i]);
        if (c > 0.99) {
            sum +=
                exp((c - 1) / (SPOT_RADIUS * SPOT_RADIUS)); /* 1 - c is half the angle's square */
        }
    }
    rgb[0] = rgb[1] = rgb[2] = fmin(255 * sum, 255);
}

/* Distance between where a spot is to appear and the centre of what appears there; negative when
 * it is not wholly in the view. */
static double spot_error(const struct image *img, const struct camera *c, struct vec at)
{
    double z = dot(at, c->ahead);
    if (z < 0.2) {
        return -1;
    }
    double x = c->middle_x + c->focal_px * dot(at, c->right) / z - 0.5; /* -0.5: of pixel centres */
    double y = c->middle_y - c->focal_px * dot(at, c->up) / z - 0.5;
    int radius = (int)ceil(4 * SPOT_RADIUS * c->focal_px / (z * z)) + 2;
    if (x < radius || y < radius || x >= img->width - radius || y >= img->height - radius) {
        return -1;
    }
    double sum = 0;
    double sum_x = 0;
    double sum_y = 0;
    double expect = 0;
    double expect_x = 0;
    double expect_y = 0;
    for (int j = (int)y - radius; j <= (int)y + radius; j++) {
        for (int i = (int)x - radius; i <= (int)x + radius; i++) {
            double v = pixel(img, i, j, 0);
            double w = exp((dot(look_at(c, i, j), at) - 1) / (SPOT_RADIUS * SPOT_RADIUS));
            sum += v;
            sum_x += v * i;
            sum_y += v * j;
            expect += w;
            expect_x += w * i;
            expect_y += w * j;
        }
    }
    /* the perspective of a round spot off the middle is no round spot: its centre moves */
    return hypot(sum_x / sum - expect_x / expect, sum_y / sum - expect_y / expect);
}

static void test_spots(void **state)
{
    (void)state;
    struct spots s = spots();
    double worst = 0;
    int n = 0;
    for (size_t k = 0; k < N_CENTRES; k++) {
        struct image pano = paint(2048, centres[k], spotted, &s);
        for (size_t i = k; i < N_VIEWS; i += N_CENTRES) {
            struct camera c = camera_of(&views[i]);
            struct image img = cut(&pano, centres[k], &views[i]);
            for (int spot = 0; spot < N_SPOTS; spot++) {
                double off = spot_error(&img, &c, s.at[spot]);
                n += off >= 0;
                worst = fmax(worst, off);
            }
            image_release(&img);
        }
        image_release(&pano);
    }
    print_message("spots: the worst of %d is %.3f px from where it should be\n", n, worst);
    assert_true(n > 100);
    assert_true(worst < 0.5);
}

/* --- displacement everywhere ------------------------------------------------------------------------- */

static const struct vec axis[3] = {{0.36, 0.48, 0.8}, {-0.8, 0.6, 0}, {0.48, 0.64, -0.6}};

/* Waves about three axes; *ctx: how many radians of phase per radian of angle. */
static void waves(const void *ctx, struct vec d, double rgb[3])
{
    const double *k = ctx;
    for (int ch = 0; ch < 3; ch++) {
        rgb[ch] = 127.5 + 120 * sin(*k * dot(d, axis[ch]) + ch);
    }
}

#define BLOCK 20

/* The displacement (px) that best explains, to first order and in the least squares, how a block of
 * the view differs from the function itself. */
static double displacement(const struct image *img, const struct camera *c, int i0, int j0,
                           double k)
{
    double xx = 0;
    double xy = 0;
    double yy = 0;
    double xd = 0;
    double yd = 0;
    for (int j = j0; j < j0 + BLOCK; j++) {
        for (int i = i0; i < i0 + BLOCK; i++) {
            double here[3];
            double right[3];
            double below[3];
            waves(&k, look_at(c, i, j), here);
            waves(&k, look_at(c, i + 0.01, j), right);
            waves(&k, look_at(c, i, j + 0.01), below);
            for (int ch = 0; ch < 3; ch++) {
                double gx = (right[ch] - here[ch]) / 0.01;
                double gy = (below[ch] - here[ch]) / 0.01;
                double d = pixel(img, i, j, ch) - here[ch];
                xx += gx * gx;
                xy += gx * gy;
                yy += gy * gy;
                xd += gx * d;
                yd += gy * d;
            }
        }
    }
    double det = xx * yy - xy * xy;
    assert_true(det > 1e-3 * xx * yy); /* the waves run in more than one direction */
    return hypot((yy * xd - xy * yd) / det, (xx * yd - xy * xd) / det);
}

static void test_displacement(void **state)
{
    (void)state;
    double worst = 0;
    int n = 0;
    for (size_t m = 0; m < N_CENTRES; m++) {
        for (size_t i = m; i < N_VIEWS; i += N_CENTRES) {
            struct camera c = camera_of(&views[i]);
            /* a wavelength of 14 px, of the panorama's or of the view's, whichever are larger */
            double k = 2 * GEO_PI / 14 * fmin(2048 / (2 * GEO_PI), c.focal_px);
            struct image pano = paint(2048, centres[m], waves, &k);
            struct image img = cut(&pano, centres[m], &views[i]);
            for (int y = 0; y + BLOCK <= img.height; y += BLOCK) {
                for (int x = 0; x + BLOCK <= img.width; x += BLOCK) {
                    worst = fmax(worst, displacement(&img, &c, x, y, k));
                    n++;
                }
            }
            image_release(&img);
            image_release(&pano);
        }
    }
    print_message("waves: the worst of %d blocks is displaced by %.3f px\n", n, worst);
    assert_true(n > 5000);
    assert_true(worst < 0.5);
}

/* --- the plain way -------------------------------------------------------------------------------------- */

/* The panorama at a direction: bilinear, in double. */
static double plain_look(const struct image *pano, double centre_deg, struct vec d, int ch)
{
    double lon = atan2(d.e, d.n) / RAD - centre_deg;
    double x = (lon / 360 + 0.5) * pano->width - 0.5;
    double y = (0.5 - asin(fmax(fmin(d.u, 1), -1)) / GEO_PI) * pano->height - 0.5;
    y = fmin(fmax(y, 0), pano->height - 1);
    x -= floor(x / pano->width) * pano->width;
    int i = (int)x % pano->width;
    int j = (int)y;
    int next = (i + 1) % pano->width;
    int below = j + 1 < pano->height ? j + 1 : j;
    double fx = x - floor(x);
    double fy = y - j;
    return (pixel(pano, i, j, ch) * (1 - fx) + pixel(pano, next, j, ch) * fx) * (1 - fy) +
           (pixel(pano, i, below, ch) * (1 - fx) + pixel(pano, next, below, ch) * fx) * fy;
}

static void test_as_in_double(void **state)
{
    (void)state;
    struct image pano = {0};
    struct err e = {0};
    double worst = 0;
    assert_int_equal(image_new(&pano, 1024, 512, &e), 0);
    for (size_t i = 0; i < (size_t)1024 * 512 * 3; i++) {
        pano.rgb[i] = (uint8_t)rng_below(1, 2, i, 256);
    }
    for (size_t m = 0; m < N_CENTRES; m++) {
        for (size_t v = 0; v < N_VIEWS; v++) {
            struct camera c = camera_of(&views[v]);
            struct image img = cut(&pano, centres[m], &views[v]);
            int looks = (int)fmax(ceil(1024 / (2 * GEO_PI) / c.focal_px / 1.25), 1);
            for (int at = 0; at < img.width * img.height; at += 7) {
                double sum = 0;
                for (int k = 0; k < looks * looks; k++) {
                    double i = at % img.width + (k % looks + 0.5) / looks - 0.5;
                    double j = (double)(at / img.width) + ((double)(k / looks) + 0.5) / looks - 0.5;
                    sum += plain_look(&pano, centres[m], look_at(&c, i, j), at % 3);
                }
                double off =
                    pixel(&img, at % img.width, at / img.width, at % 3) - sum / (looks * looks);
                worst = fmax(worst, fabs(off));
            }
            image_release(&img);
        }
    }
    image_release(&pano);
    print_message("noise: at most %.2f grey levels from bilinear in double\n", worst);
    assert_true(worst < 2);
}

static void test_fine_panorama_does_not_alias(void **state)
{
    (void)state;
    struct err e = {0};
    struct image pano = {0};
    struct equirect_view v = {30, 5, 90, 160, 160};
    int lowest = 255;
    int highest = 0;
    assert_int_equal(image_new(&pano, 4096, 2048, &e), 0);
    for (size_t i = 0; i < (size_t)4096 * 2048; i++) {
        memset(pano.rgb + 3 * i, (i + i / 4096) % 2 ? 255 : 0, 3); /* a fine chequer: grey */
    }
    struct image img = cut(&pano, 0, &v);
    for (size_t i = 0; i < (size_t)160 * 160 * 3; i++) {
        lowest = img.rgb[i] < lowest ? img.rgb[i] : lowest;
        highest = img.rgb[i] > highest ? img.rgb[i] : highest;
    }
    print_message("chequer: %d to %d\n", lowest, highest);
    assert_true(lowest > 64 && highest < 191);
    image_release(&img);
    image_release(&pano);
    assert_int_equal(equirect_rows(&v), 252); /* 80 px per radian, pi radians */
}

static void test_refusals(void **state)
{
    (void)state;
    struct image pano = {0};
    struct image out = {0};
    struct err e = {0};
    static const struct equirect_view good = {0, 0, 90, 64, 64};
    static const struct equirect_view bad[] = {
        {NAN, 0, 90, 64, 64},  {0, 91, 90, 64, 64},  {0, NAN, 90, 64, 64}, {0, 0, 0, 64, 64},
        {0, 0, 180, 64, 64},   {0, 0, NAN, 64, 64},  {0, 0, 90, 0, 64},    {0, 0, 90, 64, -1},
        {0, 0, 90, 10000, 64}, {0, 0, 90, 64, 10000}};
    assert_int_equal(image_new(&pano, 400, 200, &e), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(equirect_cut(&pano, 0, &bad[i], &out, &e), -1);
        assert_int_equal(e.kind, ERR_INPUT);
        assert_non_null(strstr(e.msg, "there is no view"));
    }
    assert_int_equal(equirect_cut(&pano, INFINITY, &good, &out, &e), -1);
    pano.height = 100; /* twice as flat */
    assert_int_equal(equirect_cut(&pano, 0, &good, &out, &e), -1);
    assert_non_null(strstr(e.msg, "400 x 100 is no panorama"));
    assert_null(out.rgb);
    pano.height = 199; /* a camera that rounds */
    assert_int_equal(equirect_cut(&pano, 0, &good, &out, &e), 0);
    image_release(&out);
    image_release(&pano);
}

static double cpu_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The figure is printed, not demanded: sanitizers and busy machines have their own. */
static void test_speed(void **state)
{
    (void)state;
    struct err e = {0};
    struct image pano = {0};
    double best = HUGE_VAL;
    assert_int_equal(image_new(&pano, 2048, 1024, &e), 0);
    for (int i = 0; i < 12; i++) {
        const struct equirect_view v = {90.0 * i, 0, 90, 640, 640};
        double start = cpu_ms();
        struct image img = cut(&pano, 0, &v);
        best = fmin(best, cpu_ms() - start);
        image_release(&img);
    }
    print_message("640 x 640 from 2048 x 1024: %.1f ms\n", best);
    image_release(&pano);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spots),        cmocka_unit_test(test_displacement),
        cmocka_unit_test(test_as_in_double), cmocka_unit_test(test_fine_panorama_does_not_alias),
        cmocka_unit_test(test_refusals),     cmocka_unit_test(test_speed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
