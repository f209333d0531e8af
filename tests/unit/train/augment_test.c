/* SPDX-License-Identifier: MIT */
/* Augmentation: a pure function of its key, in range, off when asked, never a mirror. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"
#include "train/augment.h"

#define SIZE  24
#define BYTES ((size_t)SIZE * SIZE * 3)

static const struct augment_prefs usual = AUGMENT_PREFS_DEFAULT;
static const struct augment_prefs none = {.crop_min_area = 1};
static const uint8_t fill[3] = {100, 110, 120};
static const struct augment_key key = {.seed = 7, .epoch = 3, .location = 41, .view = 2};

static void noise(uint8_t *p)
{
    for (size_t i = 0; i < BYTES; i++) {
        p[i] = (uint8_t)rng_u64(1, 2, i);
    }
}

static void test_pure(void **state)
{
    (void)state;
    uint8_t src[BYTES];
    uint8_t a[BYTES];
    uint8_t b[BYTES];
    noise(src);
    augment(&usual, key, SIZE, fill, src, a);
    memset(b, 0xaa, sizeof b);
    augment(&usual, key, SIZE, fill, src, b);
    assert_memory_equal(a, b, BYTES);
    struct augment_key other[4] = {key, key, key, key};
    other[0].seed++;
    other[1].epoch++;
    other[2].location++;
    other[3].view++;
    for (int i = 0; i < 4; i++) {
        augment(&usual, other[i], SIZE, fill, src, b);
        assert_memory_not_equal(a, b, BYTES);
    }
}

static void test_none(void **state)
{
    (void)state;
    uint8_t src[BYTES];
    uint8_t dst[BYTES];
    noise(src);
    for (int i = 0; i < 20; i++) {
        const struct augment_key k = {1, i, (uint64_t)i, 0};
        augment(&none, k, SIZE, fill, src, dst);
        assert_memory_equal(src, dst, BYTES);
    }
}

/* A picture that brightens to the right and downwards still does after any crop: no flip. */
static void test_no_flip(void **state)
{
    (void)state;
    const struct augment_prefs crop = {.crop_min_area = 0.3};
    uint8_t src[BYTES];
    uint8_t dst[BYTES];
    for (size_t y = 0; y < SIZE; y++) {
        for (size_t x = 0; x < SIZE; x++) {
            memset(src + (y * SIZE + x) * 3, (int)(x * 6 + y * 4), 3);
        }
    }
    for (int i = 0; i < 200; i++) {
        const struct augment_key k = {1, i, (uint64_t)i, 0};
        augment(&crop, k, SIZE, fill, src, dst);
        for (size_t at = 0; at + SIZE * 3 < BYTES; at++) {
            const bool last = at / 3 % SIZE == SIZE - 1;
            assert_true(last || dst[at + 3] >= dst[at]);
            assert_true(dst[at + (size_t)SIZE * 3] >= dst[at]);
        }
        assert_true(dst[BYTES - 1] > dst[0] + 40);
    }
}

/* A flat grey picture: crop and colour leave it flat, brightness stays within its spread. */
static void test_ranges(void **state)
{
    (void)state;
    const struct augment_prefs a = {
        .crop_min_area = 0.5, .brightness = 0.2, .contrast = 0.5, .colour = 0.5};
    uint8_t src[BYTES];
    uint8_t dst[BYTES];
    int least = 255;
    int most = 0;
    memset(src, 100, BYTES);
    for (int i = 0; i < 300; i++) {
        const struct augment_key k = {2, 0, (uint64_t)i, 0};
        augment(&a, k, SIZE, fill, src, dst);
        for (size_t j = 1; j < BYTES; j++) {
            assert_true(abs(dst[j] - dst[0]) <= 1);
        }
        least = dst[0] < least ? dst[0] : least;
        most = dst[0] > most ? dst[0] : most;
    }
    assert_true(least >= 79 && least < 85 && most <= 121 && most > 115);
}

static void test_erase(void **state)
{
    (void)state;
    const struct augment_prefs always = {.crop_min_area = 1, .erase = 1};
    const struct augment_prefs half = {.crop_min_area = 1, .erase = 0.5};
    uint8_t src[BYTES];
    uint8_t dst[BYTES];
    int n_erased = 0;
    memset(src, 7, BYTES);
    for (int i = 0; i < 400; i++) {
        const struct augment_key k = {3, 0, (uint64_t)i, 1};
        size_t n = 0;
        augment(&always, k, SIZE, fill, src, dst);
        for (size_t p = 0; p < BYTES; p += 3) {
            const bool blank = memcmp(dst + p, fill, 3) == 0;
            assert_true(blank || memcmp(dst + p, src + p, 3) == 0);
            n += blank;
        }
        assert_true(n > 0 && n <= 0.25 * SIZE * SIZE);
        augment(&half, k, SIZE, fill, src, dst);
        n_erased += memcmp(src, dst, BYTES) != 0;
    }
    assert_in_range(n_erased, 160, 240); /* 4 standard deviations about 200 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pure),   cmocka_unit_test(test_none),  cmocka_unit_test(test_no_flip),
        cmocka_unit_test(test_ranges), cmocka_unit_test(test_erase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
