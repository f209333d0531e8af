/* SPDX-License-Identifier: MIT */
/*
 * Digests (libcrypto): SHA-256 for content and fingerprints, HMAC-SHA1 for URL signatures.
 *
 *     struct sha256 *s = NULL;
 *     TRY(sha256_new(&s, e));
 *     sha256_add(s, data, n);
 *     sha256_hex(s, hex);          (ends the digest)
 *     sha256_free(s);
 */
#ifndef CORE_HASH_H
#define CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define SHA256_SIZE     32
#define SHA256_HEX_SIZE 65 /* with the final NUL */
#define SHA1_SIZE       20

struct sha256;

int sha256_new(struct sha256 **s, struct err *e); /* returns owned: sha256_free */
void sha256_free(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t n);
void sha256_add_str(struct sha256 *s,
                    const char *text); /* with its NUL: fields cannot run together */
void sha256_end(struct sha256 *s, uint8_t out[SHA256_SIZE]);
void sha256_hex(struct sha256 *s, char hex[SHA256_HEX_SIZE]);

/* sha256_restart - after an end: another digest. For many short texts, where sha256_of would look
 * up the algorithm each time. */
void sha256_restart(struct sha256 *s);

/* sha256_of, sha256_hex_of - of one buffer. Threads: safe. */
int sha256_of(const void *data, size_t n, uint8_t out[SHA256_SIZE], struct err *e);
int sha256_hex_of(const void *data, size_t n, char hex[SHA256_HEX_SIZE], struct err *e);

/* sha256_hex_file - of a whole file, read in pieces. */
int sha256_hex_file(const char *path, char hex[SHA256_HEX_SIZE], struct err *e);

void hex_encode(const uint8_t *data, size_t n, char *hex); /* 2n + 1 bytes */

/* hmac_sha1 - RFC 2104. */
int hmac_sha1(const uint8_t *key, size_t n_key, const void *data, size_t n, uint8_t out[SHA1_SIZE],
              struct err *e);

/* base64url - RFC 4648 section 5, with padding. encode: out needs 4 * ((n + 2) / 3) + 1 bytes.
 * decode: out needs 3 * (strlen / 4) + 3 bytes; ERR_INPUT on any other character. */
void base64url_encode(const uint8_t *data, size_t n, char *out);
int base64url_decode(const char *text, uint8_t *out, size_t *n, struct err *e);

#endif
