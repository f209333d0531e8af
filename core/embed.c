/* SPDX-License-Identifier: MIT */
/* Looking up what core/embed.sh built in. */
#include "core/embed.h"

#include <stddef.h>
#include <string.h>

const char *embedded_find(const struct embedded *table, const char *name)
{
    for (const struct embedded *t = table; t->name; t++) {
        if (strcmp(t->name, name) == 0) {
            return t->text;
        }
    }
    return NULL;
}
