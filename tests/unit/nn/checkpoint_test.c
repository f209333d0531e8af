/* SPDX-License-Identifier: MIT */
/* Checkpoints: what is saved comes back to the bit; files that lie are refused by name and cause. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"
#include "train/nn/checkpoint.h"
#include "train/nn/safetensors.h"

static char path[64];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "/tmp/gdje-checkpoint.XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static struct class_point classes[3] = {{11, {15.98, 45.81}, {15.9, 45.8}, 40},
                                        {12, {16.44, 43.51}, {16.4, 43.5}, 7},
                                        {15, {0, 0}, {0, 0}, 0}};

static struct checkpoint sample(void)
{
    struct err e = {0};
    struct checkpoint c = {.arch = "resnet18",
                           .task = TASK_CLASSIFICATION,
                           .run = "demo \"quoted\" \xc4\x8d",
                           .size_px = 64,
                           .n_views = 4,
                           .mean = {0.485F, 0.456F, 0.406F},
                           .std = {0.229F, 0.224F, 1.0F / 3},
                           .crs = "EPSG:3765",
                           .scale = {1, 2, 3, 4.1},
                           .border_sha256 = "ab",
                           .n_classes = 3,
                           .cls = classes,
                           .epoch = 7,
                           .val_km = 1.0 / 3,
                           .version = "0.1.0"};
    struct arch_spec spec = {"resnet18", 64, 4, 3};
    if (graph_new_arch(&c.graph, &spec, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    c.value = calloc(c.graph->n_floats, sizeof *c.value);
    assert_non_null(c.value);
    graph_init(c.graph, 5, c.value);
    return c;
}

static void sample_release(struct checkpoint *c)
{
    graph_free(c->graph);
    free(c->value);
    free(c->moment1);
    free(c->moment2);
}

static void save(const struct checkpoint *c)
{
    struct err e = {0};
    if (checkpoint_save(path, c, &e) != 0) {
        fail_msg("%s", e.msg);
    }
}

static void check_fields(const struct checkpoint *a, const struct checkpoint *b)
{
    assert_string_equal(a->arch, b->arch);
    assert_string_equal(a->run, b->run);
    assert_string_equal(a->crs, b->crs);
    assert_string_equal(a->border_sha256, b->border_sha256);
    assert_string_equal(a->version, b->version);
    assert_int_equal(a->task, b->task);
    assert_int_equal(a->size_px, b->size_px);
    assert_int_equal(a->n_views, b->n_views);
    assert_int_equal(a->epoch, b->epoch);
    assert_memory_equal(a->mean, b->mean, sizeof a->mean);
    assert_memory_equal(a->std, b->std, sizeof a->std);
    assert_memory_equal(&a->scale, &b->scale, sizeof a->scale);
    assert_memory_equal(&a->val_km, &b->val_km, sizeof a->val_km);
    assert_int_equal(a->n_classes, b->n_classes);
    assert_memory_equal(a->cls, b->cls, (size_t)a->n_classes * sizeof *a->cls);
    assert_int_equal(a->graph->n_floats, b->graph->n_floats);
    assert_memory_equal(a->value, b->value, a->graph->n_floats * sizeof *a->value);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct err e = {0};
    struct checkpoint c = sample();
    struct checkpoint got = {0};
    char config[] = "{\"batch\":32,\"lr\":0.001}";
    c.config = config;
    save(&c);
    assert_int_equal(checkpoint_load(path, &got, &e), 0);
    check_fields(&c, &got);
    assert_string_equal(got.config, config);
    assert_null(got.moment1);
    assert_null(got.moment2);
    assert_null(got.state);
    checkpoint_release(&got);
    assert_null(got.value);
    sample_release(&c);
}

static void test_resume_parts(void **state)
{
    (void)state;
    struct err e = {0};
    struct checkpoint c = sample();
    struct checkpoint got = {0};
    char text[] = "{\"epoch\":7}";
    const size_t n = c.graph->n_floats;
    c.moment1 = calloc(n, sizeof(float));
    c.moment2 = calloc(n, sizeof(float));
    assert_non_null(c.moment1);
    assert_non_null(c.moment2);
    c.moment1[n - 1] = -1.5F;
    c.moment2[0] = 1e-30F;
    c.state = text;
    c.val_km = (double)NAN;
    save(&c);
    assert_int_equal(checkpoint_load(path, &got, &e), 0);
    assert_memory_equal(c.moment1, got.moment1, n * sizeof(float));
    assert_memory_equal(c.moment2, got.moment2, n * sizeof(float));
    assert_string_equal(got.state, text);
    assert_true(isnan(got.val_km));
    checkpoint_release(&got);
    sample_release(&c);
}

static void test_regression(void **state)
{
    (void)state;
    struct err e = {0};
    struct checkpoint c = sample();
    struct checkpoint got = {0};
    struct arch_spec spec = {"resnet18", 64, 1, 2};
    sample_release(&c);
    c.task = TASK_REGRESSION;
    c.n_views = 1;
    c.cls = NULL;
    c.n_classes = 0;
    assert_int_equal(graph_new_arch(&c.graph, &spec, &e), 0);
    c.value = calloc(c.graph->n_floats, sizeof *c.value);
    save(&c);
    assert_int_equal(checkpoint_load(path, &got, &e), 0);
    assert_int_equal(got.task, TASK_REGRESSION);
    assert_null(got.cls);
    assert_int_equal(got.graph->n_out, 2);
    checkpoint_release(&got);
    sample_release(&c);
}

/* refused - loading fails with ERR_INPUT and a message that holds part; nothing is written. */
static void refused(const char *part)
{
    struct err e = {0};
    struct checkpoint got = {.epoch = -77};
    assert_int_equal(checkpoint_load(path, &got, &e), -1);
    if (e.kind != ERR_INPUT || !strstr(e.msg, part)) {
        fail_msg("wanted '%s', got kind %d: %s", part, (int)e.kind, e.msg);
    }
    assert_int_equal(got.epoch, -77);
}

static void test_truncated(void **state)
{
    (void)state;
    struct checkpoint c = sample();
    save(&c);
    assert_int_equal(truncate(path, 20 << 20), 0);
    refused(path);
    assert_int_equal(truncate(path, 100), 0);
    refused(path);
    assert_int_equal(truncate(path, 0), 0);
    refused(path);
    sample_release(&c);
}

/* A file with the given description and one tensor. */
static void write_file(const char *meta, const char *name, size_t n)
{
    struct err e = {0};
    float *data = calloc(n, sizeof *data);
    struct st_out t = {name, 1, {n}, data};
    struct st_pair pair = {"gdje", meta};
    assert_non_null(data);
    if (st_write(path, &t, 1, &pair, meta != NULL, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    free(data);
}

#define ROWS "[[1,16,45,16,45,3],[2,17,45,17,45,3]]"
/* A description in which one piece can be exchanged. */
#define META(format, arch, task, size, n_out, mean, std, classes, config)                     \
    "{\"format\":" format ",\"version\":\"1\",\"run\":\"r\",\"arch\":" arch ",\"task\":" task \
    ",\"size_px\":" size ",\"n_views\":4,\"n_out\":" n_out ",\"mean\":" mean ",\"std\":" std  \
    ",\"crs\":\"\",\"scale\":[0,0,0,0],\"border_sha256\":\"\",\"classes\":" classes           \
    ",\"epoch\":1,\"val_km\":3.5,\"config\":" config "}"
#define ARCH "\"resnet18\""
#define TASK "\"classification\""
#define V3   "[0.5,0.5,0.5]"

static void test_description(void **state)
{
    (void)state;
    static const struct {
        const char *meta, *says;
    } cases[] = {
        {NULL, "no 'gdje' metadata"},
        {"", "not JSON"},
        {"{\"format\":1", "not JSON"},
        {"[1]", "not JSON"},
        {"{}", "'format'"},
        {META("2", ARCH, TASK, "64", "2", V3, V3, ROWS, "null"), "format 2"},
        {META("\"1\"", ARCH, TASK, "64", "2", V3, V3, ROWS, "null"), "'format'"},
        {META("1", "null", TASK, "64", "2", V3, V3, ROWS, "null"), "'arch'"},
        {META("1", "\"0123456789012345678901234567890123456789\"", TASK, "64", "2", V3, V3, ROWS,
              "null"),
         "'arch'"},
        {META("1", "\"vgg\"", TASK, "64", "2", V3, V3, ROWS, "null"), "unknown architecture 'vgg'"},
        {META("1", ARCH, "\"poetry\"", "64", "2", V3, V3, ROWS, "null"), "'task'"},
        {META("1", ARCH, TASK, "0", "2", V3, V3, ROWS, "null"), "'size_px'"},
        {META("1", ARCH, TASK, "1e9", "2", V3, V3, ROWS, "null"), "'size_px'"},
        {META("1", ARCH, TASK, "99999999", "2", V3, V3, ROWS, "null"), "image size"},
        {META("1", ARCH, TASK, "64", "3", V3, V3, ROWS, "null"), "'n_out'"},
        {META("1", ARCH, TASK, "64", "2", "[1,2]", V3, ROWS, "null"), "'mean'"},
        {META("1", ARCH, TASK, "64", "2", "[1,2,\"x\"]", V3, ROWS, "null"), "'mean'"},
        {META("1", ARCH, TASK, "64", "2", "[1,2,1e300]", V3, ROWS, "null"), "'mean'"},
        {META("1", ARCH, TASK, "64", "2", V3, "[1,-1,1]", ROWS, "null"), "'std'"},
        {META("1", ARCH, TASK, "64", "2", V3, V3, "[]", "null"), "'classes'"},
        {META("1", ARCH, TASK, "64", "2", V3, V3, "{\"0\":1}", "null"), "'classes'"},
        {META("1", ARCH, TASK, "64", "2", V3, V3, "[[1],[2]]", "null"), "'classes'"},
        {META("1", ARCH, TASK, "64", "1", V3, V3, "[[1,16,95,16,45,3]]", "null"), "'classes'"},
        {META("1", ARCH, TASK, "64", "1", V3, V3, "[[1,\"x\",45,16,45,3]]", "null"), "'classes'"},
        {META("1", ARCH, TASK, "64", "2", V3, V3, ROWS, "7"), "'config'"},
        {META("1", ARCH, "\"regression\"", "64", "2", V3, V3, "[]", "null"), "'scale'"},
        {META("1", ARCH, TASK, "64", "2", V3, V3, ROWS, "null"), "it holds 4 numbers"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file(cases[i].meta, "x", 4);
        refused(cases[i].says);
    }
}

static void test_other_shapes(void **state)
{
    (void)state;
    struct checkpoint c = sample();
    const size_t n = c.graph->n_floats;
    write_file(META("1", ARCH, TASK, "64", "2", V3, V3, ROWS, "null"), "x", n);
    refused("conv1.weight"); /* enough numbers, other names */
    write_file(META("1", ARCH, TASK, "64", "2", V3, V3, ROWS, "null"), "conv1.weight", n);
    refused("conv1.weight"); /* the right name, another shape */
    write_file(META("1", "\"resnext50_32x4d\"", TASK, "64", "2", V3, V3, ROWS, "null"), "x", n);
    refused("network 'resnext50_32x4d' has"); /* the numbers of a smaller network */
    sample_release(&c);
}

static void test_short_moments(void **state)
{
    (void)state;
    struct err e = {0};
    struct checkpoint c = sample();
    const size_t n = (size_t)c.graph->n_params;
    struct st_out *t = calloc(n + 1, sizeof *t);
    float few[3] = {0};
    for (size_t i = 0; i < n; i++) {
        const struct param *p = &c.graph->param[i];
        t[i] = (struct st_out){.name = p->name, .n_dims = p->n_dims, .data = c.value + p->offset};
        memcpy(t[i].dim, p->dim, sizeof p->dim);
    }
    t[n] = (struct st_out){"optimiser.moment1", 1, {3}, few};
    struct st_pair pair = {"gdje",
                           META("1", ARCH, TASK, "64", "3", V3, V3,
                                "[[1,16,45,16,45,3],[2,17,45,17,45,3],[3,1,2,3,4,5]]", "null")};
    assert_int_equal(st_write(path, t, n + 1, &pair, 1, &e), 0);
    refused("optimiser.moment1");
    free(t);
    sample_release(&c);
}

static void test_unwritable(void **state)
{
    (void)state;
    struct err e = {0};
    struct checkpoint c = sample();
    assert_int_equal(checkpoint_save("/nowhere/best.safetensors", &c, &e), -1);
    assert_non_null(strstr(e.msg, "/nowhere/best.safetensors"));
    char config[] = "{not JSON";
    c.config = config;
    assert_int_equal(checkpoint_save(path, &c, &e), -1);
    sample_release(&c);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_round_trip),  T(test_resume_parts), T(test_regression),    T(test_truncated),
        T(test_description), T(test_other_shapes), T(test_short_moments), T(test_unwritable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
