/* SPDX-License-Identifier: MIT */
/*
 * Every backend against ref, operation by operation: outputs, the gradient of every parameter and
 * the running statistics, by normalised mean square error (NMSE, the square of a relative error).
 *
 * f32: 1e-10. Sums of some thousand products, each rounded to 2^-24, stay far below 1e-5.
 *
 * bf16: 1e-3 for outputs and statistics, a handful of roundings to 2^-9 in a row; 1e-2 for
 * gradients, which batch norm makes from small differences of such numbers. Where rounding moves a
 * number over relu's kink a whole gradient goes elsewhere, so batch norm's outputs are kept away
 * from it (nn_fill_far). Nothing can be done about near ties in a pooling window, one of which is a
 * percent of these small cases' gradients: 0.1.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/nn/support.h"

#define NMSE_F32            1e-10
#define NMSE_BF16           1e-3
#define NMSE_BF16_GRAD      1e-2
#define NMSE_BF16_POOL_GRAD 0.1

static int check(const char *backend, const char *name, const char *what, const float *a,
                 const float *b, size_t n, double tolerance)
{
    const double x = nn_nmse(a, b, n);
    if (x <= tolerance) {
        return 0;
    }
    print_error("%s, %s, %s: nmse %.3g > %.3g\n", backend, name, what, x, tolerance);
    return 1;
}

static double grad_tolerance(const struct graph *g, enum precision precision)
{
    for (int i = 0; precision == PREC_BF16 && i < g->n_nodes; i++) {
        if (g->node[i].op == OP_MAX_POOL) {
            return NMSE_BF16_POOL_GRAD;
        }
    }
    return precision == PREC_BF16 ? NMSE_BF16_GRAD : NMSE_F32;
}

/* compare_results - the number of tensors in which b disagrees with ref. */
static int compare_results(const struct backend *b, const struct graph *g, const struct nn_case *c,
                           enum precision precision, const struct nn_result *got,
                           const struct nn_result *want)
{
    const double tolerance = precision == PREC_BF16 ? NMSE_BF16 : NMSE_F32;
    int n_bad = check(b->name, c->name, "output", got->out, want->out,
                      (size_t)c->n * (size_t)g->n_out, tolerance);
    for (int i = 0; i < g->n_params; i++) {
        const struct param *p = &g->param[i];
        if (p->is_buffer) {
            n_bad += check(b->name, c->name, p->name, got->value + p->offset,
                           want->value + p->offset, p->n, tolerance);
        } else {
            n_bad += check(b->name, c->name, p->name, got->grad + p->offset, want->grad + p->offset,
                           p->n, grad_tolerance(g, precision));
        }
    }
    return n_bad;
}

/* compare - the same for one case; a precision that the device lacks is no disagreement. */
static int compare(const struct backend *b, const struct nn_case *c, enum precision precision)
{
    struct err e = {0};
    struct nn_result want = {0};
    struct nn_result got = {0};
    int n_bad = 0;
    struct graph *g = nn_case_graph(c);
    assert_non_null(g);
    float *value = malloc(g->n_floats * sizeof *value);
    assert_non_null(value);
    if (precision == PREC_BF16) {
        nn_fill_far(g, value);
    } else {
        nn_fill(g, value);
    }
    assert_int_equal(nn_run(nn_backend(0), g, c, value, PREC_F32, &want, &e), 0);
    if (nn_run(b, g, c, value, precision, &got, &e) == 0) {
        n_bad = compare_results(b, g, c, precision, &got, &want);
    } else {
        n_bad = e.kind == ERR_DEVICE && precision != PREC_F32 ? 0 : 1;
        print_message("%s: %s, %s: %s\n", n_bad ? "error" : "note", b->name, c->name, e.msg);
    }
    nn_result_release(&want);
    nn_result_release(&got);
    free(value);
    graph_free(g);
    return n_bad;
}

static void compare_all(enum precision precision)
{
    int n_bad = 0;
    if (!nn_backend(1)) {
        print_message("skip: ref is the only backend that was built in\n");
        skip();
    }
    for (size_t k = 1; nn_backend(k); k++) {
        for (size_t i = 0; i < n_nn_cases; i++) {
            n_bad += compare(nn_backend(k), &nn_cases[i], precision);
        }
    }
    assert_int_equal(n_bad, 0);
}

static void test_f32(void **state)
{
    (void)state;
    compare_all(PREC_F32);
}

static void test_bf16(void **state)
{
    (void)state;
    compare_all(PREC_BF16);
}

/* The comparison itself: one part in ten thousand off must be seen. */
static void test_comparison_can_fail(void **state)
{
    const float a[3] = {1.0F, 2.0F, 3.0F};
    const float b[3] = {1.0001F, 2.0002F, 3.0003F};
    const float c[3] = {1.0F, (float)NAN, 3.0F};
    (void)state;
    assert_true(nn_nmse(a, a, 3) <= NMSE_F32);
    assert_false(nn_nmse(a, b, 3) <= NMSE_F32);
    assert_false(nn_nmse(c, a, 3) <= NMSE_F32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comparison_can_fail),
        cmocka_unit_test(test_f32),
        cmocka_unit_test(test_bf16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
