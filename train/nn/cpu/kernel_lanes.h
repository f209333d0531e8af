/* SPDX-License-Identifier: MIT */
/*
 * What the kernels (kernel.c, kernel_pool.c) are written with: a register of lanes, its loads and
 * stores. Every kernel is written once, as an inline body with the element type and the number of
 * lanes as parameters, and instantiated with constants, so that the common case (16 lanes) is a
 * loop over whole registers without a branch.
 */
#ifndef TRAIN_NN_CPU_KERNEL_LANES_H
#define TRAIN_NN_CPU_KERNEL_LANES_H

#include <string.h>

#include "train/nn/cpu/kernel.h"

#define INLINE static inline __attribute__((always_inline))

/* These never cross the boundary of a function that is not inlined: how a processor without such
 * registers would pass them (-Wpsabi, off in the Makefile) does not matter. */
typedef float vec __attribute__((vector_size(64)));
typedef int32_t veci __attribute__((vector_size(64)));
typedef uint32_t vecu __attribute__((vector_size(64)));
typedef uint16_t half __attribute__((vector_size(32)));
typedef uint8_t quarter __attribute__((vector_size(16)));

INLINE vec load_f32(const float *p, int lanes)
{
    vec v = {0};
    memcpy(&v, p, (size_t)lanes * sizeof *p);
    return v;
}

INLINE void store_f32(float *p, vec v, int lanes)
{
    memcpy(p, &v, (size_t)lanes * sizeof *p);
}

INLINE vec load(const void *p, size_t i, enum dtype t, int lanes)
{
    if (t == DTYPE_F32) {
        return load_f32((const float *)p + i, lanes);
    }
    half h = {0};
    memcpy(&h, (const uint16_t *)p + i, (size_t)lanes * sizeof(uint16_t));
    return (vec)(__builtin_convertvector(h, vecu) << 16);
}

/* A bf16 is the upper half of an f32. Adding 0x7fff, plus one if the kept half is odd, rounds to
 * nearest even; numbers that are none become the quiet one, lest the sum carries into the sign. */
INLINE half round_bf16(vec v)
{
    const vecu u = (vecu)v;
    const vecu rounded = (u + 0x7fff + ((u >> 16) & 1)) >> 16;
    const vecu nan = (vecu)((u & 0x7fffffff) > 0x7f800000);
    return __builtin_convertvector((rounded & ~nan) | (nan & 0x7fc0), half);
}

INLINE void store(void *p, size_t i, enum dtype t, int lanes, vec v)
{
    if (t == DTYPE_F32) {
        store_f32((float *)p + i, v, lanes);
        return;
    }
    const half h = round_bf16(v);
    memcpy((uint16_t *)p + i, &h, (size_t)lanes * sizeof(uint16_t));
}

INLINE vec keep(veci mask, vec v)
{
    return (vec)(mask & (veci)v);
}

#endif
