/* SPDX-License-Identifier: MIT */
/* The difference hash, and the rule by which locations are duplicates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "core/image.h"
#include "core/rng.h"
#include "prep/hash_match.h"
#include "prep/hash_read.h"

/* A picture of 12 x 9 tiles of random brightness with noise. */
static void tiles(struct image *img, uint64_t seed)
{
    struct err e = {0};
    assert_int_equal(image_new(img, 360, 270, &e), 0);
    for (int y = 0; y < 270; y++) {
        for (int x = 0; x < 360; x++) {
            uint64_t tile = (uint64_t)(y / 30 * 12 + x / 30);
            uint64_t v = rng_below(seed, 1, tile, 200);
            v += rng_below(seed, 2, (uint64_t)(y * 360 + x), 20);
            memset(img->rgb + 3 * (y * 360 + x), (int)v, 3);
        }
    }
}

static uint64_t dhash_of(const struct image *img)
{
    struct err e = {0};
    uint64_t h = 0;
    assert_int_equal(hash_dhash(img, &h, &e), 0);
    return h;
}

static void test_dhash_bits(void **state)
{
    (void)state;
    struct err e = {0};
    struct image img;
    assert_int_equal(image_new(&img, 90, 80, &e), 0);
    assert_true(dhash_of(&img) == 0);
    for (int i = 0; i < 90 * 80; i++) { /* darker to the right */
        memset(img.rgb + 3 * i, 250 - i % 90 * 2, 3);
    }
    assert_true(dhash_of(&img) == UINT64_MAX);
    for (int i = 0; i < 90 * 80; i++) { /* only columns 2 to 3 of the top row become darker */
        memset(img.rgb + 3 * i, i / 90 < 10 && i % 90 >= 30 ? 10 : 200, 3);
    }
    uint64_t edge = dhash_of(&img); /* the filter reaches into the neighbours */
    assert_true((edge & 1u << 2) != 0 && (edge & ~UINT64_C(0x0e0e)) == 0);
    assert_true(hash_is_flat(edge));
    image_release(&img);
}

static void test_dhash_survives_encoding_and_scaling(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct err e = {0};
        struct image img;
        struct image other;
        uint8_t *jpeg = NULL;
        size_t n = 0;
        tiles(&img, seed);
        uint64_t h = dhash_of(&img);
        assert_false(hash_is_flat(h));
        assert_int_equal(image_encode(&img, 50, &jpeg, &n, &e), 0);
        assert_int_equal(image_decode(jpeg, n, 0, &other, &e), 0);
        assert_true(hash_distance(h, dhash_of(&other)) <= 3);
        image_release(&other);
        assert_int_equal(image_new(&other, 200, 150, &e), 0);
        assert_int_equal(image_resize(&img, 200, 150, other.rgb, &e), 0);
        assert_true(hash_distance(h, dhash_of(&other)) <= 3);
        image_release(&other);
        tiles(&other, seed + 1000);
        assert_true(hash_distance(h, dhash_of(&other)) > 10);
        image_release(&other);
        image_release(&img);
        free(jpeg);
    }
}

/* Locations with up to four views each; a dhash of 0 means no image. */
#define MAX_PLACES 700

struct world {
    struct hash_location location[MAX_PLACES];
    struct hash_image image[4 * MAX_PLACES];
    size_t n_locations, n_images;
};

static void add(struct world *w, double lat, double lon, const uint64_t dhash[4], uint8_t bytes)
{
    struct hash_location *l = &w->location[w->n_locations];
    *l = (struct hash_location){.id = (int64_t)w->n_locations + 1, .at = {lon, lat}};
    for (int v = 0; v < 4; v++) {
        if (dhash[v]) {
            struct hash_image *i = &w->image[w->n_images];
            *i = (struct hash_image){.id = (int64_t)w->n_images + 1,
                                     .location = w->n_locations,
                                     .view = v,
                                     .dhash = dhash[v]};
            memset(i->sha256, (int)w->n_images, 8);
            i->sha256[8] = (uint8_t)(w->n_images >> 8);
            if (bytes) {
                memset(i->sha256, bytes, SHA256_SIZE);
                i->sha256[0] = (uint8_t)v;
            }
            l->image[v] = i;
            w->n_images++;
        }
    }
    w->n_locations++;
}

static struct groups match(struct world *w)
{
    struct err e = {0};
    struct groups g;
    assert_int_equal(groups_init(&g, w->n_locations, &e), 0);
    assert_int_equal(hash_match(w->location, w->n_locations, w->image, w->n_images, 3, 1, &g, &e),
                     0);
    return g;
}

#define A 0x123456789abcdef0u
#define B 0x0fedcba987654321u
#define C 0xaaaa5555aaaa5555u
#define D 0x00ff00ff12340f0fu

static struct world w;

static void test_rule(void **state)
{
    (void)state;
    static const uint64_t abcd[4] = {A, B, C, D};
    static const uint64_t near_abcd[4] = {A ^ 7, B ^ 0x100000001, C, D ^ 1};
    static const uint64_t one_off[4] = {A, B, C, D ^ 0xf0};
    static const uint64_t single[4] = {A ^ 1, 0, 0, 0};
    static const uint64_t flat[4] = {1, 1, 1, 1};
    static const uint64_t partly[4] = {A, 1, 1, 1};
    memset(&w, 0, sizeof w);
    add(&w, 45, 15, abcd, 0);       /* 0 */
    add(&w, 50, 20, near_abcd, 0);  /* 1: as 0, though far away */
    add(&w, 45, 15, one_off, 0);    /* 2: one view differs by 4 bits */
    add(&w, 45.001, 15, single, 0); /* 3: single view, 111 m from 0 */
    add(&w, 47, 15, single, 0);     /* 4: single view, far away */
    add(&w, NAN, NAN, single, 0);   /* 5: single view, position unknown */
    add(&w, 45, 15, flat, 0);       /* 6 */
    add(&w, 45, 15, flat, 0);       /* 7: flat as 6 */
    add(&w, 40, 15, flat, 77);      /* 8 */
    add(&w, 40, 15, flat, 77);      /* 9: the bytes of 8, but flat */
    add(&w, 30, 15, partly, 99);    /* 10 */
    add(&w, 20, 15, partly, 99);    /* 11: the bytes of 10 */
    struct groups g = match(&w);
    static const size_t expect[12] = {0, 0, 0, 0, 4, 5, 6, 7, 8, 9, 10, 10};
    for (size_t i = 0; i < 12; i++) {
        if (i == 2) {
            continue; /* joined to 0 through 3, which is near both */
        }
        assert_int_equal(groups_find(&g, i), expect[i]);
    }
    assert_int_equal(w.location[1].image[0]->of, w.location[0].image[0]->id);
    assert_int_equal(w.location[1].image[0]->distance, 3);
    assert_false(w.location[1].image[0]->exact);
    assert_int_equal(w.location[2].image[3]->of, 0);
    assert_int_equal(w.location[0].image[0]->of, 0);
    assert_int_equal(w.location[7].image[0]->of, 0);
    assert_true(w.location[9].image[2]->exact);
    assert_int_equal(w.location[9].image[2]->of, w.location[8].image[2]->id);
    assert_int_equal(w.location[11].image[0]->of, w.location[10].image[0]->id);
    groups_release(&g);
}

/* Random pictures are not duplicates; each copy with up to 3 bits flipped per view is found. */
static void test_finds_all_copies(void **state)
{
    (void)state;
    memset(&w, 0, sizeof w);
    for (uint64_t i = 0; i < 600; i++) {
        uint64_t h[4];
        for (uint64_t v = 0; v < 4; v++) {
            h[v] = rng_u64(5, v, i % 300);
            for (uint64_t k = 0; i >= 300 && k < 3; k++) {
                h[v] ^= UINT64_C(1) << rng_below(6, v, 3 * i + k, 64);
            }
        }
        add(&w, 45 + (double)i, 15, h, 0);
    }
    struct groups g = match(&w);
    for (size_t i = 0; i < 600; i++) {
        assert_int_equal(groups_find(&g, i), i % 300);
    }
    groups_release(&g);
}

/* Many of one kind: all are joined although a window does not reach across. */
static void test_many_copies(void **state)
{
    (void)state;
    static const uint64_t abcd[4] = {A, B, C, D};
    memset(&w, 0, sizeof w);
    for (int i = 0; i < 700; i++) {
        add(&w, 0, 0, abcd, 0);
    }
    struct groups g = match(&w);
    for (size_t i = 0; i < 700; i++) {
        assert_int_equal(groups_find(&g, i), 0);
    }
    groups_release(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dhash_bits),
        cmocka_unit_test(test_dhash_survives_encoding_and_scaling),
        cmocka_unit_test(test_rule),
        cmocka_unit_test(test_finds_all_copies),
        cmocka_unit_test(test_many_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
