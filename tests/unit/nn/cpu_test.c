/* SPDX-License-Identifier: MIT */
/*
 * The ways through the cpu backend that the operations of ops_test.c are too small to take, against
 * ref: Winograd, widened groups, convolution by taps, activations used three times; and what is its
 * own: programs per batch size, and processors with fewer instructions (oneDNN's ONEDNN_MAX_CPU_ISA,
 * read once, hence a process each).
 *
 *     cpu_test --as ISA      the comparisons alone, on a processor cut down to ISA
 */
#include <math.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/unit/nn/support.h"

/* As in ops_test.c. */
#define NMSE_F32       1e-10
#define NMSE_BF16      2e-3
#define NMSE_BF16_GRAD 0.1

extern char **environ;

static const char *self; /* argv[0] */

/* --- networks --------------------------------------------------------------------------------------- */

/* Convolution, batch norm, relu: three groups of channels per way. */
static int conv_norm(struct builder *b, int x, const char *name, struct conv_spec s)
{
    char norm[16];
    (void)snprintf(norm, sizeof norm, "%s_bn", name);
    return build_batch_norm(b, build_conv(b, x, name, s), norm);
}

static int winograd(struct builder *b, int x)
{
    x = build_relu(b, conv_norm(b, x, "a", (struct conv_spec){.K = 32, .R = 3, .pad = 1}));
    return build_relu(b, conv_norm(b, x, "b", (struct conv_spec){.K = 16, .R = 3, .pad = 1}));
}

static int widened(struct builder *b, int x)
{
    x = build_relu(b, conv_norm(b, x, "a", (struct conv_spec){.K = 32, .R = 3, .pad = 1, .G = 4}));
    return build_relu(
        b,
        conv_norm(b, x, "b", (struct conv_spec){.K = 32, .R = 3, .stride = 2, .pad = 1, .G = 8}));
}

static int widened_to_one(struct builder *b, int x)
{
    const struct conv_spec s = {.K = 16, .R = 3, .pad = 1, .G = 2, .has_bias = true};
    return build_conv(b, x, "a", s);
}

/* 7x7 to 4x4, 2x2 (all by taps from here on), with a residual at 2x2. */
static int taps(struct builder *b, int x)
{
    const struct conv_spec half = {.K = 32, .R = 3, .stride = 2, .pad = 1};
    const struct conv_spec same = {.K = 32, .R = 3, .pad = 1};
    x = build_relu(b, conv_norm(b, x, "a", half));
    x = build_relu(b, conv_norm(b, x, "b", half));
    const int y = conv_norm(b, x, "c", same);
    return build_relu(b, build_add(b, y, x));
}

static int taps_odd(struct builder *b, int x)
{
    x = build_relu(b, conv_norm(b, x, "a", (struct conv_spec){.K = 150, .R = 2, .S = 3, .pad = 1}));
    return build_conv(b, x, "b",
                      (struct conv_spec){.K = 17, .R = 3, .stride = 3, .pad = 2, .has_bias = true});
}

static int used_thrice(struct builder *b, int x)
{
    const struct conv_spec s = {.K = 16, .R = 3, .pad = 1};
    const int y = build_add(b, build_conv(b, x, "a", s), build_conv(b, x, "b", s));
    return build_add(b, y, build_add(b, x, build_relu(b, x)));
}

static int summed_in_place(struct builder *b, int x)
{
    const int a =
        build_relu(b, conv_norm(b, x, "a", (struct conv_spec){.K = 16, .R = 3, .pad = 1}));
    const int y = conv_norm(b, a, "b", (struct conv_spec){.K = 16, .R = 1});
    const int z = build_relu(b, build_add(b, y, x)); /* over x: nobody else reads it */
    return build_relu(b,
                      build_add(b, conv_norm(b, z, "c", (struct conv_spec){.K = 16, .R = 1}), z));
}

static const struct nn_case cases[] = {
    {"winograd", winograd, 16, 12, 2, 2, 2, 0, false},
    {"winograd, inference", winograd, 16, 12, 2, 2, 2, PLAN_INFER, false},
    {"widened groups", widened, 32, 9, 2, 2, 2, 0, false},
    {"widened groups, inference", widened, 32, 9, 2, 2, 2, PLAN_INFER, false},
    {"widened to one group", widened_to_one, 16, 6, 1, 2, 2, 0, false},
    {"taps", taps, 16, 7, 2, 3, 4, 0, false},
    {"taps, first block frozen", taps, 16, 7, 2, 3, 3, 1, false},
    {"taps, inference", taps, 16, 7, 2, 3, 3, PLAN_INFER, true},
    {"taps, odd sizes", taps_odd, 16, 3, 1, 2, 2, 0, false},
    {"taps, odd sizes, inference", taps_odd, 16, 3, 1, 2, 2, PLAN_INFER, false},
    {"used three times", used_thrice, 16, 5, 1, 2, 2, 0, false},
    {"used three times, inference", used_thrice, 16, 5, 1, 2, 2, PLAN_INFER, false},
    {"summed in place", summed_in_place, 16, 5, 1, 2, 2, 0, false},
    {"summed in place, inference", summed_in_place, 16, 5, 1, 2, 2, PLAN_INFER, false},
};

static int check(const char *name, const char *what, const float *a, const float *b, size_t n,
                 double tolerance)
{
    const double x = nn_nmse(a, b, n);
    if (!(x <= tolerance)) {
        print_error("%s, %s: nmse %.3g > %.3g\n", name, what, x, tolerance);
        return 1;
    }
    return 0;
}

/* compare - in how many tensors cpu and ref disagree; -1: this precision cannot be had here. */
static int compare(const struct nn_case *c, enum precision precision)
{
    const double tolerance = precision == PREC_F32 ? NMSE_F32 : NMSE_BF16;
    const double grad_tolerance = precision == PREC_F32 ? NMSE_F32 : NMSE_BF16_GRAD;
    struct err e = {0};
    struct nn_result want = {0};
    struct nn_result got = {0};
    int n_bad = 0;
    struct graph *g = nn_case_graph(c);
    assert_non_null(g);
    assert_int_equal(nn_run(&backend_ref, g, c, NULL, PREC_F32, &want, &e), 0);
    if (nn_run(&backend_cpu, g, c, NULL, precision, &got, &e) != 0) {
        print_message("%s: %s\n", c->name, e.msg);
        n_bad = e.kind == ERR_DEVICE && precision != PREC_F32 ? -1 : 1;
        goto out;
    }
    n_bad +=
        check(c->name, "output", got.out, want.out, (size_t)c->n * (size_t)g->n_out, tolerance);
    for (int i = 0; i < g->n_params; i++) {
        const struct param *p = &g->param[i];
        n_bad += check(c->name, p->name, (p->is_buffer ? got.value : got.grad) + p->offset,
                       (p->is_buffer ? want.value : want.grad) + p->offset, p->n,
                       p->is_buffer ? tolerance : grad_tolerance);
    }
out:
    nn_result_release(&want);
    nn_result_release(&got);
    graph_free(g);
    return n_bad;
}

static int compare_all(enum precision precision)
{
    int n_bad = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int bad = compare(&cases[i], precision);
        if (bad < 0) {
            return -1;
        }
        n_bad += bad;
    }
    return n_bad;
}

static void test_f32(void **state)
{
    (void)state;
    assert_int_equal(compare_all(PREC_F32), 0);
}

static void test_bf16(void **state)
{
    (void)state;
    const int n_bad = compare_all(PREC_BF16);
    if (n_bad < 0) {
        print_message("skip: no bf16 here\n");
        skip();
    }
    assert_int_equal(n_bad, 0);
}

/* --- programs --------------------------------------------------------------------------------------- */

/* One model and a plan for up to 7 locations. */
struct session {
    struct graph *g;
    struct model *m;
    struct plan *p;
    float *value, *in, *out;
    size_t n_in; /* numbers of one location */
    struct err e;
};

#define MAX_N 7

static void session_init(struct session *s, int train_from)
{
    const struct nn_case *c = &cases[0];
    *s = (struct session){.g = nn_case_graph(c)};
    assert_non_null(s->g);
    s->n_in = (size_t)c->n_views * 3 * (size_t)c->size_px * (size_t)c->size_px;
    s->value = malloc(s->g->n_floats * sizeof *s->value);
    s->in = malloc(MAX_N * s->n_in * sizeof *s->in);
    s->out = malloc((size_t)MAX_N * (size_t)s->g->n_out * sizeof *s->out);
    assert_true(s->value && s->in && s->out);
    for (size_t i = 0; i < MAX_N * s->n_in; i++) {
        s->in[i] = nn_uniform("input", i);
    }
    nn_fill(s->g, s->value);
    assert_int_equal(
        backend_cpu.model_new(s->g, &(struct model_spec){.n_threads = 2}, &s->m, &s->e), 0);
    assert_int_equal(backend_cpu.model_set(s->m, MODEL_VALUE, s->value, &s->e), 0);
    const struct plan_spec spec = {.max_n = MAX_N, .train_from = train_from};
    assert_int_equal(backend_cpu.plan_new(s->m, &spec, &s->p, &s->e), 0);
}

static void session_release(struct session *s)
{
    backend_cpu.plan_free(s->p);
    backend_cpu.model_free(s->m);
    graph_free(s->g);
    free(s->value);
    free(s->in);
    free(s->out);
}

static void forward(struct session *s, int n)
{
    const struct batch batch = {.n = n, .f32 = s->in};
    assert_int_equal(backend_cpu.forward(s->p, &batch, s->out, &s->e), 0);
}

/* More batch sizes than a plan keeps programs for, in an order that drops and remakes them: what a
 * location gets does not depend on its company. */
static void test_batch_sizes(void **state)
{
    static const int order[] = {7, 1, 2, 3, 4, 5, 7, 6, 1, 7};
    struct session s;
    float whole[MAX_N * 3];
    (void)state;
    session_init(&s, PLAN_INFER);
    assert_int_equal(s.g->n_out, 3);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const size_t n = (size_t)order[i] * 3;
        forward(&s, order[i]);
        if (i == 0) {
            memcpy(whole, s.out, sizeof whole);
        }
        assert_true(nn_nmse(s.out, whole, n) <= 1e-11);
    }
    session_release(&s);
}

/* A plan sees new values, and a plan for inference the statistics that training moved. */
static void test_new_values(void **state)
{
    struct session s;
    struct plan *train = NULL;
    float before[MAX_N * 3];
    (void)state;
    session_init(&s, PLAN_INFER);
    forward(&s, 2);
    memcpy(before, s.out, sizeof before);
    const struct batch batch = {.n = 2, .f32 = s.in};
    const struct plan_spec spec = {.max_n = 2};
    assert_int_equal(backend_cpu.plan_new(s.m, &spec, &train, &s.e), 0);
    assert_int_equal(backend_cpu.forward(train, &batch, s.out, &s.e), 0);
    forward(&s, 2);
    assert_true(nn_nmse(s.out, before, 6) > 1e-6);
    assert_int_equal(backend_cpu.model_set(s.m, MODEL_VALUE, s.value, &s.e), 0);
    forward(&s, 2);
    assert_memory_equal(s.out, before, 6 * sizeof *before);
    backend_cpu.plan_free(train);
    session_release(&s);
}

/* Blocks before train_from: no gradient, no change, not by a bit; whatever the optimiser. */
static void test_frozen(void **state)
{
    (void)state;
    for (int from = 1; from < 4; from++) {
        const int64_t t[4] = {1, 1, 1, 1};
        struct session s;
        session_init(&s, from);
        float *now = malloc(s.g->n_floats * sizeof *now);
        float *grad = malloc(s.g->n_floats * sizeof *grad);
        assert_true(now && grad && s.g->n_blocks == 4);
        forward(&s, 5);
        assert_int_equal(backend_cpu.backward(s.p, s.out, &s.e), 0);
        const struct step_spec step = {.optimiser = OPTIMISER_ADAMW,
                                       .t = t,
                                       .lr_backbone = 0.1F,
                                       .lr_head = 0.1F,
                                       .eps = 1e-8F,
                                       .weight_decay = 0.1F,
                                       .train_from = from};
        assert_int_equal(backend_cpu.step(s.m, &step, &s.e), 0);
        assert_int_equal(backend_cpu.model_get(s.m, MODEL_VALUE, now, &s.e), 0);
        assert_int_equal(backend_cpu.model_get(s.m, MODEL_GRAD, grad, &s.e), 0);
        for (int i = 0; i < s.g->n_params; i++) {
            const struct param *p = &s.g->param[i];
            const bool same = memcmp(now + p->offset, s.value + p->offset, p->n * sizeof *now) == 0;
            double sum = 0.0;
            for (size_t j = 0; j < p->n; j++) {
                sum += fabs((double)grad[p->offset + j]);
            }
            assert_true(same == (p->block < from));
            assert_true((sum > 0.0) == (p->block >= from && !p->is_buffer));
        }
        free(now);
        free(grad);
        session_release(&s);
    }
}

/* --- other processors -------------------------------------------------------------------------------- */

/* Runs itself with fewer instructions; both kinds of blocks, no bf16. */
static void run_as(const char *isa)
{
    char program[256];
    char as[] = "--as";
    char name[16];
    char *argv[] = {program, as, name, NULL};
    pid_t pid = 0;
    int status = -1;
    (void)snprintf(program, sizeof program, "%s", self);
    (void)snprintf(name, sizeof name, "%s", isa);
    assert_int_equal(posix_spawn(&pid, program, NULL, NULL, argv, environ), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail_msg("as %s: exit status %d", isa, status);
    }
}

static void test_avx512(void **state)
{
    (void)state;
    run_as("AVX512_CORE");
}

static void test_avx2(void **state)
{
    (void)state;
    run_as("AVX2");
}

static void test_sse(void **state)
{
    (void)state;
    run_as("SSE41");
}

static int as(const char *isa)
{
    struct err e = {0};
    struct model *m = NULL;
    (void)setenv("ONEDNN_MAX_CPU_ISA", isa, 1);
    struct graph *g = nn_case_graph(&cases[0]);
    const int rc = backend_cpu.model_new(g, &(struct model_spec){.precision = PREC_BF16}, &m, &e);
    graph_free(g);
    if (rc == 0 || e.kind != ERR_DEVICE || !strstr(e.msg, "no bf16 products; use f32")) {
        print_error("bf16 as %s: '%s'\n", isa, e.msg);
        return 1;
    }
    return compare_all(PREC_F32) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_f32),         cmocka_unit_test(test_bf16),
        cmocka_unit_test(test_batch_sizes), cmocka_unit_test(test_new_values),
        cmocka_unit_test(test_frozen),      cmocka_unit_test(test_avx512),
        cmocka_unit_test(test_avx2),        cmocka_unit_test(test_sse),
    };
    self = argv[0];
    if (argc == 3 && strcmp(argv[1], "--as") == 0) {
        return as(argv[2]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
