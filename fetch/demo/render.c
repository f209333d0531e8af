/* SPDX-License-Identifier: MIT */
/*
 * Sky, near ground and far terrain; props.c and roadside.c add what stands in between.
 *
 * The near ground is a plane at the road's height, drawn row by row: within a row every coordinate
 * of the plane is linear in the column. The far terrain is drawn column by column from near to far,
 * each step showing what rises above the steps before it, over the country's real coast and its
 * made-up heights: the sea lies where it lies on the map, with islands behind it. Where the land
 * falls away, the near ground ends earlier (edge_y) and the distance shows below the horizon.
 *
 * In a round picture a row of the sky or of the ground is a circle about the camera, so what is
 * linear along a row of a view is a sine and a cosine there; all else is the same code.
 */
#include "fetch/demo/render.h"

#include <math.h>

#include "core/rng.h"
#include "fetch/demo/canvas.h"

#define RISE         1.8 /* heights are exaggerated by this */
#define NEAR_END_M   250.0
#define FALL_MAX     0.17 /* steepest fall of the land that is shown */
#define FAR_FIRST_KM 0.28
#define FAR_STEP     1.16
#define FAR_STEPS    34   /* to 38 km */
#define FINE         20.0 /* texels per metre of ground: blades of grass */
#define BROAD        1.7  /* tufts and patches */
/* Of a view's sky a row is one elevation, which is right on the axis only: mean over a view of 90
 * degrees of 1 / cos of the angle off the axis. */
#define SKY_STRETCH 1.122

static double luck(const struct canvas *c, const char *what)
{
    return rng_f64(c->country->seed, rng_stream(what), c->scene->stand.key);
}

/* --- camera ------------------------------------------------------------------------------------- */

/* How steeply the land falls from the camera that way, 0 .. FALL_MAX. */
static double fall(const struct canvas *c, double sin_az, double cos_az)
{
    static const double probe_km[] = {0.35, 0.8, 1.8};
    double worst = 0;
    for (int i = 0; i < 3; i++) {
        double d = probe_km[i];
        struct xy at = {c->scene->stand.km.x + sin_az * d, c->scene->stand.km.y + cos_az * d};
        double drop = c->scene->eye_m - SCENE_EYE_M - country_height_m(c->country, at);
        worst = fmax(worst, RISE * drop / (1000 * d));
    }
    return fmin(worst, FALL_MAX);
}

static void aim(struct canvas *c, const struct view *v)
{
    double heading = v->heading_deg * GEO_PI / 180;
    double half = v->fov_deg * GEO_PI / 360;
    double pitch = fmin(60, fmax(-60, v->pitch_deg)) * GEO_PI / 180;
    c->focal = (float)(v->width / 2.0 / tan(half));
    c->horizon = (float)v->height / 2 + c->focal * (float)tan(pitch);
    c->sin_heading = (float)sin(heading);
    c->cos_heading = (float)cos(heading);
    for (int x = 0; x < v->width; x++) {
        double off = atan((x + 0.5 - v->width / 2.0) / (double)c->focal);
        double sin_az = sin(heading + off);
        double cos_az = cos(heading + off);
        double stretch = 1 / cos(off);
        double edge = SCENE_EYE_M / NEAR_END_M + fall(c, sin_az, cos_az);
        c->column[x] = (struct column){(float)sin_az, (float)cos_az, (float)stretch,
                                       c->horizon + c->focal * (float)(stretch * edge)};
    }
}

static void aim_round(struct canvas *c, double heading_deg)
{
    double heading = heading_deg * GEO_PI / 180;
    c->focal = (float)(c->w / (2 * GEO_PI));
    c->horizon = (float)c->h / 2;
    c->sin_heading = (float)sin(heading);
    c->cos_heading = (float)cos(heading);
    for (int x = 0; x < c->w; x++) {
        double az = heading + (x + 0.5 - c->w / 2.0) / (double)c->focal;
        double edge = SCENE_EYE_M / NEAR_END_M + fall(c, sin(az), cos(az));
        c->column[x] =
            (struct column){(float)sin(az), (float)cos(az), 1, c->horizon + c->focal * (float)edge};
    }
}

/* --- sky ---------------------------------------------------------------------------------------- */

/* 8-bit weights: what the sun's side of the sky gains in a column, and a row's share of it. */
static void glow_columns(const struct canvas *c, int *glow)
{
    for (int x = 0; x < c->w; x++) {
        double toward = -(double)c->column[x].cos_az; /* cosine of the angle to the south */
        glow[x] = (int)(256 * exp(2.2 * (toward - 1)));
    }
}

/* A point of a texture's tile in texels, 8.24 fixed point: it wraps round with the tile. */
struct texel {
    uint32_t x, y;
};

static uint32_t texels(double v)
{
    return (uint32_t)(int64_t)(v * 16777216);
}

static struct texel texel_of(float x_m, float y_m, double per_m)
{
    return (struct texel){texels((double)x_m * per_m), texels((double)y_m * per_m)};
}

static struct texel texel_add(struct texel a, struct texel b)
{
    return (struct texel){a.x + b.x, a.y + b.y};
}

static size_t texel_index(struct texel t)
{
    return t.y >> 24 << 8 | t.x >> 24;
}

struct sky_row {
    int r, g, b;           /* 0..255 */
    int glow, cloud;       /* 0..256 */
    double scale;          /* of the clouds: texels per unit of the plane they lie on */
    struct texel at, step; /* of a view, in the cloud's tile */
};

/* up: tangent of the elevation. The clouds lie on a plane, bent down at the horizon: one unit of
 * height is 26 texels. */
static struct sky_row sky_row(const struct scene *s, double up)
{
    struct rgb colour = rgb_mix(s->sky_low, s->sky_top, 1 - exp(-2.4 * up));
    return (struct sky_row){.r = (int)colour.r,
                            .g = (int)colour.g,
                            .b = (int)colour.b,
                            .glow = (int)(256 * exp(-1.1 * up * up)),
                            .cloud = (int)(256 * fmin(1, up * 3.5)),
                            .scale = 26 / (up + 0.10)};
}

static struct sky_row sky_row_of_view(const struct canvas *c, int y, const double *drift)
{
    struct sky_row row = sky_row(c->scene, (double)(c->horizon - (float)y) / (double)c->focal);
    double first = (0.5 - 0.5 * c->w) / (double)c->focal;
    double sh = (double)c->sin_heading;
    double ch = (double)c->cos_heading;
    row.at.x = texels(drift[0] + row.scale * (sh + first * ch));
    row.at.y = texels(drift[1] + row.scale * (ch - first * sh));
    row.step.x = texels(row.scale * ch / (double)c->focal);
    row.step.y = texels(-row.scale * sh / (double)c->focal);
    return row;
}

static int bright(int v)
{
    return v > 255 ? 255 : v;
}

/* What the pixels of the whole sky need. */
struct sky {
    int glow[RENDER_WIDTH_MAX];
    int alpha[512]; /* of a cloud, by half the weighted sum of two texels */
    double drift[2];
    int gr, gg, gb; /* the glow's colour */
    int cr, cg, cb; /* the clouds' */
    const uint8_t *tile;
};

static void sky_init(const struct canvas *c, struct sky *k)
{
    const struct scene *s = c->scene;
    k->drift[0] = 256 * luck(c, "cloud.x");
    k->drift[1] = 256 * luck(c, "cloud.y");
    k->gr = (int)s->glow.r;
    k->gg = (int)s->glow.g;
    k->gb = (int)s->glow.b;
    k->cr = (int)s->cloud.r;
    k->cg = (int)s->cloud.g;
    k->cb = (int)s->cloud.b;
    k->tile = c->country->cloud.v;
    glow_columns(c, k->glow);
    for (int i = 0; i < 512; i++) {
        double over = i - (370 - 230 * (double)s->cloud_cover);
        k->alpha[i] = (int)(fmin(1, fmax(0, over / 110)) * 225);
    }
}

static inline void sky_pixel(const struct sky *k, const struct sky_row *row, int glow,
                             struct texel at, uint32_t jitter, uint8_t *p)
{
    struct texel fine = {at.x * 4, at.y * 4};
    struct texel broad = {at.x + (jitter >> 8), at.y + (jitter << 4 >> 8)};
    int light = glow * row->glow >> 8;
    int cover = 3 * k->tile[texel_index(broad)] + k->tile[texel_index(fine)];
    int a = k->alpha[cover >> 1] * row->cloud >> 8;
    int r = row->r + (k->gr * light >> 8);
    int g = row->g + (k->gg * light >> 8);
    int b = row->b + (k->gb * light >> 8);
    r += (k->cr - r) * a >> 8;
    g += (k->cg - g) * a >> 8;
    b += (k->cb - b) * a >> 8;
    p[0] = (uint8_t)bright(r);
    p[1] = (uint8_t)bright(g);
    p[2] = (uint8_t)bright(b);
}

static void sky_row_flat(struct canvas *c, const struct sky *k, int y)
{
    const struct sky_row row = sky_row_of_view(c, y, k->drift);
    uint32_t random = (uint32_t)y * 7919U;
    uint8_t *p = c->rgb + (size_t)y * (size_t)c->w * 3;
    struct texel at = row.at;
    for (int x = 0; x < c->w; x++, p += 3) {
        sky_pixel(k, &row, k->glow[x], at, canvas_dither(&random), p);
        at = texel_add(at, row.step);
    }
}

static void sky_row_round(struct canvas *c, const struct sky *k, int y)
{
    float level = canvas_level(c, (float)y + 0.5F);
    double up = SKY_STRETCH * (double)(c->horizon - level) / (double)c->focal;
    const struct sky_row row = sky_row(c->scene, up);
    uint32_t random = (uint32_t)y * 7919U;
    uint8_t *p = c->rgb + (size_t)y * (size_t)c->w * 3;
    double scale = row.scale * SKY_STRETCH;
    for (int x = 0; x < c->w; x++, p += 3) {
        struct texel at = {texels(k->drift[0] + scale * (double)c->column[x].sin_az),
                           texels(k->drift[1] + scale * (double)c->column[x].cos_az)};
        sky_pixel(k, &row, k->glow[x], at, canvas_dither(&random), p);
    }
}

static void draw_sky(struct canvas *c)
{
    struct sky sky;
    sky_init(c, &sky);
    int end = (int)fminf((float)c->h, fmaxf(0, c->horizon + 1));
    for (int y = 0; y < end; y++) {
        if (c->round) {
            sky_row_round(c, &sky, y);
        } else {
            sky_row_flat(c, &sky, y);
        }
    }
}

/* --- near ground -------------------------------------------------------------------------------- */

enum material { ASPHALT, LINE, GRAVEL, VERGE, BARE, CROP, MATERIAL_COUNT = CROP + SCENE_CROPS };

struct paint {
    int r, g, b; /* 0..255 */
    int grain;   /* how much the texture shows, 0..256 */
};

/* A coordinate of the ground plane along a row: at + x * step. */
struct ramp {
    float at, step;
};

static struct ramp ramp_of(const struct canvas *c, float depth, float along_axis, float along_row)
{
    float pixel = depth / c->focal;
    float first = (0.5F - (float)c->w / 2) * pixel;
    return (struct ramp){depth * along_axis + first * along_row, pixel * along_row};
}

static void paints_of(const struct canvas *c, float depth, struct paint *paint)
{
    const struct scene *s = c->scene;
    double fine = fmin(1, 14 / (double)depth);
    for (int m = 0; m < MATERIAL_COUNT; m++) {
        struct rgb colour = m == ASPHALT  ? s->asphalt
                            : m == LINE   ? s->line
                            : m == GRAVEL ? s->gravel
                            : m == VERGE  ? s->grass
                            : m == BARE   ? s->soil
                                          : s->crop[m - CROP];
        double grain = m == ASPHALT ? 0.30 : m == LINE ? 0.2 : 1.0;
        colour = canvas_haze(c, rgb_scale(colour, (double)s->light), 3 * depth);
        paint[m] = (struct paint){(int)colour.r, (int)colour.g, (int)colour.b,
                                  (int)(256 * grain * (0.18 + 0.40 * fine))};
    }
}

/* The material m_across metres right of the road's middle and m_along metres ahead on it. */
static enum material on_road(const struct scene *s, float across, float along, float pixel)
{
    float off = fabsf(across);
    float half = s->road_m / 2;
    float width = 0.06F + pixel;
    if (s->dash_m > 0 && off < width) {
        float t = along / (2 * s->dash_m);
        return t - floorf(t) < 0.5F ? LINE : ASPHALT;
    }
    if (s->edge_line > 0 && off > half - 0.25F - width && off < half - 0.25F + width) {
        return LINE;
    }
    return ASPHALT;
}

/* Directions on the ground: metres along them are a sum of metres east and north. */
struct axes {
    float sr, cr; /* sine and cosine of the road's bearing */
    float sp, cp; /* of the fields', per width of a field */
};

static struct axes axes_of(const struct scene *s)
{
    float road = (float)(s->stand.road_deg * GEO_PI / 180);
    float parcel = s->parcel_deg * (float)(GEO_PI / 180);
    return (struct axes){sinf(road), cosf(road), sinf(parcel) / s->parcel_m,
                         cosf(parcel) / s->parcel_m};
}

/* What one row of the near ground needs. */
struct plot {
    struct ramp across, along; /* of a view: metres right of the road's middle, and ahead on it */
    struct ramp strip;         /* of a view: in widths of a field */
    struct texel fine, fine_step, broad, broad_step; /* of a view */
    float pixel_m;
    int bare; /* texel from which on the verge is without grass */
    struct paint paint[MATERIAL_COUNT];
};

static void plot_init(const struct canvas *c, float depth, struct plot *p)
{
    p->pixel_m = depth / c->focal;
    p->bare = 287 - (int)(200 * c->scene->patchiness);
    paints_of(c, depth, p->paint);
}

static void plot_ramps(const struct canvas *c, const struct axes *a, float depth, struct plot *p)
{
    float sh = c->sin_heading;
    float ch = c->cos_heading;
    /* east = depth sh + lateral ch, north = depth ch - lateral sh */
    p->across = ramp_of(c, depth, sh * a->cr - ch * a->sr, ch * a->cr + sh * a->sr);
    p->along = ramp_of(c, depth, sh * a->sr + ch * a->cr, ch * a->sr - sh * a->cr);
    p->strip = ramp_of(c, depth, sh * a->sp + ch * a->cp, ch * a->sp - sh * a->cp);
    p->across.at += c->scene->road_m / 4; /* the car keeps to the right */
    struct ramp east = ramp_of(c, depth, sh, ch);
    struct ramp north = ramp_of(c, depth, ch, -sh);
    p->fine = texel_of(east.at, north.at, FINE);
    p->fine_step = texel_of(east.step, north.step, FINE);
    p->broad = texel_of(east.at, north.at, BROAD);
    p->broad_step = texel_of(east.step, north.step, BROAD);
}

/* across, along: metres right of the road's middle, and ahead on it; strip: in widths of a field */
static inline enum material material_at(const struct scene *s, const struct plot *p, float across,
                                        float along, float strip, int tuft)
{
    float beside = fabsf(across) - s->road_m / 2;
    if (beside < 0) {
        return on_road(s, across, along, p->pixel_m);
    }
    if (beside < 0.7F) {
        return GRAVEL;
    }
    if (beside < 4) {
        return tuft > p->bare ? BARE : VERGE;
    }
    return (enum material)(CROP + ((int)floorf(strip) & (SCENE_CROPS - 1)));
}

static inline void ground_pixel(const struct paint *q, int fine, int broad, uint8_t *p)
{
    int k = 256 + ((fine + broad - 256) * q->grain >> 8);
    p[0] = (uint8_t)bright(q->r * k >> 8);
    p[1] = (uint8_t)bright(q->g * k >> 8);
    p[2] = (uint8_t)bright(q->b * k >> 8);
}

static inline int blurred(const uint8_t *grain, struct texel at, uint32_t jitter)
{
    return grain[texel_index((struct texel){at.x + (jitter >> 8), at.y + (jitter << 4 >> 8)})];
}

static void ground_row_flat(struct canvas *c, const struct axes *axes, int y)
{
    struct plot plot;
    const uint8_t *grain = c->country->grain.v;
    float depth = c->focal * (float)SCENE_EYE_M / ((float)y + 0.5F - c->horizon);
    uint32_t random = (uint32_t)y * 7919U;
    uint8_t *p = c->rgb + (size_t)y * (size_t)c->w * 3;
    plot_init(c, depth, &plot);
    plot_ramps(c, axes, depth, &plot);
    for (int x = 0; x < c->w; x++, p += 3) {
        int fine = blurred(grain, plot.fine, canvas_dither(&random));
        int broad = grain[texel_index(plot.broad)];
        enum material m =
            material_at(c->scene, &plot, plot.across.at + (float)x * plot.across.step,
                        plot.along.at + (float)x * plot.along.step,
                        plot.strip.at + (float)x * plot.strip.step, broad + (fine >> 2));
        ground_pixel(&plot.paint[m], fine, broad, p);
        plot.fine = texel_add(plot.fine, plot.fine_step);
        plot.broad = texel_add(plot.broad, plot.broad_step);
    }
}

static void ground_row_round(struct canvas *c, const struct axes *a, int y)
{
    struct plot plot;
    const uint8_t *grain = c->country->grain.v;
    float dist = c->focal * (float)SCENE_EYE_M / (canvas_level(c, (float)y + 0.5F) - c->horizon);
    uint32_t random = (uint32_t)y * 7919U;
    uint8_t *p = c->rgb + (size_t)y * (size_t)c->w * 3;
    plot_init(c, dist, &plot);
    for (int x = 0; x < c->w; x++, p += 3) {
        float east = dist * c->column[x].sin_az;
        float north = dist * c->column[x].cos_az;
        int fine = blurred(grain, texel_of(east, north, FINE), canvas_dither(&random));
        int broad = grain[texel_index(texel_of(east, north, BROAD))];
        enum material m = material_at(
            c->scene, &plot, east * a->cr - north * a->sr + c->scene->road_m / 4,
            east * a->sr + north * a->cr, east * a->sp + north * a->cp, broad + (fine >> 2));
        ground_pixel(&plot.paint[m], fine, broad, p);
    }
}

static void draw_ground(struct canvas *c)
{
    const struct axes axes = axes_of(c->scene);
    int first = (int)fmaxf(0, ceilf(c->horizon + 0.5F));
    for (int y = first; y < c->h; y++) {
        if (c->round) {
            ground_row_round(c, &axes, y);
        } else {
            ground_row_flat(c, &axes, y);
        }
    }
}

/* --- far terrain -------------------------------------------------------------------------------- */

/* The colour of the land or sea at a place d_km away; toward_sun: cosine of the angle to the south. */
static struct rgb far_colour(const struct canvas *c, struct xy at, enum surface_kind kind,
                             double d_km, double toward_sun)
{
    const struct scene *s = c->scene;
    if (kind == SURFACE_SEA) {
        struct rgb sea = rgb_mix(s->sea_near, s->sea_far, d_km / 16);
        return rgb_scale(sea, (double)s->light * (1 + 0.25 * fmax(0, toward_sun)));
    }
    size_t tx = (size_t)(int64_t)floor(at.x * 5) & 255;
    size_t ty = (size_t)(int64_t)floor(at.y * 5) & 255;
    double wooded = c->country->grain.v[ty * TEXTURE_SIDE + tx] / 255.0;
    struct rgb land = rgb_mix(s->crop[tx & (SCENE_CROPS - 1)], s->forest, 0.35 + wooded);
    /* the sun stands in the south: slopes that fall southwards are bright */
    struct xy south = {at.x, at.y - 0.5};
    double slope = (country_height_m(c->country, at) - country_height_m(c->country, south)) / 500;
    double shade = fmin(1.2, fmax(0.55, 0.9 + 2.0 * slope));
    return canvas_haze(c, rgb_scale(land, shade * (double)s->light), (float)(1000 * d_km));
}

static void far_column(struct canvas *c, int x)
{
    const struct scene *s = c->scene;
    const struct column *col = &c->column[x];
    double sin_az = (double)col->sin_az;
    double cos_az = (double)col->cos_az;
    float top = col->edge_y;
    double d_km = FAR_FIRST_KM / FAR_STEP;
    for (int k = 0; k < FAR_STEPS; k++) {
        d_km *= FAR_STEP;
        struct xy at = {s->stand.km.x + sin_az * d_km, s->stand.km.y + cos_az * d_km};
        enum surface_kind kind = surface_kind(&c->country->surface, at);
        double z = kind == SURFACE_SEA ? 0 : country_height_m(c->country, at);
        double up = RISE * (z - s->eye_m) / (1000 * d_km);
        float y = c->horizon - c->focal * col->stretch * (float)up;
        if (y < top - 0.5F) {
            canvas_post(c, x, y, top, far_colour(c, at, kind, d_km, -cos_az));
            top = y;
        }
    }
    if (top > c->horizon) {
        canvas_post(c, x, c->horizon, top, s->sky_low);
    }
}

static void draw(struct canvas *c)
{
    draw_sky(c);
    draw_ground(c);
    for (int x = 0; x < c->w; x++) {
        far_column(c, x);
    }
    props_draw(c);
    roadside_draw(c);
}

int render_view(const struct country *country, const struct scene *s, const struct view *v,
                struct image *img, struct err *e)
{
    struct canvas c = {.country = country, .scene = s, .w = v->width, .h = v->height};
    struct image made = {0};
    if (image_new(&made, v->width, v->height, e) != 0) {
        return -1;
    }
    c.rgb = made.rgb;
    aim(&c, v);
    draw(&c);
    *img = made;
    return 0;
}

int render_round(const struct country *country, const struct scene *s, double heading_deg,
                 int width, struct image *img, struct err *e)
{
    struct canvas c = {.country = country, .scene = s, .w = width, .h = width / 2, .round = true};
    struct image made = {0};
    if (image_new(&made, c.w, c.h, e) != 0) {
        return -1;
    }
    c.rgb = made.rgb;
    aim_round(&c, heading_deg);
    draw(&c);
    *img = made;
    return 0;
}
