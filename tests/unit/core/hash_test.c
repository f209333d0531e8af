/* SPDX-License-Identifier: MIT */
/* Digests against published vectors; URL-safe base64 both ways. */
#include "tests/unit/core/core_test.h"

#include <string.h>

#include "core/hash.h"

static void test_sha256(void **state)
{
    (void)state;
    struct err e = {0};
    char hex[SHA256_HEX_SIZE];
    struct sha256 *s = NULL;
    const char *abc =
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; /* FIPS 180 */
    assert_int_equal(sha256_hex_of("abc", 3, hex, &e), 0);
    assert_string_equal(hex, abc);
    assert_int_equal(sha256_new(&s, &e), 0);
    sha256_add(s, "a", 1);
    sha256_add(s, "bc", 2);
    sha256_hex(s, hex);
    assert_string_equal(hex, abc);
    sha256_free(s);
}

static void test_fields_do_not_run_together(void **state)
{
    (void)state;
    struct err e = {0};
    char hex[2][SHA256_HEX_SIZE];
    static const char *const text[2][2] = {{"ab", "c"}, {"a", "bc"}};
    for (int i = 0; i < 2; i++) {
        struct sha256 *s = NULL;
        assert_int_equal(sha256_new(&s, &e), 0);
        sha256_add_str(s, text[i][0]);
        sha256_add_str(s, text[i][1]);
        sha256_hex(s, hex[i]);
        sha256_free(s);
    }
    assert_string_not_equal(hex[0], hex[1]);
}

/* However the bytes are cut, and after other digests. */
static void test_sha256_in_pieces(void **state)
{
    (void)state;
    static const size_t cut[] = {1, 7, 63, 64, 4095, 4096, 4097, 10000, 20000};
    static uint8_t data[20000];
    struct err e = {0};
    struct sha256 *s = NULL;
    uint8_t want[SHA256_SIZE];
    uint8_t got[SHA256_SIZE];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * i >> 5);
    }
    assert_int_equal(sha256_of(data, sizeof data, want, &e), 0);
    assert_int_equal(sha256_new(&s, &e), 0);
    for (size_t k = 0; k < sizeof cut / sizeof cut[0]; k++) {
        sha256_restart(s);
        for (size_t i = 0; i < sizeof data; i += cut[k]) {
            size_t rest = sizeof data - i;
            sha256_add(s, data + i, rest < cut[k] ? rest : cut[k]);
            sha256_add(s, NULL, 0);
        }
        sha256_end(s, got);
        assert_memory_equal(got, want, SHA256_SIZE);
    }
    sha256_add(s, "left over", 9);
    sha256_restart(s);
    sha256_add(s, data, 3);
    sha256_add(s, data + 3, sizeof data - 3); /* more than fits, behind what waits */
    sha256_end(s, got);
    assert_memory_equal(got, want, SHA256_SIZE);
    sha256_free(s);
}

/* RFC 2202, test case 2. */
static void test_hmac_sha1(void **state)
{
    (void)state;
    struct err e = {0};
    uint8_t mac[SHA1_SIZE];
    char hex[2 * SHA1_SIZE + 1];
    assert_int_equal(
        hmac_sha1((const uint8_t *)"Jefe", 4, "what do ya want for nothing?", 28, mac, &e), 0);
    hex_encode(mac, sizeof mac, hex);
    assert_string_equal(hex, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

/* RFC 4648, section 10, and two bytes that need the URL-safe alphabet. */
static void test_base64url(void **state)
{
    (void)state;
    static const char *const pair[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"},
                                          {"\xfb\xff", "-_8="}};
    for (size_t i = 0; i < sizeof pair / sizeof pair[0]; i++) {
        struct err e = {0};
        char text[64];
        uint8_t back[64];
        size_t n = 0;
        size_t len = strlen(pair[i][0]);
        base64url_encode((const uint8_t *)pair[i][0], len, text);
        assert_string_equal(text, pair[i][1]);
        assert_int_equal(base64url_decode(text, back, &n, &e), 0);
        assert_int_equal(n, len);
        assert_memory_equal(back, pair[i][0], len);
    }
    struct err e = {0};
    uint8_t out[16];
    size_t n = 0;
    assert_int_equal(base64url_decode("Zm9+", out, &n, &e), -1);
    assert_int_equal(e.kind, ERR_INPUT);
}

static void test_missing_file(void **state)
{
    (void)state;
    struct err e = {0};
    char hex[SHA256_HEX_SIZE];
    assert_int_equal(sha256_hex_file("/nonexistent/file", hex, &e), -1);
    assert_non_null(strstr(e.msg, "/nonexistent/file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_sha256_in_pieces),
        cmocka_unit_test(test_fields_do_not_run_together),
        cmocka_unit_test(test_hmac_sha1),
        cmocka_unit_test(test_base64url),
        cmocka_unit_test(test_missing_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
