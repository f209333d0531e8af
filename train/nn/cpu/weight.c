/* SPDX-License-Identifier: MIT */
/*
 * y = gamma (w x + b - mean) / sqrt(var + eps) + beta is a convolution with weights w s and bias
 * (b - mean) s + beta, s = gamma / sqrt(var + eps): how batch norm vanishes where nothing learns.
 */
#include "train/nn/cpu/weight.h"

#include <math.h>
#include <string.h>

float *param_array(const struct program *p, enum model_array what, int param)
{
    return p->m->array[what] + p->m->g->param[param].offset;
}

bool weight_folds(const struct unit *u)
{
    return !u->learns && u->norm;
}

bool weight_has_bias(const struct unit *u)
{
    return u->conv->has_bias || weight_folds(u);
}

uint64_t weight_version(const struct program *p, const struct unit *u)
{
    const uint64_t own = p->m->values_at[u->conv->block];
    if (!weight_folds(u)) {
        return own;
    }
    return own + p->m->values_at[u->norm->block] + p->m->stats_at[u->norm->block];
}

float weight_scale(const struct program *p, const struct unit *u, size_t k)
{
    if (!weight_folds(u)) {
        return 1.0F;
    }
    const double var = (double)param_array(p, MODEL_VALUE, u->norm->param[3])[k];
    const double gamma = (double)param_array(p, MODEL_VALUE, u->norm->param[0])[k];
    return (float)(gamma / sqrt(var + (double)u->norm->eps));
}

void weight_fill(const struct program *p, const struct unit *u, int widen, float *to)
{
    const size_t K = (size_t)u->conv->shape.C;
    const size_t n_groups = (size_t)u->conv->G;
    const size_t f = (size_t)widen;
    const size_t n = p->m->g->param[u->conv->param[0]].n / K; /* weights of one output */
    const float *w = param_array(p, MODEL_VALUE, u->conv->param[0]);
#pragma omp parallel for schedule(static)
    for (size_t k = 0; k < K; k++) {
        const size_t group = k / (K / n_groups);
        const float scale = weight_scale(p, u, k);
        float *row = to + k * f * n;
        memset(row, 0, f * n * sizeof *row);
        for (size_t i = 0; i < n; i++) {
            row[group % f * n + i] = w[k * n + i] * scale;
        }
    }
}

void weight_fill_bias(const struct program *p, const struct unit *u, float *bias)
{
    for (size_t k = 0; k < (size_t)u->conv->shape.C; k++) {
        double b = 0.0;
        if (u->conv->has_bias) {
            b = (double)param_array(p, MODEL_VALUE, u->conv->param[1])[k];
        }
        if (weight_folds(u)) {
            const double mean = (double)param_array(p, MODEL_VALUE, u->norm->param[2])[k];
            const double beta = (double)param_array(p, MODEL_VALUE, u->norm->param[1])[k];
            b = (b - mean) * (double)weight_scale(p, u, k) + beta;
        }
        bias[k] = (float)b;
    }
}

void weight_add_bias(const struct program *p, const struct unit *u, const float *db)
{
    float *grad = param_array(p, MODEL_GRAD, u->conv->param[1]);
    for (int k = 0; k < u->conv->shape.C; k++) {
        grad[k] += db[k];
    }
}
