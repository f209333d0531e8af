/* SPDX-License-Identifier: MIT */
/*
 * UTF-8, one code point at a time:
 *
 *     const unsigned char *p = (const unsigned char *)text;
 *     while (*p) { uint32_t c = utf8_next(&p); ... }
 */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

#include <stdint.h>

#define UTF8_REPLACEMENT 0xFFFDu

/* utf8_next - the code point at *p, which moves behind it. Overlong forms, surrogates and what is no
 * UTF-8 are UTF8_REPLACEMENT, one byte long (Unicode 15, table 3-7). **p must not be NUL. */
uint32_t utf8_next(const unsigned char **p);

#endif
