/* SPDX-License-Identifier: MIT */
/* EXIF positions: a segment made here byte by byte, and the collection in ../shared/data/exif-gps
 * as its tables say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "core/csv.h"
#include "core/file.h"
#include "core/image.h"
#include "core/parse.h"
#include "prep/exif.h"

#define GPS_DATA "../shared/data/exif-gps/"

/* A JPEG's beginning with big-endian EXIF: GPS directory of six entries, DateTime, Copyright. */
struct made {
    uint8_t p[512];
    size_t n;
};

static void add(struct made *m, uint32_t v, int n_bytes)
{
    for (int i = n_bytes - 1; i >= 0; i--) {
        m->p[m->n++] = (uint8_t)(v >> (8 * i));
    }
}

static void add_entry(struct made *m, unsigned tag, unsigned format, uint32_t count, uint32_t value)
{
    add(m, tag, 2);
    add(m, format, 2);
    add(m, count, 4);
    add(m, value, 4);
}

#define GPS_DIR   50u
#define VALUES    (GPS_DIR + 2 + 5 * 12 + 4)
#define DATE_TIME (VALUES + 56)

/* dms: degrees, minutes, seconds of latitude and longitude over den. */
static struct made make(const uint32_t dms[6], uint32_t den, char ns, char ew, uint32_t direction)
{
    struct made m = {.n = 0};
    add(&m, 0xffd8ffe1, 4);
    add(&m, 0, 2); /* length, set below */
    memcpy(m.p + m.n, "Exif\0\0MM", 8);
    m.n += 8;
    add(&m, 42, 2);
    add(&m, 8, 4);
    add(&m, 3, 2);
    add_entry(&m, 0x0132, 2, 20, DATE_TIME);
    add_entry(&m, 0x8298, 2, 4, 0xa941f800); /* Latin-1 */
    add_entry(&m, 0x8825, 4, 1, GPS_DIR);
    add(&m, 0, 4);
    add(&m, 5, 2);
    add_entry(&m, 1, 2, 2, (uint32_t)(unsigned char)ns << 24);
    add_entry(&m, 2, 5, 3, VALUES);
    add_entry(&m, 3, 2, 2, (uint32_t)(unsigned char)ew << 24);
    add_entry(&m, 4, 5, 3, VALUES + 24);
    add_entry(&m, 17, 5, 1, VALUES + 48);
    add(&m, 0, 4);
    for (int i = 0; i < 6; i++) {
        add(&m, dms[i] * den, 4);
        add(&m, den, 4);
    }
    add(&m, direction, 4);
    add(&m, 10, 4);
    memcpy(m.p + m.n, "2021:06:30 10:11:12", 20);
    m.n += 20;
    m.p[4] = (uint8_t)((m.n - 4) >> 8);
    m.p[5] = (uint8_t)(m.n - 4);
    add(&m, 0xffd9ffd9, 4);
    return m;
}

static void test_made(void **state)
{
    (void)state;
    static const uint32_t zagreb[6] = {45, 48, 36, 15, 58, 12};
    static const uint32_t beyond[6] = {91, 0, 0, 15, 0, 0};
    struct exif_photo x;
    struct made m = make(zagreb, 7, 'N', 'E', 1234);
    exif_read(m.p, m.n, &x);
    assert_int_equal(x.position, EXIF_POSITION_OK);
    assert_true(fabs(x.at.lat - 45.81) < 1e-9 && fabs(x.at.lon - 15.97) < 1e-9);
    assert_true(fabs(x.heading_deg - 123.4) < 1e-9);
    assert_string_equal(x.captured, "2021-06");
    assert_string_equal(x.copyright, "\xc2\xa9"
                                     "A\xc3\xb8");
    m = make(zagreb, 1, 's', 'w', 3600);
    exif_read(m.p, m.n, &x);
    assert_true(fabs(x.at.lat + 45.81) < 1e-9 && fabs(x.at.lon + 15.97) < 1e-9);
    assert_true(x.heading_deg == 0.0);
    m = make(zagreb, 1, 'N', 'X', 3601);
    exif_read(m.p, m.n, &x);
    assert_int_equal(x.position, EXIF_POSITION_BAD);
    assert_true(isnan(x.heading_deg) && isnan(x.at.lat));
    m = make(zagreb, 0, 'N', 'E', 0);
    exif_read(m.p, m.n, &x);
    assert_string_equal(x.why, "division by zero");
    m = make(beyond, 1, 'N', 'E', 0);
    exif_read(m.p, m.n, &x);
    assert_int_equal(x.position, EXIF_POSITION_OUT_OF_RANGE);
}

/* Cut and damaged everywhere: no crash, and a position only if it was read whole. */
static void test_damaged(void **state)
{
    (void)state;
    static const uint32_t zagreb[6] = {45, 48, 36, 15, 58, 12};
    struct exif_photo x;
    struct made m = make(zagreb, 7, 'N', 'E', 1234);
    for (size_t n = 0; n < m.n; n++) {
        uint8_t *cut = malloc(n + 1);
        assert_non_null(cut);
        memcpy(cut, m.p, n);
        exif_read(cut, n, &x);
        free(cut);
        assert_true(x.position != EXIF_POSITION_OK || n >= m.n - 4);
    }
    for (size_t i = 0; i < m.n; i++) {
        struct made bad = m;
        bad.p[i] ^= 0xff;
        exif_read(bad.p, bad.n, &x);
        assert_true(x.position != EXIF_POSITION_OK || geo_valid(x.at));
    }
}

/*
 * One table: rows with lat_expected must give that position, rows without must give none, whether or
 * not the picture itself can be used (that is image_decode's to say).
 */
static int check_table(const char *dir, double tolerance_deg)
{
    struct err e = {0};
    struct csv c;
    bool row = true;
    uint8_t *text = NULL;
    size_t n = 0;
    int n_files = 0;
    char path[512];
    (void)snprintf(path, sizeof path, "%s/expected.csv", dir);
    assert_int_equal(file_read(path, CSV_MAX_BYTES, &text, &n, &e), 0);
    assert_int_equal(csv_init(&c, path, (char *)text, n, &e), 0);
    while (csv_next(&c, &row, &e) == 0 && row) {
        struct exif_photo x;
        uint8_t *data = NULL;
        double lat = 0;
        double lon = 0;
        const char *expected = csv_field(&c, csv_column(&c, "lat_expected"));
        (void)snprintf(path, sizeof path, "%s/%s", dir, csv_field(&c, 0));
        if (file_read(path, IMAGE_MAX_BYTES, &data, &n, &e) != 0) {
            fail_msg("%s", e.msg);
        }
        exif_read(data, n, &x);
        free(data);
        n_files++;
        if ((x.position == EXIF_POSITION_OK) != (expected[0] != '\0')) {
            fail_msg("%s: %s", path, x.why ? x.why : "a position");
        }
        if (expected[0] == '\0') {
            continue;
        }
        assert_int_equal(parse_f64(expected, -90, 90, &lat, &e), 0);
        assert_int_equal(
            parse_f64(csv_field(&c, csv_column(&c, "lon_expected")), -180, 180, &lon, &e), 0);
        if (fabs(x.at.lat - lat) > tolerance_deg || fabs(x.at.lon - lon) > tolerance_deg) {
            fail_msg("%s: %.9f %.9f, should be %.9f %.9f", path, x.at.lat, x.at.lon, lat, lon);
        }
    }
    free(text);
    return n_files;
}

static void test_collection(void **state)
{
    (void)state;
    if (!file_exists(GPS_DATA "expected.csv")) {
        print_message("skip: " GPS_DATA " is not there\n");
        skip();
    }
    assert_int_equal(check_table(GPS_DATA, 1e-8), 58);
    assert_int_equal(check_table(GPS_DATA "derived", 1e-6), 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_collection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
