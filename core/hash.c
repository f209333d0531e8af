/* SPDX-License-Identifier: MIT */
/* Digests by libcrypto's EVP interface; nothing else in the suite includes OpenSSL. */
#include "core/hash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define PIECE_SIZE 4096

/* What is added waits in piece until that is full: most of what is digested comes as numbers of a
 * few bytes, and a call of libcrypto costs more than eight of them. */
struct sha256 {
    EVP_MD_CTX *ctx;
    size_t n; /* in piece */
    uint8_t piece[PIECE_SIZE];
};

int sha256_new(struct sha256 **s, struct err *e)
{
    struct sha256 *n = calloc(1, sizeof *n);
    if (!n) {
        return err_nomem(e, "a digest");
    }
    n->ctx = EVP_MD_CTX_new();
    if (!n->ctx || EVP_DigestInit_ex(n->ctx, EVP_sha256(), NULL) != 1) {
        sha256_free(n);
        return err_nomem(e, "a digest");
    }
    *s = n;
    return 0;
}

void sha256_free(struct sha256 *s)
{
    if (s) {
        EVP_MD_CTX_free(s->ctx);
        free(s);
    }
}

/* libcrypto's functions fail only for a context that was never initialised. */
static void flush(struct sha256 *s)
{
    (void)EVP_DigestUpdate(s->ctx, s->piece, s->n);
    s->n = 0;
}

void sha256_add(struct sha256 *s, const void *data, size_t n)
{
    if (n > PIECE_SIZE - s->n) {
        flush(s);
        if (n > PIECE_SIZE) {
            (void)EVP_DigestUpdate(s->ctx, data, n);
            return;
        }
    }
    if (n > 0) { /* data may be NULL then */
        memcpy(s->piece + s->n, data, n);
        s->n += n;
    }
}

void sha256_add_str(struct sha256 *s, const char *text)
{
    sha256_add(s, text, strlen(text) + 1);
}

void sha256_end(struct sha256 *s, uint8_t out[SHA256_SIZE])
{
    flush(s);
    (void)EVP_DigestFinal_ex(s->ctx, out, NULL);
}

void sha256_restart(struct sha256 *s)
{
    s->n = 0;
    (void)EVP_DigestInit_ex(s->ctx, NULL, NULL); /* the same algorithm */
}

void hex_encode(const uint8_t *data, size_t n, char *hex)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = digit[data[i] >> 4];
        hex[2 * i + 1] = digit[data[i] & 15];
    }
    hex[2 * n] = '\0';
}

void sha256_hex(struct sha256 *s, char hex[SHA256_HEX_SIZE])
{
    uint8_t md[SHA256_SIZE] = {0};
    sha256_end(s, md);
    hex_encode(md, sizeof md, hex);
}

int sha256_of(const void *data, size_t n, uint8_t out[SHA256_SIZE], struct err *e)
{
    if (EVP_Digest(data, n, out, NULL, EVP_sha256(), NULL) != 1) {
        return err_nomem(e, "a digest");
    }
    return 0;
}

int sha256_hex_of(const void *data, size_t n, char hex[SHA256_HEX_SIZE], struct err *e)
{
    uint8_t md[SHA256_SIZE];
    if (sha256_of(data, n, md, e) != 0) {
        return -1;
    }
    hex_encode(md, sizeof md, hex);
    return 0;
}

int sha256_hex_file(const char *path, char hex[SHA256_HEX_SIZE], struct err *e)
{
    int rc = -1;
    struct sha256 *s = NULL;
    uint8_t *piece = NULL;
    size_t n = 0;
    FILE *f = fopen(path, "rb");
    if (!f) {
        return err_sys(e, errno, "cannot open '%s'", path);
    }
    piece = malloc(1u << 16);
    if (!piece) {
        rc = err_nomem(e, "a read buffer");
        goto out;
    }
    TRY(sha256_new(&s, e));
    while ((n = fread(piece, 1, 1u << 16, f)) > 0) {
        sha256_add(s, piece, n);
    }
    if (ferror(f)) {
        rc = err_sys(e, errno, "cannot read '%s'", path);
        goto out;
    }
    sha256_hex(s, hex);
    rc = 0;
out:
    sha256_free(s);
    free(piece);
    (void)fclose(f);
    return rc;
}

int hmac_sha1(const uint8_t *key, size_t n_key, const void *data, size_t n, uint8_t out[SHA1_SIZE],
              struct err *e)
{
    unsigned int n_out = 0;
    if (n_key > 4096 || !HMAC(EVP_sha1(), key, (int)n_key, data, n, out, &n_out) ||
        n_out != SHA1_SIZE) {
        return err_set(e, ERR_SYSTEM, "cannot compute an HMAC-SHA1");
    }
    return 0;
}

static const char base64url_digit[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_encode(const uint8_t *data, size_t n, char *out)
{
    size_t o = 0;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)data[i] << 16 | (i + 1 < n ? (uint32_t)data[i + 1] << 8 : 0) |
                     (i + 2 < n ? data[i + 2] : 0u);
        out[o++] = base64url_digit[v >> 18];
        out[o++] = base64url_digit[v >> 12 & 63];
        out[o++] = i + 1 < n ? base64url_digit[v >> 6 & 63] : '=';
        out[o++] = i + 2 < n ? base64url_digit[v & 63] : '=';
    }
    out[o] = '\0';
}

int base64url_decode(const char *text, uint8_t *out, size_t *n, struct err *e)
{
    uint32_t v = 0;
    int n_bits = 0;
    size_t o = 0;
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == '=') {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        const char *at = text[i] ? strchr(base64url_digit, text[i]) : NULL;
        if (!at) {
            return err_set(e, ERR_INPUT, "not URL-safe base64 at character %zu", i + 1);
        }
        v = v << 6 | (uint32_t)(at - base64url_digit);
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            out[o++] = (uint8_t)(v >> n_bits);
        }
    }
    *n = o;
    return 0;
}
