/* SPDX-License-Identifier: MIT */
/* Philox4x32-10: ten rounds of multiply, exchange, xor over a 128-bit counter and a 64-bit key. */
#include "core/rng.h"

#include <math.h>

#include "core/geo.h"

/* Constants of the paper, section 4.3: multipliers and Weyl increments of the key. */
#define PHILOX_M0 0xD2511F53u
#define PHILOX_M1 0xCD9E8D57u
#define PHILOX_W0 0x9E3779B9u
#define PHILOX_W1 0xBB67AE85u

static void philox(uint32_t c[4], uint32_t k0, uint32_t k1)
{
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)PHILOX_M0 * c[0];
        uint64_t p1 = (uint64_t)PHILOX_M1 * c[2];
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c[1] ^ k0;
        uint32_t n2 = (uint32_t)(p0 >> 32) ^ c[3] ^ k1;
        c[0] = n0;
        c[1] = (uint32_t)p1;
        c[2] = n2;
        c[3] = (uint32_t)p0;
        k0 += PHILOX_W0;
        k1 += PHILOX_W1;
    }
}

/* Counter: index in words 0-1, stream in words 2-3; key: seed. */
static void draw(uint64_t seed, uint64_t stream, uint64_t index, uint64_t out[2])
{
    uint32_t c[4] = {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)stream,
                     (uint32_t)(stream >> 32)};
    philox(c, (uint32_t)seed, (uint32_t)(seed >> 32));
    out[0] = (uint64_t)c[0] | (uint64_t)c[1] << 32;
    out[1] = (uint64_t)c[2] | (uint64_t)c[3] << 32;
}

uint64_t rng_stream(const char *name)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a, 64 bit */
    for (const char *p = name; *p; p++) {
        h = (h ^ (unsigned char)*p) * 1099511628211u;
    }
    return h;
}

uint64_t rng_u64(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint64_t v[2];
    draw(seed, stream, index, v);
    return v[0];
}

static double unit(uint64_t v)
{
    return (double)(v >> 11) * 0x1p-53;
}

double rng_f64(uint64_t seed, uint64_t stream, uint64_t index)
{
    return unit(rng_u64(seed, stream, index));
}

uint64_t rng_below(uint64_t seed, uint64_t stream, uint64_t index, uint64_t n)
{
    __extension__ typedef unsigned __int128 u128;
    return (uint64_t)(((u128)rng_u64(seed, stream, index) * n) >> 64);
}

double rng_normal(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint64_t v[2];
    draw(seed, stream, index, v);
    /* 1 - u is in (0, 1]: its logarithm is finite */
    return sqrt(-2 * log(1 - unit(v[0]))) * cos(2 * GEO_PI * unit(v[1]));
}

void rng_shuffle(uint64_t seed, uint64_t stream, uint32_t *v, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)rng_below(seed, stream, i, i);
        uint32_t t = v[i - 1];
        v[i - 1] = v[j];
        v[j] = t;
    }
}
