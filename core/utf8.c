/* SPDX-License-Identifier: MIT */
#include "core/utf8.h"

uint32_t utf8_next(const unsigned char **p)
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
        return more == 0 ? s[0] : UTF8_REPLACEMENT;
    }
    uint32_t c = s[0] & (0x3Fu >> more);
    for (int i = 1; i <= more; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return UTF8_REPLACEMENT;
        }
        c = c << 6 | (s[i] & 0x3Fu);
    }
    if (c < least[more] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) {
        return UTF8_REPLACEMENT;
    }
    *p = s + 1 + more;
    return c;
}
