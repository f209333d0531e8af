/* SPDX-License-Identifier: MIT */
/* A flat camera is a view, a sphere is a round picture; a fisheye is looked up in a round one. */
#include "fetch/demo/lens.h"

#include <math.h>
#include <string.h>

#include "fetch/demo/render.h"

#define ROUND_PER_FISHEYE 2 /* width of the round picture that a fisheye's is taken from */

int lens_height(const struct camera *c, int width)
{
    int h = (int)lround((double)width * c->height / c->width);
    return h > 0 ? h : 1;
}

/* The colour of from, all around, at a bearing from its middle column and an elevation in
 * radians. */
static const uint8_t *look(const struct image *from, double bearing, double up)
{
    double turn = bearing / (2 * GEO_PI) + 0.5;
    int x = (int)((turn - floor(turn)) * from->width);
    int y = (int)((0.5 - up / GEO_PI) * from->height);
    x = x < from->width ? x : from->width - 1;
    y = y < 0 ? 0 : y < from->height ? y : from->height - 1;
    return from->rgb + 3 * ((size_t)y * (size_t)from->width + (size_t)x);
}

/* Equidistant: the angle off the axis grows with the distance from the middle, and reaches fov / 2
 * at the sides; black beyond 100 degrees, where the lens' barrel is. */
static void bend(const struct image *from, int fov_deg, struct image *to)
{
    double per_px = fov_deg * GEO_PI / 180 / to->width;
    for (int y = 0; y < to->height; y++) {
        uint8_t *p = to->rgb + 3 * (size_t)y * (size_t)to->width;
        for (int x = 0; x < to->width; x++, p += 3) {
            double right = x + 0.5 - to->width / 2.0;
            double above = to->height / 2.0 - y - 0.5;
            double r = hypot(right, above);
            double off = r * per_px;
            if (off > 100 * GEO_PI / 180) {
                continue;
            }
            double side = r > 0 ? sin(off) * right / r : 0;
            double up = r > 0 ? sin(off) * above / r : 0;
            memcpy(p, look(from, atan2(side, cos(off)), asin(up)), 3);
        }
    }
}

static int fisheye(const struct drives *d, const struct shot *shot, const struct scene *scene,
                   int width, struct image *img, struct err *e)
{
    int rc = -1;
    const struct camera *camera = &shot->drive.camera;
    struct image around = {0};
    struct image made = {0};
    int full = ROUND_PER_FISHEYE * width;
    TRY(render_round(d->country, scene, shot->heading_deg,
                     full < RENDER_WIDTH_MAX ? full : RENDER_WIDTH_MAX, &around, e));
    TRY(image_new(&made, width, lens_height(camera, width), e));
    bend(&around, camera->fov_deg, &made);
    *img = made;
out:
    image_release(&around);
    return rc;
}

int lens_picture(const struct drives *d, const struct shot *shot, int width, struct image *img,
                 struct err *e)
{
    const struct camera *camera = &shot->drive.camera;
    struct scene scene;
    shot_scene(d, shot, &scene);
    switch (camera->lens) {
    case LENS_SPHERE:
        return render_round(d->country, &scene, shot->heading_deg, width, img, e);
    case LENS_FISHEYE:
        return fisheye(d, shot, &scene, width, img, e);
    case LENS_FLAT:
        break;
    }
    struct view view = {.heading_deg = shot->heading_deg,
                        .fov_deg = camera->fov_deg,
                        .width = width,
                        .height = lens_height(camera, width)};
    return render_view(d->country, &scene, &view, img, e);
}
