/* SPDX-License-Identifier: MIT */
/* Any bytes as a pack file: what opens can be read to its last record. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
    if (fclose(f) == 0 && n == size && pack_open(path, &p, &e) == 0) {
        for (size_t i = 0; i < pack_count(p); i++) {
            (void)pack_check(p, i, &e);
            (void)pack_find(p, pack_location(p, i));
        }
    }
    pack_close(p);
    (void)unlink(path);
    return 0;
}
