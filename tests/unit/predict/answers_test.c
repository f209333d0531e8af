/* SPDX-License-Identifier: MIT */
/* Photos to answers to rows on the made-up country: pack and files agree, batches do not matter,
 * rows come back as they went in, eval sees the same errors. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/image.h"
#include "predict/answers.h"
#include "predict/store.h"
#include "predict/truth.h"
#include "sql/catalog.h"
#include "tests/unit/predict/fixture.h"

#define PX 32

static char dir[64];
static struct db *db;
static struct network *net;
static struct photos photos;

static void ok(int rc, const struct err *e)
{
    if (rc != 0) {
        fail_msg("%s", e->msg);
    }
}

static void in_dir(char *out, size_t size, const char *name)
{
    (void)snprintf(out, size, "%s/%s", dir, name);
}

static int setup(void **state)
{
    (void)state;
    struct err e = {0};
    char path[128];
    const struct opt_list part = {.v = {"val", "test"}, .n = 2};
    (void)snprintf(dir, sizeof dir, "/tmp/gdje-answers.XXXXXX");
    if (!mkdtemp(dir)) {
        return -1;
    }
    const struct fixture_spec s = {.dir = dir,
                                   .border = "shapes/croatia.shp",
                                   .n_locations = 120,
                                   .photos = true,
                                   .checkpoint_px = PX};
    ok(fixture_make(&s, &e), &e);
    in_dir(path, sizeof path, "catalog.gpkg");
    ok(catalog_open(path, CATALOG_WRITE, &db, &e), &e);
    in_dir(path, sizeof path, "best.safetensors");
    ok(network_open(path, &(struct network_spec){.backend = "cpu", .n_threads = 1, .batch = 16},
                    &net, &e),
       &e);
    ok(photos_from_catalog(&photos, db, 1, &part, &e), &e);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    photos_release(&photos);
    network_close(net);
    catalog_close(db);
    char rm[] = "rm";
    char flags[] = "-rf";
    char *const argv[] = {rm, flags, dir, NULL};
    const pid_t pid = fork();
    if (pid == 0) {
        (void)execvp("rm", argv);
        _exit(1);
    }
    return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

static void make(struct answers *a, const struct pack *pack, int batch, size_t n_top)
{
    struct err e = {0};
    const struct answers_spec spec = {
        .pack = pack, .n_top = n_top, .batch = batch, .n_threads = 2, .progress = PROGRESS_NONE};
    ok(answers_make(a, &photos, net, &spec, &e), &e);
    assert_int_equal(a->n, photos.n);
    assert_int_equal(a->n_skipped, 0);
}

static void test_photos(void **state)
{
    (void)state;
    assert_int_equal(photos.n, 24);
    for (size_t i = 0; i < photos.n; i++) {
        assert_true(i == 0 || strcmp(photos.loc[i - 1].uuid, photos.loc[i].uuid) < 0);
        assert_true(geo_valid(photos.loc[i].truth));
        assert_non_null(photos.loc[i].part);
        for (int v = 0; v < PHOTO_VIEWS; v++) {
            assert_int_equal(access(photos.loc[i].view[v], R_OK), 0);
        }
    }
}

static void test_batches(void **state)
{
    (void)state;
    struct answers one = {0};
    struct answers many = {0};
    make(&one, NULL, 1, 10);
    make(&many, NULL, 16, 10);
    for (size_t i = 0; i < one.n; i++) {
        assert_int_equal(one.row[i].location, many.row[i].location);
        for (int d = 0; d < DECODE_COUNT; d++) {
            assert_true(geo_distance_km(one.row[i].at[d], many.row[i].at[d]) < 1e-3);
        }
        double sum = 0;
        for (size_t k = 0; k < one.n_top; k++) {
            assert_true(k == 0 ||
                        one.row[i].top[k].probability <= one.row[i].top[k - 1].probability);
            sum += one.row[i].top[k].probability;
        }
        assert_true(sum <= 1 + 1e-12);
        assert_true(one.row[i].entropy > 0 && one.row[i].entropy < log(200));
    }
    answers_release(&one);
    answers_release(&many);
}

/* A pack with the same pixels gives the same bits. */
/* A pack is by id, photos are by uuid. */
static int by_id(const void *a, const void *b)
{
    const int64_t x = (*(struct photo_location *const *)a)->id;
    const int64_t y = (*(struct photo_location *const *)b)->id;
    return (x > y) - (x < y);
}

static void test_pack(void **state)
{
    (void)state;
    struct err e = {0};
    char path[128];
    int64_t id[64];
    struct photo_location *loc[64];
    uint8_t inputs[SHA256_SIZE] = {0};
    struct pack_writer *w = NULL;
    struct pack *pack = NULL;
    struct answers files = {0};
    struct answers packed = {0};
    const struct image_form form = {.size_px = PX};
    const size_t n_record = (size_t)4 * PX * PX * 3;
    uint8_t *record = malloc(n_record);
    assert_non_null(record);
    in_dir(path, sizeof path, "pack.gdje");
    for (size_t i = 0; i < photos.n; i++) {
        loc[i] = &photos.loc[i];
    }
    /* an array of pointers is what is sorted */
    qsort(loc, photos.n, sizeof loc[0], by_id); /* NOLINT(bugprone-sizeof-expression) */
    for (size_t i = 0; i < photos.n; i++) {
        id[i] = loc[i]->id;
    }
    ok(pack_create(path, &form, 4, id, photos.n, inputs, &w, &e), &e);
    for (size_t i = 0; i < photos.n; i++) {
        ok(photos_load(loc[i], NULL, 4, &form, record, &e), &e);
        ok(pack_put(w, i, record, n_record, PACK_ALL_VIEWS(4), 77, &e), &e);
    }
    ok(pack_commit(w, &e), &e);
    ok(pack_open(path, &pack, &e), &e);
    make(&files, NULL, 16, 3);
    make(&packed, pack, 16, 3);
    for (size_t i = 0; i < files.n; i++) {
        assert_memory_equal(files.row[i].at, packed.row[i].at, sizeof files.row[i].at);
    }
    answers_release(&files);
    answers_release(&packed);
    pack_close(pack);
    pack_abandon(w);
    free(record);
}

static void test_rows(void **state)
{
    (void)state;
    struct err e = {0};
    struct answers a = {0};
    struct truth t = {0};
    char decode[DECODE_NAME_MAX];
    double val_km = 0;
    const struct opt_list part = {.v = {"val", "test"}, .n = 2};
    make(&a, NULL, 16, 10);
    for (int twice = 0; twice < 2; twice++) { /* the second time replaces the first */
        ok(db_begin(db, &e), &e);
        ok(store_answers(db, 1, &photos, &a, &part, &e), &e);
        ok(db_commit(db, &e), &e);
    }
    ok(store_choose(db, 1, decode, &val_km, &e), &e);
    ok(truth_read_run(&t, db, 1, &e), &e);
    assert_int_equal(t.n_parts, 2);
    assert_string_equal(t.part[0].name, "test");
    assert_int_equal(t.part[0].n + t.part[1].n, photos.n);
    assert_int_equal(t.part[0].n_decoders, DECODE_COUNT);
    assert_string_equal(t.chosen, decode);
    double best = INFINITY;
    for (size_t k = 0; k < t.part[1].n_decoders; k++) {
        double sum = 0;
        for (size_t i = 0; i < t.part[1].n; i++) {
            sum += t.part[1].est[k].km[i];
        }
        best = fmin(best, sum / (double)t.part[1].n);
    }
    assert_true(fabs(best - val_km) < 1e-9);
    for (size_t i = 0; i < a.n; i++) { /* errors are those of the places that were stored */
        const struct photo_location *loc = &photos.loc[a.row[i].location];
        const struct part *p = truth_part(&t, loc->part);
        size_t k = 0;
        while (p->location[k] != loc->id) {
            k++;
        }
        const struct estimate *est = part_estimate(p, "median");
        assert_true(fabs(est->km[k] - geo_distance_km(a.row[i].at[DECODE_MEDIAN], loc->truth)) <
                    1e-9);
        assert_int_equal(p->guess[k].top, a.row[i].top[0].number);
    }
    truth_release(&t);
    answers_release(&a);
}

static void test_top_text(void **state)
{
    (void)state;
    struct top_class top[3];
    assert_int_equal(store_top("[[4,0.5],[1,0.25]]", top, 3), 2);
    assert_int_equal(top[1].number, 1);
    assert_true(top[0].probability == 0.5);
    static const char *const bad[] = {"",           "{}",    "[4]",  "[[\"4\",0.5]]",
                                      "[[-1,0.5]]", "[[1]]", "[[1,", "null"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(store_top(bad[i], top, 3), 0);
    }
    assert_int_equal(store_top(NULL, top, 3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_photos), cmocka_unit_test(test_batches),  cmocka_unit_test(test_pack),
        cmocka_unit_test(test_rows),   cmocka_unit_test(test_top_text),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
