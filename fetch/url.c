/* SPDX-License-Identifier: MIT */
/* URLs as text: parameters are appended in the order given, nothing is parsed back. */
#include "fetch/url.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/hash.h"

#define HIDDEN   "***"
#define TELLTALE 4 /* so much of a secret at the end of a text may be its beginning */

static bool unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

int url_param(struct buf *url, const char *name, const char *value, struct err *e)
{
    const char *before = url->p && strchr(url->p, '?') ? "&" : "?";
    return buf_printf(url, e, "%s%s=", before, name) == 0 ? url_escape(url, value, e) : -1;
}

int url_escape(struct buf *url, const char *text, struct err *e)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        int rc = unreserved(*p) ? buf_add(url, p, 1, e) : buf_printf(url, e, "%%%02X", *p);
        if (rc != 0) {
            return -1;
        }
    }
    return 0;
}

int url_sign(struct buf *url, const char *secret, struct err *e)
{
    int rc = -1;
    uint8_t mac[SHA1_SIZE];
    char text[4 * ((SHA1_SIZE + 2) / 3) + 1];
    size_t n_key = 0;
    uint8_t *key = malloc(3 * (strlen(secret) / 4) + 3);
    if (!key) {
        return err_nomem(e, "a signing secret");
    }
    const char *host = url->p ? strstr(url->p, "://") : NULL;
    const char *path = host ? strchr(host + 3, '/') : NULL;
    if (!path) {
        rc = err_set(e, ERR_USAGE, "cannot sign a URL without a path");
        goto out;
    }
    if (base64url_decode(secret, key, &n_key, e) != 0 || n_key == 0) {
        rc = err_set(e, ERR_USAGE, "the signing secret is not URL-safe base64");
        goto out;
    }
    TRY(hmac_sha1(key, n_key, path, strlen(path), mac, e));
    base64url_encode(mac, sizeof mac, text);
    TRY(buf_printf(url, e, "&signature=%s", text));
out:
    free(key);
    return rc;
}

bool url_is_loopback(const char *url)
{
    const char *host = strstr(url, "://");
    static const char *const local[] = {"localhost", "[::1]"};
    if (!host) {
        return false;
    }
    host += 3;
    if (strncmp(host, "127.", 4) == 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++) {
        size_t n = strlen(local[i]);
        if (strncasecmp(host, local[i], n) == 0 && strchr(":/", host[n])) {
            return true;
        }
    }
    return false;
}

static bool is_escape_of(const char *p, char c)
{
    char escape[4];
    (void)snprintf(escape, sizeof escape, "%%%02X", (unsigned char)c);
    return strncasecmp(p, escape, 3) == 0;
}

/* The length of the secret at p, as it is or as in a URL, or of its beginning where the text was cut
 * in the middle of it; 0: something else. */
static size_t secret_at(const char *p, const char *secret)
{
    const char *at = p;
    for (; *secret; secret++) {
        if (*at == *secret) {
            at++;
        } else if (is_escape_of(at, *secret)) {
            at += 3;
        } else {
            bool cut = *at == '\0' || (*at == '%' && (at[1] == '\0' || at[2] == '\0'));
            return cut && at - p >= TELLTALE ? strlen(p) : 0;
        }
    }
    return (size_t)(at - p);
}

/* The length of what must be hidden at p; *keep is how much of it is a name that stays. */
static size_t hidden_at(const char *p, const char *secret, size_t *keep)
{
    static const char *const names[] = {"key=", "signature=", "access_token="};
    size_t n = secret ? secret_at(p, secret) : 0;
    *keep = 0;
    if (n > 0) {
        return n;
    }
    if (strncmp(p, "://", 3) == 0 && p[3 + strcspn(p + 3, "/?#@ \"'")] == '@') {
        *keep = 3; /* user:password@ */
        return 3 + strcspn(p + 3, "@");
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        n = strlen(names[i]);
        if (strncasecmp(p, names[i], n) == 0) {
            *keep = n;
            return n + strcspn(p + n, "& \t\r\n\"'<>");
        }
    }
    return 0;
}

void url_redact(const char *text, const char *secret, char *out, size_t size)
{
    size_t n = 0;
    while (*text && n + sizeof "access_token=" HIDDEN < size) {
        size_t keep = 0;
        size_t hide = hidden_at(text, secret, &keep);
        if (hide == 0) {
            unsigned char c = (unsigned char)*text++;
            out[n++] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
            continue;
        }
        memcpy(out + n, text, keep);
        memcpy(out + n + keep, HIDDEN, sizeof HIDDEN - 1);
        n += keep + sizeof HIDDEN - 1;
        text += hide;
    }
    out[n] = '\0';
}
