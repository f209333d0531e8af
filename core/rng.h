/* SPDX-License-Identifier: MIT */
/*
 * The one source of randomness: counter-based, so the value at (seed, stream, index) does not
 * depend on what was drawn before, on the order of evaluation or on the number of threads.
 *
 *     double u = rng_f64(seed, RNG_STREAM("sample.x"), i);
 */
#ifndef CORE_RNG_H
#define CORE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* rng_stream - a stream's number from its name (FNV-1a): separate uses get separate streams. */
uint64_t rng_stream(const char *name);

/* rng_u64 - 64 uniform bits. Source: Philox4x32-10, Salmon et al. 2011 (SC'11). */
uint64_t rng_u64(uint64_t seed, uint64_t stream, uint64_t index);

/* rng_f64 - uniform in [0, 1), 53 bits. */
double rng_f64(uint64_t seed, uint64_t stream, uint64_t index);

/* rng_below - uniform in [0, n), n >= 1, without modulo bias worth noticing (128-bit multiply). */
uint64_t rng_below(uint64_t seed, uint64_t stream, uint64_t index, uint64_t n);

/* rng_normal - standard normal, Box-Muller on two draws of the same index. */
double rng_normal(uint64_t seed, uint64_t stream, uint64_t index);

/* rng_shuffle - permute v[n] (Fisher-Yates), a pure function of (seed, stream, n). */
void rng_shuffle(uint64_t seed, uint64_t stream, uint32_t *v, size_t n);

#endif
