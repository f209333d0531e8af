/* SPDX-License-Identifier: MIT */
/*
 * JPEG pictures as bytes and pixels: the one decoder and resizer of the suite, so that what a
 * network is trained on, evaluated on and shown later is the same to the bit. The only file that
 * includes libjpeg-turbo is image.c.
 *
 * Pixels are RGB, u8, rows top to bottom without padding: [H, W, 3].
 */
#ifndef CORE_IMAGE_H
#define CORE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct image {
    uint8_t *rgb; /* [height, width, 3], owned; NULL when released */
    int width, height;
};

struct image_info {
    int width, height; /* as stored, before orientation */
    int n_components;
    bool progressive;
    int orientation; /* EXIF 1..8; 1 when absent or nonsense */
};

#define IMAGE_MAX_PIXELS 100000000   /* larger claims are refused before any allocation */
#define IMAGE_MAX_BYTES  (64u << 20) /* largest file read */

/* image_read_info - from the headers alone; allocates nothing to speak of. ERR_INPUT names the
 * cause ("not a JPEG: starts with 89 50 4e 47"). */
int image_read_info(const uint8_t *data, size_t n, struct image_info *info, struct err *e);

/*
 * image_decode - all of a JPEG into RGB: grey, CMYK, YCCK, progressive, any sampling; EXIF
 * orientation applied. ERR_INPUT with the reason for what libjpeg-turbo cannot decode and for
 * truncated or damaged data (warnings of the library count as damage).
 *
 *   min_px   0: full size. Otherwise the decoder may shrink by 1/2, 1/4 or 1/8 in the DCT domain
 *            while both sides stay >= min_px (faster; image_resize does the rest).
 *   img      OUT: owned, image_release
 * Threads: safe.
 */
int image_decode(const uint8_t *data, size_t n, int min_px, struct image *img, struct err *e);
int image_new(struct image *img, int width, int height, struct err *e); /* zeroed */
void image_release(struct image *img);

/*
 * image_resize - to width x height with antialiasing: triangle filter, support scaled by the
 * reduction, as Pillow's BILINEAR; within 1 grey level of it. dst must hold width*height*3 bytes.
 * Threads: safe.
 */
int image_resize(const struct image *src, int width, int height, uint8_t *dst, struct err *e);

/* How a picture is made into what a network sees. Training and prediction must do the same. */
struct image_form {
    int size_px;
    bool fast;   /* decode reduced, as far as size_px allows: image_decode's min_px */
    int quality; /* 1..100: as after storing the result as a JPEG of that quality; 0: as it is */
};

/* image_form_text - how it is decoded and kept, into text: "64 px", "64 px, reduced, JPEG 90". */
#define IMAGE_FORM_TEXT 64
const char *image_form_text(const struct image_form *form, char text[IMAGE_FORM_TEXT]);

/*
 * image_fit - the largest centred square, resized to size_px. dst [size_px, size_px, 3].
 * image_decode_fit - of a JPEG; image_load_fit - of a file. gdje-pack and gdje-predict call these
 *   and nothing else. Planes of the decoder are resized without a full-size RGB picture in between:
 *   the same as image_decode and image_fit to the bit (an EXIF orientation: within 1 grey level),
 *   in two thirds of the time.
 * Threads: safe.
 */
int image_fit(const struct image *src, int size_px, uint8_t *dst, struct err *e);
int image_decode_fit(const uint8_t *data, size_t n, const struct image_form *form, uint8_t *dst,
                     struct err *e);
int image_load_fit(const char *path, const struct image_form *form, uint8_t *dst, struct err *e);

/* image_encode - a baseline JPEG, 4:2:0. *data is owned (free). quality 1..100. */
int image_encode(const struct image *img, int quality, uint8_t **data, size_t *n, struct err *e);

#endif
