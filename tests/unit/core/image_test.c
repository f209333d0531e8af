/* SPDX-License-Identifier: MIT */
/* Decoding and resizing against Pillow (tests/reference/make_image.py), and JPEGs that are not
 * what they say: our own, and the collection in ../shared/data/jpeg-edge when it is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "core/csv.h"
#include "core/file.h"
#include "core/image.h"

#define DATA "tests/data/image/"
#define EDGE "../shared/data/jpeg-edge/"

struct bytes {
    uint8_t *p;
    size_t n;
};

static struct bytes slurp(const char *path)
{
    struct err e = {0};
    struct bytes b = {0};
    if (file_read(path, IMAGE_MAX_BYTES, &b.p, &b.n, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    return b;
}

static unsigned u16(const uint8_t *p)
{
    return p[0] | (unsigned)p[1] << 8;
}

/* make_image.py's picture(). */
static void picture(struct image *img, int width, int height)
{
    struct err e = {0};
    assert_int_equal(image_new(img, width, height, &e), 0);
    uint8_t *p = img->rgb;
    for (uint32_t y = 0; y < (uint32_t)height; y++) {
        for (uint32_t x = 0; x < (uint32_t)width; x++) {
            for (uint32_t c = 0; c < 3; c++) {
                uint32_t noise = x * 2654435761u + y * 2246822519u + c * 3266489917u;
                noise ^= noise >> 15;
                uint32_t v = x * 3 + y * 2 * (c + 1) + (noise * 668265263u >> 26);
                v = (x / 9 + y / 7) % 5 == 0 ? 255 * (c % 2) : v;
                *p++ = (uint8_t)v;
            }
        }
    }
}

static void assert_near(const uint8_t *a, const uint8_t *b, size_t n, int tolerance)
{
    for (size_t i = 0; i < n; i++) {
        if (abs(a[i] - b[i]) > tolerance) {
            fail_msg("byte %zu of %zu is %d, should be %d", i, n, a[i], b[i]);
        }
    }
}

static void test_resize_agrees_with_pillow(void **state)
{
    (void)state;
    struct err e = {0};
    struct bytes ref = slurp(DATA "resize.bin");
    int n_cases = 0;
    for (size_t at = 0; at < ref.n;) {
        struct image img;
        const uint8_t *head = ref.p + at;
        int w = (int)u16(head + 4);
        int h = (int)u16(head + 6);
        size_t n = (size_t)w * (size_t)h * 3;
        uint8_t *out = malloc(n);
        assert_non_null(out);
        picture(&img, (int)u16(head), (int)u16(head + 2));
        if (u16(head + 8)) {
            assert_int_equal(image_fit(&img, w, out, &e), 0);
        } else {
            assert_int_equal(image_resize(&img, w, h, out, &e), 0);
        }
        assert_near(out, head + 10, n, 1);
        image_release(&img);
        free(out);
        at += 10 + n;
        n_cases++;
    }
    assert_int_equal(n_cases, 17);
    free(ref.p);
}

static void test_flat_and_extreme_pictures_stay_so(void **state)
{
    (void)state;
    struct err e = {0};
    struct image img;
    uint8_t out[48 * 48 * 3];
    static const uint8_t levels[] = {0, 1, 127, 254, 255};
    for (size_t k = 0; k < sizeof levels; k++) {
        assert_int_equal(image_new(&img, 701, 401, &e), 0);
        memset(img.rgb, levels[k], (size_t)img.width * (size_t)img.height * 3);
        assert_int_equal(image_fit(&img, 48, out, &e), 0);
        for (size_t i = 0; i < sizeof out; i++) {
            assert_int_equal(out[i], levels[k]);
        }
        image_release(&img);
    }
    assert_int_equal(image_fit(&img, 48, out, &e), -1); /* released */
    assert_int_equal(image_new(&img, 2, 2, &e), 0);
    assert_int_equal(image_fit(&img, 0, out, &e), -1);
    image_release(&img);
}

static double triangle(double x)
{
    return fabs(x) < 1 ? 1 - fabs(x) : 0;
}

/* [h_out, w_out, 3] in f64, as the filter is defined. */
static double *resize_slowly(const struct image *img, int w_out, int h_out)
{
    double *out = calloc((size_t)w_out * (size_t)h_out * 3, sizeof *out);
    double sx = (double)img->width / w_out;
    double sy = (double)img->height / h_out;
    assert_non_null(out);
    for (int y = 0; y < h_out; y++) {
        for (int x = 0; x < w_out; x++) {
            double *to = out + 3 * ((size_t)y * (size_t)w_out + (size_t)x);
            double sum = 0;
            for (int j = 0; j < img->height; j++) {
                double wy = triangle((j + 0.5 - (y + 0.5) * sy) / fmax(sy, 1));
                for (int i = 0; wy > 0 && i < img->width; i++) {
                    double w = wy * triangle((i + 0.5 - (x + 0.5) * sx) / fmax(sx, 1));
                    const uint8_t *p = img->rgb + 3 * (j * img->width + i);
                    sum += w;
                    to[0] += w * p[0];
                    to[1] += w * p[1];
                    to[2] += w * p[2];
                }
            }
            to[0] /= sum;
            to[1] /= sum;
            to[2] /= sum;
        }
    }
    return out;
}

/* From one source row per result to thousands, which are added up in a different way. */
static void test_resize_is_what_it_is_defined_as(void **state)
{
    (void)state;
    static const int t[][4] = {{640, 64, 224, 23}, {640, 64, 64, 8}, {300, 171, 33, 10},
                               {9, 4000, 3, 5},    {3001, 9, 2, 4},  {1000, 1000, 1, 1},
                               {7, 5, 20, 30},     {2, 20000, 1, 1}, {31, 97, 31, 97}};
    for (size_t k = 0; k < sizeof t / sizeof *t; k++) {
        struct err e = {0};
        struct image img;
        size_t n = (size_t)t[k][2] * (size_t)t[k][3] * 3;
        uint8_t *out = malloc(n);
        assert_non_null(out);
        picture(&img, t[k][0], t[k][1]);
        assert_int_equal(image_resize(&img, t[k][2], t[k][3], out, &e), 0);
        double *exact = resize_slowly(&img, t[k][2], t[k][3]);
        for (size_t i = 0; i < n; i++) {
            if (fabs(out[i] - exact[i]) > 0.6) {
                fail_msg("case %zu: byte %zu is %d, should be %g", k, i, out[i], exact[i]);
            }
        }
        free(exact);
        free(out);
        image_release(&img);
    }
}

/* Pixels as in a .rgb file at p: the reference's libjpeg may round chroma differently by one. */
static void assert_pixels(const struct image *img, const uint8_t *p)
{
    assert_int_equal(img->width, u16(p));
    assert_int_equal(img->height, u16(p + 2));
    assert_near(img->rgb, p + 4, (size_t)img->width * (size_t)img->height * 3, 1);
}

static void test_decode_agrees_with_pillow(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int n_components;
        bool progressive;
    } t[] = {{"plain", 3, false},
             {"full", 3, false},
             {"grey", 1, false},
             {"cmyk", 4, false},
             {"progressive", 3, true}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct err e = {0};
        struct image img;
        struct image_info info;
        char path[128];
        (void)snprintf(path, sizeof path, DATA "%s.jpg", t[i].name);
        struct bytes jpeg = slurp(path);
        (void)snprintf(path, sizeof path, DATA "%s.rgb", t[i].name);
        struct bytes ref = slurp(path);
        assert_int_equal(image_decode(jpeg.p, jpeg.n, 0, &img, &e), 0);
        assert_pixels(&img, ref.p);
        image_release(&img);
        assert_int_equal(image_read_info(jpeg.p, jpeg.n, &info, &e), 0);
        assert_int_equal(info.width, 35);
        assert_int_equal(info.height, 22);
        assert_int_equal(info.n_components, t[i].n_components);
        assert_int_equal(info.progressive, t[i].progressive);
        assert_int_equal(info.orientation, 1);
        free(jpeg.p);
        free(ref.p);
    }
}

/* plain.jpg with an EXIF segment behind SOI that says orientation o, in either byte order. */
static struct bytes with_orientation(const struct bytes *jpeg, uint8_t o, bool big)
{
    static const uint8_t le[] = {0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0,    0, 'I', 'I',
                                 42,   0,    8, 0,  0,   0,   1,   0,   0x12, 1, 3,   0,
                                 1,    0,    0, 0,  0,   0,   0,   0,   0,    0, 0,   0};
    static const uint8_t be[] = {0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0,    'M', 'M',
                                 0,    42,   0, 0,  0,   8,   0,   1,   1, 0x12, 0,   3,
                                 0,    0,    0, 1,  0,   0,   0,   0,   0, 0,    0,   0};
    struct bytes b = {malloc(jpeg->n + sizeof le), jpeg->n + sizeof le};
    assert_non_null(b.p);
    memcpy(b.p, jpeg->p, 2);
    memcpy(b.p + 2, big ? be : le, sizeof le);
    b.p[2 + (big ? 29 : 28)] = o;
    memcpy(b.p + 2 + sizeof le, jpeg->p + 2, jpeg->n - 2);
    return b;
}

static void test_orientation(void **state)
{
    (void)state;
    struct bytes jpeg = slurp(DATA "plain.jpg");
    struct bytes ref = slurp(DATA "orient.bin");
    for (int k = 0; k < 16; k++) {
        struct err e = {0};
        struct image img;
        struct image_info info;
        int o = k / 2 + 1;
        struct bytes turned = with_orientation(&jpeg, (uint8_t)o, k % 2 == 1);
        assert_int_equal(image_read_info(turned.p, turned.n, &info, &e), 0);
        assert_int_equal(info.orientation, o);
        assert_int_equal(info.width, 35);
        assert_int_equal(image_decode(turned.p, turned.n, 0, &img, &e), 0);
        assert_pixels(&img, ref.p + (size_t)(o - 1) * (4 + 35 * 22 * 3));
        image_release(&img);
        free(turned.p);
    }
    struct err e = {0};
    struct image_info info;
    struct bytes odd = with_orientation(&jpeg, 9, false);
    assert_int_equal(image_read_info(odd.p, odd.n, &info, &e), 0);
    assert_int_equal(info.orientation, 1);
    free(odd.p);
    free(jpeg.p);
    free(ref.p);
}

/* The short way from a JPEG to a square, and the long one over the whole picture as RGB. */
static void assert_fits(const uint8_t *jpeg, size_t n, int tolerance)
{
    static const int sizes[] = {1, 8, 21, 64};
    struct err e = {0};
    struct image img;
    assert_int_equal(image_decode(jpeg, n, 0, &img, &e), 0);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        uint8_t slow[64 * 64 * 3];
        uint8_t fast[64 * 64 * 3];
        struct image_form form = {.size_px = sizes[k]};
        assert_int_equal(image_fit(&img, sizes[k], slow, &e), 0);
        assert_int_equal(image_decode_fit(jpeg, n, &form, fast, &e), 0);
        assert_near(fast, slow, (size_t)sizes[k] * (size_t)sizes[k] * 3, tolerance);
    }
    image_release(&img);
}

static void test_fit_is_decode_and_resize(void **state)
{
    (void)state;
    static const char *const name[] = {"plain", "full", "grey", "cmyk", "progressive"};
    static const int sides[][2] = {{640, 480}, {101, 67}, {67, 102}, {16, 16},
                                   {17, 1},    {1, 2},    {3, 3}};
    struct err e = {0};
    for (size_t k = 0; k < sizeof name / sizeof *name; k++) {
        char path[64];
        (void)snprintf(path, sizeof path, DATA "%s.jpg", name[k]);
        struct bytes jpeg = slurp(path);
        assert_fits(jpeg.p, jpeg.n, 0);
        free(jpeg.p);
    }
    for (size_t k = 0; k < sizeof sides / sizeof *sides; k++) {
        struct image img;
        struct bytes jpeg;
        picture(&img, sides[k][0], sides[k][1]);
        assert_int_equal(image_encode(&img, 90, &jpeg.p, &jpeg.n, &e), 0);
        assert_fits(jpeg.p, jpeg.n, 0);
        free(jpeg.p);
        image_release(&img);
    }
    /* turned after it was made small: both directions are rounded, in another order */
    struct bytes plain = slurp(DATA "plain.jpg");
    for (uint8_t o = 1; o <= 8; o++) {
        struct bytes turned = with_orientation(&plain, o, false);
        assert_fits(turned.p, turned.n, o == 1 ? 0 : 1);
        free(turned.p);
    }
    free(plain.p);
}

/* Reduced decoding of a smooth picture is close; of whatever size, all of dst is written. */
static void test_fast_fit(void **state)
{
    (void)state;
    static const int sides[][2] = {{640, 640}, {333, 250}, {90, 64}, {20, 20}};
    struct err e = {0};
    for (size_t k = 0; k < sizeof sides / sizeof *sides; k++) {
        struct image img;
        struct bytes jpeg;
        uint8_t exact[64 * 64 * 3];
        uint8_t fast[64 * 64 * 3];
        struct image_form form = {.size_px = 64};
        assert_int_equal(image_new(&img, sides[k][0], sides[k][1], &e), 0);
        for (int i = 0; i < img.width * img.height; i++) {
            img.rgb[3 * i] = (uint8_t)(i % img.width * 255 / img.width);
            img.rgb[3 * i + 1] = (uint8_t)(i / img.width * 255 / img.height);
            img.rgb[3 * i + 2] = 200;
        }
        assert_int_equal(image_encode(&img, 90, &jpeg.p, &jpeg.n, &e), 0);
        assert_int_equal(image_decode_fit(jpeg.p, jpeg.n, &form, exact, &e), 0);
        form.fast = true;
        assert_int_equal(image_decode_fit(jpeg.p, jpeg.n, &form, fast, &e), 0);
        assert_near(fast, exact, sizeof fast, 4);
        free(jpeg.p);
        image_release(&img);
    }
}

static void test_encode_then_decode(void **state)
{
    (void)state;
    struct err e = {0};
    struct image img;
    struct image back;
    uint8_t *data = NULL;
    size_t n = 0;
    assert_int_equal(image_new(&img, 64, 48, &e), 0);
    for (size_t i = 0; i < (size_t)64 * 48; i++) {
        img.rgb[3 * i] = (uint8_t)(i % 64 * 4);
        img.rgb[3 * i + 1] = (uint8_t)(i / 64 * 5);
        img.rgb[3 * i + 2] = 90;
    }
    assert_int_equal(image_encode(&img, 95, &data, &n, &e), 0);
    assert_int_equal(image_decode(data, n, 0, &back, &e), 0);
    assert_int_equal(back.width, 64);
    assert_near(back.rgb, img.rgb, (size_t)64 * 48 * 3, 12);
    image_release(&back);
    assert_int_equal(image_decode(data, n, 12, &back, &e), 0); /* 1/4: 16 x 12 */
    assert_int_equal(back.width, 16);
    assert_int_equal(back.height, 12);
    image_release(&back);
    image_release(&img);
    assert_int_equal(image_encode(&img, 95, &data, &n, &e), -1);
    free(data);
}

static void assert_rejected(const uint8_t *data, size_t n, const char *reason)
{
    struct err e = {0};
    struct image img = {0};
    assert_int_equal(image_decode(data, n, 0, &img, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_null(img.rgb);
    if (!strstr(e.msg, reason)) {
        fail_msg("'%s' does not say '%s'", e.msg, reason);
    }
}

static void test_what_is_no_jpeg(void **state)
{
    (void)state;
    static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    /* SOI, SOF0 of 65,280 x 65,280 pixels with 3 components, SOS, EOI */
    static const uint8_t huge[] = {
        0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0xff, 0, 0xff, 0, 3, 1, 0x11, 0,  2, 0x11, 0,   3,
        0x11, 0,    0xff, 0xda, 0, 12, 3, 1,    0, 2,    0, 3, 0, 0,    63, 0, 0xff, 0xd9};
    uint8_t large[sizeof huge];
    memcpy(large, huge, sizeof huge);
    large[7] = large[9] = 0x20; /* 8192 x 8192: allowed, but not in 37 bytes */
    assert_rejected(png, 0, "empty");
    assert_rejected(png, 3, "not a JPEG: 3 bytes");
    assert_rejected(png, sizeof png, "not a JPEG: starts with 89 50 4e 47");
    assert_rejected(huge, sizeof huge, "claims 65280 x 65280 pixels");
    assert_rejected(large, sizeof large, "truncated: claims 8192 x 8192 pixels in 37 bytes");
    assert_rejected(huge, 4, "JPEG");
}

static void test_truncation_anywhere_is_damage(void **state)
{
    (void)state;
    static const char *const name[] = {DATA "plain.jpg", DATA "progressive.jpg", DATA "cmyk.jpg"};
    for (size_t k = 0; k < 3; k++) {
        struct bytes jpeg = slurp(name[k]);
        for (size_t n = 2; n < jpeg.n; n++) {
            /* a copy of its own, so that reading past the end is seen by the sanitizers */
            uint8_t *cut = malloc(n);
            assert_non_null(cut);
            memcpy(cut, jpeg.p, n);
            assert_rejected(cut, n, "");
            free(cut);
        }
        free(jpeg.p);
    }
}

/* A grey progressive JPEG of 8 x 8 pixels, made by hand, whose one DC scan comes n times: each pass
 * costs time, none says anything new, and the library has no objection. */
static struct bytes with_scans(size_t n)
{
    static const uint8_t head[] = {0xff, 0xd8, 0xff, 0xc2, 0,  11, 8, 0, 8, 0,    8,    1, 1,  0x11,
                                   0,    0xff, 0xc4, 0,    20, 0,  1, 0, 0, 0,    0,    0, 0,  0,
                                   0,    0,    0,    0,    0,  0,  0, 0, 0, 0xff, 0xdb, 0, 67, 0};
    static const uint8_t scan[] = {0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0, 0x7f};
    struct bytes b = {malloc(sizeof head + 64 + n * sizeof scan + 2), 0};
    assert_non_null(b.p);
    memcpy(b.p, head, sizeof head);
    memset(b.p + sizeof head, 1, 64);
    b.n = sizeof head + 64;
    for (size_t i = 0; i < n; i++, b.n += sizeof scan) {
        memcpy(b.p + b.n, scan, sizeof scan);
    }
    b.p[b.n++] = 0xff;
    b.p[b.n++] = 0xd9;
    return b;
}

static void test_scans_are_bounded(void **state)
{
    (void)state;
    struct err e = {0};
    struct image img;
    struct bytes some = with_scans(100);
    struct bytes many = with_scans(5000);
    if (image_decode(some.p, some.n, 0, &img, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    assert_int_equal(img.rgb[0], 128);
    image_release(&img);
    assert_rejected(many.p, many.n, "too many scans for its size: more than 100");
    free(some.p);
    free(many.p);
}

/*
 * What the collection's own table says: djpeg's verdict, and for its warnings the suggested result.
 * One row is decided otherwise: bad_exif_500x500.jpg is suggested for acceptance, but its pixels
 * are broken too (bad Huffman codes; the picture is torn into stripes), so it is damaged.
 */
static bool should_decode(struct csv *c)
{
    const char *verdict = csv_field(c, csv_column(c, "djpeg_2_1_5"));
    const char *suggested = csv_field(c, csv_column(c, "suggested_result"));
    if (strcmp(csv_field(c, 0), "bad_exif_500x500.jpg") == 0) {
        return false;
    }
    return strcmp(verdict, "ok") == 0 ||
           (strcmp(verdict, "warning") == 0 && strncmp(suggested, "accept", 6) == 0);
}

static void test_jpeg_edge(void **state)
{
    (void)state;
    struct err e = {0};
    struct csv c;
    bool row = true;
    int n_files = 0;
    if (!file_exists(EDGE "expected.csv")) {
        print_message("skip: " EDGE " is not there\n");
        skip();
    }
    struct bytes table = slurp(EDGE "expected.csv");
    assert_int_equal(csv_init(&c, "expected.csv", (char *)table.p, table.n, &e), 0);
    while (csv_next(&c, &row, &e) == 0 && row) {
        char path[256];
        uint8_t out[32 * 32 * 3];
        struct image img = {0};
        (void)snprintf(path, sizeof path, EDGE "%s", csv_field(&c, 0));
        struct bytes jpeg = slurp(path);
        bool decoded = image_decode(jpeg.p, jpeg.n, 0, &img, &e) == 0;
        if (decoded != should_decode(&c)) {
            fail_msg("%s: %s", path, decoded ? "decoded" : e.msg);
        }
        if (decoded) {
            assert_int_equal(image_fit(&img, 32, out, &e), 0);
            assert_fits(jpeg.p, jpeg.n, 1);
        } else {
            assert_int_equal(e.kind, ERR_INPUT);
        }
        image_release(&img);
        free(jpeg.p);
        n_files++;
    }
    assert_int_equal(n_files, 37);
    free(table.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resize_agrees_with_pillow),
        cmocka_unit_test(test_resize_is_what_it_is_defined_as),
        cmocka_unit_test(test_flat_and_extreme_pictures_stay_so),
        cmocka_unit_test(test_decode_agrees_with_pillow),
        cmocka_unit_test(test_orientation),
        cmocka_unit_test(test_fit_is_decode_and_resize),
        cmocka_unit_test(test_fast_fit),
        cmocka_unit_test(test_encode_then_decode),
        cmocka_unit_test(test_what_is_no_jpeg),
        cmocka_unit_test(test_truncation_anywhere_is_damage),
        cmocka_unit_test(test_scans_are_bounded),
        cmocka_unit_test(test_jpeg_edge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
