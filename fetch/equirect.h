/* SPDX-License-Identifier: MIT */
/*
 * A view cut from a 360 degree picture: equirectangular (longitude across, latitude down, the whole
 * sphere) to perspective, as a camera without distortion sees it.
 *
 *     const struct equirect_view north = {.fov_deg = 90, .width = 640, .height = 640};
 *     TRY(image_decode(data, n, equirect_rows(&north), &pano, e));
 *     TRY(equirect_cut(&pano, centre_heading_deg, &north, &img, e));
 */
#ifndef FETCH_EQUIRECT_H
#define FETCH_EQUIRECT_H

#include "core/err.h"
#include "core/image.h"

#define EQUIRECT_MAX_FOV_DEG 160
#define EQUIRECT_MAX_SIDE_PX 8192

struct equirect_view {
    double heading_deg; /* of the middle: 0 north, 90 east */
    double pitch_deg;   /* of the middle: 90 straight up, -90 straight down */
    double fov_deg;     /* across the width, more than 0 */
    int width, height;  /* pixels are square */
};

/*
 * equirect_cut - one view of a panorama.
 *
 *   pano                its width twice its height (to 1 %: that of a camera which rounds); its
 *                       left edge continues at its right edge
 *   centre_heading_deg  where the middle between the left and the right edge points
 *   out                 OUT: owned, image_release
 *
 * Each pixel's centre looks up the panorama, bilinear between pixel centres, clamped at the poles.
 * That is right as long as neighbouring pixels of the view are neighbours in the panorama, too: of a
 * panorama more than 1.25 times as fine as the view's middle, a pixel is the mean of several looks,
 * 2 x 2 up to 2.5 times, and so on.
 *
 * Returns 0, or -1 with *e: ERR_INPUT when it is no panorama or the view cannot be.
 * Threads: safe.  Repeat: same bits for the same input.
 */
int equirect_cut(const struct image *pano, double centre_heading_deg,
                 const struct equirect_view *view, struct image *out, struct err *e);

/* equirect_rows - the height of a panorama as fine as the view's middle: more adds nothing to the
 * view. For image_decode's min_px, which shrinks faster than looking several times. */
int equirect_rows(const struct equirect_view *view);

#endif
