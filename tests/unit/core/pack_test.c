/* SPDX-License-Identifier: MIT */
/* The pack file: what was put comes back; every damaged byte of it is found. */
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
#include "core/pack.h"
#include "core/pool.h"

#define SIZE_PX 5
#define N_VIEWS 4
#define N       7
#define PICTURE (N_VIEWS * SIZE_PX * SIZE_PX * 3)

static char path[] = "/tmp/gdje-pack.XXXXXX";
static const int64_t ids[N] = {1, 2, 5, 8, 13, 21, INT64_C(1) << 40};
static const uint8_t inputs[SHA256_SIZE] = {1, 2, 3};

static uint8_t pixel(size_t record, size_t k)
{
    return (uint8_t)(record * 31 + k * 7);
}

static int put(void *ctx, size_t i, int worker, struct err *e)
{
    uint8_t rgb[PICTURE];
    (void)worker;
    for (size_t k = 0; k < PICTURE; k++) {
        rgb[k] = pixel(i, k);
    }
    return pack_put(ctx, i, rgb, i == 3 ? 5 : 15, 77, e);
}

static void write_pack(void)
{
    struct err e = {0};
    struct pack_writer *w = NULL;
    assert_int_equal(pack_create(path, SIZE_PX, N_VIEWS, ids, N, inputs, &w, &e), 0);
    assert_int_equal(pool_for(2, N, put, w, &e), 0);
    assert_int_equal(pack_commit(w, &e), 0);
    pack_abandon(w);
}

static int setup(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    if (fd < 0 || close(fd) != 0) {
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct err e = {0};
    struct pack *p = NULL;
    write_pack();
    assert_int_equal(pack_open(path, &p, &e), 0);
    assert_int_equal(pack_size_px(p), SIZE_PX);
    assert_int_equal(pack_n_views(p), N_VIEWS);
    assert_int_equal(pack_count(p), N);
    assert_memory_equal(pack_inputs(p), inputs, SHA256_SIZE);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(pack_location(p, i), ids[i]);
        assert_int_equal(pack_source(p, i), 77);
        assert_int_equal(pack_find(p, ids[i]), i);
        assert_int_equal(pack_mask(p, i), i == 3 ? 5 : 15);
        assert_int_equal(pack_check(p, i, &e), 0);
        for (size_t k = 0; k < PICTURE; k++) {
            assert_int_equal(pack_record(p, i)[k], pixel(i, k));
        }
        assert_int_equal((uintptr_t)pack_record(p, i) % 64, 0);
    }
    assert_int_equal(pack_find(p, 3), -1);
    assert_int_equal(pack_find(p, INT64_MAX), -1);
    pack_close(p);
}

static void test_empty_pack(void **state)
{
    (void)state;
    struct err e = {0};
    struct pack_writer *w = NULL;
    struct pack *p = NULL;
    assert_int_equal(pack_create(path, 1, 1, NULL, 0, inputs, &w, &e), 0);
    assert_int_equal(pack_commit(w, &e), 0);
    pack_abandon(w);
    assert_int_equal(pack_open(path, &p, &e), 0);
    assert_int_equal(pack_count(p), 0);
    assert_int_equal(pack_find(p, 1), -1);
    pack_close(p);
}

/* CRC-32 by its check value: every implementation gives cbf43926 for "123456789". Three pictures
 * of 1 px hold these nine bytes. */
static void test_crc_is_the_usual_one(void **state)
{
    (void)state;
    struct err e = {0};
    struct pack_writer *w = NULL;
    uint8_t *data = NULL;
    size_t n = 0;
    assert_int_equal(pack_create(path, 1, 3, ids, 1, inputs, &w, &e), 0);
    assert_int_equal(pack_put(w, 0, (const uint8_t *)"123456789", 7, 77, &e), 0);
    assert_int_equal(pack_commit(w, &e), 0);
    pack_abandon(w);
    assert_int_equal(file_read(path, 1 << 20, &data, &n, &e), 0);
    static const uint8_t crc[4] = {0x26, 0x39, 0xf4, 0xcb};
    assert_memory_equal(data + 112 + 8, crc, 4);
    free(data);
}

/* Whether the pack opens and all its records are right. */
static bool is_whole(void)
{
    struct err e = {0};
    struct pack *p = NULL;
    bool whole = pack_open(path, &p, &e) == 0;
    for (size_t i = 0; whole && i < pack_count(p); i++) {
        whole = pack_check(p, i, &e) == 0;
    }
    assert_true(whole || e.kind == ERR_INPUT);
    assert_true(whole || e.msg[0] != '\0');
    pack_close(p);
    return whole;
}

static void test_every_damaged_byte_is_found(void **state)
{
    (void)state;
    struct err e = {0};
    uint8_t *data = NULL;
    size_t n = 0;
    write_pack();
    assert_true(is_whole());
    assert_int_equal(file_read(path, 1 << 20, &data, &n, &e), 0);
    size_t head = 112 + (size_t)N * 24;
    for (size_t i = 0; i < n; i++) {
        bool in_record = i >= 4096 && (i - 4096) % 320 < PICTURE;
        if (i >= head && !in_record) {
            continue; /* filling */
        }
        data[i] ^= 0x10;
        assert_int_equal(file_write(path, data, n, &e), 0);
        assert_false(is_whole());
        data[i] ^= 0x10;
        i += in_record ? 36 : 0; /* some of each record are enough */
    }
    for (size_t cut = 1; cut < n; cut += 97) {
        assert_int_equal(file_write(path, data, n - cut, &e), 0);
        assert_false(is_whole());
    }
    assert_int_equal(file_write(path, data, 0, &e), 0);
    assert_false(is_whole());
    free(data);
}

static void test_unwritten_records_do_not_become_a_pack(void **state)
{
    (void)state;
    struct err e = {0};
    struct pack_writer *w = NULL;
    char other[64];
    (void)snprintf(other, sizeof other, "%s.none", path);
    assert_int_equal(pack_create(other, SIZE_PX, N_VIEWS, ids, N, inputs, &w, &e), 0);
    assert_int_equal(put(w, 0, 0, &e), 0);
    assert_int_equal(pack_commit(w, &e), -1);
    pack_abandon(w);
    assert_false(file_exists(other));
    assert_int_equal(pack_create("/nowhere/x", 4, 4, ids, N, inputs, &w, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_int_equal(pack_create(other, 0, 4, ids, N, inputs, &w, &e), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_empty_pack),
        cmocka_unit_test(test_crc_is_the_usual_one),
        cmocka_unit_test(test_every_damaged_byte_is_found),
        cmocka_unit_test(test_unwritten_records_do_not_become_a_pack),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
