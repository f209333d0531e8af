/* SPDX-License-Identifier: MIT */
/* Any bytes as a border file: opened or refused with a message, and then safe to ask. */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "shapes/border.h"
#include "shapes/wkb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct border *b)
{
    struct bbox box = border_bbox(b);
    assert(box.min_x <= box.max_x && box.min_y <= box.max_y && border_n_rings(b) > 0);
    assert(box.max_x - box.min_x <= 360.000001);
    for (int i = -1; i <= 5; i++) {
        struct lonlat p = {box.min_x + (box.max_x - box.min_x) * i / 4,
                           box.min_y + (box.max_y - box.min_y) * i / 4};
        p.lon = geo_lon_near(p.lon, 0);
        struct lonlat q = border_nearest_land(b, p);
        assert(isfinite(q.lon) && isfinite(q.lat));
        assert(!border_contains(b, p) || (q.lon == p.lon && q.lat == p.lat));
    }
}

/* As files want it: within -180 .. 180, whatever the border's own longitudes are. */
static void write_out(const struct border *b)
{
    struct err e = {0};
    struct buf wkb;
    struct bbox box;
    buf_init(&wkb, 1u << 26);
    if (wkb_border(b, &wkb, &box, &e) == 0) {
        assert(wkb.n > 9 && box.min_x >= -180.000001 && box.max_x <= 180.000001);
    }
    buf_release(&wkb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = {0};
    struct border *b = NULL;
    char path[64];
    (void)snprintf(path, sizeof path, "/tmp/gdje-fuzz-border.%ld", (long)getpid());
    log_init("fuzz", -1);
    FILE *f = fopen(path, "wb"); /* core/file would sync each of thousands to the disk */
    if (!f) {
        return 0;
    }
    (void)fwrite(data, 1, size, f);
    (void)fclose(f);
    if (border_open(path, &b, &e) == 0) {
        ask(b);
        write_out(b);
    } else {
        assert(e.msg[0] && !strchr(e.msg, '\n'));
    }
    border_free(b);
    (void)unlink(path);
    return 0;
}
