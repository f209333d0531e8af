/* SPDX-License-Identifier: MIT */
/* Augmentation: see augment.h. The random numbers of a picture are one stream of core/rng. */
#include "train/augment.h"

#include <math.h>
#include <string.h>

#include "core/rng.h"

#define CROP_RATIO_LOG 0.1054 /* width / height between 0.9 and 1 / 0.9 */
#define ERASE_MIN      0.02   /* shares of the picture's area */
#define ERASE_MAX      0.15
#define ERASE_RATIO    0.69 /* width / height between 1/2 and 2: exp(+-0.69) */

/* What each number of a picture's stream is for. */
enum draw {
    DRAW_AREA,
    DRAW_RATIO,
    DRAW_X,
    DRAW_Y,
    DRAW_BRIGHTNESS,
    DRAW_CONTRAST,
    DRAW_COLOUR,
    DRAW_ERASE,
    DRAW_ERASE_AREA,
    DRAW_ERASE_RATIO,
    DRAW_ERASE_X,
    DRAW_ERASE_Y,
    DRAW_COUNT
};

/* Uniform in [lo, hi). Epoch and location choose the stream, view and purpose the index. */
static double draw(struct augment_key k, enum draw what, double lo, double hi)
{
    const uint64_t stream = rng_u64(rng_stream("train.augment"), (uint64_t)k.epoch, k.location);
    const uint64_t index = (uint64_t)k.view * DRAW_COUNT + (uint64_t)what;
    return lo + (hi - lo) * rng_f64(k.seed, stream, index);
}

struct rect {
    double x, y, w, h;
};

/* A rectangle of a share of the picture between lo and 1 * hi, inside it. */
static struct rect draw_rect(struct augment_key k, enum draw first, double size, double lo,
                             double hi, double ratio_log)
{
    const double area = draw(k, first, lo, hi) * size * size;
    const double ratio = exp(draw(k, (enum draw)(first + 1), -ratio_log, ratio_log));
    struct rect r = {.w = fmin(sqrt(area * ratio), size), .h = fmin(sqrt(area / ratio), size)};
    r.x = draw(k, (enum draw)(first + 2), 0, size - r.w);
    r.y = draw(k, (enum draw)(first + 3), 0, size - r.h);
    return r;
}

/* Where a row or column of the result lies in the source: pixels i0, i1 and the weight of i1 in
 * 1/256. Pixel centres are at half coordinates. */
struct tap {
    int i0, i1, w1;
};

static struct tap tap_at(double from, double length, int i, int size)
{
    const double at = from + ((double)i + 0.5) * length / size - 0.5;
    const double low = floor(at);
    struct tap t = {.w1 = (int)((at - low) * 256)};
    t.i0 = low < 0 ? 0 : (int)low;
    t.i1 = low + 1 > size - 1 ? size - 1 : (int)low + 1;
    return t;
}

static void crop(const struct rect *r, int size, const uint8_t *src, uint8_t *dst)
{
    const size_t stride = (size_t)size * 3;
    for (int y = 0; y < size; y++) {
        const struct tap ty = tap_at(r->y, r->h, y, size);
        const uint8_t *row0 = src + (size_t)ty.i0 * stride;
        const uint8_t *row1 = src + (size_t)ty.i1 * stride;
        for (int x = 0; x < size; x++) {
            const struct tap tx = tap_at(r->x, r->w, x, size);
            const size_t a = (size_t)tx.i0 * 3;
            const size_t b = (size_t)tx.i1 * 3;
            for (size_t c = 0; c < 3; c++) {
                const int top = row0[a + c] * (256 - tx.w1) + row0[b + c] * tx.w1;
                const int bottom = row1[a + c] * (256 - tx.w1) + row1[b + c] * tx.w1;
                *dst++ = (uint8_t)((top * (256 - ty.w1) + bottom * ty.w1 + 32768) >> 16);
            }
        }
    }
}

/* Luma of ITU-R BT.601, what Pillow and torchvision call grey. */
static float grey(const uint8_t *p)
{
    return 0.299F * (float)p[0] + 0.587F * (float)p[1] + 0.114F * (float)p[2];
}

static uint8_t to_byte(float v)
{
    return (uint8_t)(v <= 0 ? 0.0F : v >= 255 ? 255.0F : v + 0.5F);
}

/* brightness b, contrast c about the mean grey m, colour s about the pixel's grey g:
 * x -> s (c (b x) + (1 - c) b m) + (1 - s) (c b g + (1 - c) b m). */
static void recolour(float b, float c, float s, size_t n, uint8_t *p)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)grey(p + 3 * i);
    }
    const float lift = (1 - c) * b * (float)(sum / (double)n);
    const float own = s * c * b;
    const float from_grey = (1 - s) * c * b;
    for (size_t i = 0; i < n; i++, p += 3) {
        const float base = from_grey * grey(p) + lift;
        p[0] = to_byte(own * (float)p[0] + base);
        p[1] = to_byte(own * (float)p[1] + base);
        p[2] = to_byte(own * (float)p[2] + base);
    }
}

static void erase(const struct rect *r, int size, const uint8_t fill[3], uint8_t *p)
{
    for (int y = (int)r->y; y < (int)(r->y + r->h); y++) {
        for (int x = (int)r->x; x < (int)(r->x + r->w); x++) {
            memcpy(p + ((size_t)y * (size_t)size + (size_t)x) * 3, fill, 3);
        }
    }
}

static float draw_factor(struct augment_key k, enum draw what, double spread)
{
    return (float)draw(k, what, 1 - spread, 1 + spread);
}

void augment(const struct augment_prefs *a, struct augment_key key, int size_px,
             const uint8_t fill[3], const uint8_t *src, uint8_t *dst)
{
    const size_t n = (size_t)size_px * (size_t)size_px;
    if (a->crop_min_area < 1) {
        const struct rect r =
            draw_rect(key, DRAW_AREA, size_px, a->crop_min_area, 1, CROP_RATIO_LOG);
        crop(&r, size_px, src, dst);
    } else {
        memcpy(dst, src, n * 3);
    }
    if (a->brightness > 0 || a->contrast > 0 || a->colour > 0) {
        recolour(draw_factor(key, DRAW_BRIGHTNESS, a->brightness),
                 draw_factor(key, DRAW_CONTRAST, a->contrast),
                 draw_factor(key, DRAW_COLOUR, a->colour), n, dst);
    }
    if (draw(key, DRAW_ERASE, 0, 1) < a->erase) {
        const struct rect r =
            draw_rect(key, DRAW_ERASE_AREA, size_px, ERASE_MIN, ERASE_MAX, ERASE_RATIO);
        erase(&r, size_px, fill, dst);
    }
}
