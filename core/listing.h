/* SPDX-License-Identifier: MIT */
/*
 * The names in a folder, hidden ones left out, in the order of their bytes: no result may depend on
 * the locale or on the file system.
 *
 *     struct listing l = {0};
 *     TRY(listing_read(dir, &l, e));
 *     for (size_t i = 0; i < l.n; i++) { ... l.name[i] ... }
 * out:
 *     listing_release(&l);
 */
#ifndef CORE_LISTING_H
#define CORE_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

struct listing {
    char **name; /* [n] owned, as are the names */
    size_t n;
};

int listing_read(const char *dir, struct listing *l, struct err *e);
void listing_release(struct listing *l);

/* name_is_jpeg - does a file's name end as those of JPEG files do: .jpg, .jpeg, .jpe, any case. */
bool name_is_jpeg(const char *name);

#endif
