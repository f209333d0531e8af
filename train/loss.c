/* SPDX-License-Identifier: MIT */
/* Cross-entropy and mean squared error: see loss.h. */
#include "train/loss.h"

#include <math.h>

/* log of the sum of exponentials, the largest taken out first. A NaN anywhere makes it NaN. */
static double log_sum_exp(const float *x, size_t K)
{
    double max = (double)x[0];
    for (size_t k = 1; k < K; k++) {
        max = (double)x[k] > max ? (double)x[k] : max;
    }
    double sum = exp((double)x[0] - max);
    for (size_t k = 1; k < K; k++) {
        sum += exp((double)x[k] - max);
    }
    return max + log(sum);
}

double loss_cross_entropy(const float *out, const float *target, size_t N, size_t K, float *dout,
                          double *each)
{
    double total = 0;
    for (size_t i = 0; i < N; i++) {
        const float *x = out + i * K;
        const float *t = target + i * K;
        const double lse = log_sum_exp(x, K);
        each[i] = 0;
        for (size_t k = 0; k < K; k++) {
            each[i] += (double)t[k] * (lse - (double)x[k]);
            if (dout) {
                dout[i * K + k] = (float)((exp((double)x[k] - lse) - (double)t[k]) / (double)N);
            }
        }
        total += each[i];
    }
    return total / (double)N;
}

double loss_mse(const float *out, const float *target, size_t N, size_t K, float *dout,
                double *each)
{
    double total = 0;
    for (size_t i = 0; i < N; i++) {
        double sum = 0;
        for (size_t j = i * K; j < (i + 1) * K; j++) {
            const double d = (double)out[j] - (double)target[j];
            sum += d * d;
            if (dout) {
                dout[j] = (float)(2 * d / (double)(N * K));
            }
        }
        each[i] = sum / (double)K;
        total += each[i];
    }
    return total / (double)N;
}
