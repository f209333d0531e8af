/* SPDX-License-Identifier: MIT */
/* A checkpoint on a backend, for inference only. */
#include "predict/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct network {
    struct checkpoint c;
    const struct backend *backend;
    struct model *model;
    struct plan *plan;
};

void network_close(struct network *net)
{
    if (net) {
        if (net->plan) {
            net->backend->plan_free(net->plan);
        }
        if (net->model) {
            net->backend->model_free(net->model);
        }
        checkpoint_release(&net->c);
        free(net);
    }
}

int network_open(const char *path, const struct network_spec *spec, struct network **out,
                 struct err *e)
{
    int rc = -1;
    struct network *net = calloc(1, sizeof *net);
    if (!net) {
        return err_nomem(e, "a network");
    }
    TRY(checkpoint_load(path, &net->c, e));
    TRY(backend_find(spec->backend, &net->backend, e));
    struct model_spec m = {.precision = spec->precision, .n_threads = spec->n_threads};
    memcpy(m.mean, net->c.mean, sizeof m.mean);
    memcpy(m.std, net->c.std, sizeof m.std);
    TRY(net->backend->model_new(net->c.graph, &m, &net->model, e));
    TRY(net->backend->model_set(net->model, MODEL_VALUE, net->c.value, e));
    TRY(net->backend->plan_new(net->model,
                               &(struct plan_spec){.max_n = spec->batch, .train_from = PLAN_INFER},
                               &net->plan, e));
    free(net->c.value); /* the backend has its copy; these are as large as the network */
    free(net->c.moment1);
    free(net->c.moment2);
    net->c.value = net->c.moment1 = net->c.moment2 = NULL;
    *out = net;
    net = NULL;
out:
    network_close(net);
    return rc;
}

const struct checkpoint *network_checkpoint(const struct network *net)
{
    return &net->c;
}

const char *network_backend(const struct network *net)
{
    return net->backend->name;
}

int network_n_out(const struct network *net)
{
    return net->c.graph->n_out;
}

int network_run(struct network *net, const uint8_t *rgb, int n, float *out, struct err *e)
{
    const size_t n_out = (size_t)n * (size_t)net->c.graph->n_out;
    if (net->backend->forward(net->plan, &(struct batch){.n = n, .rgb = rgb}, out, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < n_out; i++) {
        if (!isfinite(out[i])) {
            return err_set(e, ERR_INPUT, "the network's answer is not a number: damaged weights?");
        }
    }
    return 0;
}
