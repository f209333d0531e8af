/* SPDX-License-Identifier: MIT */
/*
 * What backend.h promises beyond single operations, for every backend: training with each
 * optimiser as ref does it, unfreezing, accumulation, clipping, bit-exact repetition and resuming,
 * and that a network learns at all.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/nn/support.h"

#define N_LOCATIONS 3
#define N_OUT       3

/* A small residual network being trained towards fixed targets by mean square error. */
struct session {
    const struct backend *b;
    struct graph *g;
    struct model *m;
    struct plan *p;
    struct step_spec step;
    int64_t t[4];
    float *in;    /* [N_LOCATIONS * V, 3, H, W] */
    float *array; /* [n_floats], what array_of returns */
    struct err e;
};

/* must - a call that has to succeed; says why it did not. */
static void must(struct session *s, int rc)
{
    if (rc != 0) {
        fail_msg("%s: %s", s->b->name, s->e.msg);
    }
}

static void set_plan(struct session *s, int train_from)
{
    s->b->plan_free(s->p);
    s->p = NULL;
    s->step.train_from = train_from;
    must(s, s->b->plan_new(s->m, &(struct plan_spec){N_LOCATIONS, train_from}, &s->p, &s->e));
}

static void session_init(struct session *s, const struct backend *b, enum optimiser optimiser)
{
    const struct nn_case *c = nn_case_find("residual unit, 3 of 5");
    *s = (struct session){.b = b, .g = nn_case_graph(c)};
    assert_non_null(s->g);
    const size_t n_in = (size_t)(N_LOCATIONS * c->n_views * 3 * c->size_px) * (size_t)c->size_px;
    s->in = malloc(n_in * sizeof *s->in);
    s->array = malloc(s->g->n_floats * sizeof *s->array);
    assert_true(s->in && s->array);
    for (size_t i = 0; i < n_in; i++) {
        s->in[i] = 2.0F * nn_uniform("input", i);
    }
    /* SGD's steps have the length of the gradient, Adam's that of the rate. */
    const float rate = optimiser == OPTIMISER_SGD ? 1e-4F : 0.01F;
    s->step = (struct step_spec){.optimiser = optimiser,
                                 .t = s->t,
                                 .lr_backbone = rate,
                                 .lr_head = 2.0F * rate,
                                 .beta1 = 0.9F,
                                 .beta2 = 0.999F,
                                 .eps = 1e-3F, /* large: the sign of a gradient near 0 is noise */
                                 .weight_decay = 0.01F};
    nn_fill(s->g, s->array);
    must(s, b->model_new(s->g, &(struct model_spec){.n_threads = 2}, &s->m, &s->e));
    must(s, b->model_set(s->m, MODEL_VALUE, s->array, &s->e));
    set_plan(s, 0);
}

static void session_release(struct session *s)
{
    s->b->plan_free(s->p);
    s->b->model_free(s->m);
    graph_free(s->g);
    free(s->in);
    free(s->array);
}

/* gradient - forward and backward without grad_zero; the loss. */
static double gradient(struct session *s)
{
    const struct batch batch = {.n = N_LOCATIONS, .f32 = s->in};
    float out[N_LOCATIONS * N_OUT];
    double loss = 0.0;
    must(s, s->b->forward(s->p, &batch, out, &s->e));
    for (size_t i = 0; i < N_LOCATIONS * N_OUT; i++) {
        const float d = out[i] - nn_uniform("target", i);
        loss += (double)d * (double)d / (N_LOCATIONS * N_OUT);
        out[i] = 2.0F * d / (N_LOCATIONS * N_OUT);
    }
    must(s, s->b->backward(s->p, out, &s->e));
    return loss;
}

static double train(struct session *s, int n_steps)
{
    double loss = 0.0;
    for (int i = 0; i < n_steps; i++) {
        must(s, s->b->grad_zero(s->m, &s->e));
        loss = gradient(s);
        for (int block = s->step.train_from; block < s->g->n_blocks; block++) {
            s->t[block]++;
        }
        must(s, s->b->step(s->m, &s->step, &s->e));
    }
    return loss;
}

/* array_of - one of the model's arrays, valid until the next call. */
static const float *array_of(struct session *s, enum model_array what)
{
    must(s, s->b->model_get(s->m, what, s->array, &s->e));
    return s->array;
}

/* --- training as ref does it ----------------------------------------------------------------------- */

/* relative - norm of a - b over the norm of b. */
static double relative(const float *a, const float *b, size_t n)
{
    double diff = 0.0;
    double norm = 0.0;
    for (size_t i = 0; i < n; i++) {
        diff += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        norm += (double)b[i] * (double)b[i];
    }
    return sqrt(diff) / (sqrt(norm) + 1e-12);
}

/* The head alone, then the last blocks, then all: seven steps. */
static void train_and_unfreeze(struct session *s)
{
    set_plan(s, 3);
    (void)train(s, 2);
    set_plan(s, 1);
    (void)train(s, 2);
    set_plan(s, 0);
    (void)train(s, 3);
}

/* 1e-4: the rounding of one step (1e-6) is carried through six more. */
static void compare_training(const struct backend *b, enum optimiser optimiser)
{
    struct session want;
    struct session got;
    session_init(&want, &backend_ref, optimiser);
    session_init(&got, b, optimiser);
    train_and_unfreeze(&want);
    train_and_unfreeze(&got);
    for (int what = 0; what < MODEL_ARRAY_COUNT; what++) {
        const float *x = array_of(&want, (enum model_array)what);
        const float *y = array_of(&got, (enum model_array)what);
        const double error = relative(y, x, want.g->n_floats);
        if (!(error < 1e-4)) {
            fail_msg("%s, optimiser %d, array %d: relative error %.3g", b->name, (int)optimiser,
                     what, error);
        }
    }
    session_release(&want);
    session_release(&got);
}

static void test_training(void **state)
{
    (void)state;
    for (size_t i = 0; nn_backend(i); i++) {
        compare_training(nn_backend(i), OPTIMISER_ADAM);
        compare_training(nn_backend(i), OPTIMISER_ADAMW);
        compare_training(nn_backend(i), OPTIMISER_SGD);
    }
}

/* --- repetition and resuming ------------------------------------------------------------------------ */

static void assert_same(struct session *a, struct session *b)
{
    for (int what = 0; what < MODEL_ARRAY_COUNT; what++) {
        const float *x = array_of(a, (enum model_array)what);
        const float *y = array_of(b, (enum model_array)what);
        assert_memory_equal(x, y, a->g->n_floats * sizeof *x);
    }
}

static void test_repeat(void **state)
{
    (void)state;
    for (size_t i = 0; nn_backend(i); i++) {
        struct session a;
        struct session b;
        session_init(&a, nn_backend(i), OPTIMISER_ADAM);
        session_init(&b, nn_backend(i), OPTIMISER_ADAM);
        (void)train(&a, 4);
        (void)train(&b, 4);
        assert_same(&a, &b);
        session_release(&a);
        session_release(&b);
    }
}

/* Four steps, or two, everything moved to a new model, and two more: the same bits. */
static void test_resume(void **state)
{
    static const enum model_array kept[] = {MODEL_VALUE, MODEL_MOMENT1, MODEL_MOMENT2};
    (void)state;
    for (size_t i = 0; nn_backend(i); i++) {
        struct session whole;
        struct session first;
        struct session second;
        session_init(&whole, nn_backend(i), OPTIMISER_ADAM);
        session_init(&first, nn_backend(i), OPTIMISER_ADAM);
        session_init(&second, nn_backend(i), OPTIMISER_ADAM);
        (void)train(&whole, 4);
        (void)train(&first, 2);
        for (size_t k = 0; k < 3; k++) {
            const float *x = array_of(&first, kept[k]);
            must(&second, second.b->model_set(second.m, kept[k], x, &second.e));
        }
        memcpy(second.t, first.t, sizeof second.t);
        (void)train(&second, 2);
        assert_same(&whole, &second);
        session_release(&whole);
        session_release(&first);
        session_release(&second);
    }
}

/* --- gradients as numbers ---------------------------------------------------------------------------- */

/* backward adds, grad_scale multiplies, grad_norm measures the blocks from train_from on. */
static void test_gradients(void **state)
{
    (void)state;
    for (size_t i = 0; nn_backend(i); i++) {
        struct session s;
        double once = 0.0;
        double twice = 0.0;
        double scaled = 0.0;
        double head = 0.0;
        double sum = 0.0;
        session_init(&s, nn_backend(i), OPTIMISER_SGD);
        must(&s, s.b->grad_zero(s.m, &s.e));
        (void)gradient(&s);
        must(&s, s.b->grad_norm(s.m, 0, &once, &s.e));
        must(&s, s.b->grad_norm(s.m, 3, &head, &s.e));
        const float *grad = array_of(&s, MODEL_GRAD);
        for (size_t k = s.g->param[s.g->n_params - 2].offset; k < s.g->n_floats; k++) {
            sum += (double)grad[k] * (double)grad[k];
        }
        (void)gradient(&s);
        must(&s, s.b->grad_norm(s.m, 0, &twice, &s.e));
        must(&s, s.b->grad_scale(s.m, 0.25F, &s.e));
        must(&s, s.b->grad_norm(s.m, 0, &scaled, &s.e));
        assert_true(head > 0.0 && once > head);
        assert_true(fabs(head / sqrt(sum) - 1.0) < 1e-6);
        assert_true(fabs(twice / once - 2.0) < 1e-5);
        assert_true(fabs(scaled / once - 0.5) < 1e-5);
        session_release(&s);
    }
}

/* --- learning ---------------------------------------------------------------------------------------- */

static void test_learning(void **state)
{
    (void)state;
    for (size_t i = 0; nn_backend(i); i++) {
        struct session s;
        session_init(&s, nn_backend(i), OPTIMISER_ADAM);
        s.step.weight_decay = 0.0F;
        const double before = train(&s, 1);
        const double after = train(&s, 150);
        print_message("%s: loss %.3g -> %.3g\n", s.b->name, before, after);
        assert_true(after < 1e-3 * before);
        session_release(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_training), cmocka_unit_test(test_repeat),
        cmocka_unit_test(test_resume),   cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_learning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
