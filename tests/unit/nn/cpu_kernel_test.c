/* SPDX-License-Identifier: MIT */
/*
 * The cpu backend's loops against the obvious scalar code, for all layouts (blocks of 16 and 8
 * channels, NHWC, NCHW, channels that do not fill a register) and both types.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/nn/support.h"
#include "train/nn/cpu/kernel.h"
#include "train/nn/cpu/plan.h"

#define MAX_NUMBERS 4096

static const struct layout layouts[] = {
    {2, 32, 5, 3, 16, DTYPE_F32}, {2, 16, 9, 9, 8, DTYPE_F32},   {3, 20, 3, 4, 20, DTYPE_F32},
    {1, 5, 4, 4, 1, DTYPE_F32},   {2, 32, 5, 3, 16, DTYPE_BF16}, {2, 7, 6, 5, 7, DTYPE_BF16},
    {1, 16, 1, 1, 16, DTYPE_F32}, {2, 48, 4, 4, 48, DTYPE_BF16},
};

#define N_LAYOUTS (sizeof layouts / sizeof *layouts)

/* Where number (n, c, place) of a layout is. */
static size_t index_of(const struct layout *l, int n, int c, int place)
{
    const size_t rows = (size_t)(l->H * l->W);
    const size_t B = (size_t)l->B;
    return (size_t)n * (size_t)l->C * rows + (size_t)(c / l->B) * rows * B + (size_t)place * B +
           (size_t)(c % l->B);
}

static float get(const struct layout *l, const void *x, size_t i)
{
    if (l->type == DTYPE_F32) {
        return ((const float *)x)[i];
    }
    const uint32_t u = (uint32_t)((const uint16_t *)x)[i] << 16;
    float v = 0.0F;
    memcpy(&v, &u, sizeof v);
    return v;
}

static void put(const struct layout *l, void *x, size_t i, float v)
{
    if (l->type == DTYPE_F32) {
        ((float *)x)[i] = v;
    } else {
        ((uint16_t *)x)[i] = bf16_of(v);
    }
}

static void fill(const struct layout *l, void *x, const char *name)
{
    for (size_t i = 0; i < layout_count(l); i++) {
        put(l, x, i, 3.0F + 2.0F * nn_uniform(name, i));
    }
}

static void assert_near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance * (1.0 + fabs(want)))) {
        fail_msg("%.9g is not %.9g", got, want);
    }
}

static double epsilon(const struct layout *l)
{
    return l->type == DTYPE_F32 ? 1e-6 : 1.0 / 256.0;
}

/* Every number belongs to exactly one strip. */
static void test_strips(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_LAYOUTS; k++) {
        const struct layout *l = &layouts[k];
        uint8_t seen[MAX_NUMBERS] = {0};
        assert_true(layout_count(l) <= MAX_NUMBERS);
        for (size_t i = 0; i < (size_t)(l->N * layout_strips(l)); i++) {
            const struct strip s = layout_strip(l, i);
            for (size_t row = 0; row < s.rows; row++) {
                for (size_t lane = 0; lane < (size_t)s.lanes; lane++) {
                    const size_t at = s.at + row * s.stride + lane;
                    const int n = (int)i / layout_strips(l);
                    assert_int_equal(at, index_of(l, n, s.c + (int)lane, (int)row));
                    seen[at]++;
                }
            }
        }
        for (size_t i = 0; i < layout_count(l); i++) {
            assert_int_equal(seen[i], 1);
        }
    }
}

static void test_moments(void **state)
{
    static uint32_t x[MAX_NUMBERS];
    (void)state;
    for (size_t k = 0; k < N_LAYOUTS; k++) {
        const struct layout *l = &layouts[k];
        const int rows = l->H * l->W;
        fill(l, x, "x");
        for (size_t i = 0; i < (size_t)(l->N * layout_strips(l)); i++) {
            const struct strip s = layout_strip(l, i);
            const int n = (int)i / layout_strips(l);
            float mean[STRIP_LANES];
            float m2[STRIP_LANES];
            strip_moments(&s, x, mean, m2);
            for (int c = 0; c < s.lanes; c++) {
                double sum = 0.0;
                double squares = 0.0;
                for (int r = 0; r < rows; r++) {
                    sum += (double)get(l, x, index_of(l, n, s.c + c, r));
                }
                for (int r = 0; r < rows; r++) {
                    const double d = (double)get(l, x, index_of(l, n, s.c + c, r)) - sum / rows;
                    squares += d * d;
                }
                assert_near((double)mean[c], sum / rows, 1e-6);
                assert_near((double)m2[c], squares, 1e-5);
            }
        }
    }
}

/* A mean far from zero costs no digits of the variance. */
static void test_moments_far_from_zero(void **state)
{
    const struct layout l = {1, 16, 40, 40, 16, DTYPE_F32};
    float *x = malloc(layout_bytes(&l));
    float mean[STRIP_LANES];
    float m2[STRIP_LANES];
    (void)state;
    assert_non_null(x);
    for (size_t i = 0; i < layout_count(&l); i++) {
        x[i] = 1000.0F + (i / 16 % 2 ? 0.5F : -0.5F);
    }
    const struct strip s = layout_strip(&l, 0);
    strip_moments(&s, x, mean, m2);
    assert_near((double)mean[3], 1000.0, 1e-7);
    assert_near((double)m2[3] / 1600.0, 0.25, 1e-5);
    free(x);
}

/* One layout of test_affine_and_back; with_res also means: clipped places are told by y. */
static void check_affine(const struct layout *l, bool with_res, bool relu)
{
    static uint32_t x[MAX_NUMBERS], res[MAX_NUMBERS], y[MAX_NUMBERS], d0[MAX_NUMBERS],
        d1[MAX_NUMBERS], out[MAX_NUMBERS];
    float a[64], b[64], mean[64];
    for (size_t c = 0; c < 64; c++) {
        a[c] = nn_uniform("a", c);
        b[c] = nn_uniform("b", c);
        mean[c] = 3.0F;
    }
    fill(l, x, "x");
    fill(l, res, "res");
    fill(l, d0, "d0");
    fill(l, d1, "d1");
    for (size_t i = 0; i < (size_t)(l->N * layout_strips(l)); i++) {
        const struct strip s = layout_strip(l, i);
        const int n = (int)i / layout_strips(l);
        float sum_g[STRIP_LANES];
        float sum_gx[STRIP_LANES];
        strip_affine(&s, x, with_res ? res : NULL, y, a + s.c, b + s.c, relu);
        const struct back k = {.d0 = d0,
                               .d1 = d1,
                               .x = x,
                               .y = with_res ? y : NULL,
                               .out = out,
                               .a = a + s.c,
                               .b = b + s.c,
                               .mean = mean + s.c,
                               .relu = relu};
        strip_back_sums(&s, &k, sum_g, sum_gx);
        for (int c = 0; c < s.lanes; c++) {
            double want_g = 0.0;
            double want_gx = 0.0;
            for (int r = 0; r < l->H * l->W; r++) {
                const size_t at = index_of(l, n, s.c + c, r);
                const double v = (double)get(l, x, at) * (double)a[s.c + c] + (double)b[s.c + c] +
                                 (with_res ? (double)get(l, res, at) : 0.0);
                const bool passes = !(relu || with_res) || v > 0.0;
                const double g = passes ? (double)get(l, d0, at) + (double)get(l, d1, at) : 0.0;
                assert_near((double)get(l, y, at), relu && v <= 0.0 ? 0.0 : v, epsilon(l));
                assert_near((double)get(l, out, at), g, epsilon(l));
                want_g += g;
                want_gx += g * ((double)get(l, x, at) - 3.0);
            }
            assert_near((double)sum_g[c], want_g, 1e-5);
            assert_near((double)sum_gx[c], want_gx, 1e-5);
        }
    }
}

static void test_affine_and_back(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_LAYOUTS; k++) {
        check_affine(&layouts[k], false, false);
        check_affine(&layouts[k], false, true);
        check_affine(&layouts[k], true, true);
    }
}

/* to_rows and back is the identity, whatever the layout. */
static void test_rows(void **state)
{
    static uint32_t x[MAX_NUMBERS], y[MAX_NUMBERS];
    static float rows[MAX_NUMBERS];
    const float zero[STRIP_LANES] = {0};
    (void)state;
    for (size_t k = 0; k < N_LAYOUTS; k++) {
        const struct layout *l = &layouts[k];
        const size_t step = (size_t)(l->N * l->C);
        fill(l, x, "x");
        memset(y, 0, sizeof y);
        for (size_t i = 0; i < (size_t)(l->N * layout_strips(l)); i++) {
            const struct strip s = layout_strip(l, i);
            const size_t n = i / (size_t)layout_strips(l);
            float *to = rows + n * (size_t)l->C + (size_t)s.c;
            strip_to_rows(&s, x, to, step);
            assert_true(to[0] == get(l, x, s.at));
            strip_from_rows(&s, to, step, zero, NULL, y, false);
        }
        assert_memory_equal(x, y, layout_bytes(l));
    }
}

/* What is not a number goes on, through relu and through pooling, whatever stands beside it. */
static void test_not_a_number(void **state)
{
    const struct layout l = {1, 16, 2, 2, 16, DTYPE_F32};
    const struct layout pooled = {1, 16, 1, 1, 16, DTYPE_F32};
    const struct window w = {.H = 2, .W = 2, .P = 1, .Q = 1, .R = 2, .S = 2, .stride = 2};
    const struct strip s = layout_strip(&l, 0);
    const struct strip sp = layout_strip(&pooled, 0);
    float one[STRIP_LANES];
    float zero[STRIP_LANES] = {0};
    (void)state;
    for (size_t place = 0; place < 4; place++) {
        float x[64];
        float y[64];
        float best[16];
        uint8_t which[16];
        for (size_t i = 0; i < 64; i++) {
            x[i] = (float)i;
            one[i % 16] = 1.0F;
        }
        x[place * 16 + 5] = (float)NAN;
        strip_affine(&s, x, NULL, y, one, zero, true);
        assert_true(isnan(y[place * 16 + 5]));
        strip_max_pool(&s, &sp, &w, x, best, which);
        assert_true(isnan(best[5]));
        assert_int_equal(which[5], place);
        assert_int_equal(which[4], 3);
    }
}

static void test_bf16(void **state)
{
    static const struct {
        float x;
        uint16_t want;
    } cases[] = {
        {0.0F, 0x0000},          {-0.0F, 0x8000},       {1.0F, 0x3f80},
        {1.00390625F, 0x3f80},   {1.01171875F, 0x3f82}, {1.004F, 0x3f81},
        {3.4028235e38F, 0x7f80}, {(float)NAN, 0x7fc0},  {-(float)INFINITY, 0xff80},
        {1e-45F, 0x0000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint16_t vector = 0;
        flat_cast(1, &cases[i].x, DTYPE_F32, &vector, DTYPE_BF16);
        assert_int_equal(bf16_of(cases[i].x), cases[i].want);
        assert_int_equal(vector, cases[i].want);
    }
}

/* No two buffers that are alive at the same time share a byte. */
static void test_buffers(void **state)
{
    struct err e = {0};
    (void)state;
    for (size_t round = 0; round < 20; round++) {
        struct program p = {0};
        for (size_t i = 0; i < 60; i++) {
            const float u = nn_uniform("size", round * 1000 + i);
            const float v = nn_uniform("time", round * 1000 + i);
            const int first = (int)((v + 1.0F) * 50.0F);
            const int b = buf_new(&p, (size_t)((u + 1.0F) * 5000.0F), first, &e);
            assert_true(b >= 0);
            buf_touch(&p, b, first + (int)(i % 9));
        }
        assert_int_equal(buf_layout(&p, &e), 0);
        for (int i = 0; i < p.n_bufs; i++) {
            const struct buf *x = &p.buf[i];
            assert_true(x->offset % 64 == 0 && x->offset + x->n_bytes <= p.n_arena);
            for (int j = 0; j < i; j++) {
                const struct buf *y = &p.buf[j];
                const bool alive = x->first <= y->last && y->first <= x->last;
                const bool meet =
                    x->offset < y->offset + y->n_bytes && y->offset < x->offset + x->n_bytes;
                assert_false(alive && meet);
            }
        }
        free(p.buf);
        free(p.kept);
        free(p.address);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strips),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_moments_far_from_zero),
        cmocka_unit_test(test_affine_and_back),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_not_a_number),
        cmocka_unit_test(test_bf16),
        cmocka_unit_test(test_buffers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
