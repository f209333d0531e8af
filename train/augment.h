/* SPDX-License-Identifier: MIT */
/*
 * Augmentation of one picture, on bytes, before the network normalises: resized crop, brightness,
 * contrast, colour, erasing. What is done to a picture is a pure function of (seed, epoch,
 * location, view), whatever thread does it and whatever was drawn before. There is no horizontal
 * flip: a view has a heading, and a mirrored world has its sun in another place.
 */
#ifndef TRAIN_AUGMENT_H
#define TRAIN_AUGMENT_H

#include <stdint.h>

struct augment_prefs {
    double crop_min_area;                /* least share of the picture a crop keeps; 1: none */
    double brightness, contrast, colour; /* factor uniform in 1 +- this; 0: none */
    double erase; /* probability that a rectangle of 2 to 15 % of the picture is blanked */
};

#define AUGMENT_PREFS_DEFAULT                                                                     \
    {                                                                                             \
        .crop_min_area = 0.7, .brightness = 0.15, .contrast = 0.15, .colour = 0.15, .erase = 0.25 \
    }

/* Which picture of which epoch. */
struct augment_key {
    uint64_t seed;
    int epoch;
    uint64_t location; /* a number made of its uuid */
    int view;
};

/*
 * augment - one picture.
 *
 *   src   [H, W, 3] u8 RGB, H = W = size_px
 *   dst   [H, W, 3] u8 OUT; not src
 *   fill  RGB of what is erased: the mean colour of the train part
 *
 * The crop is sampled bilinearly (it is never larger than the result, so no antialiasing is due);
 * the three colour factors are one affine map, clamped once.
 * Threads: safe. Memory: allocates nothing.
 */
void augment(const struct augment_prefs *a, struct augment_key key, int size_px,
             const uint8_t fill[3], const uint8_t *src, uint8_t *dst);

#endif
