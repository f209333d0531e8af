/* SPDX-License-Identifier: MIT */
/*
 * Smooth randomness: fields over the plane that differ from region to region, and a small tile of
 * texture for what is too fine to tell regions apart.
 *
 *     struct field f;
 *     field_init(&f, seed, "soil", &(struct field_shape){900, 200, 1.0});
 *     field_standardise(&f, sample, n);    (mean 0, deviation 1 over the sample)
 *     double u = field_unit(&f, km);       (0..1, about uniform over the sample)
 */
#ifndef FETCH_DEMO_NOISE_H
#define FETCH_DEMO_NOISE_H

#include <stddef.h>
#include <stdint.h>

#include "core/geo.h"

#define FIELD_WAVES 20

/* Wavelengths from longest to shortest, evenly in the logarithm; amplitude = wavelength^slope. */
struct field_shape {
    double longest_km, shortest_km, slope;
};

struct field {
    double kx[FIELD_WAVES], ky[FIELD_WAVES]; /* radians per km, east and north */
    double phase[FIELD_WAVES], amplitude[FIELD_WAVES];
    double mean, scale; /* value = (sum of waves - mean) * scale */
};

/* field_init - a sum of plane waves, a pure function of seed, name and shape. */
void field_init(struct field *f, uint64_t seed, const char *name, const struct field_shape *shape);

/* field_standardise - mean 0 and deviation 1 over n >= 2 places, km in any fixed frame. */
void field_standardise(struct field *f, const struct xy *km, size_t n);

double field_at(const struct field *f, struct xy km);
double field_unit(const struct field *f, struct xy km); /* the normal distribution's share below */

/* field_row - field_at for n places from km eastwards, step_km apart; out [n]. Much faster. */
void field_row(const struct field *f, struct xy km, double step_km, float *out, size_t n);

/* A tile that repeats without a seam: value noise of five octaves, 0..255, mean about 128. */
#define TEXTURE_SIDE 256
struct texture {
    uint8_t v[TEXTURE_SIDE * TEXTURE_SIDE]; /* [y, x] */
};
void texture_init(struct texture *t, uint64_t seed, const char *name);

#endif
