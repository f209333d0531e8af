/* SPDX-License-Identifier: MIT */
#include "prep/names.h"

#include <string.h>

int name_check(const char *option, const char *text, size_t max, struct err *e)
{
    size_t n = strlen(text);
    if (n == 0 || n > max) {
        return err_set(e, ERR_USAGE, "--%s: 1 to %zu characters are needed", option, max);
    }
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 127) {
            return err_set(e, ERR_USAGE, "--%s: control characters are not allowed", option);
        }
    }
    return 0;
}
