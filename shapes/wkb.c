/* SPDX-License-Identifier: MIT */
#include "shapes/wkb.h"

#include <stdint.h>
#include <string.h>

#define WKB_POLYGON 3

static int add_le(struct buf *out, uint64_t v, size_t n_bytes, struct err *e)
{
    uint8_t byte[8];
    for (size_t i = 0; i < n_bytes; i++) {
        byte[i] = (uint8_t)(v >> (8 * i));
    }
    return buf_add(out, byte, n_bytes, e);
}

static int add_f64(struct buf *out, double v, struct err *e)
{
    uint64_t bits = 0;
    memcpy(&bits, &v, sizeof bits);
    return add_le(out, bits, sizeof bits, e);
}

int wkb_polygon(const struct lonlat *ring, size_t n, struct buf *out, struct err *e)
{
    int rc = -1;
    TRY(add_le(out, 1, 1, e)); /* little-endian */
    TRY(add_le(out, WKB_POLYGON, 4, e));
    TRY(add_le(out, 1, 4, e)); /* rings */
    TRY(add_le(out, n, 4, e));
    for (size_t i = 0; i < n; i++) {
        TRY(add_f64(out, ring[i].lon, e));
        TRY(add_f64(out, ring[i].lat, e));
    }
out:
    return rc;
}
