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

#include "core/crc32c.h"
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
static const struct image_form pixels = {.size_px = SIZE_PX};
static const struct image_form jpegs = {.size_px = SIZE_PX, .fast = true, .quality = 90};

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
    return pack_put(ctx, i, rgb, sizeof rgb, i == 3 ? 5 : 15, 77, e);
}

static void write_pack(void)
{
    struct err e = {0};
    struct pack_writer *w = NULL;
    assert_int_equal(pack_create(path, &pixels, N_VIEWS, ids, N, inputs, &w, &e), 0);
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
    uint8_t rgb[PICTURE];
    write_pack();
    assert_int_equal(pack_open(path, &p, &e), 0);
    assert_int_equal(pack_form(p)->quality, 0);
    assert_false(pack_form(p)->fast);
    assert_int_equal(pack_bytes(p), pack_bytes_for(SIZE_PX, N_VIEWS, N));
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
        assert_int_equal(pack_read(p, i, rgb, &e), 0);
        for (size_t k = 0; k < PICTURE; k++) {
            assert_int_equal(rgb[k], pixel(i, k));
        }
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
    assert_int_equal(
        pack_create(path, &(struct image_form){.size_px = 1}, 1, NULL, 0, inputs, &w, &e), 0);
    assert_int_equal(pack_commit(w, &e), 0);
    pack_abandon(w);
    assert_int_equal(pack_open(path, &p, &e), 0);
    assert_int_equal(pack_count(p), 0);
    assert_int_equal(pack_find(p, 1), -1);
    pack_close(p);
}

/* CRC-32C by its check value: every implementation gives e3069283 for "123456789". Three pictures
 * of 1 px hold these nine bytes. */
static void test_crc_is_the_usual_one(void **state)
{
    (void)state;
    struct err e = {0};
    struct pack_writer *w = NULL;
    uint8_t *data = NULL;
    size_t n = 0;
    assert_int_equal(
        pack_create(path, &(struct image_form){.size_px = 1}, 3, ids, 1, inputs, &w, &e), 0);
    assert_int_equal(pack_put(w, 0, (const uint8_t *)"123456789", 9, 7, 77, &e), 0);
    assert_int_equal(pack_commit(w, &e), 0);
    pack_abandon(w);
    assert_int_equal(file_read(path, 1 << 20, &data, &n, &e), 0);
    static const uint8_t crc[4] = {0x83, 0x92, 0x06, 0xe3};
    assert_memory_equal(data + 128 + 8, crc, 4);
    for (size_t k = 0; k < n; k += 41) { /* by the processor and by tables, at any alignment */
        assert_int_equal(crc32c(data + k, n - k), crc32c_plain(data + k, n - k));
    }
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
    size_t head = 128 + (size_t)N * 40;
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

/* View v of record i: a colour each. */
static void paint(size_t i, int v, struct image *img)
{
    struct err e = {0};
    assert_int_equal(image_new(img, SIZE_PX, SIZE_PX, &e), 0);
    memset(img->rgb, (int)(20 * i + 30 * (size_t)v), (size_t)SIZE_PX * SIZE_PX * 3);
}

static uint32_t jpeg_mask(size_t i)
{
    return i == 3 ? 5 : i == 4 ? 8 : 15;
}

static void put_jpegs(struct pack_writer *w, size_t i)
{
    struct err e = {0};
    uint8_t *jpeg[N_VIEWS] = {NULL};
    size_t n[N_VIEWS] = {0};
    uint8_t *data = NULL;
    size_t n_data = 0;
    for (int v = 0; v < N_VIEWS; v++) {
        struct image img;
        if (jpeg_mask(i) >> v & 1) {
            paint(i, v, &img);
            assert_int_equal(image_encode(&img, 90, &jpeg[v], &n[v], &e), 0);
            image_release(&img);
        }
    }
    assert_int_equal(pack_join(N_VIEWS, jpeg, n, &data, &n_data, &e), 0);
    assert_int_equal(pack_put(w, i, data, n_data, jpeg_mask(i), 78, &e), 0);
    free(data);
    for (int v = 0; v < N_VIEWS; v++) {
        free(jpeg[v]);
    }
}

static void write_jpegs(void)
{
    struct err e = {0};
    struct pack_writer *w = NULL;
    assert_int_equal(pack_create(path, &jpegs, N_VIEWS, ids, N, inputs, &w, &e), 0);
    for (size_t i = N; i-- > 0;) { /* any order */
        put_jpegs(w, i);
    }
    assert_int_equal(pack_commit(w, &e), 0);
    pack_abandon(w);
}

static void test_jpegs(void **state)
{
    (void)state;
    struct err e = {0};
    struct pack *p = NULL;
    uint8_t rgb[PICTURE];
    const size_t view = PICTURE / N_VIEWS;
    write_jpegs();
    assert_int_equal(pack_open(path, &p, &e), 0);
    assert_int_equal(pack_form(p)->quality, 90);
    assert_true(pack_form(p)->fast);
    for (size_t i = 0; i < N; i++) {
        uint8_t *stored = NULL;
        size_t n = 0;
        assert_int_equal(pack_mask(p, i), jpeg_mask(i));
        assert_int_equal(pack_check(p, i, &e), 0);
        assert_int_equal(pack_read(p, i, rgb, &e), 0);
        for (size_t k = 0; k < PICTURE; k++) {
            bool there = jpeg_mask(i) >> k / view & 1;
            assert_int_equal(rgb[k], there ? 20 * i + 30 * (k / view) : 0);
        }
        assert_int_equal(pack_stored(p, i, &stored, &n, &e), 0);
        assert_true(n > 16);
        free(stored);
    }
    pack_close(p);
}

static void test_every_damaged_byte_of_jpegs_is_found(void **state)
{
    (void)state;
    struct err e = {0};
    uint8_t *data = NULL;
    size_t n = 0;
    write_jpegs();
    assert_true(is_whole());
    assert_int_equal(file_read(path, 1 << 20, &data, &n, &e), 0);
    for (size_t i = 0; i < n; i += i >= 4096 ? 61 : 1) {
        if (i == 128 + (size_t)N * 40) {
            i = 4096; /* filling */
        }
        data[i] ^= 0x10;
        assert_int_equal(file_write(path, data, n, &e), 0);
        assert_false(is_whole());
        data[i] ^= 0x10;
    }
    for (size_t cut = 1; cut < n; cut += 97) {
        assert_int_equal(file_write(path, data, n - cut, &e), 0);
        assert_false(is_whole());
    }
    free(data);
}

/* A record whose checksum is right but whose lengths or pictures are not. */
static void test_wrong_jpegs(void **state)
{
    (void)state;
    static const uint8_t longer[] = {200, 0, 0, 0, 1, 2, 3, 4};
    static const uint8_t no_jpeg[] = {4, 0, 0, 0, 1, 2, 3, 4};
    static const uint8_t absent[] = {0, 0, 0, 0};
    static const uint8_t torn[] = {1, 0};
    static const struct {
        const uint8_t *p;
        size_t n;
        const char *says;
    } t[] = {{longer, sizeof longer, "lengths"},
             {no_jpeg, sizeof no_jpeg, "view 0: not a JPEG"},
             {absent, sizeof absent, "lengths"},
             {torn, sizeof torn, "lengths"}};
    uint8_t rgb[PICTURE];
    for (size_t k = 0; k < sizeof t / sizeof *t; k++) {
        struct err e = {0};
        struct pack_writer *w = NULL;
        struct pack *p = NULL;
        assert_int_equal(pack_create(path, &jpegs, 1, ids, 1, inputs, &w, &e), 0);
        assert_int_equal(pack_put(w, 0, t[k].p, t[k].n, 1, 1, &e), 0);
        assert_int_equal(pack_commit(w, &e), 0);
        pack_abandon(w);
        assert_int_equal(pack_open(path, &p, &e), 0);
        assert_int_equal(pack_read(p, 0, rgb, &e), -1);
        assert_int_equal(e.kind, ERR_INPUT);
        assert_non_null(strstr(e.msg, t[k].says));
        assert_int_equal(pack_check(p, 0, &e), -1);
        pack_close(p);
    }
}

/* Somebody cuts the file while it is open: an error, not the end of the program. */
static void test_cut_while_open(void **state)
{
    (void)state;
    struct err e = {0};
    struct pack *p = NULL;
    uint8_t rgb[PICTURE];
    write_pack();
    assert_int_equal(pack_open(path, &p, &e), 0);
    assert_int_equal(truncate(path, 4096 + 100), 0);
    assert_int_equal(pack_location(p, N - 1), ids[N - 1]);
    assert_int_equal(pack_read(p, 1, rgb, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_non_null(strstr(e.msg, "cut short while it was in use"));
    pack_close(p);
}

static void test_unfinished(void **state)
{
    (void)state;
    for (int jpeg = 0; jpeg < 2; jpeg++) {
        struct err e = {0};
        struct pack_writer *w = NULL;
        struct pack *p = NULL;
        char tmp[64];
        uint8_t rgb[PICTURE];
        assert_int_equal(
            pack_create(path, jpeg ? &jpegs : &pixels, N_VIEWS, ids, N, inputs, &w, &e), 0);
        if (jpeg) {
            put_jpegs(w, 2);
        } else {
            assert_int_equal(put(w, 2, 0, &e), 0);
        }
        (void)snprintf(tmp, sizeof tmp, "%s.tmp.%ld", path, (long)getpid());
        assert_int_equal(pack_open(tmp, &p, &e), -1);
        assert_int_equal(pack_open_unfinished(tmp, &p, &e), 0);
        assert_int_equal(pack_mask(p, 1), 0);
        assert_int_equal(pack_mask(p, 2), 15);
        assert_int_equal(pack_read(p, 2, rgb, &e), 0);
        pack_close(p);
        pack_abandon(w);
    }
}

static void test_unwritten_records_do_not_become_a_pack(void **state)
{
    (void)state;
    struct err e = {0};
    struct pack_writer *w = NULL;
    char other[64];
    (void)snprintf(other, sizeof other, "%s.none", path);
    assert_int_equal(pack_create(other, &pixels, N_VIEWS, ids, N, inputs, &w, &e), 0);
    assert_int_equal(put(w, 0, 0, &e), 0);
    assert_int_equal(pack_commit(w, &e), -1);
    pack_abandon(w);
    assert_false(file_exists(other));
    assert_int_equal(pack_create("/nowhere/x", &pixels, 4, ids, N, inputs, &w, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_int_equal(pack_create(other, &(struct image_form){0}, 4, ids, N, inputs, &w, &e), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_empty_pack),
        cmocka_unit_test(test_crc_is_the_usual_one),
        cmocka_unit_test(test_every_damaged_byte_is_found),
        cmocka_unit_test(test_jpegs),
        cmocka_unit_test(test_every_damaged_byte_of_jpegs_is_found),
        cmocka_unit_test(test_wrong_jpegs),
        cmocka_unit_test(test_cut_while_open),
        cmocka_unit_test(test_unfinished),
        cmocka_unit_test(test_unwritten_records_do_not_become_a_pack),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
