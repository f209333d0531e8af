/* SPDX-License-Identifier: MIT */
/*
 * Building, signing and hiding URLs.
 *
 *     TRY(buf_add_str(&url, "https://maps.googleapis.com/maps/api/streetview", e));
 *     TRY(url_param(&url, "size", "640x640", e));       (?size=640x640)
 *     TRY(url_param(&url, "key", key, e));              (&key=...)
 *     TRY(url_sign(&url, secret, e));                   (&signature=...: the last one)
 */
#ifndef FETCH_URL_H
#define FETCH_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"

/* url_param - append ?name=value or &name=value; the value is percent-encoded but for the
 * unreserved characters of RFC 3986, section 2.3. */
int url_param(struct buf *url, const char *name, const char *value, struct err *e);

/* url_escape - append text with everything but those characters percent-encoded. */
int url_escape(struct buf *url, const char *text, struct err *e);

/*
 * url_sign - append &signature=: HMAC-SHA1 of path?query with the secret, both in URL-safe base64.
 * Source: Google Maps Platform, "Digital signature guide". ERR_USAGE for a secret that is not
 * URL-safe base64; the secret is never part of a message.
 */
int url_sign(struct buf *url, const char *secret, struct err *e);

/* url_is_loopback - whether the host is 127.x.x.x, localhost or [::1]. */
bool url_is_loopback(const char *url);

/*
 * url_redact - text that may hold a URL or a peer's words, made fit to show and to keep: values of
 * key=, signature= and access_token=, who logs in to a host, and every occurrence of secret (NULL:
 * none) become `***`: the secret as it is, as it stands in a URL, or as much of it as is left at the
 * end of a text that was cut. Everything but printable ASCII becomes `?`. Cut to size, always
 * NUL-terminated.
 */
void url_redact(const char *text, const char *secret, char *out, size_t size);

#endif
