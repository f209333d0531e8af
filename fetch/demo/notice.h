/* SPDX-License-Identifier: MIT */
/* The grey picture that stands for "no imagery": rgb 228,227,223, with a line of text. */
#ifndef FETCH_DEMO_NOTICE_H
#define FETCH_DEMO_NOTICE_H

#include "core/image.h"

/* notice_draw - img: owned by the caller (image_release). Without the text where it does not fit. */
int notice_draw(int width, int height, struct image *img, struct err *e);

#endif
