/* SPDX-License-Identifier: MIT */
/* Any bytes as a pack file: what opens can be read to its last record. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_PX 64 /* a header may claim gigabytes */

static void read_all(const struct pack *p)
{
    struct err e = {0};
    for (size_t i = 0; i < pack_count(p) && pack_size_px(p) <= MAX_PX; i++) {
        (void)pack_check(p, i, &e);
        (void)pack_find(p, pack_location(p, i));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = {0};
    struct pack *p = NULL;
    char path[64];
    (void)snprintf(path, sizeof path, "/tmp/gdje-fuzz-pack.%ld", (long)getpid());
    FILE *f = fopen(path, "wb");
    if (!f) {
        return 0;
    }
    size_t n = fwrite(data, 1, size, f);
    if (fclose(f) == 0 && n == size) {
        if (pack_open(path, &p, &e) == 0) {
            read_all(p);
            pack_close(p);
        }
        if (pack_open_unfinished(path, &p, &e) == 0) { /* without the digest in the way */
            read_all(p);
            pack_close(p);
        }
    }
    (void)unlink(path);
    return 0;
}
