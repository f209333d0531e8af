/* SPDX-License-Identifier: MIT */
/*
 * What runs along the road: fences, wires, and the posts at regular distances. The road is straight,
 * so a line beside it meets each column of the picture once, at a distance that one division gives.
 */
#include <math.h>

#include "fetch/demo/canvas.h"

#define SIGHT_M     240.0F
#define FENCE_GAP_M 24.0F /* pieces of fence, of which some are missing */
#define MARKER_M    25.0F /* between marker posts */
#define SAG_M       0.8F

/* Where column x meets the line that runs off_m right of the road's middle. */
struct meet {
    float dist_m, depth_m;
    float along_m; /* on the road, from the camera */
};

struct road {
    float sin_b, cos_b; /* of its bearing */
    float camera_m;     /* of the camera, right of the middle */
};

static struct road road_of(const struct scene *s)
{
    float b = (float)(s->stand.road_deg * GEO_PI / 180);
    return (struct road){sinf(b), cosf(b), s->road_m / 4};
}

static bool meet_line(const struct canvas *c, const struct road *r, int x, float off_m,
                      struct meet *m)
{
    const struct column *col = &c->column[x];
    float across = col->sin_az * r->cos_b - col->cos_az * r->sin_b; /* metres per metre of ray */
    float need = off_m - r->camera_m;
    if (across * need <= 0 || fabsf(need) > SIGHT_M * fabsf(across)) {
        return false;
    }
    m->dist_m = need / across;
    m->depth_m = m->dist_m / col->stretch;
    m->along_m = m->dist_m * (col->sin_az * r->sin_b + col->cos_az * r->cos_b);
    return true;
}

static float row_of(const struct canvas *c, float z_m, float depth_m)
{
    return c->horizon - c->focal * (z_m - (float)SCENE_EYE_M) / depth_m;
}

/* A value of 0..255 that stays with the place along the road. */
static int grain_at(const struct canvas *c, float along_m, float per_m, uint32_t row)
{
    uint32_t i = (uint32_t)(int32_t)floorf(along_m * per_m);
    return c->country->grain.v[(row & 255) * TEXTURE_SIDE + (i & 255)];
}

static float share_of(float v)
{
    return v - floorf(v);
}

/* --- fences ------------------------------------------------------------------------------------- */

static void fence_column(struct canvas *c, int x, const struct meet *m, struct rgb colour)
{
    const struct scene *s = c->scene;
    float foot = row_of(c, 0, m->depth_m);
    float wave = (float)grain_at(c, m->along_m, 4, 90) / 255;
    float top = row_of(c, s->fence_m, m->depth_m);
    switch (s->fence_kind) {
    case FENCE_RAIL:
        canvas_post(c, x, row_of(c, 0.75F, m->depth_m), row_of(c, 0.45F, m->depth_m), colour);
        if (share_of(m->along_m / 4) < 0.04F) {
            canvas_post(c, x, row_of(c, 0.45F, m->depth_m), foot, rgb_scale(colour, 0.8));
        }
        return;
    case FENCE_WALL:
        top = row_of(c, s->fence_m * (0.85F + 0.25F * wave), m->depth_m);
        canvas_post(c, x, top, foot, rgb_scale(colour, 0.78 + 0.3 * (double)wave));
        canvas_post(c, x, top, top + (foot - top) * 0.14F, rgb_scale(colour, 1.1));
        return;
    case FENCE_HEDGE:
        top = row_of(c, s->fence_m * (0.75F + 0.5F * wave), m->depth_m);
        canvas_post(c, x, top, foot, rgb_scale(colour, 0.6 + 0.5 * (double)wave));
        canvas_post(c, x, top, top + (foot - top) * 0.3F,
                    rgb_scale(colour, 0.85 + 0.5 * (double)wave));
        return;
    case FENCE_PICKET:
        if (share_of(m->along_m / 0.3F) < 0.5F) {
            canvas_post(c, x, top, foot, colour);
        }
        canvas_post(c, x, top + (foot - top) * 0.3F, top + (foot - top) * 0.42F, colour);
        return;
    case FENCE_NONE:
    case FENCE_COUNT:
        return;
    }
}

static void draw_fence(struct canvas *c, const struct road *r, float side)
{
    const struct scene *s = c->scene;
    float off_m = side * (s->road_m / 2 + 2.0F);
    for (int x = 0; x < c->w; x++) {
        struct meet m;
        if (!meet_line(c, r, x, off_m, &m) || row_of(c, 0, m.depth_m) < c->column[x].edge_y ||
            grain_at(c, m.along_m, 1 / FENCE_GAP_M, (uint32_t)(s->stand.key + (side > 0))) < 100) {
            continue;
        }
        double light = (double)canvas_sunlight(c, c->column[x].cos_az);
        fence_column(c, x, &m, canvas_haze(c, rgb_scale(s->fence, light), 3 * m.dist_m));
    }
}

/* --- posts and wires ---------------------------------------------------------------------------- */

/* Where a post stands that is off_m right of the road's middle and along_m ahead on it. */
static bool post_spot(const struct canvas *c, const struct road *r, float off_m, float along_m,
                      struct corner *foot, float *scale)
{
    float across = off_m - r->camera_m;
    float east = across * r->cos_b + along_m * r->sin_b;
    float north = -across * r->sin_b + along_m * r->cos_b;
    if (!canvas_spot(c, east, north, 2, &foot->x, scale)) {
        return false;
    }
    foot->y = c->horizon + (float)SCENE_EYE_M * *scale;
    return foot->y >= canvas_edge(c, foot->x);
}

static void draw_box(struct canvas *c, float x, float half, float top, float low, struct rgb colour)
{
    const struct corner q[4] = {{x - half, top}, {x + half, top}, {x + half, low}, {x - half, low}};
    canvas_quad(c, q, colour);
}

static void draw_markers(struct canvas *c, const struct road *r)
{
    const struct scene *s = c->scene;
    struct rgb white = rgb_scale((struct rgb){238, 238, 234}, (double)s->light);
    for (int i = 6; i >= -6; i--) {
        for (int side = -1; side <= 1; side += 2) {
            struct corner foot;
            float scale = 0;
            float along = ((float)i + 0.3F) * MARKER_M;
            if (!post_spot(c, r, (float)side * (s->road_m / 2 + 0.9F), along, &foot, &scale)) {
                continue;
            }
            float half = fmaxf(0.5F, 0.06F * scale);
            draw_box(c, foot.x, half, foot.y - scale, foot.y, white);
            draw_box(c, foot.x, half, foot.y - 0.85F * scale, foot.y - 0.65F * scale,
                     (struct rgb){190, 52, 40});
        }
    }
}

static void draw_poles(struct canvas *c, const struct road *r, float off_m)
{
    const struct scene *s = c->scene;
    int n = (int)(SIGHT_M / s->pole_every_m);
    /* by pairs from the far ends towards the camera */
    for (int k = 2 * n + 1; k >= 0; k--) {
        int i = k & 1 ? -(k / 2) - 1 : k / 2;
        struct corner foot;
        float scale = 0;
        if (!post_spot(c, r, off_m, ((float)i + 0.5F) * s->pole_every_m, &foot, &scale)) {
            continue;
        }
        struct rgb colour =
            canvas_haze(c, rgb_scale(s->trunk, (double)s->light * 0.8), 3 * c->focal / scale);
        float top = foot.y - s->pole_m * scale;
        draw_box(c, foot.x, fmaxf(0.6F, 0.12F * scale), top, foot.y, colour);
        draw_box(c, foot.x, 0.8F * scale, top + 0.35F * scale,
                 top + 0.35F * scale + fmaxf(1, 0.12F * scale), colour);
    }
}

static void draw_wires(struct canvas *c, const struct road *r, float off_m)
{
    const struct scene *s = c->scene;
    const struct rgb colour = {52, 52, 56};
    for (int wire = -1; wire <= 1; wire++) {
        for (int x = 0; x < c->w; x++) {
            struct meet m;
            if (!meet_line(c, r, x, off_m + 0.75F * (float)wire, &m)) {
                continue;
            }
            float t = share_of(m.along_m / s->pole_every_m - 0.5F);
            float y = row_of(c, s->pole_m - 0.35F - SAG_M * 4 * t * (1 - t), m.depth_m);
            float width = fmaxf(1, 0.03F * c->focal / m.depth_m);
            if (m.dist_m < 90) {
                canvas_post(c, x, y, y + width, colour);
            }
        }
    }
}

void roadside_draw(struct canvas *c)
{
    const struct scene *s = c->scene;
    struct road r = road_of(s);
    draw_fence(c, &r, -1);
    draw_fence(c, &r, 1);
    if (s->edge_line > 0) {
        draw_markers(c, &r);
    }
    if (s->pole_m > 0) {
        float off_m = (float)s->pole_side * (s->road_m / 2 + 2.8F);
        draw_wires(c, &r, off_m);
        draw_poles(c, &r, off_m);
    }
}
