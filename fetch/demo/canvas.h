/* SPDX-License-Identifier: MIT */
/*
 * The camera and the few shapes that a landscape is drawn with, shared by render.c (sky, terrain,
 * ground), props.c (trees, houses, where they stand) and roadside.c (fences, poles, wires).
 *
 * A pinhole camera looks level; the picture's plane is upright, so that upright things stay so.
 * Column x looks in direction column[x]; a thing z_m above the road and depth_m before the camera's
 * plane is at the level horizon - focal * (z_m - SCENE_EYE_M) / depth_m, which is its row.
 *
 * A round picture (equirectangular) is drawn on an upright cylinder about the camera instead of the
 * plane: depth is the distance, columns are bearings, and of two things only the rows are not
 * levels: they are elevations. canvas_row and canvas_level go to and fro; everything but those two
 * and the rows that the span functions are given is in levels. What leaves a round picture on one
 * side comes in on the other.
 */
#ifndef FETCH_DEMO_CANVAS_H
#define FETCH_DEMO_CANVAS_H

#include <math.h>
#include <stdbool.h>

#include "fetch/demo/render.h"

struct column {
    float sin_az, cos_az; /* of its bearing */
    float stretch;        /* distance / depth: 1 / cos of the angle off the axis */
    float edge_y;         /* level where the near ground ends and the distance begins */
};

struct canvas {
    uint8_t *rgb; /* [h, w, 3], view of the image */
    int w, h;
    bool round;
    float focal;   /* pixels; per radian in a round picture */
    float horizon; /* row and level */
    float sin_heading, cos_heading;
    const struct country *country;
    const struct scene *scene;
    struct column column[RENDER_WIDTH_MAX];
};

/* canvas_row - of a level; canvas_level - of a row. */
static inline float canvas_row(const struct canvas *c, float level)
{
    return c->round ? c->horizon + c->focal * atanf((level - c->horizon) / c->focal) : level;
}

static inline float canvas_level(const struct canvas *c, float row)
{
    return c->round ? c->horizon + c->focal * tanf((row - c->horizon) / c->focal) : row;
}

/* canvas_spot - the column and the scale (pixels per metre) of what stands there; false: it is behind
 * the camera or nearer to it than nearest_m. */
bool canvas_spot(const struct canvas *c, float east_m, float north_m, float nearest_m, float *x,
                 float *scale);

/* canvas_span - pixels x0 <= x < x1 of row y; canvas_post - levels y0 to y1 of column x. Clipped. */
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

/* canvas_edge - the level where the near ground ends at column x, which may lie outside. */
float canvas_edge(const struct canvas *c, float x);

/* canvas_sunlight - how bright an upright thing looks in that direction: the sun is in the south. */
float canvas_sunlight(const struct canvas *c, float cos_az);

void props_draw(struct canvas *c);    /* trees and houses, from far to near */
void roadside_draw(struct canvas *c); /* fences, marker posts, poles and wires */

#endif
