/* SPDX-License-Identifier: MIT */
/* EXIF through libexif. The segment is found here, so that libexif sees nothing but it; entries
 * are taken as stored (no "fixing" to the specification), and judged here. */
#include "prep/exif.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <libexif/exif-data.h>
#include <libexif/exif-utils.h>

#include "core/utf8.h"

#define MARKER_SOS  0xda
#define MARKER_EOI  0xd9
#define MARKER_APP1 0xe1
#define YEAR_MIN    1900
#define YEAR_MAX    2100

/* The EXIF segment's contents from "Exif\0\0" on, or NULL. */
static const uint8_t *find_segment(const uint8_t *p, size_t n, size_t *length)
{
    size_t i = 2;
    if (n < 4 || p[0] != 0xff || p[1] != 0xd8) {
        return NULL;
    }
    while (i + 4 <= n) {
        if (p[i] != 0xff || p[i + 1] == 0xff) {
            i++; /* fill bytes, or junk that decoders skip as well */
            continue;
        }
        unsigned marker = p[i + 1];
        if (marker == MARKER_SOS || marker == MARKER_EOI) {
            return NULL;
        }
        if (marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd8)) {
            i += 2; /* stands alone */
            continue;
        }
        size_t size = (size_t)p[i + 2] << 8 | p[i + 3];
        if (size < 2 || size > n - i - 2) {
            return NULL;
        }
        if (marker == MARKER_APP1 && size >= 8 && memcmp(p + i + 4, "Exif\0", 6) == 0) {
            *length = size - 2;
            return p + i + 4;
        }
        i += 2 + size;
    }
    return NULL;
}

static ExifEntry *find(ExifData *d, ExifIfd ifd, int tag)
{
    return exif_content_get_entry(d->ifd[ifd], (ExifTag)tag);
}

/* The first letter of an ASCII entry in upper case; 0 when there is none. */
static int letter(ExifData *d, int tag)
{
    const ExifEntry *x = find(d, EXIF_IFD_GPS, tag);
    if (!x || x->format != EXIF_FORMAT_ASCII || x->size < 1) {
        return 0;
    }
    return toupper(x->data[0]);
}

/* One of an entry's unsigned rationals; INFINITY for a zero denominator. */
static double rational(ExifData *d, const ExifEntry *x, size_t i)
{
    ExifRational r = exif_get_rational(x->data + 8 * i, exif_data_get_byte_order(d));
    return r.denominator == 0 ? (double)INFINITY : (double)r.numerator / (double)r.denominator;
}

static bool has_rationals(const ExifEntry *x, size_t n)
{
    return x && x->format == EXIF_FORMAT_RATIONAL && x->components == n && x->size >= 8 * n;
}

/* Degrees, minutes and seconds with a hemisphere letter to signed degrees. Returns NULL, or why
 * that cannot be done. */
static const char *coordinate(ExifData *d, int tag, int ref_tag, const char *letters, double *deg)
{
    const ExifEntry *x = find(d, EXIF_IFD_GPS, tag);
    int ref = letter(d, ref_tag);
    if (!has_rationals(x, 3)) {
        return "its coordinates are not degrees, minutes and seconds";
    }
    if (ref == 0) {
        return "the reference N/S or E/W is missing";
    }
    if (ref != letters[0] && ref != letters[1]) {
        return "the reference is not N/S or E/W";
    }
    double v = rational(d, x, 0) + rational(d, x, 1) / 60 + rational(d, x, 2) / 3600;
    if (!isfinite(v)) {
        return "division by zero";
    }
    *deg = ref == letters[1] ? -v : v;
    return NULL;
}

static void read_position(ExifData *d, struct exif_photo *out)
{
    struct lonlat at;
    const char *why = NULL;
    bool lat = find(d, EXIF_IFD_GPS, EXIF_TAG_GPS_LATITUDE) != NULL;
    bool lon = find(d, EXIF_IFD_GPS, EXIF_TAG_GPS_LONGITUDE) != NULL;
    if (!lat && !lon) {
        return;
    }
    out->position = EXIF_POSITION_BAD;
    if (!lat || !lon) {
        out->why = lat ? "the longitude is missing" : "the latitude is missing";
        return;
    }
    why = coordinate(d, EXIF_TAG_GPS_LATITUDE, EXIF_TAG_GPS_LATITUDE_REF, "NS", &at.lat);
    if (!why) {
        why = coordinate(d, EXIF_TAG_GPS_LONGITUDE, EXIF_TAG_GPS_LONGITUDE_REF, "EW", &at.lon);
    }
    if (why) {
        out->why = why;
    } else if (!geo_valid(at)) {
        out->position = EXIF_POSITION_OUT_OF_RANGE;
        out->why = "the position is not on Earth";
    } else {
        out->position = EXIF_POSITION_OK;
        out->why = NULL;
        out->at = at;
    }
}

static void read_heading(ExifData *d, struct exif_photo *out)
{
    const ExifEntry *x = find(d, EXIF_IFD_GPS, EXIF_TAG_GPS_IMG_DIRECTION);
    if (has_rationals(x, 1)) {
        double v = rational(d, x, 0);
        out->heading_deg = v >= 0 && v < 360 ? v : v <= 360 ? 0 : (double)NAN;
    }
}

/* "2019:07:14 ..." to "2019-07". */
static bool read_month(ExifData *d, ExifIfd ifd, int tag, char out[8])
{
    const ExifEntry *x = find(d, ifd, tag);
    int digit[7];
    if (!x || x->format != EXIF_FORMAT_ASCII || x->size < 7 || x->data[4] != ':') {
        return false;
    }
    for (int i = 0; i < 7; i++) {
        digit[i] = i == 4 ? 0 : x->data[i] - '0';
        if (digit[i] < 0 || digit[i] > 9) {
            return false;
        }
    }
    int year = digit[0] * 1000 + digit[1] * 100 + digit[2] * 10 + digit[3];
    int month = digit[5] * 10 + digit[6];
    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12) {
        return false;
    }
    (void)snprintf(out, 8, "%04d-%02d", year, month);
    return true;
}

/* A text that is not UTF-8 is taken as Latin-1, which cameras write. out[size] is cut behind a
 * character. */
static void copy_text(const char *text, char *out, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t n = 0;
    while (*p) {
        const unsigned char *from = p;
        uint32_t c = utf8_next(&p);
        bool latin = c == UTF8_REPLACEMENT && p == from + 1;
        const char pair[2] = {(char)(0xC0 | *from >> 6), (char)(0x80 | (*from & 0x3F))};
        size_t n_more = latin ? 2 : (size_t)(p - from);
        if (n + n_more >= size) {
            break;
        }
        memcpy(out + n, latin ? pair : (const char *)from, n_more);
        n += n_more;
        if (c < 0x20 || c == 0x7F) {
            out[n - 1] = ' ';
        }
    }
    while (n > 0 && out[n - 1] == ' ') {
        n--;
    }
    out[n] = '\0';
}

static void read_copyright(ExifData *d, struct exif_photo *out)
{
    const ExifEntry *x = find(d, EXIF_IFD_0, EXIF_TAG_COPYRIGHT);
    char text[2 * sizeof out->copyright];
    if (x && x->format == EXIF_FORMAT_ASCII && x->data) {
        (void)snprintf(text, sizeof text, "%.*s", (int)x->size, (const char *)x->data);
        copy_text(text, out->copyright, sizeof out->copyright);
    }
}

void exif_read(const uint8_t *data, size_t n, struct exif_photo *out)
{
    size_t length = 0;
    *out = (struct exif_photo){.position = EXIF_POSITION_NONE,
                               .why = "no EXIF position",
                               .at = {(double)NAN, (double)NAN},
                               .heading_deg = (double)NAN};
    const uint8_t *segment = find_segment(data, n, &length);
    if (!segment) {
        return;
    }
    ExifData *d = exif_data_new();
    if (!d) {
        return;
    }
    exif_data_unset_option(d, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
    exif_data_unset_option(d, EXIF_DATA_OPTION_IGNORE_UNKNOWN_TAGS);
    exif_data_load_data(d, segment, (unsigned)length);
    read_position(d, out);
    read_heading(d, out);
    if (!read_month(d, EXIF_IFD_EXIF, EXIF_TAG_DATE_TIME_ORIGINAL, out->captured)) {
        (void)read_month(d, EXIF_IFD_0, EXIF_TAG_DATE_TIME, out->captured);
    }
    read_copyright(d, out);
    exif_data_unref(d);
}
