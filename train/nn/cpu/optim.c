/* SPDX-License-Identifier: MIT */
/*
 * Optimisers in f32, in the order of operations of torch.optim (Adam, AdamW without amsgrad; SGD
 * without dampening or Nesterov), factors that are the same for all elements in double first.
 */
#include "train/nn/cpu/optim.h"

#include <math.h>

#include "train/nn/cpu/kernel.h"

#define CHUNK ((size_t)16384) /* 64 KiB: four arrays of it fit into the second cache */

size_t optim_chunks(size_t n)
{
    return (n + CHUNK - 1) / CHUNK;
}

static size_t chunk_length(size_t n, size_t i)
{
    return n - i * CHUNK < CHUNK ? n - i * CHUNK : CHUNK;
}

/* The factors of one step. */
struct factors {
    float keep;         /* AdamW: what decay leaves of the value */
    float decay;        /* Adam, SGD: of the value, added to the gradient */
    float beta1, rest1; /* rest = 1 - beta */
    float beta2, rest2;
    float root; /* sqrt(1 - beta2^t) */
    float rate; /* lr / (1 - beta1^t) */
    float eps;
};

KERNEL static void adam(float *restrict value, const float *restrict grad, float *restrict moment1,
                        float *restrict moment2, size_t n, const struct factors *factors)
{
    const struct factors f = *factors;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float w = value[i] * f.keep;
        const float g = grad[i] + f.decay * w;
        const float m = f.beta1 * moment1[i] + f.rest1 * g;
        const float v = f.beta2 * moment2[i] + f.rest2 * g * g;
        moment1[i] = m;
        moment2[i] = v;
        value[i] = w - f.rate * (m / (sqrtf(v) / f.root + f.eps));
    }
}

KERNEL static void sgd(float *restrict value, const float *restrict grad, float *restrict moment1,
                       size_t n, const struct factors *factors)
{
    const struct factors f = *factors;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float m = f.beta1 * moment1[i] + (grad[i] + f.decay * value[i]);
        moment1[i] = m;
        value[i] -= f.rate * m;
    }
}

static struct factors factors_of(const struct step_spec *s, float lr, int64_t t)
{
    const double beta1 = (double)s->beta1;
    const double beta2 = (double)s->beta2;
    const bool decoupled = s->optimiser == OPTIMISER_ADAMW;
    if (s->optimiser == OPTIMISER_SGD) {
        return (struct factors){.beta1 = s->beta1, .decay = s->weight_decay, .rate = lr};
    }
    return (struct factors){
        .keep = decoupled ? (float)(1.0 - (double)lr * (double)s->weight_decay) : 1.0F,
        .decay = decoupled ? 0.0F : s->weight_decay,
        .beta1 = s->beta1,
        .rest1 = (float)(1.0 - beta1),
        .beta2 = s->beta2,
        .rest2 = (float)(1.0 - beta2),
        .root = (float)sqrt(1.0 - pow(beta2, (double)t)),
        .rate = (float)((double)lr / (1.0 - pow(beta1, (double)t))),
        .eps = s->eps,
    };
}

void optim_step(const struct step_spec *s, float lr, int64_t t, const struct optim_slice *x)
{
    const struct factors f = factors_of(s, lr, t);
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < optim_chunks(x->n); i++) {
        const size_t at = i * CHUNK;
        const size_t n = chunk_length(x->n, i);
        if (s->optimiser == OPTIMISER_SGD) {
            sgd(x->value + at, x->grad + at, x->moment1 + at, n, &f);
        } else {
            adam(x->value + at, x->grad + at, x->moment1 + at, x->moment2 + at, n, &f);
        }
    }
}

/* Eight sums, so that the order of additions is fixed and yet fills a register. */
KERNEL static double sum_squares(const float *v, size_t n)
{
    double sum[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (size_t j = 0; j < 8; j++) {
            sum[j] += (double)v[i + j] * (double)v[i + j];
        }
    }
    for (; i < n; i++) {
        sum[0] += (double)v[i] * (double)v[i];
    }
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

double optim_sum_squares(const float *v, size_t n, double *partial)
{
    double sum = 0.0;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < optim_chunks(n); i++) {
        partial[i] = sum_squares(v + i * CHUNK, chunk_length(n, i));
    }
    for (size_t i = 0; i < optim_chunks(n); i++) {
        sum += partial[i];
    }
    return sum;
}

void optim_scale(float *v, size_t n, float factor)
{
#pragma omp parallel for simd schedule(static)
    for (size_t i = 0; i < n; i++) {
        v[i] *= factor;
    }
}
