/* SPDX-License-Identifier: MIT */
/* Escaping, one code point at a time. */
#include "predict/markup.h"

#include <stdint.h>

#include "core/utf8.h"

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
        uint32_t c = utf8_next(&p);
        if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\'') {
            (void)fprintf(f, "&#%u;", (unsigned)c);
        } else if (c < 0x20 && c != '\n' && c != '\t') {
            put_utf8(f, UTF8_REPLACEMENT);
        } else {
            put_utf8(f, c == 0x7F ? UTF8_REPLACEMENT : c);
        }
    }
}

void json_text(FILE *f, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    (void)fputc('"', f);
    while (*p) {
        uint32_t c = utf8_next(&p);
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
