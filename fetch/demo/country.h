/* SPDX-License-Identifier: MIT */
/*
 * The synthetic country: what a place looks like, as a smooth function of where it is.
 *
 *     struct country *c = NULL;
 *     TRY(country_new(border, seed, &c, e));
 *     struct scene s;
 *     country_scene(c, &(struct stand){.km = km, .road_deg = 40, .key = 7}, &s);
 *     country_free(c);
 *
 * The coast is real, everything else is made up: about twenty smooth fields over the map, each with
 * wavelengths from a thousand to some tens of kilometres, decide colours, plants, houses and
 * roads. Only clouds, light and the exact place of each tree differ from panorama to panorama.
 */
#ifndef FETCH_DEMO_COUNTRY_H
#define FETCH_DEMO_COUNTRY_H

#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "fetch/demo/noise.h"
#include "fetch/demo/surface.h"
#include "shapes/border.h"

struct rgb {
    float r, g, b; /* 0..255, sRGB */
};
struct rgb rgb_mix(struct rgb a, struct rgb b, double t); /* t is clamped to 0..1 */
struct rgb rgb_scale(struct rgb c, double by);

enum country_field {
    FIELD_SOIL_U,
    FIELD_SOIL_V,
    FIELD_LEAF_U,
    FIELD_LEAF_V,
    FIELD_SKY_U,
    FIELD_SKY_V,
    FIELD_ROOF_U,
    FIELD_ROOF_V,
    FIELD_WALL_U,
    FIELD_WALL_V,
    FIELD_CROP_U,
    FIELD_CROP_V,
    FIELD_SPECIES_U,
    FIELD_SPECIES_V,
    FIELD_WOODS,
    FIELD_TOWNS,
    FIELD_HAZE,
    FIELD_CAMERA_U,
    FIELD_CAMERA_V,
    FIELD_ROAD,
    FIELD_POLES,
    FIELD_FENCE,
    FIELD_RELIEF,
    FIELD_HILLS,
    FIELD_COUNT
};

struct country {
    uint64_t seed;
    const struct border *border; /* borrowed */
    struct surface surface;
    struct field field[FIELD_COUNT];
    struct texture grain, cloud;
    int16_t *height_m; /* [surface.n_y, surface.n_x] above the sea, owned */
};

/* Where a camera stands. */
struct stand {
    struct xy km;    /* the demo's frame, surface.h */
    double road_deg; /* bearing of the road, either way */
    uint64_t key;    /* what differs between panoramas of the same place's look */
};

enum tree_kind { TREE_BROADLEAF, TREE_CONIFER, TREE_CYPRESS, TREE_PINE, TREE_SHRUB, TREE_COUNT };
enum fence_kind { FENCE_NONE, FENCE_WALL, FENCE_RAIL, FENCE_HEDGE, FENCE_PICKET, FENCE_COUNT };

#define SCENE_CROPS 16

/* Everything a picture needs that does not depend on the direction of view. */
struct scene {
    struct stand stand;
    double eye_m; /* of the camera above the sea; it stands SCENE_EYE_M above the road */
    struct rgb sky_top, sky_low, glow, cloud;
    struct rgb soil, grass, leaf[2], trunk, forest, sea_near, sea_far;
    struct rgb asphalt, line, gravel, roof[2], wall[2], stone, fence;
    struct rgb crop[SCENE_CROPS];
    float light;       /* exposure, about 1 */
    float cloud_cover; /* 0..1 */
    float visibility_km;
    float patchiness; /* grass against soil beyond the fields, 0..1 */
    float parcel_m, parcel_deg;
    float n_trees, n_houses;   /* expected within sight */
    float species[TREE_COUNT]; /* shares, sum 1 */
    float tree_m;              /* height of a tall one */
    float storeys, roof_pitch, house_m;
    float road_m;    /* width */
    float dash_m;    /* length of the centre line's dashes; 0: no centre line */
    float edge_line; /* 0 or 1 */
    enum fence_kind fence_kind;
    float fence_m; /* height */
    float pole_m;  /* height; 0: no poles */
    float pole_every_m;
    int pole_side; /* +1 right, -1 left of the road's bearing */
};

#define SCENE_EYE_M 2.6

int country_new(const struct border *b, uint64_t seed, struct country **c, struct err *e);
void country_free(struct country *c); /* the border stays */

/* country_scene - Threads: safe, the country is read-only. */
void country_scene(const struct country *c, const struct stand *stand, struct scene *s);

/* country_height_m - above the sea, between the raster's cells linearly; 0 on the sea. */
double country_height_m(const struct country *c, struct xy km);

#endif
