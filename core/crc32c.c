/* SPDX-License-Identifier: MIT */
/* CRC-32C by x86's instruction of that name, else by tables, eight bytes at a step (Kounavis and
 * Berry 2008, slicing-by-8). */
#include "core/crc32c.h"

#include <pthread.h>
#include <string.h>
#ifdef __x86_64__
#include <nmmintrin.h>
#endif

#define POLYNOMIAL 0x82f63b78u /* 1edc6f41, reflected */

/* table[k][b] is the effect of byte b with k zero bytes behind it. */
static uint32_t table[8][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_table(void)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t c = b;
        for (int bit = 0; bit < 8; bit++) {
            c = c >> 1 ^ (c & 1 ? POLYNOMIAL : 0);
        }
        table[0][b] = c;
    }
    for (int k = 1; k < 8; k++) {
        for (uint32_t b = 0; b < 256; b++) {
            uint32_t c = table[k - 1][b];
            table[k][b] = c >> 8 ^ table[0][c & 255];
        }
    }
}

uint32_t crc32c_plain(const void *data, size_t n)
{
    const uint8_t *p = data;
    uint32_t c = 0xffffffffu;
    (void)pthread_once(&once, make_table);
    for (; n >= 8; n -= 8, p += 8) {
        uint32_t lo =
            c ^ (p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
        c = table[7][lo & 255] ^ table[6][lo >> 8 & 255] ^ table[5][lo >> 16 & 255] ^
            table[4][lo >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
    }
    for (; n > 0; n--, p++) {
        c = c >> 8 ^ table[0][(c ^ *p) & 255];
    }
    return ~c;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t by_instruction(const uint8_t *p, size_t n)
{
    uint64_t c = 0xffffffffu;
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t v;
        memcpy(&v, p, sizeof v);
        c = _mm_crc32_u64(c, v);
    }
    uint32_t rest = (uint32_t)c;
    for (; n > 0; n--, p++) {
        rest = _mm_crc32_u8(rest, *p);
    }
    return ~rest;
}
#endif

uint32_t crc32c(const void *data, size_t n)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("sse4.2")) {
        return by_instruction(data, n);
    }
#endif
    return crc32c_plain(data, n);
}
