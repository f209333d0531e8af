/* SPDX-License-Identifier: MIT */
/* Any bytes as the beginning of a photo: what is called a position is on Earth. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "prep/exif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct exif_photo x;
    exif_read(data, size, &x);
    if ((x.position == EXIF_POSITION_OK) != geo_valid(x.at) ||
        (x.position == EXIF_POSITION_OK) != (x.why == NULL) || x.heading_deg < 0 ||
        x.heading_deg >= 360 || memchr(x.captured, '\0', sizeof x.captured) == NULL ||
        memchr(x.copyright, '\0', sizeof x.copyright) == NULL) {
        abort();
    }
    return 0;
}
