/* SPDX-License-Identifier: MIT */
/*
 * Verification by content: status and type prove nothing, a provider can send its grey "no imagery"
 * card with HTTP 200 and image/jpeg. On that card (Google's) 98 % of the pixels are within NEAR
 * levels of one colour, at full size as at a quarter of it; on the photographs looked at, the
 * emptiest sky included, 37 % at most. So pictures are decoded to a quarter: every bit of the file
 * is still read and checked, at a third of the time.
 */
#include "fetch/picture.h"

#include <stdio.h>
#include <stdlib.h>

#define NEAR       6    /* grey levels, each channel */
#define CARD_SHARE 0.90 /* of the pixels */
#define REDUCTION  4    /* of each side */

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
    int least_px = info.width < info.height ? info.width : info.height;
    if (image_decode(data, n, least_px / REDUCTION, &img, &e) != 0) {
        (void)snprintf(why, 256, "%.250s", e.msg);
    } else if (picture_is_card(&img)) {
        (void)snprintf(why, 256, "a card of one colour instead of a photograph (no imagery)");
    } else {
        good = true;
    }
    image_release(&img);
    return good;
}
