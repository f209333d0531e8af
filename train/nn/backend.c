/* SPDX-License-Identifier: MIT */
/* The backends that were built in, by name. */
#include "train/nn/backend.h"

#include <string.h>

/* The order of "auto": the first that was built in, ref never. */
static const struct {
    const char *name;
    const struct backend *b; /* NULL: known, but not built in */
} backends[] = {
    {"cuda", NULL},
    {"cpu", &backend_cpu},
    {"ref", &backend_ref},
};

int backend_find(const char *name, const struct backend **b, struct err *e)
{
    const bool any = strcmp(name, "auto") == 0;
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        if (any && backends[i].b && backends[i].b != &backend_ref) {
            *b = backends[i].b;
            return 0;
        }
        if (strcmp(name, backends[i].name) == 0) {
            if (!backends[i].b) {
                return err_set(e, ERR_DEVICE, "the backend '%s' was not built in", name);
            }
            *b = backends[i].b;
            return 0;
        }
    }
    return any ? err_set(e, ERR_DEVICE, "no backend was built in")
               : err_set(e, ERR_USAGE, "unknown backend '%s'; known are: auto cpu cuda ref", name);
}
