/* SPDX-License-Identifier: MIT */
/* Where and when a photo was taken, from its EXIF: the only user of libexif. */
#ifndef PREP_EXIF_H
#define PREP_EXIF_H

#include <stddef.h>
#include <stdint.h>

#include "core/geo.h"

enum exif_position {
    EXIF_POSITION_OK,
    EXIF_POSITION_NONE, /* no latitude and longitude in the GPS directory, or no EXIF at all */
    EXIF_POSITION_BAD,  /* present but incomplete or not to be trusted: why says which */
    EXIF_POSITION_OUT_OF_RANGE /* not on Earth */
};

struct exif_photo {
    enum exif_position position;
    const char *why;     /* static text; NULL for EXIF_POSITION_OK */
    struct lonlat at;    /* degrees, WGS 84 as EXIF has it; {NAN, NAN} unless OK */
    double heading_deg;  /* [0, 360), of the picture, true or magnetic as the camera had it; NAN */
    char captured[8];    /* YYYY-MM, "" when absent or nonsense */
    char copyright[128]; /* UTF-8; "" when absent; control characters are blanks */
};

/*
 * exif_read - what the first bytes of a JPEG file say. Never fails: what cannot be read is absent.
 *
 *   data [n] uint8_t   the file, or its beginning up to the first scan
 *
 * Refs in lower case count, other letters than N S E W do not; 0,0 is reported as it stands.
 * Threads: safe.
 * Source:  EXIF 2.3 (CIPA DC-008-2012), 4.6.6.
 */
void exif_read(const uint8_t *data, size_t n, struct exif_photo *out);

#endif
