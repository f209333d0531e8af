/* SPDX-License-Identifier: MIT */
/* Graphs: names, shapes, counts of the architectures, and what the builder refuses. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "train/nn/build.h"
#include "train/nn/graph.h"

/* Parameter counts: torchvision's documentation, without the 1000-class head (513,000 and
 * 2,049,000 parameters): 11,689,512 and 25,028,904 with it. */
static void architecture(const char *name, int F, size_t n_backbone, double gmac)
{
    struct err e = {0};
    struct graph *g = NULL;
    const struct arch_spec spec = {.name = name, .size_px = 224, .n_views = 4, .n_out = 10};
    size_t n_learn = 0;
    size_t offset = 0;
    assert_int_equal(graph_new_arch(&g, &spec, &e), 0);
    for (int i = 0; i < g->n_params; i++) {
        const struct param *p = &g->param[i];
        assert_int_equal(p->offset, offset);
        offset += p->n;
        n_learn += p->is_backbone && !p->is_buffer ? p->n : 0;
        assert_true(p->is_backbone == (p->block < g->n_blocks - 1));
    }
    assert_int_equal(offset, g->n_floats);
    assert_int_equal(n_learn, n_backbone);
    assert_int_equal(g->n_blocks, 6);
    const struct node *head = &g->node[g->n_nodes - 1];
    assert_int_equal(head->op, OP_LINEAR);
    assert_int_equal(g->param[head->param[0]].dim[1], 4 * F);
    assert_true(fabs(graph_flops(g) / 4e9 - gmac) < 0.01);
    graph_free(g);
}

/* GMAC per image: 1.81 and 4.23 in torchvision's table of models. */
static void test_architectures(void **state)
{
    (void)state;
    architecture("resnet18", 512, 11689512 - 513000, 1.81);
    architecture("resnext50_32x4d", 2048, 25028904 - 2049000, 4.23);
}

static void test_names(void **state)
{
    struct err e = {0};
    struct graph *g = NULL;
    const struct arch_spec spec = {.name = "resnet18", .size_px = 64, .n_views = 1, .n_out = 2};
    (void)state;
    assert_int_equal(graph_new_arch(&g, &spec, &e), 0);
    assert_int_equal(graph_find_param(g, "conv1.weight"), 0);
    const int i = graph_find_param(g, "layer2.0.downsample.1.running_var");
    assert_true(i > 0);
    assert_int_equal(g->param[i].block, 2);
    assert_true(g->param[i].is_buffer);
    assert_int_equal(g->param[i].n, 128);
    assert_int_equal(graph_find_param(g, "layer1.0.downsample.0.weight"), -1);
    assert_int_equal(graph_find_param(g, "head.bias"), g->n_params - 1);
    assert_int_equal(graph_find_param(g, "fc.weight"), -1);
    graph_free(g);
}

static void test_shapes(void **state)
{
    struct err e = {0};
    struct graph *g = NULL;
    const struct arch_spec spec = {.name = "resnet18", .size_px = 65, .n_views = 2, .n_out = 2};
    (void)state;
    assert_int_equal(graph_new_arch(&g, &spec, &e), 0);
    const struct node *pool = &g->node[g->n_nodes - 3];
    assert_int_equal(pool->op, OP_GLOBAL_AVG_POOL);
    assert_int_equal(pool->R, 3); /* 65 -> 33 -> 17 -> 17 -> 9 -> 5 -> 3 */
    assert_int_equal(pool->shape.views, 2);
    assert_int_equal(g->node[g->n_nodes - 1].shape.views, 1);
    graph_free(g);
}

static void test_unknown(void **state)
{
    struct err e = {0};
    struct graph *g = NULL;
    (void)state;
    assert_int_equal(graph_new_arch(&g, &(struct arch_spec){"resnet0", 64, 4, 2}, &e), -1);
    assert_int_equal(e.kind, ERR_USAGE);
    assert_non_null(strstr(e.msg, "resnet0"));
    assert_non_null(strstr(e.msg, "resnext50_32x4d"));
    assert_int_equal(graph_new_arch(&g, &(struct arch_spec){"resnet18", 0, 4, 2}, &e), -1);
    assert_int_equal(graph_new_arch(&g, &(struct arch_spec){"resnet18", 64, 0, 2}, &e), -1);
    assert_int_equal(graph_new_arch(&g, &(struct arch_spec){"resnet18", 64, 4, -1}, &e), -1);
    assert_int_equal(e.kind, ERR_USAGE);
    assert_null(g);
}

/* Each of these must fail with a message, and the failure must survive later calls. */
static void test_builder_refuses(void **state)
{
    const struct arch_spec spec = {.name = "tiny", .size_px = 8, .n_views = 2, .n_out = 3};
    (void)state;
    for (int fault = 0; fault < 8; fault++) {
        struct builder b;
        struct err e = {0};
        struct graph *g = NULL;
        builder_init(&b, &spec);
        int x = build_input(&b);
        x = build_conv(&b, x, "c", (struct conv_spec){.K = fault == 0 ? 5 : 6, .R = 3, .G = 3});
        x = build_relu(&b, fault == 1 ? 17 : x);
        x = build_conv(&b, x, fault == 2 ? "c" : "d",
                       (struct conv_spec){.K = 4, .R = fault == 3 ? 7 : 3});
        x = build_max_pool(&b, x, (struct pool_spec){.R = 2, .pad = fault == 4 ? 2 : 0});
        x = build_add(&b, x, fault == 5 ? 0 : x);
        x = fault == 6 ? x : build_global_avg_pool(&b, x);
        x = build_concat_views(&b, x);
        build_block(&b);
        (void)build_linear(&b, x, "head", fault == 7 ? 4 : 3);
        assert_int_equal(builder_take(&b, &g, &e), -1);
        assert_int_equal(e.kind, ERR_USAGE);
        assert_null(g);
    }
}

/* The mean square of each kind of initial value; 6 % is four standard errors for 9,408 normals. */
static void test_init(void **state)
{
    struct err e = {0};
    struct graph *g = NULL;
    const struct arch_spec spec = {
        .name = "resnext50_32x4d", .size_px = 64, .n_views = 4, .n_out = 9};
    (void)state;
    assert_int_equal(graph_new_arch(&g, &spec, &e), 0);
    float *value = malloc(g->n_floats * sizeof *value);
    float *again = malloc(g->n_floats * sizeof *again);
    assert_non_null(value);
    assert_non_null(again);
    graph_init(g, 7, value);
    graph_init(g, 7, again);
    assert_memory_equal(value, again, g->n_floats * sizeof *value);
    graph_init(g, 8, again);
    const struct {
        const char *name;
        double mean_sq;
    } want[] = {
        {"conv1.weight", 2.0 / (64 * 49)},
        {"layer1.0.conv2.weight", 2.0 / (128 * 9)}, /* 32 groups: fan out ignores them */
        {"layer1.0.bn2.weight", 1.0},
        {"layer1.0.bn2.bias", 0.0},
        {"layer1.0.bn2.running_mean", 0.0},
        {"layer1.0.bn2.running_var", 1.0},
        {"head.weight", 1.0 / (3 * 8192)},
    };
    for (size_t k = 0; k < sizeof want / sizeof *want; k++) {
        const struct param *p = &g->param[graph_find_param(g, want[k].name)];
        double sum_sq = 0.0;
        for (size_t i = 0; i < p->n; i++) {
            sum_sq += (double)value[p->offset + i] * (double)value[p->offset + i];
        }
        assert_true(fabs(sum_sq / (double)p->n - want[k].mean_sq) <= 0.06 * want[k].mean_sq);
        if (p->n_dims > 1) {
            assert_memory_not_equal(value + p->offset, again + p->offset, p->n * sizeof *value);
        }
    }
    free(again);
    free(value);
    graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_architectures),   cmocka_unit_test(test_names),
        cmocka_unit_test(test_shapes),          cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_builder_refuses), cmocka_unit_test(test_init),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
