/* SPDX-License-Identifier: MIT */
/* Measuring a part: see evaluate.h. */
#include "train/evaluate.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "core/sig.h"
#include "train/nn/place.h"

int evaluator_init(struct evaluator *v, struct network *net, struct loader *loader,
                   const struct dataset *d, struct err *e)
{
    int rc = -1;
    const size_t N = (size_t)net->prefs->batch;
    *v = (struct evaluator){.net = net, .loader = loader, .data = d};
    v->prob = calloc((size_t)d->n_classes + 1, sizeof *v->prob);
    v->xy = calloc(N, sizeof *v->xy);
    v->place = calloc(N, sizeof *v->place);
    if (!v->prob || !v->xy || !v->place) {
        rc = err_nomem(e, "predictions");
        goto out;
    }
    TRY(metrics_new(&v->m, d->n_classes, e));
    if (d->task == TASK_REGRESSION) {
        TRY(crs_open(d->crs, &v->crs, e));
    }
out:
    if (rc != 0) {
        evaluator_release(v);
    }
    return rc;
}

void evaluator_release(struct evaluator *v)
{
    crs_free(v->crs);
    metrics_release(&v->m);
    free(v->prob);
    free(v->xy);
    free(v->place);
    *v = (struct evaluator){0};
}

int64_t argmax(const float *x, int64_t n)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++) {
        best = x[i] > x[best] ? i : best;
    }
    return best;
}

/* Outputs of a batch to places. */
static int locate(struct evaluator *v, int n, struct err *e)
{
    const struct dataset *d = v->data;
    const size_t K = (size_t)v->net->graph->n_out;
    for (size_t i = 0; i < (size_t)n; i++) {
        const float *out = v->net->out + i * K;
        if (d->task == TASK_REGRESSION) {
            v->xy[i] = place_scaled(out, d->scale);
        } else {
            place_softmax(out, K, v->prob);
            v->place[i] = place_mean(d->class_point, v->prob, K);
        }
    }
    return d->task == TASK_REGRESSION ? crs_unproject(v->crs, v->xy, v->place, (size_t)n, e) : 0;
}

static int check(const struct evaluator *v, const struct minibatch *b, struct err *e)
{
    const size_t K = (size_t)v->net->graph->n_out;
    for (size_t i = 0; i < (size_t)b->n * K; i++) {
        if (!isfinite(v->net->out[i])) {
            return err_set(e, ERR_INPUT,
                           "the network's output for location %" PRId64
                           " is not finite: try a smaller learning rate",
                           b->sample[i / K]->location_id);
        }
    }
    return 0;
}

static void add(struct evaluator *v, const struct minibatch *b)
{
    const int64_t K = v->net->graph->n_out;
    for (int i = 0; i < b->n; i++) {
        const struct sample *s = b->sample[i];
        metrics_add_km(&v->m, geo_distance_km(s->truth, v->place[i]));
        if (v->data->task == TASK_REGRESSION || s->label >= 0) {
            metrics_add_loss(&v->m, v->net->each[i]);
        }
        if (s->label >= 0) {
            metrics_add_class(&v->m, s->label, argmax(v->net->out + i * K, K));
        }
    }
}

int evaluate_part(struct evaluator *v, enum part_name part, struct err *e)
{
    int rc = -1;
    struct minibatch b;
    metrics_reset(&v->m);
    TRY(loader_begin(v->loader, &(struct pass){.part = part}, e));
    while ((rc = loader_next(v->loader, &b, e)) == 0 && b.n > 0) {
        TRY(sig_check(e));
        TRY(network_measure(v->net, &b, e));
        TRY(check(v, &b, e));
        TRY(locate(v, b.n, e));
        add(v, &b);
    }
out:
    return rc;
}
