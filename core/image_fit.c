/* SPDX-License-Identifier: MIT */
/*
 * A picture as a network sees it: rows of the decoder's planes are converted as the resizer asks
 * for them, so that no full-size RGB picture is ever made, and what is left is turned as EXIF says.
 */
#include <stdio.h>
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

/* The square as it comes back from a JPEG of its own. */
static int through_jpeg(int size_px, int quality, uint8_t *dst, struct err *e)
{
    int rc = -1;
    struct image square = {dst, size_px, size_px};
    struct image back = {0};
    uint8_t *jpeg = NULL;
    size_t n = 0;
    TRY(image_encode(&square, quality, &jpeg, &n, e));
    TRY(image_decode(jpeg, n, 0, &back, e));
    memcpy(dst, back.rgb, (size_t)size_px * (size_t)size_px * 3);
out:
    image_release(&back);
    free(jpeg);
    return rc;
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
    if (rc == 0 && form->quality > 0) {
        rc = through_jpeg(form->size_px, form->quality, dst, e);
    }
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

const char *image_form_text(const struct image_form *form, char text[IMAGE_FORM_TEXT])
{
    char jpeg[24] = "";
    if (form->quality > 0) {
        (void)snprintf(jpeg, sizeof jpeg, ", JPEG %d", form->quality);
    }
    (void)snprintf(text, IMAGE_FORM_TEXT, "%d px%s%s", form->size_px, form->fast ? ", reduced" : "",
                   jpeg);
    return text;
}
