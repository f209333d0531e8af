/* SPDX-License-Identifier: MIT */
/*
 * Fields to looks. Most materials take their colour from a palette of four corners and two fields,
 * so that a colour alone already tells a region in two dimensions. Near the sea everything leans
 * towards stone, pines and pale walls, as it does on the real coast.
 */
#include "fetch/demo/country.h"

#include <math.h>
#include <stdlib.h>

#include "core/rng.h"

static const struct {
    const char *name;
    struct field_shape shape;
} fields[FIELD_COUNT] = {
    [FIELD_SOIL_U] = {"field.soil.u", {1100, 160, 1.3}},
    [FIELD_SOIL_V] = {"field.soil.v", {700, 70, 1.1}},
    [FIELD_LEAF_U] = {"field.leaf.u", {1000, 120, 1.3}},
    [FIELD_LEAF_V] = {"field.leaf.v", {500, 50, 1.0}},
    [FIELD_SKY_U] = {"field.sky.u", {1200, 250, 1.4}},
    [FIELD_SKY_V] = {"field.sky.v", {800, 120, 1.2}},
    [FIELD_ROOF_U] = {"field.roof.u", {800, 60, 1.1}},
    [FIELD_ROOF_V] = {"field.roof.v", {400, 40, 0.9}},
    [FIELD_WALL_U] = {"field.wall.u", {600, 50, 1.0}},
    [FIELD_WALL_V] = {"field.wall.v", {300, 30, 0.8}},
    [FIELD_CROP_U] = {"field.crop.u", {900, 80, 1.2}},
    [FIELD_CROP_V] = {"field.crop.v", {350, 30, 0.9}},
    [FIELD_SPECIES_U] = {"field.species.u", {700, 60, 1.1}},
    [FIELD_SPECIES_V] = {"field.species.v", {400, 40, 1.0}},
    [FIELD_WOODS] = {"field.woods", {300, 20, 0.7}},
    [FIELD_TOWNS] = {"field.towns", {200, 20, 0.6}},
    [FIELD_HAZE] = {"field.haze", {800, 100, 1.2}},
    [FIELD_CAMERA_U] = {"field.camera.u", {1000, 250, 1.4}},
    [FIELD_CAMERA_V] = {"field.camera.v", {600, 120, 1.2}},
    [FIELD_ROAD] = {"field.road", {500, 40, 0.9}},
    [FIELD_POLES] = {"field.poles", {450, 50, 1.0}},
    [FIELD_FENCE] = {"field.fence", {350, 35, 0.9}},
    [FIELD_RELIEF] = {"field.relief", {500, 60, 1.1}},
    [FIELD_HILLS] = {"field.hills", {45, 2.4, 0.85}},
};

/* --- terrain ------------------------------------------------------------------------------------ */

static double clamp(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

/* A height from the two fields' values. Towards the sea the land falls, over ten kilometres gently
 * and steeply at the shore, and its hills grow lower: so the sea is seen from behind the coast. */
static double terrain_m(double relief, double hills, double sea_km)
{
    double wild = 0.5 * erfc(-relief * 0.70710678118654752);
    double up = 1 / (1 + exp(-1.7 * hills));
    double tame = clamp(sea_km / 14, 0.06, 1);
    double slope = 45 * fmin(sea_km, 1.5) + 14 * clamp(sea_km - 1.5, 0, 8.5);
    double full = 10 + slope + tame * (30 + 900 * wild * wild) * up * up;
    return fmin(full, 3 + 90 * sea_km);
}

static int make_heights(struct country *c, struct err *e)
{
    const struct surface *s = &c->surface;
    size_t w = (size_t)s->n_x;
    int rc = -1;
    float *relief = malloc(w * sizeof relief[0]);
    float *hills = malloc(w * sizeof hills[0]);
    c->height_m = malloc(w * (size_t)s->n_y * sizeof c->height_m[0]);
    if (!relief || !hills || !c->height_m) {
        rc = err_nomem(e, "the terrain");
        goto out;
    }
    for (size_t y = 0; y < (size_t)s->n_y; y++) {
        struct xy km = {s->origin.x, s->origin.y + (double)y * SURFACE_CELL_KM};
        field_row(&c->field[FIELD_RELIEF], km, SURFACE_CELL_KM, relief, w);
        field_row(&c->field[FIELD_HILLS], km, SURFACE_CELL_KM, hills, w);
        for (size_t x = 0; x < w; x++) {
            size_t i = y * w + x;
            bool sea = s->kind[i] == SURFACE_SEA;
            double m = terrain_m((double)relief[x], (double)hills[x], s->sea_10m[i] * 0.01);
            c->height_m[i] = (int16_t)(sea ? 0 : m);
        }
    }
    rc = 0;
out:
    free(relief);
    free(hills);
    return rc;
}

double country_height_m(const struct country *c, struct xy km)
{
    const struct surface *s = &c->surface;
    double x = clamp((km.x - s->origin.x) / SURFACE_CELL_KM, 0, s->n_x - 1.001);
    double y = clamp((km.y - s->origin.y) / SURFACE_CELL_KM, 0, s->n_y - 1.001);
    size_t w = (size_t)s->n_x;
    size_t i = (size_t)y * w + (size_t)x;
    double tx = x - floor(x);
    double ty = y - floor(y);
    double low = c->height_m[i] * (1 - tx) + c->height_m[i + 1] * tx;
    double high = c->height_m[i + w] * (1 - tx) + c->height_m[i + w + 1] * tx;
    return low * (1 - ty) + high * ty;
}

/* --- making it ---------------------------------------------------------------------------------- */

#define SAMPLE_MAX 2048

/* Places all over the country, for the fields' mean and deviation. */
static size_t sample_home(const struct surface *s, struct xy *km)
{
    size_t n_cells = (size_t)s->n_x * (size_t)s->n_y;
    size_t n_home = 0;
    size_t n = 0;
    size_t seen = 0;
    for (size_t i = 0; i < n_cells; i++) {
        n_home += s->kind[i] == SURFACE_HOME;
    }
    size_t every = n_home / SAMPLE_MAX + 1;
    for (size_t i = 0; i < n_cells; i++) {
        if (s->kind[i] == SURFACE_HOME && seen++ % every == 0) {
            size_t row = i / (size_t)s->n_x;
            size_t col = i % (size_t)s->n_x;
            km[n].x = s->origin.x + (double)col * SURFACE_CELL_KM;
            km[n].y = s->origin.y + (double)row * SURFACE_CELL_KM;
            n++;
        }
    }
    return n;
}

int country_new(const struct border *b, uint64_t seed, struct country **c, struct err *e)
{
    int rc = -1;
    struct xy sample[SAMPLE_MAX];
    struct country *n = calloc(1, sizeof *n);
    if (!n) {
        return err_nomem(e, "the country");
    }
    n->seed = seed;
    n->border = b;
    TRY(surface_init(&n->surface, b, e));
    size_t n_sample = sample_home(&n->surface, sample);
    if (n_sample < 2) {
        rc = err_set(e, ERR_INPUT, "the border holds less than a square kilometre");
        goto out;
    }
    for (int i = 0; i < FIELD_COUNT; i++) {
        field_init(&n->field[i], seed, fields[i].name, &fields[i].shape);
        field_standardise(&n->field[i], sample, n_sample);
    }
    texture_init(&n->grain, seed, "texture.grain");
    texture_init(&n->cloud, seed, "texture.cloud");
    TRY(make_heights(n, e));
    *c = n;
    n = NULL;
out:
    country_free(n);
    return rc;
}

void country_free(struct country *c)
{
    if (c) {
        surface_release(&c->surface);
        free(c->height_m);
        free(c);
    }
}

/* --- looks -------------------------------------------------------------------------------------- */

struct rgb rgb_mix(struct rgb a, struct rgb b, double t)
{
    float f = (float)clamp(t, 0, 1);
    return (struct rgb){a.r + (b.r - a.r) * f, a.g + (b.g - a.g) * f, a.b + (b.b - a.b) * f};
}

struct rgb rgb_scale(struct rgb c, double by)
{
    float f = (float)by;
    return (struct rgb){c.r * f, c.g * f, c.b * f};
}

/* Corners: u = 0 v = 0, u = 1 v = 0, u = 0 v = 1, u = 1 v = 1. */
struct palette {
    struct rgb corner[4];
};

static const struct palette pal_soil = {
    {{172, 78, 46}, {206, 192, 164}, {84, 64, 50}, {202, 158, 88}}}; /* red, karst, black, loess */
static const struct palette pal_grass = {
    {{84, 136, 40}, {172, 160, 64}, {46, 116, 72}, {186, 176, 112}}};
static const struct palette pal_leaf = {
    {{74, 128, 36}, {148, 156, 92}, {30, 86, 68}, {172, 134, 44}}};
static const struct palette pal_sky_top = {
    {{36, 92, 204}, {128, 172, 220}, {104, 108, 158}, {44, 156, 184}}};
static const struct palette pal_sky_low = {
    {{186, 212, 244}, {240, 222, 190}, {192, 186, 206}, {200, 236, 222}}};
static const struct palette pal_roof = {
    {{186, 74, 42}, {206, 128, 72}, {116, 56, 46}, {96, 92, 96}}};
static const struct palette pal_wall = {
    {{238, 232, 216}, {236, 204, 146}, {214, 180, 164}, {190, 186, 174}}};
static const struct palette pal_crop = {
    {{112, 150, 50}, {214, 186, 88}, {70, 122, 62}, {178, 160, 108}}};
static const struct palette pal_sea = {
    {{30, 92, 142}, {52, 142, 164}, {40, 78, 118}, {72, 134, 152}}};
static const struct palette pal_asphalt = {
    {{70, 74, 84}, {140, 128, 112}, {112, 92, 92}, {158, 156, 154}}};

static struct rgb pick(const struct palette *p, double u, double v)
{
    return rgb_mix(rgb_mix(p->corner[0], p->corner[1], u), rgb_mix(p->corner[2], p->corner[3], u),
                   v);
}

/* Draws that differ from panorama to panorama: d-th of this key, 0..1. */
static double luck(const struct country *c, const struct scene *s, unsigned d)
{
    return rng_f64(c->seed, rng_stream("scene"), s->stand.key * 64 + d);
}

static void look_sky(const struct country *c, const double *f, struct scene *s)
{
    s->light = (float)(0.97 + 0.06 * luck(c, s, 1));
    s->cloud_cover = (float)clamp(0.15 + 0.45 * f[FIELD_HAZE] + 0.4 * (luck(c, s, 2) - 0.5), 0, 1);
    s->sky_top = pick(&pal_sky_top, f[FIELD_SKY_U], f[FIELD_SKY_V]);
    s->sky_low = pick(&pal_sky_low, f[FIELD_SKY_U], f[FIELD_SKY_V]);
    s->glow = rgb_mix((struct rgb){70, 74, 84}, (struct rgb){150, 116, 56}, f[FIELD_CAMERA_V]);
    s->cloud = rgb_mix((struct rgb){250, 250, 250}, (struct rgb){206, 208, 214}, f[FIELD_HAZE]);
    s->visibility_km = (float)(6 + 34 * (1 - f[FIELD_HAZE]));
}

static void look_ground(const struct country *c, const double *f, double coast, struct scene *s)
{
    struct rgb karst = {206, 198, 180};
    s->soil = rgb_mix(pick(&pal_soil, f[FIELD_SOIL_U], f[FIELD_SOIL_V]), karst, 0.35 * coast);
    s->grass = pick(&pal_grass, f[FIELD_LEAF_U], f[FIELD_SOIL_V]);
    s->grass = rgb_mix(s->grass, (struct rgb){166, 156, 104}, 0.3 * coast);
    s->patchiness = (float)clamp(0.25 + 0.5 * f[FIELD_CROP_V] + 0.25 * coast, 0, 1);
    s->parcel_m = (float)(9 + 60 * f[FIELD_CROP_V] * f[FIELD_CROP_V]);
    s->parcel_deg = (float)(180 * f[FIELD_CROP_U] + 40 * luck(c, s, 3));
    struct rgb crop = pick(&pal_crop, f[FIELD_CROP_U], f[FIELD_CROP_V]);
    double ploughed = 0.2 + 0.5 * f[FIELD_SOIL_U];
    for (unsigned i = 0; i < SCENE_CROPS; i++) {
        double draw = luck(c, s, 8 + i);
        double tone = 0.88 + 0.24 * luck(c, s, 32 + i);
        struct rgb base = draw < ploughed                 ? s->soil
                          : draw < 0.5 * (1 + ploughed)   ? crop
                          : draw < 0.75 + 0.25 * ploughed ? s->grass
                                                          : rgb_mix(crop, s->grass, 0.5);
        s->crop[i] = rgb_scale(base, tone);
    }
    s->sea_near = pick(&pal_sea, f[FIELD_SKY_V], f[FIELD_WALL_U]);
    s->sea_far = rgb_mix(s->sea_near, s->sky_low, 0.35);
}

static void look_plants(const double *f, double coast, struct scene *s)
{
    s->leaf[0] = pick(&pal_leaf, f[FIELD_LEAF_U], f[FIELD_LEAF_V]);
    s->leaf[1] = rgb_mix(s->leaf[0], s->grass, 0.4);
    s->forest = rgb_mix(s->leaf[0], s->soil, 0.15 + 0.25 * coast);
    s->trunk = rgb_mix((struct rgb){84, 66, 48}, (struct rgb){150, 140, 126}, f[FIELD_SPECIES_V]);
    s->n_trees = (float)(25 + 240 * f[FIELD_WOODS] * f[FIELD_WOODS]);
    s->tree_m = (float)(6 + 13 * f[FIELD_SPECIES_V] * (1 - 0.5 * coast));
    double u = f[FIELD_SPECIES_U];
    double v = f[FIELD_SPECIES_V];
    double share[TREE_COUNT] = {
        [TREE_BROADLEAF] = (1 - u) * (0.4 + v) * (1.2 - coast),
        [TREE_CONIFER] = u * u * v * 2.2 * (1 - coast),
        [TREE_CYPRESS] = coast * (0.15 + 0.6 * u * (1 - v)),
        [TREE_PINE] = coast * (0.3 + 0.5 * v) + 0.1 * u,
        [TREE_SHRUB] = 0.15 + 0.9 * (1 - v) * (0.4 + 0.6 * u),
    };
    double sum = 0;
    for (int i = 0; i < TREE_COUNT; i++) {
        sum += share[i];
    }
    for (int i = 0; i < TREE_COUNT; i++) {
        s->species[i] = (float)(share[i] / sum);
    }
}

static void look_buildings(const double *f, double coast, struct scene *s)
{
    struct rgb tile = {204, 112, 66};
    s->roof[0] = rgb_mix(pick(&pal_roof, f[FIELD_ROOF_U], f[FIELD_ROOF_V]), tile, 0.4 * coast);
    s->roof[1] = rgb_scale(s->roof[0], 0.86);
    s->wall[0] = pick(&pal_wall, f[FIELD_WALL_U], f[FIELD_WALL_V]);
    s->wall[1] = rgb_mix(s->wall[0], (struct rgb){226, 218, 200}, 0.5);
    s->stone = rgb_mix((struct rgb){196, 190, 176}, s->soil, 0.35);
    double town = f[FIELD_TOWNS];
    s->n_houses = (float)(1 + 26 * town * town * town);
    s->storeys = (float)(1 + 1.2 * f[FIELD_ROOF_V] + (town > 0.85 ? 1.5 : 0));
    s->roof_pitch = (float)(0.25 + 0.75 * f[FIELD_ROOF_U] * (1 - 0.6 * coast));
    s->house_m = (float)(8 + 7 * f[FIELD_WALL_V]);
}

static void look_road(const struct country *c, const double *f, double coast, struct scene *s)
{
    double road = f[FIELD_ROAD];
    double poles = f[FIELD_POLES];
    double fence = f[FIELD_FENCE];
    s->asphalt = pick(&pal_asphalt, road, f[FIELD_SOIL_V]);
    s->line = poles > 0.82 ? (struct rgb){226, 196, 88} : (struct rgb){226, 226, 220};
    s->gravel = rgb_mix(s->soil, s->asphalt, 0.5);
    s->road_m = (float)(4.2 + 4.2 * road);
    s->dash_m = road < 0.25 ? 0 : (float)(2 + 4 * poles);
    s->edge_line = road > 0.5 ? 1 : 0;
    s->pole_m = poles < 0.2 ? 0 : (float)(5.5 + 4 * poles);
    s->pole_every_m = (float)(28 + 22 * fence);
    s->pole_side = luck(c, s, 4) < 0.5 ? 1 : -1;
    double kind = fence + 0.25 * (luck(c, s, 5) - 0.5);
    s->fence_kind = coast > 0.5 && kind > 0.35 ? FENCE_WALL
                    : kind < 0.35              ? FENCE_NONE
                    : kind < 0.5               ? FENCE_RAIL
                    : kind < 0.65              ? FENCE_HEDGE
                    : kind < 0.8               ? FENCE_WALL
                                               : FENCE_PICKET;
    static const float height[FENCE_COUNT] = {0, 0.9F, 0.75F, 1.2F, 1.1F};
    s->fence_m = height[s->fence_kind];
    static const struct rgb colour[FENCE_COUNT] = {
        [FENCE_RAIL] = {176, 180, 184}, [FENCE_PICKET] = {150, 120, 88}};
    s->fence = s->fence_kind == FENCE_WALL    ? s->stone
               : s->fence_kind == FENCE_HEDGE ? rgb_scale(s->leaf[0], 0.9)
                                              : colour[s->fence_kind];
}

static void expose(struct rgb *c, struct rgb gain)
{
    *c = (struct rgb){c->r * gain.r, c->g * gain.g, c->b * gain.b};
}

/* Each region was driven by another car: exposure and white balance of its camera. */
static void look_camera(const struct country *c, const double *f, struct scene *s)
{
    double exposure = 0.86 + 0.24 * f[FIELD_CAMERA_U];
    double warmth = 0.16 * (f[FIELD_CAMERA_V] - 0.5) + 0.03 * (luck(c, s, 0) - 0.5);
    struct rgb gain = {(float)(exposure * (1 + warmth)), (float)exposure,
                       (float)(exposure * (1 - warmth))};
    struct rgb *all[] = {&s->sky_top, &s->sky_low, &s->cloud,   &s->soil,   &s->grass,
                         &s->leaf[0], &s->leaf[1], &s->trunk,   &s->forest, &s->sea_near,
                         &s->sea_far, &s->asphalt, &s->line,    &s->gravel, &s->roof[0],
                         &s->roof[1], &s->wall[0], &s->wall[1], &s->stone,  &s->fence};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        expose(all[i], gain);
    }
    for (int i = 0; i < SCENE_CROPS; i++) {
        expose(&s->crop[i], gain);
    }
}

void country_scene(const struct country *c, const struct stand *stand, struct scene *s)
{
    double f[FIELD_COUNT];
    for (int i = 0; i < FIELD_COUNT; i++) {
        f[i] = field_unit(&c->field[i], stand->km);
    }
    double coast = exp(-surface_sea_km(&c->surface, stand->km) / 22);
    *s = (struct scene){.stand = *stand};
    s->eye_m = country_height_m(c, stand->km) + SCENE_EYE_M;
    look_sky(c, f, s);
    look_ground(c, f, coast, s);
    look_plants(f, coast, s);
    look_buildings(f, coast, s);
    look_road(c, f, coast, s);
    look_camera(c, f, s);
}
