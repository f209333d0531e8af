/* SPDX-License-Identifier: MIT */
/* EXIF orientation: finding it in a segment that may say anything, and applying it. */
#include <string.h>

#include "core/image_parts.h"

#define EXIF_ORIENTATION 0x0112
#define EXIF_SHORT       3

/* A TIFF block in either byte order; reads outside it give 0. */
struct tiff {
    const uint8_t *p;
    size_t n;
    bool big;
};

static uint32_t tiff_get(const struct tiff *t, size_t at, size_t n_bytes)
{
    uint32_t v = 0;
    if (at > t->n || t->n - at < n_bytes) {
        return 0;
    }
    for (size_t i = 0; i < n_bytes; i++) {
        v = v << 8 | t->p[at + (t->big ? i : n_bytes - 1 - i)];
    }
    return v;
}

int image_orientation(const uint8_t *p, size_t n)
{
    if (n < 14 || memcmp(p, "Exif\0", 6) != 0) {
        return 1;
    }
    struct tiff t = {.p = p + 6, .n = n - 6, .big = p[6] == 'M'};
    if (!(t.p[0] == 'I' && t.p[1] == 'I') && !(t.p[0] == 'M' && t.p[1] == 'M')) {
        return 1;
    }
    size_t dir = tiff_get(&t, 4, 4);
    uint32_t n_entries = tiff_get(&t, dir, 2);
    for (uint32_t i = 0; i < n_entries; i++) {
        size_t entry = dir + 2 + (size_t)12 * i;
        if (entry + 12 > t.n) {
            return 1;
        }
        if (tiff_get(&t, entry, 2) == EXIF_ORIENTATION &&
            tiff_get(&t, entry + 2, 2) == EXIF_SHORT) {
            uint32_t v = tiff_get(&t, entry + 8, 2);
            return v >= 1 && v <= 8 ? (int)v : 1;
        }
    }
    return 1;
}

bool image_flips_x(int orientation)
{
    return orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
}

bool image_flips_y(int orientation)
{
    return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
}

/* Source pixel (x, y) of each orientation's output, as the EXIF 2.3 standard (4.6.4, tag 274)
 * names where row 0 and column 0 of what is stored belong. */
int image_orient(struct image *img, int orientation, struct err *e)
{
    bool swap = orientation >= 5;
    bool flip_x = image_flips_x(orientation);
    bool flip_y = image_flips_y(orientation);
    struct image out = {0};
    if (orientation == 1) {
        return 0;
    }
    if (image_new(&out, swap ? img->height : img->width, swap ? img->width : img->height, e) != 0) {
        return -1;
    }
    uint8_t *dst = out.rgb;
    for (int y = 0; y < out.height; y++) {
        for (int x = 0; x < out.width; x++, dst += 3) {
            int sx = swap ? y : x;
            int sy = swap ? x : y;
            sx = flip_x ? img->width - 1 - sx : sx;
            sy = flip_y ? img->height - 1 - sy : sy;
            memcpy(dst, img->rgb + 3 * ((size_t)sy * (size_t)img->width + (size_t)sx), 3);
        }
    }
    image_release(img);
    *img = out;
    return 0;
}
