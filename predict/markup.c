/* SPDX-License-Identifier: MIT */
/* Escaping, one code point at a time. */
#include "predict/markup.h"

#include <stdint.h>

#define REPLACEMENT 0xFFFDu

/* The code point at *p, which moves behind it. Overlong forms, surrogates, and what is no UTF-8
 * are U+FFFD, one byte long (Unicode 15, table 3-7). */
static uint32_t next_point(const unsigned char **p)
{
    static const uint32_t least[4] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *s = *p;
    const int more = s[0] < 0x80                   ? 0
                     : s[0] >= 0xC2 && s[0] < 0xE0 ? 1
                     : s[0] >= 0xE0 && s[0] < 0xF0 ? 2
                     : s[0] >= 0xF0 && s[0] < 0xF5 ? 3
                                                   : -1;
    *p = s + 1;
    if (more <= 0) {
        return more == 0 ? s[0] : REPLACEMENT;
    }
    uint32_t c = s[0] & (0x3Fu >> more);
    for (int i = 1; i <= more; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return REPLACEMENT;
        }
        c = c << 6 | (s[i] & 0x3Fu);
    }
    if (c < least[more] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) {
        return REPLACEMENT;
    }
    *p = s + 1 + more;
    return c;
}

static void put_utf8(FILE *f, uint32_t c)
{
    if (c < 0x80) {
        (void)fputc((int)c, f);
    } else if (c < 0x800) {
        (void)fprintf(f, "%c%c", (int)(0xC0 | c >> 6), (int)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        (void)fprintf(f, "%c%c%c", (int)(0xE0 | c >> 12), (int)(0x80 | (c >> 6 & 0x3F)),
                      (int)(0x80 | (c & 0x3F)));
    } else {
        (void)fprintf(f, "%c%c%c%c", (int)(0xF0 | c >> 18), (int)(0x80 | (c >> 12 & 0x3F)),
                      (int)(0x80 | (c >> 6 & 0x3F)), (int)(0x80 | (c & 0x3F)));
    }
}

void html_text(FILE *f, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    while (*p) {
        uint32_t c = next_point(&p);
        if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\'') {
            (void)fprintf(f, "&#%u;", (unsigned)c);
        } else if (c < 0x20 && c != '\n' && c != '\t') {
            put_utf8(f, REPLACEMENT);
        } else {
            put_utf8(f, c == 0x7F ? REPLACEMENT : c);
        }
    }
}

void json_text(FILE *f, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    (void)fputc('"', f);
    while (*p) {
        uint32_t c = next_point(&p);
        if (c == '"' || c == '\\') {
            (void)fprintf(f, "\\%c", (int)c);
        } else if (c < 0x20 || c == 0x7F || c == '<' || c == '>' || c == '&' || c == 0x2028 ||
                   c == 0x2029) {
            (void)fprintf(f, "\\u%04x", (unsigned)c);
        } else {
            put_utf8(f, c);
        }
    }
    (void)fputc('"', f);
}
