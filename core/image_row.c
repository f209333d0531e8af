/* SPDX-License-Identifier: MIT */
/*
 * Rows of a decoded picture as RGB.
 *
 * The library would interpolate chroma, round it, convert it and interleave it row by row; doing it
 * here, in vector code over the planes, takes half of the time and rounds once. JFIF 1.02:
 *
 *     R = Y + 1.402 Cr    G = Y - 0.344136 Cb - 0.714136 Cr    B = Y + 1.772 Cb    (less 128 each)
 *
 * Results are those of the library to the bit, which takes the constants in units of 2^-16. So do
 * 16-bit products here: the upper half of 2^8 v times k is v k / 2^8, rounded down.
 */
#include "core/image_parts.h"

#define GREY 128
#define HALF 128 /* of 2^8 */

/* In units of 2^-16, less what is whole: 1.402 - 1, 1.772 - 2, 0.344136, 1 - 0.714136. */
#define CR_R 26345
#define CB_B (-14942)
#define CB_G (-22554)
#define CR_G 18734

/* v k / 2^8, rounded down. */
static inline int16_t scale(int16_t v, int16_t k)
{
    return (int16_t)(((int32_t)(int16_t)(v * 256) * k) >> 16);
}

/* What scale rounded away, in units of 2^-8. */
static inline int16_t rest(int16_t v, int16_t k)
{
    uint16_t low = (uint16_t)(v * k);
    return (int16_t)(low & 255);
}

/* v / 2^8. */
static inline int16_t whole(int16_t v)
{
    return (int16_t)(v >> 8);
}

static inline uint8_t level(int16_t v)
{
    v = v > 0 ? v : 0;
    v = v < 255 ? v : 255;
    return (uint8_t)v;
}

IMAGE_KERNEL
static void convert(const uint8_t *restrict y, const int16_t *restrict cb,
                    const int16_t *restrict cr, uint8_t *restrict red, uint8_t *restrict green,
                    uint8_t *restrict blue, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int16_t b = cb[i];
        int16_t r = cr[i];
        int16_t carry = whole((int16_t)(rest(b, CB_G) + rest(r, CR_G)));
        int16_t g = (int16_t)(scale(b, CB_G) + scale(r, CR_G) + carry + HALF);
        red[i] = level((int16_t)(y[i] + r + whole((int16_t)(scale(r, CR_R) + HALF))));
        green[i] = level((int16_t)(y[i] - r + whole(g)));
        blue[i] = level((int16_t)(y[i] + 2 * b + whole((int16_t)(scale(b, CB_B) + HALF))));
    }
}

IMAGE_KERNEL
static void separate(const uint8_t *restrict rgb, uint8_t *restrict red, uint8_t *restrict green,
                     uint8_t *restrict blue, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        red[i] = rgb[3 * i];
        green[i] = rgb[3 * i + 1];
        blue[i] = rgb[3 * i + 2];
    }
}

IMAGE_KERNEL
static void widen(const uint8_t *restrict c, int16_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (int16_t)(c[i] - GREY);
    }
}

/* Three parts of the near row, one of the far one, in quarters. */
IMAGE_KERNEL
static void mix_rows(const uint8_t *restrict near, const uint8_t *restrict far,
                     int16_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (int16_t)(3 * near[i] + far[i] - 4 * GREY);
    }
}

/* Two pixels for each of c[0 .. n - 1]; c[-1] and c[n] are there too. */
IMAGE_KERNEL
static void mix_columns(const int16_t *restrict c, int16_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int16_t even = (int16_t)(3 * c[i] + c[i - 1] + 8);
        int16_t odd = (int16_t)(3 * c[i] + c[i + 1] + 7);
        out[2 * i] = (int16_t)(even >> 4);
        out[2 * i + 1] = (int16_t)(odd >> 4);
    }
}

/* Chroma plane p of the pixels 2 x .. 2 (x + n) - 1 of row y: out [2 n]. mixed [n + 2]. */
static void upsample(const struct raster *r, int p, int y, int x, int n, int16_t *mixed,
                     int16_t *out)
{
    int width = (r->width + 1) / 2;
    int height = (r->height + 1) / 2;
    int near = y / 2;
    int far = y % 2 ? near + 1 : near - 1;
    far = far < 0 ? 0 : far >= height ? height - 1 : far;
    int from = x > 0 ? x - 1 : 0; /* one more on either side, where there is one */
    int upto = x + n < width ? x + n + 1 : width;
    int16_t *first = mixed + (from - x + 1);
    mix_rows(r->plane[p] + (size_t)near * r->stride[p] + from,
             r->plane[p] + (size_t)far * r->stride[p] + from, first, (size_t)(upto - from));
    if (x == 0) {
        mixed[0] = mixed[1];
    }
    if (x + n == width) {
        mixed[n + 1] = mixed[n];
    }
    mix_columns(mixed + 1, out, (size_t)n);
}

void raster_row(const struct raster *r, int y, int x, int n, int16_t *scratch, uint8_t *rgb)
{
    const uint8_t *first = r->plane[0] + (size_t)y * r->stride[0];
    if (r->kind == RASTER_RGB) {
        separate(first + (size_t)3 * (size_t)x, rgb, rgb + n, rgb + 2 * (size_t)n, (size_t)n);
        return;
    }
    int skip = 0;
    int16_t *cb = scratch;
    int16_t *cr = cb + n + 2; /* upsampled, there may be a pixel too many on either side */
    if (r->kind == RASTER_YCC) {
        widen(r->plane[1] + (size_t)y * r->stride[1] + x, cb, (size_t)n);
        widen(r->plane[2] + (size_t)y * r->stride[2] + x, cr, (size_t)n);
    } else {
        int half = x / 2;
        int n_half = (x + n + 1) / 2 - half;
        int16_t *mixed = cr + n + 2;
        skip = x % 2;
        upsample(r, 1, y, half, n_half, mixed, cb);
        upsample(r, 2, y, half, n_half, mixed, cr);
    }
    convert(first + x, cb + skip, cr + skip, rgb, rgb + n, rgb + 2 * (size_t)n, (size_t)n);
}

struct raster raster_of(const struct image *img)
{
    return (struct raster){
        .kind = RASTER_RGB,
        .width = img->rgb ? img->width : 0,
        .height = img->height,
        .plane = {img->rgb},
        .stride = {(size_t)img->width * 3},
        .orientation = 1,
    };
}
