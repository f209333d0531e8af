/* SPDX-License-Identifier: MIT */
/*
 * A scene seen in one direction, as pixels.
 *
 *     struct view v = {.heading_deg = 90, .fov_deg = 90, .width = 640, .height = 640};
 *     TRY(render_view(country, &scene, &v, &img, e));
 *     image_release(&img);
 */
#ifndef FETCH_DEMO_RENDER_H
#define FETCH_DEMO_RENDER_H

#include "core/image.h"
#include "fetch/demo/country.h"

#define RENDER_WIDTH_MAX 4096 /* of any picture; the height is not limited */

struct view {
    double heading_deg;
    double fov_deg; /* horizontal, 10..120 */
    double
        pitch_deg; /* -90..90: the horizon is shifted, as with a shift lens, at most 60 degrees */
    int width, height;
};

/* render_view - img: owned by the caller (image_release). Threads: safe. Repeat: same bytes. */
int render_view(const struct country *c, const struct scene *s, const struct view *v,
                struct image *img, struct err *e);

/* render_round - all around, equirectangular: width x width / 2, the middle column looks at the
 * heading. What render_view shows in any direction is there, but for the sky's and the houses' sides:
 * a view's depend a little on where its axis is, these are as near to all views as can be. */
int render_round(const struct country *c, const struct scene *s, double heading_deg, int width,
                 struct image *img, struct err *e);

#endif
