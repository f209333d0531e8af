/* SPDX-License-Identifier: MIT */
/* Filled spans in fixed loops; clipping happens here and nowhere else. */
#include "fetch/demo/canvas.h"

static uint8_t byte(float v)
{
    return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)v;
}

static int clip(float v, int low, int high)
{
    return v <= (float)low ? low : v >= (float)high ? high : (int)lrintf(v);
}

bool canvas_spot(const struct canvas *c, float east_m, float north_m, float nearest_m, float *x,
                 float *scale)
{
    float depth = east_m * c->sin_heading + north_m * c->cos_heading;
    float lateral = east_m * c->cos_heading - north_m * c->sin_heading;
    float dist = c->round ? hypotf(depth, lateral) : depth;
    if (dist < nearest_m) {
        return false;
    }
    *scale = c->focal / dist;
    *x = (float)c->w / 2 + (c->round ? c->focal * atan2f(lateral, depth) : lateral * *scale);
    return true;
}

/* Where the part of a span appears that a round picture has on its other side; 0: there is none. */
static float other_side(const struct canvas *c, float x0, float x1)
{
    float w = (float)c->w;
    return !c->round ? 0 : x0 < 0 ? w : x1 > w ? -w : 0;
}

static void fill_span(struct canvas *c, int y, float x0, float x1, struct rgb colour)
{
    int from = clip(x0, 0, c->w);
    int to = clip(x1, 0, c->w);
    uint8_t r = byte(colour.r);
    uint8_t g = byte(colour.g);
    uint8_t b = byte(colour.b);
    uint8_t *p = c->rgb + ((size_t)y * (size_t)c->w + (size_t)from) * 3;
    for (int x = from; x < to; x++, p += 3) {
        p[0] = r;
        p[1] = g;
        p[2] = b;
    }
}

void canvas_span(struct canvas *c, int y, float x0, float x1, struct rgb colour)
{
    if (y < 0 || y >= c->h) {
        return;
    }
    float other = other_side(c, x0, x1);
    fill_span(c, y, x0, x1, colour);
    if (other != 0) {
        fill_span(c, y, x0 + other, x1 + other, colour);
    }
}

void canvas_post(struct canvas *c, int x, float y0, float y1, struct rgb colour)
{
    if (x < 0 || x >= c->w) {
        return;
    }
    int from = clip(canvas_row(c, y0), 0, c->h);
    int to = clip(canvas_row(c, y1), 0, c->h);
    uint8_t r = byte(colour.r);
    uint8_t g = byte(colour.g);
    uint8_t b = byte(colour.b);
    size_t stride = (size_t)c->w * 3;
    uint8_t *p = c->rgb + (size_t)from * stride + (size_t)x * 3;
    for (int y = from; y < to; y++, p += stride) {
        p[0] = r;
        p[1] = g;
        p[2] = b;
    }
}

static void fill_leaves(struct canvas *c, int y, float x0, float x1, const struct leaves *l)
{
    int from = clip(x0, 0, c->w);
    int to = clip(x1, 0, c->w);
    /* texels as 8.24 fixed point: the tile repeats by itself when the number wraps */
    uint32_t step = (uint32_t)(16777216.0F / fmaxf(0.3F, l->cell));
    uint32_t line = (uint32_t)y * (step >> 8) + l->salt * 40503U; /* 16.16 */
    uint32_t at = (uint32_t)from * step + l->salt * 2654435761U;
    uint32_t random = (uint32_t)y * 7919U + l->salt;
    const uint8_t *grain = c->country->grain.v;
    const float slope = (l->k1 - l->k0) / fmaxf(1, x1 - x0);
    int light = (int)(256 * (l->k0 + slope * ((float)from - x0)) * 65536);
    int dlight = (int)(256 * slope * 65536);
    int r = (int)l->colour.r;
    int g = (int)l->colour.g;
    int b = (int)l->colour.b;
    uint8_t *p = c->rgb + ((size_t)y * (size_t)c->w + (size_t)from) * 3;
    for (int x = from; x < to; x++, p += 3, at += step, light += dlight) {
        uint32_t jitter = canvas_dither(&random);
        uint32_t tx = (at + (jitter >> 8)) >> 24;
        uint32_t ty = (line + (jitter & 0xffff)) >> 16 & 255;
        int leaf = grain[ty << 8 | tx] + grain[(ty * 5 & 255) << 8 | (at * 5 >> 24)] - 256;
        int k = (light >> 16) * (256 + (leaf >> 1)) >> 8; /* 0.5 .. 1.5 of the light */
        int vr = r * k >> 8;
        int vg = g * k >> 8;
        int vb = b * k >> 8;
        p[0] = (uint8_t)(vr > 255 ? 255 : vr);
        p[1] = (uint8_t)(vg > 255 ? 255 : vg);
        p[2] = (uint8_t)(vb > 255 ? 255 : vb);
    }
}

void canvas_leaves(struct canvas *c, int y, float x0, float x1, const struct leaves *l)
{
    if (y < 0 || y >= c->h) {
        return;
    }
    float other = other_side(c, x0, x1);
    fill_leaves(c, y, x0, x1, l);
    if (other != 0) {
        fill_leaves(c, y, x0 + other, x1 + other, l);
    }
}

static void fill_shade(struct canvas *c, int y, float x0, float x1, int k)
{
    int from = clip(x0, 0, c->w);
    int to = clip(x1, 0, c->w);
    uint8_t *p = c->rgb + ((size_t)y * (size_t)c->w + (size_t)from) * 3;
    for (int i = 0; i < (to - from) * 3; i++) {
        p[i] = (uint8_t)(p[i] * k >> 8);
    }
}

void canvas_shade(struct canvas *c, int y, float x0, float x1, int k)
{
    if (y < 0 || y >= c->h) {
        return;
    }
    float other = other_side(c, x0, x1);
    fill_shade(c, y, x0, x1, k);
    if (other != 0) {
        fill_shade(c, y, x0 + other, x1 + other, k);
    }
}

void canvas_quad(struct canvas *c, const struct corner q[4], struct rgb colour)
{
    float low = canvas_row(c, fminf(fminf(q[0].y, q[1].y), fminf(q[2].y, q[3].y)));
    float high = canvas_row(c, fmaxf(fmaxf(q[0].y, q[1].y), fmaxf(q[2].y, q[3].y)));
    int end = clip(ceilf(high), 0, c->h);
    for (int y = clip(floorf(low), 0, c->h); y < end; y++) {
        float mid = canvas_level(c, (float)y + 0.5F);
        float left = 1e9F;
        float right = -1e9F;
        for (int i = 0; i < 4; i++) {
            struct corner a = q[i];
            struct corner b = q[(i + 1) & 3];
            if ((a.y <= mid) != (b.y <= mid)) {
                float x = a.x + (mid - a.y) / (b.y - a.y) * (b.x - a.x);
                left = fminf(left, x);
                right = fmaxf(right, x);
            }
        }
        if (left < right) {
            canvas_span(c, y, left, right, colour);
        }
    }
}

float canvas_edge(const struct canvas *c, float x)
{
    return c->column[clip(x, 0, c->w - 1)].edge_y;
}

float canvas_sunlight(const struct canvas *c, float cos_az)
{
    return c->scene->light * (0.80F + 0.22F * cos_az);
}

struct rgb canvas_haze(const struct canvas *c, struct rgb colour, float dist_m)
{
    const struct scene *s = c->scene;
    return rgb_mix(s->sky_low, colour, exp(-(double)dist_m / (1000 * (double)s->visibility_km)));
}
