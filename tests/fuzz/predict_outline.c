/* SPDX-License-Identifier: MIT */
/* Polygons from a catalog that somebody else made. */
#include <stdint.h>

#include "predict/outline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct err e = {0};
    struct outline o = {0};
    if (outline_from_gpkg(data, n, &o, &e) == 0) {
        (void)outline_simplify(&o, 0.01, &e);
        outline_release(&o);
    }
    return 0;
}
