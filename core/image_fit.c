/* SPDX-License-Identifier: MIT */
/*
 * A picture as a network sees it: rows of the decoder's planes are converted as the resizer asks
 * for them, so that no full-size RGB picture is ever made, and what is left is turned as EXIF says.
 */
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/image_parts.h"

/* The largest centred square of a raster. */
struct square {
    const struct raster *raster;
    int x, y, side;
    int16_t *scratch;
};

static void square_row(void *ctx, int y, uint8_t *rgb)
{
    const struct square *s = ctx;
    raster_row(s->raster, s->y + y, s->x, s->side, s->scratch, rgb);
}

/* Half of what is left over, rounded down as seen after turning. */
static int margin(int length, int side, bool flipped)
{
    return flipped ? (length - side + 1) / 2 : (length - side) / 2;
}

static int fit(const struct raster *r, int size_px, uint8_t *dst, struct err *e)
{
    int rc = -1;
    struct image turned = {0};
    int side = r->width < r->height ? r->width : r->height;
    struct square s = {
        .raster = r,
        .x = margin(r->width, side, image_flips_x(r->orientation)),
        .y = margin(r->height, side, image_flips_y(r->orientation)),
        .side = side,
    };
    s.scratch = malloc(RASTER_SCRATCH(side) * sizeof *s.scratch);
    if (!s.scratch) {
        return err_nomem(e, "an image line");
    }
    if (r->orientation == 1) {
        TRY(resize_rows(square_row, &s, side, side, size_px, size_px, dst, e));
    } else {
        TRY(image_new(&turned, size_px, size_px, e));
        TRY(resize_rows(square_row, &s, side, side, size_px, size_px, turned.rgb, e));
        TRY(image_orient(&turned, r->orientation, e));
        memcpy(dst, turned.rgb, (size_t)size_px * (size_t)size_px * 3);
    }
out:
    image_release(&turned);
    free(s.scratch);
    return rc;
}

int image_fit(const struct image *src, int size_px, uint8_t *dst, struct err *e)
{
    struct raster r = raster_of(src);
    return fit(&r, size_px, dst, e);
}

int image_decode_fit(const uint8_t *data, size_t n, const struct image_form *form, uint8_t *dst,
                     struct err *e)
{
    struct raster r;
    if (raster_decode(data, n, form->fast ? form->size_px : 0, &r, e) != 0) {
        return -1;
    }
    int rc = fit(&r, form->size_px, dst, e);
    raster_release(&r);
    return rc;
}

int image_load_fit(const char *path, const struct image_form *form, uint8_t *dst, struct err *e)
{
    uint8_t *data = NULL;
    size_t n = 0;
    if (file_read(path, IMAGE_MAX_BYTES, &data, &n, e) != 0) {
        return -1;
    }
    int rc = image_decode_fit(data, n, form, dst, e);
    free(data);
    return rc == 0 ? 0 : err_ctx(e, "'%s'", path);
}
