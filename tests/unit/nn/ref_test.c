/* SPDX-License-Identifier: MIT */
/*
 * The reference backend by itself: gradients against central differences, batch norm and the
 * optimisers against numbers worked out by hand, and what freezing means.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/nn/support.h"

static const struct nn_case *find_case(const char *name)
{
    const struct nn_case *c = nn_case_find(name);
    assert_non_null(c);
    return c;
}

/* run - a pass of ref, which must succeed. */
static void run(const struct graph *g, const struct nn_case *c, const float *value,
                struct nn_result *r)
{
    struct err e = {0};
    assert_int_equal(nn_run(&backend_ref, g, c, value, PREC_F32, r, &e), 0);
}

/* --- central differences ------------------------------------------------------------------------ */

/* loss - sum of out * dout, whose gradient nn_run computes. */
static double loss(const struct graph *g, const struct nn_case *c, const float *value)
{
    struct nn_result r;
    double sum = 0.0;
    run(g, c, value, &r);
    for (size_t i = 0; i < (size_t)c->n * (size_t)g->n_out; i++) {
        sum += r.out_f64[i] * (double)nn_uniform("dout", i);
    }
    nn_result_release(&r);
    return sum;
}

/* Each parameter is moved along a random direction of +-H per element, so little that hardly a kink
 * of relu or pooling is crossed; the loss is summed in f64, so the digits are there. */
#define H 2e-6

/* The relative error of a directional derivative that is accepted: gradients are rounded to f32
 * (1e-7), the difference of losses to 2^-53 / H (1e-10). */
#define GRADIENT_TOLERANCE 1e-6

/* gradient_error - |difference quotient - grad . direction| over |grad| sqrt(n) H, the size a
 * random direction's derivative has when nothing cancels. */
static double gradient_error(const struct graph *g, const struct nn_case *c, const struct param *p,
                             const float *grad)
{
    const size_t size = g->n_floats * sizeof(float);
    float *up = malloc(size);
    float *down = malloc(size);
    double expected = 0.0;
    double norm = 0.0;
    assert_true(up && down);
    nn_fill(g, up);
    nn_fill(g, down);
    for (size_t i = p->offset; i < p->offset + p->n; i++) {
        const float step = nn_uniform("direction", i) < 0.0F ? (float)-H : (float)H;
        up[i] += step;
        down[i] -= step;
        expected += (double)grad[i] * ((double)up[i] - (double)down[i]);
        norm += (double)grad[i] * (double)grad[i];
    }
    const double quotient = loss(g, c, up) - loss(g, c, down);
    free(up);
    free(down);
    return fabs(quotient - expected) / (2.0 * H * sqrt(norm) + 1e-9);
}

static void test_gradients(void **state)
{
    double worst = 0.0;
    (void)state;
    for (size_t k = 0; k < n_nn_cases; k++) {
        const struct nn_case *c = &nn_cases[k];
        struct graph *g = nn_case_graph(c);
        struct nn_result r;
        assert_non_null(g);
        run(g, c, NULL, &r);
        for (int i = 0; i < g->n_params; i++) {
            const struct param *p = &g->param[i];
            if (p->is_buffer || p->block < c->train_from) {
                continue;
            }
            const double error = gradient_error(g, c, p, r.grad);
            worst = error > worst ? error : worst;
            if (error > GRADIENT_TOLERANCE) {
                fail_msg("%s, %s: relative error %.3g", c->name, p->name, error);
            }
        }
        nn_result_release(&r);
        graph_free(g);
    }
    print_message("worst relative error of a directional derivative: %.2g\n", worst);
}

/* The check itself: a gradient that is 0.1 % off, or lacks one channel, must be refused. */
static void test_gradient_check_can_fail(void **state)
{
    const struct nn_case *c = find_case("residual unit");
    struct graph *g = nn_case_graph(c);
    struct nn_result r;
    (void)state;
    assert_non_null(g);
    run(g, c, NULL, &r);
    const struct param *p = &g->param[graph_find_param(g, "conv1.weight")];
    assert_true(gradient_error(g, c, p, r.grad) <= GRADIENT_TOLERANCE);
    for (size_t i = p->offset; i < p->offset + p->n; i++) {
        r.grad[i] *= 1.001F;
    }
    assert_true(gradient_error(g, c, p, r.grad) > GRADIENT_TOLERANCE);
    p = &g->param[graph_find_param(g, "bn1.bias")];
    r.grad[p->offset] = 0.0F;
    assert_true(gradient_error(g, c, p, r.grad) > GRADIENT_TOLERANCE);
    nn_result_release(&r);
    graph_free(g);
}

/* --- batch norm ---------------------------------------------------------------------------------- */

/* One 1x1 image, two views, three locations: six values per channel, and a head that shows them.
 * x is 3-channel input; batch norm with weight 2, bias 1. */
static void test_batch_norm_by_hand(void **state)
{
    const struct arch_spec spec = {.name = "bn", .size_px = 1, .n_views = 2, .n_out = 6};
    const float x[6] = {1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 9.0F}; /* mean 4, sum of squares 40 */
    struct builder b;
    struct graph *g = NULL;
    struct model *m = NULL;
    struct plan *p = NULL;
    struct err e = {0};
    float in[18];
    float out[18];
    float *value = NULL;
    (void)state;
    builder_init(&b, &spec);
    int y = build_batch_norm(&b, build_input(&b), "bn");
    y = build_concat_views(&b, y);
    build_block(&b);
    (void)build_linear(&b, y, "head", 6);
    assert_int_equal(builder_take(&b, &g, &e), 0);
    value = calloc(g->n_floats, sizeof *value);
    assert_non_null(value);
    for (size_t c = 0; c < 3; c++) {
        value[g->param[0].offset + c] = 2.0F;
        value[g->param[1].offset + c] = 1.0F;
        value[g->param[2].offset + c] = 10.0F;
        value[g->param[3].offset + c] = 1.0F;
    }
    for (size_t i = 0; i < 6; i++) {
        value[g->param[4].offset + i * 6 + i] = 1.0F; /* identity */
    }
    for (size_t i = 0; i < 18; i++) {
        in[i] = x[i / 3];
    }
    assert_int_equal(backend_ref.model_new(g, &(struct model_spec){0}, &m, &e), 0);
    assert_int_equal(backend_ref.model_set(m, MODEL_VALUE, value, &e), 0);
    assert_int_equal(backend_ref.plan_new(m, &(struct plan_spec){3, 0}, &p, &e), 0);
    const struct batch batch = {.n = 3, .f32 = in};
    assert_int_equal(backend_ref.forward(p, &batch, out, &e), 0);
    for (size_t i = 0; i < 18; i++) {
        const double want = 1.0 + 2.0 * ((double)x[i / 3] - 4.0) / sqrt(40.0 / 6.0 + 1e-5);
        assert_true(fabs((double)out[i] - want) < 1e-6);
    }
    assert_int_equal(backend_ref.model_get(m, MODEL_VALUE, value, &e), 0);
    assert_true(fabs((double)value[g->param[2].offset] - (0.9 * 10.0 + 0.1 * 4.0)) < 1e-6);
    assert_true(fabs((double)value[g->param[3].offset] - (0.9 * 1.0 + 0.1 * 40.0 / 5.0)) < 1e-6);
    backend_ref.plan_free(p);
    backend_ref.model_free(m);
    free(value);
    graph_free(g);
}

/* --- optimisers ---------------------------------------------------------------------------------- */

/* step_one - the head's first bias after n_steps with a constant gradient of 0.5 from 1.0. */
static double step_one(const struct step_spec *s, int64_t n_steps, double *frozen)
{
    const struct nn_case *c = find_case("conv3");
    struct graph *g = nn_case_graph(c);
    struct model *m = NULL;
    struct err e = {0};
    int64_t t[4] = {0};
    struct step_spec spec = *s;
    assert_non_null(g);
    float *v = malloc(g->n_floats * sizeof *v);
    assert_non_null(v);
    const size_t at = g->param[graph_find_param(g, "head.bias")].offset;
    assert_int_equal(backend_ref.model_new(g, &(struct model_spec){0}, &m, &e), 0);
    for (size_t i = 0; i < g->n_floats; i++) {
        v[i] = 1.0F;
    }
    assert_int_equal(backend_ref.model_set(m, MODEL_VALUE, v, &e), 0);
    for (size_t i = 0; i < g->n_floats; i++) {
        v[i] = 0.5F;
    }
    assert_int_equal(backend_ref.model_set(m, MODEL_GRAD, v, &e), 0);
    spec.t = t;
    for (int64_t i = 1; i <= n_steps; i++) {
        t[0] = t[1] = t[2] = t[3] = i;
        assert_int_equal(backend_ref.step(m, &spec, &e), 0);
    }
    assert_int_equal(backend_ref.model_get(m, MODEL_VALUE, v, &e), 0);
    const double got = (double)v[at];
    *frozen = (double)v[0];
    backend_ref.model_free(m);
    free(v);
    graph_free(g);
    return got;
}

static void near(double got, double want)
{
    if (!(fabs(got - want) < 2e-7)) {
        fail_msg("%.9g is not %.9g", got, want);
    }
}

static void test_optimisers(void **state)
{
    double frozen = 0.0;
    struct step_spec s = {.optimiser = OPTIMISER_ADAM,
                          .lr_backbone = 0.5F,
                          .lr_head = 0.01F,
                          .beta1 = 0.9F,
                          .beta2 = 0.999F,
                          .eps = 1e-8F,
                          .train_from = 1};
    (void)state;
    /* A constant gradient: corrected moments are g and g^2, every step is lr. */
    near(step_one(&s, 1, &frozen), 1.0 - 0.01);
    near(frozen, 1.0);
    near(step_one(&s, 5, &frozen), 1.0 - 0.05);
    s.optimiser = OPTIMISER_ADAMW; /* decay first: 1 - lr * decay */
    s.weight_decay = 0.1F;
    near(step_one(&s, 1, &frozen), 1.0 * (1.0 - 0.001) - 0.01);
    s.optimiser = OPTIMISER_SGD; /* gradient 0.5 + 0.1 * 1 */
    near(step_one(&s, 1, &frozen), 1.0 - 0.01 * 0.6);
    /* velocity 0.9 * 0.6 + 0.5 + 0.1 * 0.994 */
    near(step_one(&s, 2, &frozen), 0.994 - 0.01 * (0.54 + 0.5 + 0.0994));
    s.train_from = 0; /* the backbone has its own rate; 1 - 0.5 * 0.6 */
    (void)step_one(&s, 1, &frozen);
    near(frozen, 0.7);
}

/* --- modes ---------------------------------------------------------------------------------------- */

static void test_frozen_blocks(void **state)
{
    const struct nn_case *c = find_case("residual unit, frozen");
    struct graph *g = nn_case_graph(c);
    struct nn_result r;
    struct nn_result infer;
    struct nn_case inference = *c;
    (void)state;
    assert_non_null(g);
    float *value = malloc(g->n_floats * sizeof *value);
    assert_non_null(value);
    nn_fill(g, value);
    inference.train_from = PLAN_INFER;
    run(g, c, NULL, &r);
    run(g, &inference, NULL, &infer);
    assert_memory_equal(r.value, value, g->n_floats * sizeof *value);
    assert_memory_equal(r.out, infer.out, (size_t)(c->n * g->n_out) * sizeof *r.out);
    for (int i = 0; i < g->n_params; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < g->param[i].n; j++) {
            sum += fabs((double)r.grad[g->param[i].offset + j]);
        }
        assert_true(sum > 0.0 ? g->param[i].block >= c->train_from
                              : g->param[i].block < c->train_from || g->param[i].is_buffer);
    }
    free(value);
    nn_result_release(&r);
    nn_result_release(&infer);
    graph_free(g);
}

/* A partial batch gives the bits of a plan made for it. */
static void test_partial_batch(void **state)
{
    const struct nn_case *c = find_case("residual unit, 3 of 5");
    struct nn_case exact = *c;
    struct graph *g = nn_case_graph(c);
    struct nn_result a;
    struct nn_result b;
    (void)state;
    assert_non_null(g);
    exact.max_n = c->n;
    run(g, c, NULL, &a);
    run(g, &exact, NULL, &b);
    assert_memory_equal(a.out, b.out, (size_t)(c->n * g->n_out) * sizeof *a.out);
    assert_memory_equal(a.grad, b.grad, g->n_floats * sizeof *a.grad);
    assert_memory_equal(a.value, b.value, g->n_floats * sizeof *a.value);
    nn_result_release(&a);
    nn_result_release(&b);
    graph_free(g);
}

static void test_backend_find(void **state)
{
    const struct backend *b = NULL;
    struct err e = {0};
    (void)state;
    assert_int_equal(backend_find("ref", &b, &e), 0);
    assert_ptr_equal(b, &backend_ref);
    assert_int_equal(backend_find("tpu", &b, &e), -1);
    assert_int_equal(e.kind, ERR_USAGE);
    assert_non_null(strstr(e.msg, "cpu cuda ref"));
    assert_ptr_equal(b, &backend_ref);
}

static void test_no_bf16(void **state)
{
    const struct nn_case *c = find_case("conv3");
    struct graph *g = nn_case_graph(c);
    struct model *m = NULL;
    struct err e = {0};
    (void)state;
    assert_non_null(g);
    const struct model_spec spec = {.precision = PREC_BF16};
    assert_int_equal(backend_ref.model_new(g, &spec, &m, &e), -1);
    assert_int_equal(e.kind, ERR_DEVICE);
    graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients),          cmocka_unit_test(test_gradient_check_can_fail),
        cmocka_unit_test(test_batch_norm_by_hand), cmocka_unit_test(test_optimisers),
        cmocka_unit_test(test_frozen_blocks),      cmocka_unit_test(test_partial_batch),
        cmocka_unit_test(test_backend_find),       cmocka_unit_test(test_no_bf16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
