/* SPDX-License-Identifier: MIT */
/* Whether bytes are the photograph that was asked for. */
#ifndef FETCH_PICTURE_H
#define FETCH_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/image.h"

/*
 * picture_check - a JPEG that decodes completely, is size_px x size_px and is no card: a picture
 * nearly all of one colour, as a provider draws to say "no imagery here" or "over quota"; without
 * black bars.
 *
 *   size_px  0: of any size
 *   decode   false: look at the headers and at the end only, which takes a fiftieth of the time.
 *            What is damaged in between is not noticed, nor are cards and bars.
 *
 * Returns whether it is good; why [256] says what is wrong otherwise. Threads: safe.
 */
bool picture_check(const uint8_t *data, size_t n, int size_px, bool decode, char why[256]);

/* picture_is_card - at least 9 of 10 pixels within a few grey levels of one colour. The colour is
 * the median of each channel; the levels are what JPEG noise around the letters reaches. */
bool picture_is_card(const struct image *img);

/* picture_has_bars - black rows at top and bottom, or columns at the sides, that are a tenth of it
 * together: where a provider's panorama has nothing to show. */
bool picture_has_bars(const struct image *img);

#endif
