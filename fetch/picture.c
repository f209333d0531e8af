/* SPDX-License-Identifier: MIT */
/*
 * Verification by content: status and type prove nothing, a provider can send its grey "no imagery"
 * card with HTTP 200 and image/jpeg. On that card (Google's) 98 % of the pixels are within NEAR
 * levels of one colour, at full size as at an eighth of it; on the photographs looked at, the
 * emptiest sky included, 37 % at most. So pictures are decoded to an eighth: every bit of the file
 * is still read and checked, in half of the time (damage shows in the codes, not in the pixels).
 */
#include "fetch/picture.h"

#include <stdio.h>
#include <stdlib.h>

#define NEAR       6    /* grey levels, each channel */
#define CARD_SHARE 0.90 /* of the pixels */
#define REDUCTION  8    /* of each side */
#define LEAST_PX   40   /* but not below this */
#define BLACK      8    /* levels, at most: a bar's own and what JPEG adds; a night has more */
#define BAR_SHARE  0.1

/* The median of one channel by counting. */
static int median(const struct image *img, size_t n, int channel)
{
    size_t count[256] = {0};
    size_t below = 0;
    int v = 0;
    for (size_t i = 0; i < n; i++) {
        count[img->rgb[3 * i + (size_t)channel]]++;
    }
    while (v < 255 && (below += count[v]) * 2 < n) {
        v++;
    }
    return v;
}

bool picture_is_card(const struct image *img)
{
    size_t n = (size_t)img->width * (size_t)img->height;
    int mid[3] = {median(img, n, 0), median(img, n, 1), median(img, n, 2)};
    size_t near = 0;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *p = img->rgb + 3 * i;
        near +=
            abs(p[0] - mid[0]) <= NEAR && abs(p[1] - mid[1]) <= NEAR && abs(p[2] - mid[2]) <= NEAR;
    }
    return (double)near >= CARD_SHARE * (double)n;
}

static bool is_black(const struct image *img, int x, int y)
{
    const uint8_t *p = img->rgb + 3 * ((size_t)y * (size_t)img->width + (size_t)x);
    return p[0] <= BLACK && p[1] <= BLACK && p[2] <= BLACK;
}

static bool is_black_row(const struct image *img, int y)
{
    int x = 0;
    while (x < img->width && is_black(img, x, y)) {
        x++;
    }
    return x == img->width;
}

static bool is_black_column(const struct image *img, int x)
{
    int y = 0;
    while (y < img->height && is_black(img, x, y)) {
        y++;
    }
    return y == img->height;
}

/* Lines that are black, from both ends inwards. */
static int count_black(const struct image *img, int n,
                       bool (*is_black_line)(const struct image *, int))
{
    int first = 0;
    int last = n;
    while (first < n && is_black_line(img, first)) {
        first++;
    }
    while (last > first && is_black_line(img, last - 1)) {
        last--;
    }
    return first + n - last;
}

bool picture_has_bars(const struct image *img)
{
    return count_black(img, img->height, is_black_row) >= BAR_SHARE * img->height ||
           count_black(img, img->width, is_black_column) >= BAR_SHARE * img->width;
}

bool picture_check(const uint8_t *data, size_t n, int size_px, bool decode, char why[256])
{
    struct err e = {0};
    struct image img = {0};
    struct image_info info;
    bool good = false;
    if (image_read_info(data, n, &info, &e) != 0) {
        (void)snprintf(why, 256, "%.250s", e.msg);
        return false;
    }
    if (size_px > 0 && (info.width != size_px || info.height != size_px)) {
        (void)snprintf(why, 256, "picture is %dx%d instead of %dx%d", info.width, info.height,
                       size_px, size_px);
        return false;
    }
    if (!decode) {
        good = data[n - 2] == 0xff && data[n - 1] == 0xd9; /* end of image */
        if (!good) {
            (void)snprintf(why, 256, "a JPEG without its end");
        }
        return good;
    }
    int least_px = (info.width < info.height ? info.width : info.height) / REDUCTION;
    if (image_decode(data, n, least_px < LEAST_PX ? LEAST_PX : least_px, &img, &e) != 0) {
        (void)snprintf(why, 256, "%.250s", e.msg);
    } else if (picture_is_card(&img)) {
        (void)snprintf(why, 256, "a card of one colour instead of a photograph (no imagery)");
    } else if (picture_has_bars(&img)) {
        (void)snprintf(why, 256, "black bars instead of a whole photograph");
    } else {
        good = true;
    }
    image_release(&img);
    return good;
}
