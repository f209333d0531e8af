/* SPDX-License-Identifier: MIT */
/* What a file may cost before it has shown that it is a picture: memory, as the process's peak says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sys/resource.h>

#include "core/image.h"

#define N_BYTES 186

/* SOI, a frame of one kind with three components, one Huffman table, a scan of nothing, EOI. */
static void make(uint8_t frame, unsigned width, unsigned height, uint8_t out[N_BYTES])
{
    static const uint8_t quantisation[5] = {0xff, 0xdb, 0, 67, 0};
    static const uint8_t components[10] = {3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0};
    static const uint8_t scan[14] = {0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 0, 0};
    const uint8_t head[9] = {0xff,
                             frame,
                             0,
                             17,
                             8,
                             (uint8_t)(height >> 8),
                             (uint8_t)height,
                             (uint8_t)(width >> 8),
                             (uint8_t)width};
    memset(out, 1, N_BYTES);
    out[0] = 0xff;
    out[1] = 0xd8;
    memcpy(out + 2, quantisation, sizeof quantisation);
    memcpy(out + 71, head, sizeof head);
    memcpy(out + 80, components, sizeof components);
    memcpy(out + 90, scan, sizeof scan);
    out[101] = frame == 0xc0 || frame == 0xc9 ? 0 : out[101];
    out[N_BYTES - 2] = 0xff;
    out[N_BYTES - 1] = 0xd9;
}

static long peak_kib(void)
{
    struct rusage u;
    assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
    return u.ru_maxrss;
}

static void test_claims_cost_nothing(void **state)
{
    (void)state;
    static const uint8_t frame[] = {0xc0, 0xc2, 0xc9, 0xca}; /* baseline, progressive; arithmetic */
    static const unsigned side[] = {65535, 10001, 9999, 5000};
    uint8_t jpeg[N_BYTES];
    for (size_t f = 0; f < sizeof frame; f++) {
        for (size_t s = 0; s < sizeof side / sizeof *side; s++) {
            struct err e = {0};
            struct image img = {0};
            struct image_info info;
            long before = peak_kib();
            make(frame[f], side[s], side[s], jpeg);
            assert_int_equal(image_decode(jpeg, sizeof jpeg, 0, &img, &e), -1);
            assert_null(img.rgb);
            (void)image_read_info(jpeg, sizeof jpeg, &info, &e);
            long cost = peak_kib() - before;
            print_message("frame %02x, %u x %u: %s; %ld KiB\n", frame[f], side[s], side[s], e.msg,
                          cost);
            assert_true(cost <= 1024);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_claims_cost_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
