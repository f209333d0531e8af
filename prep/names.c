/* SPDX-License-Identifier: MIT */
#include "prep/names.h"

#include <string.h>

#define MAX_NAME 100

int name_check(const char *option, const char *name, struct err *e)
{
    size_t n = strlen(name);
    if (n == 0 || n > MAX_NAME) {
        return err_set(e, ERR_USAGE, "--%s: a name has 1 to %d characters", option, MAX_NAME);
    }
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)name[i] < ' ' || name[i] == 127) {
            return err_set(e, ERR_USAGE, "--%s: a name has no control characters", option);
        }
    }
    return 0;
}
