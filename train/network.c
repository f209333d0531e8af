/* SPDX-License-Identifier: MIT */
/* Learning and measuring: see network.h. */
#include "train/network.h"

#include <math.h>
#include <stdlib.h>

#include "train/loss.h"

/* Adam's constants: Kingma and Ba 2015, algorithm 1; torch.optim's defaults. */
#define BETA1 0.9F
#define BETA2 0.999F
#define EPS   1e-8F

static int open_model(struct network *net, const struct dataset *d, struct err *e)
{
    struct model_spec spec = {.precision = (enum precision)net->prefs->precision,
                              .n_threads = (int)net->prefs->threads};
    for (int c = 0; c < 3; c++) {
        spec.mean[c] = d->mean[c];
        spec.std[c] = d->std[c];
    }
    return net->backend->model_new(net->graph, &spec, &net->model, e);
}

int network_open(struct network *net, const struct train_prefs *prefs, const struct dataset *d,
                 const struct pack *pack, const struct backend *backend, struct err *e)
{
    int rc = -1;
    const size_t N = (size_t)prefs->batch;
    struct arch_spec spec = {.name = prefs->arch,
                             .size_px = pack_size_px(pack),
                             .n_views = pack_n_views(pack),
                             .n_out = d->task == TASK_REGRESSION ? 2 : (int)d->n_classes};
    *net = (struct network){.backend = backend, .prefs = prefs, .task = d->task, .train_from = -1};
    TRY(graph_new_arch(&net->graph, &spec, e));
    net->out = calloc(N * (size_t)spec.n_out, sizeof *net->out);
    net->dout = calloc(N * (size_t)spec.n_out, sizeof *net->dout);
    net->each = calloc(N, sizeof *net->each);
    if (!net->out || !net->dout || !net->each) {
        rc = err_nomem(e, "a batch's outputs");
        goto out;
    }
    TRY(open_model(net, d, e));
    const struct plan_spec infer = {.max_n = (int)prefs->batch, .train_from = PLAN_INFER};
    TRY(backend->plan_new(net->model, &infer, &net->infer, e));
out:
    if (rc != 0) {
        network_close(net);
    }
    return rc;
}

void network_close(struct network *net)
{
    if (net->learn) {
        net->backend->plan_free(net->learn);
    }
    if (net->infer) {
        net->backend->plan_free(net->infer);
    }
    if (net->model) {
        net->backend->model_free(net->model);
    }
    graph_free(net->graph);
    free(net->out);
    free(net->dout);
    free(net->each);
    *net = (struct network){0};
}

int network_learn_from(struct network *net, int train_from, struct err *e)
{
    if (net->learn && net->train_from == train_from) {
        return 0;
    }
    if (net->learn) {
        net->backend->plan_free(net->learn);
        net->learn = NULL;
    }
    const struct plan_spec spec = {.max_n = (int)net->prefs->batch, .train_from = train_from};
    net->train_from = train_from;
    return net->backend->plan_new(net->model, &spec, &net->learn, e);
}

static double measure_loss(struct network *net, const struct minibatch *b, float *dout)
{
    const size_t N = (size_t)b->n;
    const size_t K = (size_t)net->graph->n_out;
    return net->task == TASK_REGRESSION
               ? loss_mse(net->out, b->target, N, K, dout, net->each)
               : loss_cross_entropy(net->out, b->target, N, K, dout, net->each);
}

int network_learn(struct network *net, const struct minibatch *b, struct rates lr, int64_t *steps,
                  double *loss, struct err *e)
{
    int rc = -1;
    const struct backend *k = net->backend;
    const struct batch batch = {.n = b->n, .rgb = b->rgb};
    const struct step_spec step = {.optimiser = (enum optimiser)net->prefs->optimiser,
                                   .t = steps,
                                   .lr_backbone = (float)lr.backbone,
                                   .lr_head = (float)lr.head,
                                   .beta1 = BETA1,
                                   .beta2 = BETA2,
                                   .eps = EPS,
                                   .weight_decay = (float)net->prefs->weight_decay,
                                   .train_from = net->train_from};
    for (int i = net->train_from; i < net->graph->n_blocks; i++) {
        steps[i]++;
    }
    TRY(k->forward(net->learn, &batch, net->out, e));
    *loss = measure_loss(net, b, net->dout);
    if (!isfinite(*loss)) {
        goto out;
    }
    TRY(k->grad_zero(net->model, e));
    TRY(k->backward(net->learn, net->dout, e));
    TRY(k->step(net->model, &step, e));
out:
    return rc;
}

int network_measure(struct network *net, const struct minibatch *b, struct err *e)
{
    const struct batch batch = {.n = b->n, .rgb = b->rgb};
    if (net->backend->forward(net->infer, &batch, net->out, e) != 0) {
        return -1;
    }
    (void)measure_loss(net, b, NULL);
    return 0;
}
