/* SPDX-License-Identifier: MIT */
/* See support.h. */
#include "tests/unit/nn/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/nn/ref/ref.h"

uint32_t nn_stream(const char *name)
{
    uint32_t h = 2166136261u;
    for (const char *p = name; *p; p++) {
        h = (h ^ (uint8_t)*p) * 16777619u;
    }
    return h;
}

uint32_t nn_hash(uint32_t stream, size_t i)
{
    uint32_t h = stream + (uint32_t)i * 0x9e3779b9u;
    h = (h ^ (h >> 16)) * 0x85ebca6bu;
    h = (h ^ (h >> 13)) * 0xc2b2ae35u;
    return h ^ (h >> 16);
}

/* In [-1, 1), a multiple of 2^-23. */
static float uniform_of(uint32_t hash)
{
    return (float)(hash >> 8) / 8388608.0F - 1.0F;
}

float nn_uniform(const char *name, size_t i)
{
    return uniform_of(nn_hash(nn_stream(name), i));
}

static void fill(const struct param *p, double middle, double width, float *value)
{
    const uint32_t stream = nn_stream(p->name);
    for (size_t i = 0; i < p->n; i++) {
        const double u = (double)uniform_of(nn_hash(stream, i));
        value[p->offset + i] = (float)(middle + width * u);
    }
}

void nn_fill(const struct graph *g, float *value)
{
    for (int i = 0; i < g->n_params; i++) {
        const struct param *p = &g->param[i];
        const char *kind = strrchr(p->name, '.');
        if (p->n_dims > 1) {
            const size_t fan_in = p->n / p->dim[0];
            fill(p, 0.0, sqrt(6.0 / (double)fan_in), value);
        } else if (strcmp(kind, ".weight") == 0) {
            fill(p, 1.0, 0.25, value);
        } else if (strcmp(kind, ".running_var") == 0) {
            fill(p, 1.0, 0.5, value);
        } else {
            fill(p, 0.0, 0.1, value);
        }
    }
}

void nn_fill_far(const struct graph *g, float *value)
{
    nn_fill(g, value);
    for (int i = 0; i < g->n_params; i++) {
        const struct param *p = &g->param[i];
        const char *kind = strrchr(p->name, '.');
        if (!p->is_backbone || p->n_dims > 1) {
            continue;
        }
        if (strcmp(kind, ".weight") == 0) {
            fill(p, 0.5, 0.125, value);
        } else if (strcmp(kind, ".bias") == 0) {
            for (size_t j = 0; j < p->n; j++) {
                const float u = nn_uniform(p->name, j);
                value[p->offset + j] = u + (u < 0.0F ? -1.0F : 1.0F);
            }
        }
    }
}

/* --- small graphs ------------------------------------------------------------------------------ */

static int conv(struct builder *b, int x, struct conv_spec s)
{
    return build_conv(b, x, "op", s);
}

static int conv3(struct builder *b, int x)
{
    return conv(b, x, (struct conv_spec){.K = 6, .R = 3, .pad = 1});
}

static int conv3_bias(struct builder *b, int x)
{
    return conv(b, x, (struct conv_spec){.K = 5, .R = 3, .has_bias = true});
}

static int conv3_stride2(struct builder *b, int x)
{
    return conv(b, x, (struct conv_spec){.K = 10, .R = 3, .stride = 2, .pad = 1});
}

static int conv7_stride2(struct builder *b, int x)
{
    return conv(b, x, (struct conv_spec){.K = 16, .R = 7, .stride = 2, .pad = 3});
}

static int conv1_stride2(struct builder *b, int x)
{
    return conv(b, x, (struct conv_spec){.K = 16, .R = 1, .stride = 2});
}

static int conv_1x3(struct builder *b, int x)
{
    return conv(b, x, (struct conv_spec){.K = 7, .R = 1, .S = 3, .has_bias = true});
}

static int conv5_stride3(struct builder *b, int x)
{
    return conv(b, x, (struct conv_spec){.K = 4, .R = 5, .stride = 3, .pad = 2});
}

static int conv_groups2(struct builder *b, int x)
{
    return conv(b, x, (struct conv_spec){.K = 6, .R = 3, .pad = 1, .G = 2, .has_bias = true});
}

static int conv_groups32(struct builder *b, int x)
{
    return conv(b, x, (struct conv_spec){.K = 128, .R = 3, .stride = 2, .pad = 1, .G = 32});
}

static int conv_depthwise(struct builder *b, int x)
{
    return conv(b, x, (struct conv_spec){.K = 16, .R = 3, .pad = 1, .G = 16});
}

static int batch_norm(struct builder *b, int x)
{
    return build_batch_norm(b, x, "op");
}

static int batch_norm_relu(struct builder *b, int x)
{
    return build_relu(b, build_batch_norm(b, x, "op"));
}

static int relu(struct builder *b, int x)
{
    return build_relu(b, x);
}

static int max_pool3(struct builder *b, int x)
{
    return build_max_pool(b, x, (struct pool_spec){.R = 3, .stride = 2, .pad = 1});
}

static int max_pool2(struct builder *b, int x)
{
    return build_max_pool(b, x, (struct pool_spec){.R = 2, .stride = 2});
}

static int avg_pool(struct builder *b, int x)
{
    return build_global_avg_pool(b, x);
}

static int add(struct builder *b, int x)
{
    return build_add(b, x, build_relu(b, x));
}

static int add_twice(struct builder *b, int x)
{
    return build_add(b, x, x);
}

/* Both ways of a residual unit: with a projection, then with the identity. */
static int residual(struct builder *b, int x)
{
    int y = build_conv(b, x, "conv1", (struct conv_spec){.K = 8, .R = 3, .stride = 2, .pad = 1});
    y = build_relu(b, build_batch_norm(b, y, "bn1"));
    y = build_conv(b, y, "conv2", (struct conv_spec){.K = 8, .R = 3, .pad = 1});
    y = build_batch_norm(b, y, "bn2");
    int z = build_conv(b, x, "down", (struct conv_spec){.K = 8, .R = 1, .stride = 2});
    z = build_batch_norm(b, z, "bn_down");
    x = build_relu(b, build_add(b, y, z));
    y = build_conv(b, x, "conv3", (struct conv_spec){.K = 8, .R = 3, .pad = 1, .G = 2});
    y = build_batch_norm(b, y, "bn3");
    return build_relu(b, build_add(b, y, x));
}

const struct nn_case nn_cases[] = {
    /*                            C  size views n max_n from            rgb */
    {"conv3", conv3, 8, 9, 1, 3, 3, 0, false},
    {"conv3, batch 1", conv3, 8, 9, 1, 1, 1, 0, false},
    {"conv3, 16 channels", conv3, 16, 14, 2, 2, 2, 0, false},
    {"conv3 with bias", conv3_bias, 5, 8, 2, 2, 2, 0, false},
    {"conv3 stride 2, even", conv3_stride2, 8, 10, 1, 2, 2, 0, false},
    {"conv3 stride 2, odd", conv3_stride2, 8, 11, 1, 2, 2, 0, false},
    {"conv7 stride 2", conv7_stride2, 3, 15, 1, 2, 2, 0, false},
    {"conv1 stride 2", conv1_stride2, 16, 7, 2, 2, 2, 0, false},
    {"conv 1x3", conv_1x3, 4, 6, 1, 2, 2, 0, false},
    {"conv5 stride 3", conv5_stride3, 4, 13, 1, 2, 2, 0, false},
    {"conv3, 2 groups", conv_groups2, 4, 7, 2, 2, 2, 0, false},
    {"conv3, 32 groups", conv_groups32, 128, 6, 2, 2, 2, 0, false},
    {"conv3, depthwise", conv_depthwise, 16, 7, 1, 2, 2, 0, false},
    {"batch norm", batch_norm, 7, 5, 2, 3, 3, 0, false},
    {"batch norm, batch 1", batch_norm, 8, 5, 1, 1, 4, 0, false},
    {"batch norm, relu", batch_norm_relu, 16, 5, 2, 3, 3, 0, false},
    {"relu", relu, 5, 5, 1, 3, 3, 0, false},
    {"max pool 3/2", max_pool3, 8, 9, 2, 2, 2, 0, false},
    {"max pool 3/2, even", max_pool3, 5, 8, 1, 2, 2, 0, false},
    {"max pool 2/2, odd", max_pool2, 4, 7, 1, 2, 2, 0, false},
    {"average pool", avg_pool, 16, 7, 2, 2, 2, 0, false},
    {"add", add, 6, 5, 2, 2, 2, 0, false},
    {"add, twice the same", add_twice, 6, 5, 2, 2, 2, 0, false},
    {"residual unit", residual, 8, 9, 4, 2, 2, 0, false},
    {"residual unit, bytes", residual, 8, 9, 4, 2, 2, 0, true},
    {"residual unit, 3 of 5", residual, 8, 9, 2, 3, 5, 0, false},
    {"residual unit, 1 of 5, bytes", residual, 8, 9, 2, 1, 5, 0, true},
    {"residual unit, first block frozen", residual, 8, 9, 4, 2, 3, 1, false},
    {"residual unit, frozen", residual, 8, 9, 4, 2, 2, 2, false},
    {"head only", residual, 8, 9, 4, 2, 3, 3, true},
    {"inference", residual, 8, 9, 4, 2, 2, PLAN_INFER, false},
    {"inference, 1 of 4, bytes", residual, 8, 9, 4, 1, 4, PLAN_INFER, true},
};

const size_t n_nn_cases = sizeof nn_cases / sizeof *nn_cases;

const struct nn_case *nn_case_find(const char *name)
{
    for (size_t i = 0; i < n_nn_cases; i++) {
        if (strcmp(nn_cases[i].name, name) == 0) {
            return &nn_cases[i];
        }
    }
    return NULL;
}

struct graph *nn_case_graph(const struct nn_case *c)
{
    struct builder b;
    struct err e = {0};
    struct graph *g = NULL;
    builder_init(&b, &(struct arch_spec){c->name, c->size_px, c->n_views, 3});
    int x = build_input(&b);
    x = build_conv(&b, x, "pre", (struct conv_spec){.K = c->C, .R = 3, .pad = 1});
    build_block(&b);
    x = c->build(&b, x);
    build_block(&b);
    const int side = b.rc == 0 ? b.g->node[x].shape.H : 1;
    const int width = b.rc == 0 ? b.g->node[x].shape.W : 1;
    x = build_conv(&b, x, "post", (struct conv_spec){.K = 5, .R = side, .S = width});
    x = build_concat_views(&b, x);
    build_block(&b);
    (void)build_linear(&b, x, "head", 3);
    return builder_take(&b, &g, &e) == 0 ? g : NULL;
}

/* --- one pass ----------------------------------------------------------------------------------- */

/* Everything nn_run allocates. */
struct scratch {
    float *value, *dout, *f32;
    uint8_t *rgb;
    struct model *m;
    struct plan *p;
};

static int make_input(const struct graph *g, const struct nn_case *c, struct scratch *s,
                      struct err *e)
{
    const size_t side = (size_t)g->size_px;
    const size_t n = (size_t)c->n * (size_t)g->n_views * 3 * side * side;
    s->f32 = malloc(n * sizeof *s->f32);
    s->rgb = malloc(n);
    if (!s->f32 || !s->rgb) {
        return err_nomem(e, "a test's input");
    }
    for (size_t i = 0; i < n; i++) {
        s->f32[i] = 2.0F * nn_uniform("input", i);
        s->rgb[i] = (uint8_t)((nn_uniform("input", i) + 1.0F) * 128.0F);
    }
    return 0;
}

static int pass(const struct backend *b, const struct graph *g, const struct nn_case *c,
                struct scratch *s, struct nn_result *r, struct err *e)
{
    const struct batch batch = {
        .n = c->n, .rgb = c->rgb ? s->rgb : NULL, .f32 = c->rgb ? NULL : s->f32};
    int rc = -1;
    TRY(b->model_set(s->m, MODEL_VALUE, s->value, e));
    TRY(b->grad_zero(s->m, e));
    TRY(b->plan_new(s->m, &(struct plan_spec){c->max_n, c->train_from}, &s->p, e));
    TRY(b->forward(s->p, &batch, r->out, e));
    if (b == &backend_ref) {
        const size_t n_out = (size_t)c->n * (size_t)g->n_out;
        memcpy(r->out_f64, ref_output(s->p), n_out * sizeof *r->out_f64);
    }
    if (c->train_from != PLAN_INFER) {
        TRY(b->backward(s->p, s->dout, e));
    }
    TRY(b->model_get(s->m, MODEL_VALUE, r->value, e));
    TRY(b->model_get(s->m, MODEL_GRAD, r->grad, e));
out:
    return rc;
}

int nn_run(const struct backend *b, const struct graph *g, const struct nn_case *c,
           const float *value, enum precision precision, struct nn_result *r, struct err *e)
{
    const struct model_spec spec = {.precision = precision,
                                    .n_threads = 2,
                                    .mean = {0.485F, 0.456F, 0.406F},
                                    .std = {0.229F, 0.224F, 0.225F}};
    const size_t n_out = (size_t)c->n * (size_t)g->n_out;
    struct scratch s = {0};
    int rc = -1;
    *r = (struct nn_result){.out = calloc(n_out, sizeof(float)),
                            .out_f64 = calloc(n_out, sizeof(double)),
                            .value = calloc(g->n_floats, sizeof(float)),
                            .grad = calloc(g->n_floats, sizeof(float))};
    s.value = malloc(g->n_floats * sizeof *s.value);
    s.dout = malloc(n_out * sizeof *s.dout);
    if (!r->out || !r->out_f64 || !r->value || !r->grad || !s.value || !s.dout) {
        err_nomem(e, "a test's result");
        goto out;
    }
    if (value) {
        memcpy(s.value, value, g->n_floats * sizeof *value);
    } else {
        nn_fill(g, s.value);
    }
    for (size_t i = 0; i < n_out; i++) {
        s.dout[i] = nn_uniform("dout", i);
    }
    TRY(make_input(g, c, &s, e));
    TRY(b->model_new(g, &spec, &s.m, e));
    TRY(pass(b, g, c, &s, r, e));
out:
    b->plan_free(s.p);
    b->model_free(s.m);
    free(s.value);
    free(s.dout);
    free(s.f32);
    free(s.rgb);
    if (rc != 0) {
        nn_result_release(r);
    }
    return rc;
}

void nn_result_release(struct nn_result *r)
{
    free(r->out);
    free(r->out_f64);
    free(r->value);
    free(r->grad);
    *r = (struct nn_result){0};
}

const struct backend *nn_backend(size_t i)
{
    static const char *const names[] = {"ref", "cpu", "cuda"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        const struct backend *b = NULL;
        struct err e = {0};
        if (backend_find(names[k], &b, &e) == 0 && i-- == 0) {
            return b;
        }
    }
    return NULL;
}

double nn_nmse(const float *a, const float *b, size_t n)
{
    double diff = 0.0;
    double norm = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)a[i] - (double)b[i];
        diff += d * d;
        norm += (double)b[i] * (double)b[i];
    }
    return norm > 0.0 || diff > 0.0 ? diff / norm : 0.0;
}
