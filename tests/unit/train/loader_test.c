/* SPDX-License-Identifier: MIT */
/* Data set and loader: who is in, that threads change nothing, that val and test stay as packed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sql/catalog.h"
#include "tests/unit/train/support.h"
#include "train/dataset.h"
#include "train/loader.h"

#define PICTURE ((size_t)WORLD_SIZE_PX * WORLD_SIZE_PX * 3)
#define RECORD  (WORLD_VIEWS * PICTURE)

/* An open data set. */
struct opened {
    struct train_prefs prefs;
    struct db *db;
    struct pack *pack;
    struct dataset data;
};

static int try_open(struct opened *o, enum task task, struct err *e)
{
    *o = (struct opened){.prefs = world_prefs(&world), .db = world_open(&world)};
    o->prefs.task = (int)task;
    if (pack_open(world.pack, &o->pack, e) != 0) {
        fail_msg("%s", e->msg);
    }
    return dataset_load(o->db, &o->prefs, o->pack, &o->data, e);
}

static void open_data(struct opened *o, enum task task)
{
    struct err e = {0};
    if (try_open(o, task, &e) != 0) {
        fail_msg("%s", e.msg);
    }
}

static void close_data(struct opened *o)
{
    dataset_release(&o->data);
    pack_close(o->pack);
    catalog_close(o->db);
}

static void test_parts(void **state)
{
    (void)state;
    struct opened o;
    open_data(&o, TASK_CLASSIFICATION);
    const struct part *p = o.data.part;
    assert_int_equal(p[PART_TRAIN].n, 11); /* 12, and 6 is in no class */
    assert_int_equal(p[PART_TRAIN].n_unlabelled, 1);
    assert_int_equal(p[PART_TRAIN].n_incomplete, 1);
    assert_int_equal(p[PART_VAL].n, 4); /* 4 is in no class and stays */
    assert_int_equal(p[PART_VAL].n_unlabelled, 1);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(p[PART_VAL].s[i].label == -1, p[PART_VAL].s[i].location_id == 4);
    }
    assert_int_equal(p[PART_TEST].n, 4);
    assert_int_equal(o.data.n_classes, WORLD_CLASSES);
    close_data(&o);
    open_data(&o, TASK_REGRESSION);
    assert_int_equal(o.data.part[PART_TRAIN].n, 12);
    assert_string_equal(o.data.crs, "EPSG:3765");
    const float *xy = o.data.part[PART_TRAIN].s[0].scaled;
    assert_true(xy[0] > 0 && xy[0] < 1 && xy[1] > 0 && xy[1] < 1);
    close_data(&o);
}

static void refused(const char *sql, enum task task, const char *says)
{
    struct opened o;
    struct err e = {0};
    world_exec(&world, sql);
    assert_int_equal(try_open(&o, task, &e), -1);
    if (e.kind != ERR_INPUT || !strstr(e.msg, says)) {
        fail_msg("wanted '%s', got kind %d: %s", says, (int)e.kind, e.msg);
    }
    close_data(&o);
}

static void test_refusals(void **state)
{
    (void)state;
    refused("DELETE FROM stats WHERE channel = 2", TASK_CLASSIFICATION, "run gdje-stats");
    refused("UPDATE projection SET max_x_m = min_x_m", TASK_REGRESSION, "spans no area");
    refused("UPDATE class SET data_lon_deg = NULL WHERE number = 1", TASK_CLASSIFICATION,
            "class 1 of the grid is damaged");
    refused("DELETE FROM class WHERE number = 3", TASK_CLASSIFICATION, "run gdje-grid again");
    refused("INSERT INTO split_scheme VALUES (2, 'o', 'hash', '1', NULL, NULL, 1);"
            "UPDATE grid SET scheme_id = 2",
            TASK_CLASSIFICATION, "made for another split");
    refused("DELETE FROM projection", TASK_REGRESSION, "run gdje-project first");
    refused("DELETE FROM grid", TASK_CLASSIFICATION, "run gdje-grid first");
    refused("DELETE FROM split_scheme", TASK_CLASSIFICATION, "run gdje-split first");
}

static void test_empty_parts(void **state)
{
    (void)state;
    refused("DELETE FROM label WHERE location_id IN (SELECT location_id FROM split WHERE part ="
            " 'val')",
            TASK_CLASSIFICATION, "no val location is in a class");
    refused("UPDATE split SET part = 'train' WHERE part = 'val'", TASK_CLASSIFICATION,
            "part 'val'");
}

static struct loader *new_loader(const struct opened *o, const struct augment_prefs *augment,
                                 int n_threads)
{
    struct err e = {0};
    struct loader *l = NULL;
    const struct loader_spec spec = {.pack = o->pack,
                                     .data = &o->data,
                                     .target = {o->data.class_point, o->data.n_classes, 50, 0},
                                     .augment = augment,
                                     .seed = 5,
                                     .max_batch = 4,
                                     .n_threads = n_threads};
    if (loader_new(&spec, &l, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    return l;
}

/* All of a pass: pictures, targets and ids one after another; the number of locations. */
struct taken {
    uint8_t rgb[WORLD_LOCATIONS * RECORD];
    float target[WORLD_LOCATIONS * WORLD_CLASSES];
    int64_t id[WORLD_LOCATIONS];
    size_t n, n_batches;
};

static void take_all(struct loader *l, const struct pass *pass, struct taken *t)
{
    struct err e = {0};
    struct minibatch b;
    memset(t, 0, sizeof *t);
    assert_int_equal(loader_begin(l, pass, &e), 0);
    while (loader_next(l, &b, &e) == 0 && b.n > 0) {
        memcpy(t->rgb + t->n * RECORD, b.rgb, (size_t)b.n * RECORD);
        memcpy(t->target + t->n * WORLD_CLASSES, b.target,
               (size_t)b.n * WORLD_CLASSES * sizeof(float));
        for (int i = 0; i < b.n; i++) {
            t->id[t->n++] = b.sample[i]->location_id;
        }
        t->n_batches++;
    }
    assert_int_equal(e.kind, ERR_NONE);
}

static const struct augment_prefs usual = AUGMENT_PREFS_DEFAULT;
static const uint32_t order[11] = {10, 3, 5, 0, 1, 9, 2, 8, 7, 6, 4};

static void test_threads(void **state)
{
    (void)state;
    static struct taken one;
    static struct taken many;
    struct opened o;
    open_data(&o, TASK_CLASSIFICATION);
    struct loader *a = new_loader(&o, &usual, 1);
    struct loader *b = new_loader(&o, &usual, 5);
    for (int epoch = 1; epoch < 30; epoch++) {
        const struct pass pass = {PART_TRAIN, order, epoch};
        take_all(a, &pass, &one);
        take_all(b, &pass, &many);
        assert_memory_equal(&one, &many, sizeof one);
    }
    assert_int_equal(one.n, 11);
    assert_int_equal(one.n_batches, 3); /* 4, 4, 3 or the like */
    for (size_t i = 0; i < 11; i++) {
        assert_int_equal(one.id[i], o.data.part[PART_TRAIN].s[order[i]].location_id);
    }
    loader_free(a);
    loader_free(b);
    close_data(&o);
}

static void test_epochs_differ(void **state)
{
    (void)state;
    static struct taken a;
    static struct taken b;
    struct opened o;
    open_data(&o, TASK_CLASSIFICATION);
    struct loader *l = new_loader(&o, &usual, 2);
    take_all(l, &(struct pass){PART_TRAIN, NULL, 1}, &a);
    take_all(l, &(struct pass){PART_TRAIN, NULL, 2}, &b);
    assert_memory_not_equal(a.rgb, b.rgb, a.n * RECORD);
    loader_free(l);
    close_data(&o);
}

/* val and test are what the pack holds, whatever the augmentation; so is train without it. */
static void test_measured_parts_are_plain(void **state)
{
    (void)state;
    struct err e = {0};
    static struct taken t;
    struct opened o;
    open_data(&o, TASK_CLASSIFICATION);
    struct loader *with = new_loader(&o, &usual, 2);
    struct loader *without = new_loader(&o, NULL, 2);
    for (int part = 0; part < PART_COUNT; part++) {
        const struct part *p = &o.data.part[part];
        take_all(part == PART_TRAIN ? without : with, &(struct pass){(enum part_name)part, NULL, 3},
                 &t);
        assert_int_equal(t.n, p->n);
        for (size_t i = 0; i < t.n; i++) {
            uint8_t record[WORLD_VIEWS * WORLD_SIZE_PX * WORLD_SIZE_PX * 3];
            assert_int_equal(pack_read(o.pack, p->s[i].record, record, &e), 0);
            assert_int_equal(t.id[i], p->s[i].location_id);
            assert_memory_equal(t.rgb + i * RECORD, record, PICTURE);
            const uint8_t *second = p->s[i].mask == 1 ? record : record + PICTURE;
            assert_memory_equal(t.rgb + i * RECORD + PICTURE, second, PICTURE);
        }
    }
    loader_free(with);
    loader_free(without);
    close_data(&o);
}

static void test_left_early(void **state)
{
    (void)state;
    static struct taken t;
    struct err e = {0};
    struct minibatch b;
    struct opened o;
    open_data(&o, TASK_CLASSIFICATION);
    struct loader *l = new_loader(&o, &usual, 3);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(loader_begin(l, &(struct pass){PART_TRAIN, NULL, i}, &e), 0);
        assert_int_equal(loader_next(l, &b, &e), 0);
    }
    take_all(l, &(struct pass){PART_TEST, NULL, 0}, &t);
    assert_int_equal(t.n, 4);
    assert_int_equal(loader_begin(l, &(struct pass){PART_TRAIN, NULL, 1}, &e), 0);
    loader_free(l); /* within a pass */
    close_data(&o);
}

static void test_damaged_record(void **state)
{
    (void)state;
    struct err e = {0};
    struct minibatch b = {0};
    struct opened o;
    FILE *f = fopen(world.pack, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, -(long)RECORD, SEEK_END), 0);
    const int c = fgetc(f);
    assert_int_equal(fseek(f, -(long)RECORD, SEEK_END), 0);
    assert_int_equal(fputc(c ^ 1, f), c ^ 1);
    assert_int_equal(fclose(f), 0);
    open_data(&o, TASK_REGRESSION); /* the last record is location 20, of test */
    struct loader *l = new_loader(&o, NULL, 2);
    assert_int_equal(loader_begin(l, &(struct pass){.part = PART_TEST}, &e), 0);
    int rc = 0;
    while ((rc = loader_next(l, &b, &e)) == 0 && b.n > 0) {
    }
    assert_int_equal(rc, -1);
    assert_int_equal(e.kind, ERR_INPUT);
    loader_free(l);
    close_data(&o);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        T(test_parts),      T(test_refusals),       T(test_empty_parts),
        T(test_threads),    T(test_epochs_differ),  T(test_measured_parts_are_plain),
        T(test_left_early), T(test_damaged_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
