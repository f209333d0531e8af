/* SPDX-License-Identifier: MIT */
/*
 * Trees and houses. Where they stand is drawn once per panorama, so that all its views agree; what
 * kinds there are and how many is the region's. Shapes are profiles filled by rows, with ragged
 * edges and a grain for leaves; houses are boxes in oblique projection.
 */
#include <math.h>
#include <stdlib.h>

#include "core/rng.h"
#include "fetch/demo/canvas.h"

#define PROPS_MAX    400
#define TREE_NEAR_M  8.0F
#define TREE_FAR_M   230.0F
#define ALONG_M      170.0F /* houses stand so far up and down the road */
#define BEHIND_M     2.5F   /* nearer to the camera's plane than this nothing is drawn */
#define HOUSE_NEAR_M 12.0F
#define FALL_HIDES   14.0F /* rows of falling land that hide what stands beyond */

enum prop_kind { PROP_TREE, PROP_HOUSE };

struct prop {
    enum prop_kind kind;
    float east_m, north_m; /* from the camera */
    float dist2;
    float size;    /* 0..1 within its kind */
    float tone;    /* 0..1 */
    uint32_t salt; /* for what is random within it */
};

/* Where a prop appears. */
struct spot {
    float x, foot; /* pixels */
    float scale;   /* pixels per metre */
    float dist_m;
    float sin_az, cos_az;
};

static float share16(uint64_t bits, int part)
{
    return (float)(bits >> (16 * part) & 0xffff) / 65536.0F;
}

/* --- where they stand --------------------------------------------------------------------------- */

/* Metres right of the road's middle; the camera drives a quarter of the road right of it. */
static float across_road(const struct scene *s, float east, float north)
{
    float road = (float)(s->stand.road_deg * GEO_PI / 180);
    return east * cosf(road) - north * sinf(road) + s->road_m / 4;
}

static bool place_tree(const struct scene *s, uint64_t bits, struct prop *p)
{
    float u = share16(bits, 0);
    float r = TREE_NEAR_M + (TREE_FAR_M - TREE_NEAR_M) * u * sqrtf(u);
    float azimuth = 2 * (float)GEO_PI * share16(bits, 1);
    *p =
        (struct prop){.kind = PROP_TREE, .east_m = r * sinf(azimuth), .north_m = r * cosf(azimuth)};
    p->size = share16(bits, 2);
    p->tone = share16(bits, 3);
    p->salt = (uint32_t)(bits >> 13);
    return fabsf(across_road(s, p->east_m, p->north_m)) > s->road_m / 2 + 1.5F + 0.3F * s->tree_m;
}

static void place_house(const struct scene *s, uint64_t bits, struct prop *p)
{
    float road = (float)(s->stand.road_deg * GEO_PI / 180);
    float u = share16(bits, 0);
    float side = bits & 1 ? 1 : -1;
    float across = side * (s->road_m / 2 + 13 + 60 * u * u) - s->road_m / 4;
    float along = ALONG_M * (2 * share16(bits, 1) - 1);
    *p = (struct prop){.kind = PROP_HOUSE};
    p->east_m = across * cosf(road) + along * sinf(road);
    p->north_m = -across * sinf(road) + along * cosf(road);
    p->size = share16(bits, 2);
    p->tone = share16(bits, 3);
    p->salt = (uint32_t)(bits >> 13);
}

static int by_distance(const void *a, const void *b)
{
    const struct prop *x = a;
    const struct prop *y = b;
    return (x->dist2 < y->dist2) - (x->dist2 > y->dist2);
}

/* All of the panorama's, far ones first. Returns how many. */
static int place_all(const struct canvas *c, struct prop *props)
{
    const struct scene *s = c->scene;
    uint64_t seed = c->country->seed;
    uint64_t trees = rng_stream("props.tree");
    uint64_t houses = rng_stream("props.house");
    int n = 0;
    for (uint64_t i = 0; i < (uint64_t)s->n_trees && n < PROPS_MAX; i++) {
        n += place_tree(s, rng_u64(seed, trees, s->stand.key * 512 + i), &props[n]);
    }
    for (uint64_t i = 0; i < (uint64_t)s->n_houses && n < PROPS_MAX; i++) {
        place_house(s, rng_u64(seed, houses, s->stand.key * 512 + i), &props[n++]);
    }
    for (int i = 0; i < n; i++) {
        struct prop *p = &props[i];
        p->dist2 = p->east_m * p->east_m + p->north_m * p->north_m;
    }
    qsort(props, (size_t)n, sizeof props[0], by_distance);
    return n;
}

/* False when it is behind the camera or behind the edge of falling land. */
static bool spot_of(const struct canvas *c, float east, float north, struct spot *spot)
{
    if (!canvas_spot(c, east, north, BEHIND_M, &spot->x, &spot->scale)) {
        return false;
    }
    spot->foot = c->horizon + (float)SCENE_EYE_M * spot->scale;
    spot->dist_m = hypotf(east, north);
    spot->sin_az = east / spot->dist_m;
    spot->cos_az = north / spot->dist_m;
    float edge = canvas_edge(c, spot->x);
    if (spot->foot < edge) {
        bool steep = edge - c->horizon > FALL_HIDES * c->focal / 320;
        spot->foot = edge;
        return !steep;
    }
    return true;
}

/* --- shadows ------------------------------------------------------------------------------------ */

/* An ellipse on the ground, towards the north by half the thing's height. */
static void draw_shadow(struct canvas *c, const struct prop *p, float radius_m, float height_m)
{
    struct spot at;
    if (!spot_of(c, p->east_m, p->north_m + 0.45F * height_m, &at)) {
        return;
    }
    float depth = c->focal / at.scale;
    float far_y = c->horizon + c->focal * (float)SCENE_EYE_M / (depth + radius_m);
    float near_y = c->horizon + c->focal * (float)SCENE_EYE_M / fmaxf(1, depth - radius_m);
    float mid = (far_y + near_y) / 2;
    float half = (near_y - far_y) / 2;
    if (half < 0.5F) {
        return;
    }
    int end = (int)fminf((float)c->h, canvas_row(c, near_y));
    for (int y = (int)canvas_row(c, fmaxf(canvas_edge(c, at.x), far_y)); y < end; y++) {
        float t = (canvas_level(c, (float)y + 0.5F) - mid) / half;
        float w = radius_m * at.scale * sqrtf(fmaxf(0, 1 - t * t));
        canvas_shade(c, y, at.x - w, at.x + w, 196);
    }
}

/* --- trees -------------------------------------------------------------------------------------- */

struct species {
    float height;     /* of the scene's tall tree */
    float crown_from; /* share of the height where the crown begins */
    float radius;     /* of the crown, share of the height */
    float lean;       /* exponent of the profile: see half_width */
    float tone[3];    /* of the leaves' red, green, blue */
};

static const struct species species[TREE_COUNT] = {
    [TREE_BROADLEAF] = {1.0F, 0.24F, 0.36F, 1.0F, {1.0F, 1.0F, 1.0F}},
    [TREE_CONIFER] = {1.25F, 0.08F, 0.19F, 0, {0.62F, 0.80F, 0.78F}},
    [TREE_CYPRESS] = {1.05F, 0.03F, 0.085F, 0.6F, {0.60F, 0.72F, 0.58F}},
    [TREE_PINE] = {0.95F, 0.55F, 0.40F, 1.0F, {0.86F, 0.96F, 0.76F}},
    [TREE_SHRUB] = {0.22F, 0, 0.75F, 1.0F, {1.04F, 1.0F, 0.9F}},
};

static enum tree_kind kind_of(const struct scene *s, const struct prop *p)
{
    float u = (float)(p->salt * 2654435761U >> 16) / 65536.0F;
    int k = 0;
    while (k < TREE_COUNT - 1 && u >= s->species[k]) {
        u -= s->species[k++];
    }
    return (enum tree_kind)k;
}

static float tree_height(const struct scene *s, const struct species *k, const struct prop *p)
{
    return s->tree_m * k->height * (0.55F + 0.65F * p->size);
}

/* The crown's half width at t, 0 at its top and 1 at its foot, as a share of its radius. */
static float half_width(const struct species *k, float t)
{
    if (k->lean == 0) { /* a cone of drooping branches */
        float droop = 7 * t - floorf(7 * t);
        return t * (0.72F + 0.28F * droop);
    }
    float u = 2 * powf(t, k->lean) - 1;
    return sqrtf(fmaxf(0, 1 - u * u));
}

static void draw_crown(struct canvas *c, const struct prop *p, const struct species *k,
                       const struct spot *at, float height_m, struct rgb leaf)
{
    const uint8_t *grain = c->country->grain.v;
    float height = height_m * at->scale;
    float top = at->foot - height;
    float foot = at->foot - height * k->crown_from;
    float radius = height * k->radius;
    float inverse = 1 / fmaxf(1, foot - top);
    float side = 0.22F * at->sin_az; /* the side towards the south is bright */
    struct leaves leaves = {.colour = leaf, .cell = 0.09F * at->scale, .salt = p->salt};
    float rough = 90 / fmaxf(8, radius * 2);
    int end = (int)fminf((float)c->h, canvas_row(c, foot));
    for (int y = (int)fmaxf(0, canvas_row(c, top)); y < end; y++) {
        float t = (canvas_level(c, (float)y + 0.5F) - top) * inverse;
        float w = radius * half_width(k, fminf(1, fmaxf(0, t)));
        size_t line = (p->salt + (uint32_t)(int32_t)(canvas_level(c, (float)y) * rough)) & 255;
        const uint8_t *ragged = grain + line * TEXTURE_SIDE;
        float left = at->x - w * (0.72F + (float)ragged[p->salt >> 8 & 255] / 400);
        float right = at->x + w * (0.72F + (float)ragged[p->salt >> 16 & 255] / 400);
        float down = 1.16F - 0.52F * t;
        leaves.k0 = down - side;
        leaves.k1 = down + side;
        canvas_leaves(c, y, left, right, &leaves);
    }
}

static void draw_tree(struct canvas *c, const struct prop *p)
{
    const struct scene *s = c->scene;
    const struct species *k = &species[kind_of(s, p)];
    float height_m = tree_height(s, k, p);
    struct spot at;
    if (!spot_of(c, p->east_m, p->north_m, &at)) {
        return;
    }
    float reach = at.scale * height_m;
    if (at.x + reach < 0 || at.x - reach > (float)c->w || reach < 2) {
        return;
    }
    double light = (double)canvas_sunlight(c, at.cos_az);
    struct rgb leaf = rgb_mix(s->leaf[0], s->leaf[1], (double)p->tone);
    leaf = (struct rgb){leaf.r * k->tone[0], leaf.g * k->tone[1], leaf.b * k->tone[2]};
    leaf = canvas_haze(c, rgb_scale(leaf, light), 4 * at.dist_m);
    struct rgb trunk = canvas_haze(c, rgb_scale(s->trunk, light), 4 * at.dist_m);
    float half = fmaxf(0.5F, 0.02F * height_m * at.scale);
    int end = (int)canvas_row(c, at.foot);
    for (int y = (int)canvas_row(c, at.foot - reach * (k->crown_from + 0.15F)); y < end; y++) {
        canvas_span(c, y, at.x - half, at.x + half, trunk);
    }
    draw_crown(c, p, k, &at, height_m, leaf);
}

/* --- houses ------------------------------------------------------------------------------------- */

struct house {
    float left, right; /* of the front, pixels */
    float side;        /* signed width of the side that shows, pixels */
    float eaves, ridge, foot;
    struct rgb wall, shade, roof, roof_side;
};

static void quad(struct canvas *c, float x0, float y0, float x1, float y1, float x2, float y2,
                 float x3, float y3, struct rgb colour)
{
    const struct corner q[4] = {{x0, y0}, {x1, y1}, {x2, y2}, {x3, y3}};
    canvas_quad(c, q, colour);
}

static void draw_windows(struct canvas *c, const struct house *h, float scale, float storeys)
{
    struct rgb glass = rgb_scale((struct rgb){70, 78, 90}, (double)c->scene->light);
    struct rgb frame = rgb_mix(h->wall, (struct rgb){255, 255, 255}, 0.5);
    int n = (int)((h->right - h->left) / (3.2F * scale));
    int floors = (int)(storeys + 0.3F);
    if (scale < 1.6F || n < 1 || floors < 1) {
        return;
    }
    for (int f = 0; f < floors; f++) {
        float top = h->foot - ((float)f * 2.9F + 2.2F) * scale;
        for (int i = 0; i < n; i++) {
            float x = h->left + ((float)i + 0.5F) * (h->right - h->left) / (float)n;
            float w = 0.52F * scale;
            bool door = f == 0 && i == n / 2;
            float low = door ? h->foot : top + 1.3F * scale;
            float b = fmaxf(0.5F, 0.1F * scale);
            quad(c, x - w - b, top - b, x + w + b, top - b, x + w + b, low, x - w - b, low, frame);
            quad(c, x - w, top, x + w, top, x + w, low, x - w, low, door ? h->roof_side : glass);
        }
    }
}

/* The front's gable to us, or its eaves, with one side in oblique projection. */
static void draw_box(struct canvas *c, const struct house *h, bool gable)
{
    float near = h->side > 0 ? h->right : h->left; /* the front's corner where the side begins */
    float other = h->side > 0 ? h->left : h->right;
    float end = near + h->side;
    float mid = (h->left + h->right) / 2;
    float over = 0.04F * (near - other); /* the roof's overhang */
    quad(c, near, h->eaves, end, h->eaves, end, h->foot, near, h->foot, h->shade);
    quad(c, h->left, h->eaves, h->right, h->eaves, h->right, h->foot, h->left, h->foot, h->wall);
    if (gable) {
        quad(c, mid, h->ridge, mid + h->side, h->ridge, end + over, h->eaves, near + over, h->eaves,
             h->roof_side);
        quad(c, mid, h->ridge, mid, h->ridge, h->right, h->eaves, h->left, h->eaves, h->wall);
        float rim = 0.10F * (h->eaves - h->ridge);
        quad(c, mid, h->ridge - rim, mid, h->ridge, other, h->eaves, other - over, h->eaves,
             h->roof);
    } else {
        float half = h->side / 2;
        quad(c, near, h->eaves, near + half, h->ridge, near + half, h->ridge, end, h->eaves,
             h->shade);
        quad(c, other - over, h->eaves, near + over, h->eaves, near + half, h->ridge, other + half,
             h->ridge, h->roof);
    }
}

/* Whether a house shows its right side, as what is left of the view's axis does. A round picture has
 * no axis: it shows the side that the view to the nearest of the four headings shows. */
static bool left_of_axis(const struct canvas *c, const struct spot *at)
{
    if (!c->round) {
        return at->x < (float)c->w / 2;
    }
    return fabsf(at->sin_az) > fabsf(at->cos_az) ? at->sin_az * at->cos_az > 0
                                                 : at->sin_az * at->cos_az < 0;
}

static void draw_house(struct canvas *c, const struct prop *p)
{
    const struct scene *s = c->scene;
    struct spot at;
    if (!spot_of(c, p->east_m, p->north_m, &at) || at.scale * HOUSE_NEAR_M > c->focal) {
        return;
    }
    float half = 0.5F * s->house_m * (0.75F + 0.6F * p->size) * at.scale;
    if (at.x + 2 * half < 0 || at.x - 2 * half > (float)c->w || half < 2) {
        return;
    }
    float storeys = floorf(s->storeys + 0.7F * p->size) + 0.15F;
    struct house h = {.left = at.x - half, .right = at.x + half, .foot = at.foot};
    bool left = left_of_axis(c, &at);
    h.side = (left ? 1.1F : -1.1F) * half;
    h.eaves = at.foot - storeys * 2.9F * at.scale;
    h.ridge = h.eaves - s->roof_pitch * half * 0.95F;
    float haze = 3 * at.dist_m;
    double front = (double)(canvas_sunlight(c, at.cos_az) * (0.92F + 0.12F * p->tone));
    /* the side faces right or left: it is lit when that is where the south is */
    double beside = front * (0.80 - 0.12 * (double)(left ? -at.sin_az : at.sin_az));
    struct rgb wall = rgb_mix(s->wall[0], s->wall[1], (double)(2 * p->tone - 0.5F));
    struct rgb roof = rgb_mix(s->roof[0], s->roof[1], (double)p->size);
    h.wall = canvas_haze(c, rgb_scale(wall, front), haze);
    h.shade = canvas_haze(c, rgb_scale(wall, beside), haze);
    h.roof = canvas_haze(c, rgb_scale(roof, front * 1.04), haze);
    h.roof_side = canvas_haze(c, rgb_scale(roof, beside * 1.1), haze);
    draw_box(c, &h, p->salt & 1);
    draw_windows(c, &h, at.scale, storeys);
}

void props_draw(struct canvas *c)
{
    const struct scene *s = c->scene;
    struct prop props[PROPS_MAX];
    int n = place_all(c, props);
    for (int i = 0; i < n; i++) {
        const struct prop *p = &props[i];
        if (p->kind == PROP_HOUSE) {
            draw_shadow(c, p, s->house_m * 0.6F, 5);
        } else {
            const struct species *k = &species[kind_of(s, p)];
            float height_m = tree_height(s, k, p);
            draw_shadow(c, p, height_m * k->radius, height_m);
        }
    }
    for (int i = 0; i < n; i++) {
        if (props[i].kind == PROP_HOUSE) {
            draw_house(c, &props[i]);
        } else {
            draw_tree(c, &props[i]);
        }
    }
}
