/* SPDX-License-Identifier: MIT */
/* Safetensors files: round trip, number formats, every kind of bad header, and loading by name. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"
#include "tests/unit/nn/support.h"
#include "train/nn/safetensors.h"

/* --- a directory of one test's own --------------------------------------------------------------- */

static char dir[256];
static char path[320];

static int setup(void **state)
{
    const char *tmp = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe) */
    (void)state;
    (void)snprintf(dir, sizeof dir, "%s/gdje-st.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(dir)) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/a.safetensors", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(dir); /* fails when something else was left behind */
}

/* --- round trip ------------------------------------------------------------------------------------ */

static void test_round_trip(void **state)
{
    const float a[6] = {1.0F, -2.5F, 3.0e-39F, 4.0F, INFINITY, 6.0F};
    const float b[1] = {7.0F};
    const struct st_out t[] = {{"z.weight", 2, {2, 3}, a},
                               {"a.bias", 1, {1}, b},
                               {"empty", 2, {0, 5}, NULL},
                               {"scalar \"q\"", 0, {0}, b}};
    const struct st_pair meta[] = {{"format", "pt"}, {"grid", "{\"k\": \"čćž\\n\"}"}};
    struct safetensors *st = NULL;
    struct err e = {0};
    float back[6];
    (void)state;
    assert_int_equal(st_write(path, t, 4, meta, 2, &e), 0);
    assert_int_equal(st_open(path, &st, &e), 0);
    assert_int_equal(st_count(st), 4);
    assert_string_equal(st_tensor_at(st, 0)->name, "z.weight");
    const struct st_tensor *z = st_find(st, "z.weight");
    assert_non_null(z);
    assert_int_equal(z->n_dims, 2);
    assert_int_equal(z->dim[1], 3);
    assert_int_equal((uintptr_t)z->data % 8, 0);
    assert_int_equal(st_read_f32(z, back, 6, &e), 0);
    assert_memory_equal(back, a, sizeof a);
    assert_int_equal(st_read_f32(z, back, 5, &e), -1);
    assert_int_equal(st_find(st, "scalar \"q\"")->n, 1);
    assert_int_equal(st_find(st, "empty")->n, 0);
    assert_null(st_find(st, "__metadata__"));
    assert_string_equal(st_metadata(st, "grid"), "{\"k\": \"čćž\\n\"}");
    assert_null(st_metadata(st, "none"));
    st_close(st);
}

static void test_write_refuses(void **state)
{
    const float x = 1.0F;
    const struct st_out twice[] = {{"a", 1, {1}, &x}, {"a", 1, {1}, &x}};
    const struct st_out latin1 = {"\xe8", 1, {1}, &x};
    const struct st_pair meta = {"k", "\xff"};
    char nowhere[400];
    struct err e = {0};
    (void)state;
    assert_int_equal(st_write(path, twice, 2, NULL, 0, &e), -1);
    assert_int_equal(e.kind, ERR_USAGE);
    assert_int_equal(st_write(path, &latin1, 1, NULL, 0, &e), -1);
    assert_int_equal(st_write(path, twice, 1, &meta, 1, &e), -1);
    assert_int_equal(e.kind, ERR_USAGE);
    (void)snprintf(nowhere, sizeof nowhere, "%s/none/a.safetensors", dir);
    assert_int_equal(st_write(nowhere, twice, 1, NULL, 0, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_non_null(strstr(e.msg, "none/a.safetensors"));
    assert_false(file_exists(path));
}

/* A disk that is full after 4 KiB: the old file stays whole, nothing else is left behind. */
static void test_full_disk(void **state)
{
    static const float x[4096];
    const struct st_out small = {"a", 1, {1}, x};
    const struct st_out large = {"a", 1, {4096}, x};
    struct safetensors *st = NULL;
    struct err e = {0};
    struct rlimit was;
    (void)state;
    assert_int_equal(st_write(path, &small, 1, NULL, 0, &e), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    const struct rlimit tight = {4096, was.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const int rc = st_write(path, &large, 1, NULL, 0, &e);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(rc, -1);
    assert_int_equal(e.kind, ERR_SYSTEM);
    assert_non_null(strstr(e.msg, "a.safetensors"));
    assert_int_equal(st_open(path, &st, &e), 0);
    assert_int_equal(st_find(st, "a")->n, 1);
    st_close(st);
}

/* --- number formats -------------------------------------------------------------------------------- */

/* make - a file in memory: prefix, header, and n bytes of data; owned. */
static uint8_t *make(const char *header, const void *data, size_t n, size_t *size)
{
    const uint64_t length = strlen(header);
    uint8_t *file = malloc(8 + length + 1 + n);
    assert_non_null(file);
    memcpy(file, &length, 8);
    memcpy(file + 8, header, length + 1);
    if (n > 0) {
        memcpy(file + 8 + length, data, n);
    }
    *size = 8 + length + n;
    return file;
}

static void read_one(const char *dtype, const void *data, size_t n_bytes, float *to, size_t n)
{
    struct safetensors *st = NULL;
    struct err e = {0};
    char header[256];
    size_t size = 0;
    (void)snprintf(header, sizeof header,
                   "{\"x\":{\"dtype\":\"%s\",\"shape\":[%zu],\"data_offsets\":[0,%zu]}}", dtype, n,
                   n_bytes);
    uint8_t *file = make(header, data, n_bytes, &size);
    assert_int_equal(st_open_memory(file, size, "memory", &st, &e), 0);
    assert_int_equal(st_read_f32(st_find(st, "x"), to, n, &e), 0);
    st_close(st);
    free(file);
}

/* Bit patterns from IEEE 754-2008, table 3.5, and the definition of bfloat16 (upper half of f32). */
static void test_formats(void **state)
{
    const uint16_t f16[8] = {0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x0400, 0xfc00, 0x8000};
    const float f16_want[8] = {1.0F,     -2.0F,     65504.0F, 0x1p-24F, 1023 * 0x1p-24F,
                               0x1p-14F, -INFINITY, -0.0F};
    const uint16_t bf16[4] = {0x3f80, 0xc049, 0x7f80, 0x0080};
    const float bf16_want[4] = {1.0F, -3.140625F, INFINITY, 0x1p-126F};
    const double f64[3] = {0.1, -1e-300, 3.0};
    const float f64_want[3] = {0.1F, -0.0F, 3.0F};
    const uint16_t nan16 = 0x7e00;
    float x[8];
    (void)state;
    read_one("F16", f16, sizeof f16, x, 8);
    assert_memory_equal(x, f16_want, sizeof f16_want);
    read_one("BF16", bf16, sizeof bf16, x, 4);
    assert_memory_equal(x, bf16_want, sizeof bf16_want);
    read_one("F64", f64, sizeof f64, x, 3);
    assert_memory_equal(x, f64_want, sizeof f64_want);
    read_one("F16", &nan16, sizeof nan16, x, 1);
    assert_true(isnan(x[0]));
}

/* --- bad headers ----------------------------------------------------------------------------------- */

#define F32(name, shape, begin, end) \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end "]}"

static void test_bad_headers(void **state)
{
    static const uint8_t data[16] = {0};
    static const struct {
        const char *header;
        size_t n_data;
        const char *message;
    } bad[] = {
        {"", 0, "bad header"},
        {"nonsense", 0, "bad header"},
        {"[1, 2]", 0, "not an object"},
        {"{} {}", 0, "bad header"},
        {"{" F32("a", "[1]", 0, 4) "," F32("a", "[1]", 4, 8) "}", 8, "bad header"},
        {"{\"a\":7}", 0, "dtype"},
        {"{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "dtype"},
        {"{\"a\":{\"dtype\":4,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "outside"},
        {"{" F32("a", "[-1]", 0, 4) "}", 4, "shape"},
        {"{" F32("a", "[1.5]", 0, 4) "}", 4, "shape"},
        {"{" F32("a", "[\"1\"]", 0, 4) "}", 4, "shape"},
        {"{" F32("a", "[1,1,1,1,1,1,1,1,1]", 0, 4) "}", 4, "shape"},
        {"{" F32("a", "[4294967296,4294967296]", 0, 0) "}", 0, "shape"},
        {"{" F32("a", "[4611686018427387904]", 0, 0) "}", 0, "does not fit"},
        {"{" F32("a", "[2]", 0, 4) "}", 4, "does not fit"},
        {"{" F32("a", "[1]", 0, 8) "}", 8, "does not fit"},
        {"{" F32("a", "[1]", 4, 0) "}", 8, "outside"},
        {"{" F32("a", "[1]", -4, 0) "}", 8, "outside"},
        {"{" F32("a", "[2]", 0, 8) "}", 7, "outside"},
        {"{" F32("a", "[1]", 9223372036854775804, 9223372036854775807) "}", 8, "outside"},
        {"{" F32("a", "[1]", 99999999999999999999, 4) "}", 8, "bad header"},
        {"{" F32("a", "[2]", 0, 8) "," F32("b", "[2]", 4, 12) "}", 12, "overlaps"},
        {"{" F32("a", "[1]", 0, 4) "," F32("b", "[1]", 8, 12) "}", 12, "unused"},
        {"{" F32("a", "[1]", 4, 8) "}", 8, "unused"},
        {"{" F32("a", "[1]", 0, 4) "}", 16, "12 bytes follow"},
        {"{\"__metadata__\":[1]}", 0, "__metadata__"},
        {"{\"__metadata__\":{\"a\":1}}", 0, "__metadata__"},
        {"{\"a\\u0000b\":1}", 0, "bad header"},
        {"{\"\xff\":1}", 0, "bad header"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct safetensors *st = NULL;
        struct err e = {0};
        size_t size = 0;
        uint8_t *file = make(bad[i].header, data, bad[i].n_data, &size);
        if (st_open_memory(file, size, "memory", &st, &e) == 0 || e.kind != ERR_INPUT ||
            !strstr(e.msg, bad[i].message) || !strstr(e.msg, "'memory'")) {
            fail_msg("%s: '%s' instead of '%s'", bad[i].header, e.msg, bad[i].message);
        }
        assert_null(st);
        free(file);
    }
}

/* What was read stays, whatever becomes of the file. */
static void test_cut_while_open(void **state)
{
    const float a[3] = {1.0F, 2.0F, 3.0F};
    const struct st_out t = {"a", 1, {3}, a};
    struct safetensors *st = NULL;
    struct err e = {0};
    float back[3] = {0};
    (void)state;
    assert_int_equal(st_write(path, &t, 1, NULL, 0, &e), 0);
    assert_int_equal(st_open(path, &st, &e), 0);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(st_read_f32(st_find(st, "a"), back, 3, &e), 0);
    assert_memory_equal(back, a, sizeof a);
    st_close(st);
    assert_int_equal(st_open(path, &st, &e), -1);
    assert_int_equal(st_open(dir, &st, &e), -1);
    assert_non_null(strstr(e.msg, "not a regular file"));
}

/* Lengths that lie, and every way to cut a good file. */
static void test_cut_files(void **state)
{
    static const uint8_t data[8] = {0};
    struct safetensors *st = NULL;
    struct err e = {0};
    size_t size = 0;
    uint64_t length = UINT64_MAX - 4;
    (void)state;
    uint8_t *file = make("{" F32("a", "[2]", 0, 8) "}  ", data, 8, &size);
    assert_int_equal(st_open_memory(file, size, "memory", &st, &e), 0);
    st_close(st);
    for (size_t n = 0; n < size; n++) {
        uint8_t *cut = malloc(n ? n : 1); /* exact, so that the sanitizer sees a read behind it */
        assert_non_null(cut);
        memcpy(cut, file, n);
        assert_int_equal(st_open_memory(cut, n, "memory", &st, &e), -1);
        assert_int_equal(e.kind, ERR_INPUT);
        free(cut);
    }
    memcpy(file, &length, 8);
    assert_int_equal(st_open_memory(file, size, "memory", &st, &e), -1);
    length = (uint64_t)1 << 40;
    memcpy(file, &length, 8);
    assert_int_equal(st_open_memory(file, size, "memory", &st, &e), -1);
    assert_non_null(strstr(e.msg, "1099511627776"));
    free(file);
}

static void test_bad_paths(void **state)
{
    struct safetensors *st = NULL;
    struct err e = {0};
    (void)state;
    assert_int_equal(st_open(path, &st, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_non_null(strstr(e.msg, path));
    assert_int_equal(st_open(dir, &st, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_int_equal(file_write(path, "", 0, &e), 0);
    assert_int_equal(st_open(path, &st, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_non_null(strstr(e.msg, path));
}

/* --- loading a graph ------------------------------------------------------------------------------- */

/* The file of a small network whose head has K outputs. */
static struct graph *small_graph(int K)
{
    struct builder b;
    struct graph *g = NULL;
    struct err e = {0};
    builder_init(&b, &(struct arch_spec){"small", 4, 1, K});
    int x = build_conv(&b, build_input(&b), "conv1", (struct conv_spec){.K = 2, .R = 3});
    x = build_global_avg_pool(&b, build_batch_norm(&b, x, "bn1"));
    x = build_concat_views(&b, x);
    build_block(&b);
    (void)build_linear(&b, x, "head", K);
    assert_int_equal(builder_take(&b, &g, &e), 0);
    return g;
}

/* load - st_load_graph of the file at path into a graph with K outputs; value is NAN before. */
static int load(int K, bool replace_head, float *value, bool *head, size_t *n_ignored,
                struct err *e)
{
    struct safetensors *st = NULL;
    struct graph *g = small_graph(K);
    struct err open_error = {0};
    assert_int_equal(st_open(path, &st, &open_error), 0);
    for (size_t i = 0; i < g->n_floats; i++) {
        value[i] = (float)NAN;
    }
    const int rc = st_load_graph(st, g, replace_head, value, head, n_ignored, e);
    st_close(st);
    graph_free(g);
    return rc;
}

static void test_load_graph(void **state)
{
    float value[128];
    float back[128];
    struct graph *g = small_graph(3);
    const struct st_pair meta = {"arch", "small"};
    struct err e = {0};
    bool head = false;
    size_t n_ignored = 99;
    (void)state;
    assert_true(g->n_floats <= 128);
    nn_fill(g, value);
    assert_int_equal(st_write_graph(path, g, value, &meta, 1, &e), 0);
    assert_int_equal(load(3, false, back, &head, &n_ignored, &e), 0);
    assert_memory_equal(back, value, g->n_floats * sizeof *value);
    assert_true(head);
    assert_int_equal(n_ignored, 0);

    assert_int_equal(load(5, false, back, &head, &n_ignored, &e), -1); /* a head of another size */
    assert_int_equal(e.kind, ERR_INPUT);
    assert_string_equal(e.msg, "tensor 'head.weight' has shape [3, 2], the network needs [5, 2]");
    assert_true(isnan(back[0]));
    assert_int_equal(load(5, true, back, &head, &n_ignored, &e), 0);
    assert_false(head);
    const size_t at = g->param[graph_find_param(g, "head.weight")].offset;
    assert_memory_equal(back, value, at * sizeof *value);
    assert_true(isnan(back[at]));
    graph_free(g);
}

/* As torchvision names things: another head, counters of batches, one tensor missing. */
static void test_load_foreign(void **state)
{
    static const float x[128];
    const struct st_out t[] = {{"conv1.weight", 4, {2, 3, 3, 3}, x},
                               {"bn1.weight", 1, {2}, x},
                               {"bn1.bias", 1, {2}, x},
                               {"bn1.running_mean", 1, {2}, x},
                               {"bn1.running_var", 1, {2}, x},
                               {"bn1.num_batches_tracked", 1, {1}, x},
                               {"fc.weight", 2, {9, 2}, x},
                               {"fc.bias", 1, {9}, x}};
    float back[128];
    struct err e = {0};
    bool head = true;
    size_t n_ignored = 0;
    (void)state;
    assert_int_equal(st_write(path, t, 8, NULL, 0, &e), 0);
    assert_int_equal(load(3, true, back, &head, &n_ignored, &e), 0);
    assert_false(head);
    assert_int_equal(n_ignored, 2);
    assert_int_equal(load(3, false, back, &head, &n_ignored, &e), -1);
    assert_string_equal(e.msg, "no tensor 'head.weight'");
    assert_int_equal(st_write(path, t, 4, NULL, 0, &e), 0);
    assert_int_equal(load(3, true, back, &head, &n_ignored, &e), -1);
    assert_string_equal(e.msg, "no tensor 'bn1.running_var'");
    assert_true(isnan(back[0]));
}

/* --- real files, when they are there --------------------------------------------------------------- */

/* Sums over f16 values computed in f64 by numpy. */
static void test_real_weights(void **state)
{
    static const struct {
        const char *file, *tensor;
        size_t count;
        int n_dims;
        size_t dim[4];
        double sum, sum_sq;
    } want[] = {
        {"squeezenet1_1",
         "features.3.squeeze.weight",
         52,
         4,
         {16, 64, 1, 1},
         35.354589223861694,
         68.06941565822905},
        {"mobilenet_v2_features",
         "features.18.1.running_var",
         260,
         1,
         {1280},
         1738.10791015625,
         2566.1562936306},
        {"vit_tiny_patch16_224",
         "patch_embed.proj.weight",
         152,
         4,
         {192, 3, 16, 16},
         11.489946782588959,
         352.9454160559935},
    };
    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        char file[256];
        struct safetensors *st = NULL;
        struct err e = {0};
        double sum = 0.0;
        double sum_sq = 0.0;
        (void)snprintf(file, sizeof file, "../shared/data/weights/%s.fp16.safetensors",
                       want[i].file);
        if (!file_exists(file)) {
            print_message("skip: no '%s'\n", file);
            skip();
        }
        assert_int_equal(st_open(file, &st, &e), 0);
        assert_int_equal(st_count(st), want[i].count);
        assert_string_equal(st_metadata(st, "format"), "pt");
        const struct st_tensor *t = st_find(st, want[i].tensor);
        assert_non_null(t);
        assert_string_equal(t->dtype, "F16");
        assert_int_equal(t->n_dims, want[i].n_dims);
        assert_memory_equal(t->dim, want[i].dim, (size_t)t->n_dims * sizeof *t->dim);
        float *x = malloc(t->n * sizeof *x);
        assert_non_null(x);
        assert_int_equal(st_read_f32(t, x, t->n, &e), 0);
        for (size_t k = 0; k < t->n; k++) {
            sum += (double)x[k];
            sum_sq += (double)x[k] * (double)x[k];
        }
        assert_true(fabs(sum - want[i].sum) < 1e-9 * want[i].sum_sq);
        assert_true(fabs(sum_sq - want[i].sum_sq) < 1e-9 * want[i].sum_sq);
        free(x);
        st_close(st);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_write_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_cut_files),
        cmocka_unit_test_setup_teardown(test_cut_while_open, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load_graph, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load_foreign, setup, teardown),
        cmocka_unit_test(test_real_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
