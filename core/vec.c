/* SPDX-License-Identifier: MIT */
/* Arrays that grow: see vec.h. */
#include "core/vec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 64 /* items */

int vec_room(void *array, size_t n, size_t *cap, size_t size, const char *what, struct err *e)
{
    void *old = NULL;
    if (n < *cap) {
        return 0;
    }
    const size_t more = *cap ? *cap * 2 : FIRST;
    if (more > SIZE_MAX / 2 / size) {
        return err_nomem(e, what);
    }
    memcpy(&old, array, sizeof old); /* whatever type it points to */
    void *grown = realloc(old, more * size);
    if (!grown) {
        return err_nomem(e, what);
    }
    memcpy(array, &grown, sizeof grown);
    *cap = more;
    /* cppcheck-suppress memleak ; the caller's pointer has it */
    return 0;
}
