/* SPDX-License-Identifier: MIT */
/* The bytes of a pack, for its reader and its writer; pack.h says what they mean. */
#ifndef CORE_PACK_LAYOUT_H
#define CORE_PACK_LAYOUT_H

#include "core/pack.h"

#define PACK_MAGIC       "GDJEPACK"
#define PACK_VERSION     3
#define PACK_FLAG_FAST   1u
#define PACK_HEADER      128
#define PACK_INPUTS      64 /* offsets in the header */
#define PACK_DIGEST      96
#define PACK_ENTRY       40
#define PACK_DATA_ALIGN  4096
#define PACK_MAX_SIZE_PX 16384
#define PACK_MAX_VIEWS   16
#define PACK_MAX_RECORDS (UINT64_C(1) << 40)

/* A header's numbers. */
struct pack_head {
    uint64_t size_px, n_views, flags, quality, n, stride, data, end;
};

static inline void put_le(uint8_t *p, uint64_t v, int n_bytes)
{
    for (int i = 0; i < n_bytes; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

static inline uint64_t get_le(const uint8_t *p, int n_bytes)
{
    uint64_t v = 0;
    for (int i = n_bytes - 1; i >= 0; i--) {
        v = v << 8 | p[i];
    }
    return v;
}

static inline uint64_t pack_round_up(uint64_t v, uint64_t to)
{
    return (v + to - 1) / to * to;
}

/* Bytes of a record's pixels. */
static inline uint64_t pack_pixels(uint64_t size_px, uint64_t n_views)
{
    return n_views * size_px * size_px * 3;
}

/* Bytes from one record of pixels to the next. */
static inline uint64_t pack_stride(uint64_t size_px, uint64_t n_views)
{
    return pack_round_up(pack_pixels(size_px, n_views), 64);
}

static inline uint64_t pack_data(uint64_t n_records)
{
    return pack_round_up(PACK_HEADER + n_records * PACK_ENTRY, PACK_DATA_ALIGN);
}

/* pack_digest - of header and index, [SHA256_SIZE]; head holds both, one behind the other. */
int pack_digest(const uint8_t *head, size_t n_bytes, uint8_t *out, struct err *e);

#endif
