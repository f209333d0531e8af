/* SPDX-License-Identifier: MIT */
/*
 * What the files behind core/image.h say to each other, and nobody else: a decoded picture as the
 * library left it, its rows as RGB, and the resizer that pulls them.
 */
#ifndef CORE_IMAGE_PARTS_H
#define CORE_IMAGE_PARTS_H

#include "core/image.h"

/* Compiled for each of these instruction sets, chosen when the program is loaded. Integers only, so
 * that all of them give the same bits. (Under ThreadSanitizer the choice would be made before its
 * library is there.) */
#ifdef __SANITIZE_THREAD__
#define IMAGE_KERNEL
#else
#define IMAGE_KERNEL __attribute__((target_clones("avx2", "default")))
#endif

enum raster_kind {
    RASTER_RGB,    /* plane[0]: [height, width, 3] */
    RASTER_YCC,    /* Y, Cb, Cr: [height, width] each */
    RASTER_YCC_420 /* Cb and Cr at half of the width and height, rounded up */
};

/* A decoded picture, as stored, before orientation. */
struct raster {
    enum raster_kind kind;
    int width, height;
    uint8_t *plane[3]; /* views of memory; rows stride[] bytes apart */
    size_t stride[3];
    uint8_t *memory; /* owned */
    int orientation; /* EXIF 1..8 */
};

/* raster_decode - as image_decode, but in whatever form is least work. */
int raster_decode(const uint8_t *data, size_t n, int min_px, struct raster *r, struct err *e);
void raster_release(struct raster *r);

/* raster_of - a view of an image. */
struct raster raster_of(const struct image *img);

/*
 * raster_row - pixels x .. x + n - 1 of row y as RGB, one channel after the other: [3, n]. Chroma at half size is interpolated as
 * libjpeg's "fancy upsampling" does (weights 3/4 and 1/4 in each direction), but rounded once, at
 * the end.
 *
 *   scratch  [RASTER_SCRATCH(width)] of the picture's width
 */
#define RASTER_SCRATCH(width) (3 * ((size_t)(width) + 8))
void raster_row(const struct raster *r, int y, int x, int n, int16_t *scratch, uint8_t *rgb);

/* Fills rgb [3, w_in] with source row y. */
typedef void resize_row_fn(void *ctx, int y, uint8_t *rgb);

/* resize_rows - image_resize of rows [h_in] of w_in pixels, each asked for once, in order. */
int resize_rows(resize_row_fn *row, void *ctx, int w_in, int h_in, int w_out, int h_out,
                uint8_t *dst, struct err *e);

/* image_orientation - in the first directory of an APP1 segment: EXIF 1..8, or 1. */
int image_orientation(const uint8_t *p, size_t n);

/* Whether what is stored is mirrored along its own x or y axis when it is turned. */
bool image_flips_x(int orientation);
bool image_flips_y(int orientation);

/* image_orient - the picture as its orientation wants to be seen. */
int image_orient(struct image *img, int orientation, struct err *e);

#endif
