/* SPDX-License-Identifier: MIT */
/* Any bytes as a JPEG: headers, full decode, reduced decode, resize. */
#include <stdint.h>
#include <string.h>

#include "core/image.h"

#define MAX_PIXELS 4000000 /* keeps one input under a tenth of a second */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = {0};
    struct image_info info;
    struct image img = {0};
    uint8_t out[24 * 24 * 3];
    if (image_read_info(data, size, &info, &e) != 0 || info.width * info.height > MAX_PIXELS) {
        return 0;
    }
    struct image_form form = {.size_px = 24};
    (void)image_decode_fit(data, size, &form, out, &e);
    form.fast = true;
    (void)image_decode_fit(data, size, &form, out, &e);
    for (int min_px = 0; min_px <= 24; min_px += 24) {
        if (image_decode(data, size, min_px, &img, &e) == 0) {
            (void)image_fit(&img, 24, out, &e);
        }
        image_release(&img);
    }
    return 0;
}
