/* SPDX-License-Identifier: MIT */
/* Arrays that grow: see vec.h. */
#include "core/vec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 64 /* items */

int vec_room(void *array, size_t n, size_t *cap, size_t size, const char *what, struct err *e)
{
    void *p = NULL;
    if (n < *cap) {
        return 0;
    }
    const size_t more = *cap ? *cap * 2 : FIRST;
    if (more > SIZE_MAX / 2 / size) {
        return err_nomem(e, what);
    }
    memcpy(&p, array, sizeof p); /* whatever type it points to */
    p = realloc(p, more * size);
    if (!p) {
        return err_nomem(e, what);
    }
    memcpy(array, &p, sizeof p);
    *cap = more;
    return 0;
}
