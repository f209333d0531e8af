/* SPDX-License-Identifier: MIT */
/*
 * Row by row: where each pixel looks (in vectors of floats, nothing but arithmetic), then the look
 * itself in fixed point. A position in the panorama is right to 1/256 pixel, of which 1/512 is the
 * rounding to the weights' 8 bits and the rest that of floats in a picture of MAX_COLUMNS.
 */
#include "fetch/equirect.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/geo.h"

#define MAX_COLUMNS   32768
#define MAX_LOOKS     8    /* in each direction */
#define FINER         1.25 /* than the view: that much a bilinear look passes over without harm */
#define FRACTION_BITS 8

struct cut {
    const struct image *pano;
    int looks;         /* per pixel, across and down */
    int columns, rows; /* of looks */
    float step;        /* between two looks, where the middle of the view is 1 away */
    float sin_pitch, cos_pitch;
    float column_of_middle; /* in the panorama, 0 <= . < its width */
    int32_t *x, *y;         /* [columns] where a row of looks looks, 1/256 pixel */
    float *sum;             /* [width * 3] of a row of the view */
};

/* Arc tangent of t in 0 .. 1 to 2e-8. Source: Abramowitz and Stegun 1964, 4.4.49. */
static inline float atan_of(float t)
{
    float u = t * t;
    float p = 0.0028662257f;
    p = p * u - 0.0161657367f;
    p = p * u + 0.0429096138f;
    p = p * u - 0.0752896400f;
    p = p * u + 0.1065626393f;
    p = p * u - 0.1420889944f;
    p = p * u + 0.1999355085f;
    p = p * u - 0.3333314528f;
    return (p * u + 1) * t;
}

/* atan2 without branches; 0 at the origin. */
static inline float angle_of(float y, float x)
{
    const float pi = (float)GEO_PI;
    float ay = fabsf(y);
    float ax = fabsf(x);
    float large = ay > ax ? ay : ax;
    float small = ay > ax ? ax : ay;
    float a = atan_of(small / (large + 1e-30f));
    float steep = pi / 2 - a;
    a = ay > ax ? steep : a;
    float back = pi - a;
    a = x < 0 ? back : a;
    return y < 0 ? -a : a;
}

/* Where row j of looks looks. A look's ray is (across, up, 1) before the camera is tilted by the
 * pitch about the axis across. */
static void aim(const struct cut *c, int j)
{
    const float per_radian = (float)(c->pano->width / (2 * GEO_PI));
    const float width = (float)c->pano->width;
    const float last_row = (float)(c->pano->height - 1);
    const float middle_row = last_row / 2;
    const float up = ((float)c->rows / 2 - (float)j - 0.5f) * c->step;
    const float level = c->cos_pitch - up * c->sin_pitch; /* ahead, horizontally */
    const float height = up * c->cos_pitch + c->sin_pitch;
    const float rows_per_radian = (float)(c->pano->height / GEO_PI);
    const float left = 0.5f - (float)c->columns / 2;
    int32_t *restrict x = c->x;
    int32_t *restrict y = c->y;
    for (int i = 0; i < c->columns; i++) {
        float across = (left + (float)i) * c->step;
        float column = c->column_of_middle + angle_of(across, level) * per_radian;
        float row =
            middle_row - angle_of(height, sqrtf(across * across + level * level)) * rows_per_radian;
        column = column < 0 ? column + width : column;
        column = column >= width ? column - width : column;
        row = row < 0 ? 0 : row;
        row = row > last_row ? last_row : row;
        x[i] = (int32_t)(column * (1 << FRACTION_BITS) + 0.5f);
        y[i] = (int32_t)(row * (1 << FRACTION_BITS) + 0.5f);
    }
}

/* One bilinear look, times 2^16, added to sum[3]. */
static inline void look(const struct image *pano, int32_t x, int32_t y, float *sum)
{
    const uint32_t one = 1u << FRACTION_BITS;
    uint32_t fx = (uint32_t)x & (one - 1);
    uint32_t fy = (uint32_t)y & (one - 1);
    size_t column = (size_t)x >> FRACTION_BITS;
    size_t row = (size_t)y >> FRACTION_BITS;
    size_t width = (size_t)pano->width;
    column = column == width ? 0 : column; /* rounded up to the right edge */
    size_t next = column + 1 == width ? 0 : column + 1;
    size_t below = row + 1 == (size_t)pano->height ? row : row + 1;
    const uint8_t *top = pano->rgb + row * width * 3;
    const uint8_t *bottom = pano->rgb + below * width * 3;
    for (size_t ch = 0; ch < 3; ch++) {
        uint32_t a = top[3 * column + ch] * (one - fx) + top[3 * next + ch] * fx;
        uint32_t b = bottom[3 * column + ch] * (one - fx) + bottom[3 * next + ch] * fx;
        sum[ch] += (float)(a * (one - fy) + b * fy);
    }
}

static void cut_row(const struct cut *c, int row, uint8_t *out, size_t width)
{
    const int k = c->looks;
    const float scale = 1.0f / (float)(k * k * (1 << 2 * FRACTION_BITS));
    for (size_t i = 0; i < 3 * width; i++) {
        c->sum[i] = 0;
    }
    for (int j = row * k; j < (row + 1) * k; j++) {
        aim(c, j);
        for (size_t i = 0; i < (size_t)c->columns; i++) {
            look(c->pano, c->x[i], c->y[i], c->sum + 3 * (k == 1 ? i : i / (size_t)k));
        }
    }
    for (size_t i = 0; i < 3 * width; i++) {
        out[i] = (uint8_t)(c->sum[i] * scale + 0.5f);
    }
}

/* --- what is asked --------------------------------------------------------------------------------- */

/* Pixels per radian in the middle of the view: its distance from the eye in pixels. */
static double view_fineness(const struct equirect_view *v)
{
    return v->width / 2.0 / tan(v->fov_deg * GEO_PI / 360);
}

int equirect_rows(const struct equirect_view *view)
{
    return (int)fmin(ceil(GEO_PI * view_fineness(view)), MAX_COLUMNS);
}

static int check(const struct image *pano, double centre_heading_deg, const struct equirect_view *v,
                 struct err *e)
{
    if (pano->width < 2 || pano->width > MAX_COLUMNS ||
        abs(pano->width - 2 * pano->height) > pano->width / 100 + 1) {
        return err_set(
            e, ERR_INPUT,
            "a picture of %d x %d is no panorama: all round, it is twice as wide as high",
            pano->width, pano->height);
    }
    if (!isfinite(centre_heading_deg) || !isfinite(v->heading_deg) || !(fabs(v->pitch_deg) <= 90) ||
        !(v->fov_deg > 0 && v->fov_deg <= EQUIRECT_MAX_FOV_DEG) || v->width < 1 || v->height < 1 ||
        v->width > EQUIRECT_MAX_SIDE_PX || v->height > EQUIRECT_MAX_SIDE_PX) {
        return err_set(
            e, ERR_INPUT,
            "there is no view of %d x %d pixels with heading %g, pitch %g and %g degrees "
            "across",
            v->width, v->height, v->heading_deg, v->pitch_deg, v->fov_deg);
    }
    return 0;
}

static void prepare(struct cut *c, const struct image *pano, double centre_heading_deg,
                    const struct equirect_view *v)
{
    double ratio = pano->width / (2 * GEO_PI) / view_fineness(v);
    double turn = remainder(v->heading_deg - centre_heading_deg, 360) / 360;
    double column = (turn + 0.5) * pano->width - 0.5; /* -0.5: of pixel centres */
    c->pano = pano;
    c->looks = (int)fmin(fmax(ceil(ratio / FINER), 1), MAX_LOOKS);
    c->columns = v->width * c->looks;
    c->rows = v->height * c->looks;
    c->step = (float)(1 / (view_fineness(v) * c->looks));
    c->sin_pitch = (float)sin(v->pitch_deg * GEO_PI / 180);
    c->cos_pitch = (float)cos(v->pitch_deg * GEO_PI / 180);
    c->column_of_middle = (float)(column < 0 ? column + pano->width : column);
}

int equirect_cut(const struct image *pano, double centre_heading_deg,
                 const struct equirect_view *view, struct image *out, struct err *e)
{
    int rc = -1;
    struct cut c = {0};
    struct image img = {0};
    TRY(check(pano, centre_heading_deg, view, e));
    prepare(&c, pano, centre_heading_deg, view);
    TRY(image_new(&img, view->width, view->height, e));
    c.x = malloc((size_t)c.columns * sizeof *c.x);
    c.y = malloc((size_t)c.columns * sizeof *c.y);
    c.sum = malloc(3 * (size_t)view->width * sizeof *c.sum);
    if (!c.x || !c.y || !c.sum) {
        rc = err_nomem(e, "a view");
        goto out;
    }
    for (int row = 0; row < view->height; row++) {
        cut_row(&c, row, img.rgb + (size_t)row * (size_t)view->width * 3, (size_t)view->width);
    }
    *out = img;
    img = (struct image){0};
    rc = 0;
out:
    free(c.x);
    free(c.y);
    free(c.sum);
    image_release(&img);
    return rc;
}
