/* SPDX-License-Identifier: MIT */
/*
 * The camera and the few shapes that a landscape is drawn with, shared by render.c (sky, terrain,
 * ground), props.c (trees, houses, where they stand) and roadside.c (fences, poles, wires).
 *
 * A pinhole camera looks level; the picture's plane is upright, so that upright things stay so.
 * Column x looks in direction column[x]; row y of a thing z_m above the road and depth_m before the
 * camera's plane is horizon - focal * (z_m - SCENE_EYE_M) / depth_m.
 */
#ifndef FETCH_DEMO_CANVAS_H
#define FETCH_DEMO_CANVAS_H

#include "fetch/demo/render.h"

struct column {
    float sin_az, cos_az; /* of its bearing */
    float stretch;        /* distance / depth: 1 / cos of the angle off the axis */
    float edge_y;         /* row where the near ground ends and the distance begins */
};

struct canvas {
    uint8_t *rgb; /* [h, w, 3], view of the image */
    int w, h;
    float focal;   /* pixels */
    float horizon; /* row */
    float sin_heading, cos_heading;
    const struct country *country;
    const struct scene *scene;
    struct column column[VIEW_SIZE_MAX];
};

/* canvas_span - pixels x0 <= x < x1 of row y; canvas_post - rows y0 <= y < y1 of column x. Clipped. */
void canvas_span(struct canvas *c, int y, float x0, float x1, struct rgb colour);
void canvas_post(struct canvas *c, int x, float y0, float y1, struct rgb colour);

/* canvas_leaves - a span of foliage: brightness follows the grain, at `cell` pixels per texel, and
 * goes from k0 to k1 (1: the colour itself) from left to right. */
struct leaves {
    struct rgb colour;
    float cell, k0, k1;
    uint32_t salt; /* where in the grain */
};
void canvas_leaves(struct canvas *c, int y, float x0, float x1, const struct leaves *l);

/* canvas_dither - the next of a row of cheap random numbers: they blur the edges of magnified texels,
 * where interpolation would cost more. */
static inline uint32_t canvas_dither(uint32_t *state)
{
    *state = *state * 1664525U + 1013904223U; /* Numerical Recipes, 2nd ed., 7.1 */
    return *state;
}

/* canvas_shade - what is there, by k / 256: a shadow. */
void canvas_shade(struct canvas *c, int y, float x0, float x1, int k);

/* canvas_quad - a convex quadrilateral, corners in order round it. */
struct corner {
    float x, y;
};
void canvas_quad(struct canvas *c, const struct corner q[4], struct rgb colour);

/* canvas_haze - the colour of something dist_m away. */
struct rgb canvas_haze(const struct canvas *c, struct rgb colour, float dist_m);

/* canvas_edge - the row where the near ground ends at column x, which may lie outside. */
float canvas_edge(const struct canvas *c, float x);

/* canvas_sunlight - how bright an upright thing looks in that direction: the sun is in the south. */
float canvas_sunlight(const struct canvas *c, float cos_az);

void props_draw(struct canvas *c);    /* trees and houses, from far to near */
void roadside_draw(struct canvas *c); /* fences, marker posts, poles and wires */

#endif
