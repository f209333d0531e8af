/* SPDX-License-Identifier: MIT */
/* A shot as its camera took it, in any width: the height follows from the camera's proportions. */
#ifndef FETCH_DEMO_LENS_H
#define FETCH_DEMO_LENS_H

#include "core/image.h"
#include "fetch/demo/drive.h"

int lens_height(const struct camera *c, int width);

/* lens_picture - img: owned by the caller (image_release). A flat camera's picture is the view that
 * Street View has at the shot's place, heading and angle. Threads: safe. Repeat: same bytes. */
int lens_picture(const struct drives *d, const struct shot *shot, int width, struct image *img,
                 struct err *e);

#endif
