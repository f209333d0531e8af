/* SPDX-License-Identifier: MIT */
/* Fields are random Fourier sums: smooth everywhere, no lattice that shows, and their scales are
 * set exactly. Directions follow the golden angle so that few waves already point all round. */
#include "fetch/demo/noise.h"

#include <math.h>

#include "core/rng.h"

#define GOLDEN_ANGLE 2.39996322972865332 /* pi (3 - sqrt 5) */

void field_init(struct field *f, uint64_t seed, const char *name, const struct field_shape *shape)
{
    uint64_t stream = rng_stream(name);
    double turn = 2 * GEO_PI * rng_f64(seed, stream, 0);
    for (int i = 0; i < FIELD_WAVES; i++) {
        uint64_t k = (uint64_t)i * 2 + 1;
        double t = (double)i / (FIELD_WAVES - 1);
        double length_km = shape->longest_km * pow(shape->shortest_km / shape->longest_km, t);
        double angle = turn + GOLDEN_ANGLE * i + 0.4 * rng_f64(seed, stream, k);
        f->kx[i] = 2 * GEO_PI / length_km * cos(angle);
        f->ky[i] = 2 * GEO_PI / length_km * sin(angle);
        f->phase[i] = 2 * GEO_PI * rng_f64(seed, stream, k + 1);
        f->amplitude[i] = pow(length_km / shape->longest_km, shape->slope);
    }
    f->mean = 0;
    f->scale = 1;
}

double field_at(const struct field *f, struct xy km)
{
    double sum = 0;
    for (int i = 0; i < FIELD_WAVES; i++) {
        sum += f->amplitude[i] * cos(f->kx[i] * km.x + f->ky[i] * km.y + f->phase[i]);
    }
    return (sum - f->mean) * f->scale;
}

double field_unit(const struct field *f, struct xy km)
{
    return 0.5 * erfc(-field_at(f, km) * 0.70710678118654752);
}

void field_standardise(struct field *f, const struct xy *km, size_t n)
{
    double sum = 0;
    double sum2 = 0;
    f->mean = 0;
    f->scale = 1;
    for (size_t i = 0; i < n; i++) {
        double v = field_at(f, km[i]);
        sum += v;
        sum2 += v * v;
    }
    f->mean = sum / (double)n;
    double variance = sum2 / (double)n - f->mean * f->mean;
    f->scale = variance > 1e-12 ? 1 / sqrt(variance) : 1;
}

void field_row(const struct field *f, struct xy km, double step_km, float *out, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        out[j] = (float)(-f->mean * f->scale);
    }
    /* each wave is a phasor that turns by the same angle from place to place */
    for (int i = 0; i < FIELD_WAVES; i++) {
        double angle = f->kx[i] * km.x + f->ky[i] * km.y + f->phase[i];
        double re = f->amplitude[i] * f->scale * cos(angle);
        double im = f->amplitude[i] * f->scale * sin(angle);
        double turn_re = cos(f->kx[i] * step_km);
        double turn_im = sin(f->kx[i] * step_km);
        for (size_t j = 0; j < n; j++) {
            double next = re * turn_re - im * turn_im;
            out[j] += (float)re;
            im = re * turn_im + im * turn_re;
            re = next;
        }
    }
}

static double smooth(double t)
{
    return t * t * (3 - 2 * t);
}

/* Value noise on a lattice of n x n random values that wraps round. */
static double lattice_at(const float *v, int n, double x, double y)
{
    int x0 = (int)x;
    int y0 = (int)y;
    double tx = smooth(x - x0);
    double ty = smooth(y - y0);
    int x1 = (x0 + 1) % n;
    int y1 = (y0 + 1) % n;
    double top = (double)v[y0 * n + x0] * (1 - tx) + (double)v[y0 * n + x1] * tx;
    double low = (double)v[y1 * n + x0] * (1 - tx) + (double)v[y1 * n + x1] * tx;
    return top * (1 - ty) + low * ty;
}

void texture_init(struct texture *t, uint64_t seed, const char *name)
{
    static const struct {
        int side;
        float weight;
    } octave[] = {{8, 0.40F}, {16, 0.26F}, {32, 0.16F}, {64, 0.11F}, {128, 0.07F}};
    float lattice[128 * 128];
    float sum[TEXTURE_SIDE * TEXTURE_SIDE] = {0};
    uint64_t stream = rng_stream(name);
    uint64_t drawn = 0;
    for (size_t o = 0; o < sizeof octave / sizeof octave[0]; o++) {
        int side = octave[o].side;
        double step = (double)side / TEXTURE_SIDE;
        for (int i = 0; i < side * side; i++) {
            lattice[i] = (float)rng_f64(seed, stream, drawn++);
        }
        for (int i = 0; i < TEXTURE_SIDE * TEXTURE_SIDE; i++) {
            int x = i % TEXTURE_SIDE;
            int y = i / TEXTURE_SIDE;
            sum[i] += octave[o].weight * (float)lattice_at(lattice, side, x * step, y * step);
        }
    }
    for (int i = 0; i < TEXTURE_SIDE * TEXTURE_SIDE; i++) {
        /* the sum has a deviation of about 0.12: spread it over the byte */
        double v = 128 + ((double)sum[i] - 0.5) * 460;
        t->v[i] = (uint8_t)fmin(255, fmax(0, v));
    }
}
