/* SPDX-License-Identifier: MIT */
/*
 * Room in arrays that grow by doubling. The array stays an ordinary one: a pointer, freed with free.
 *
 *     struct score *row = NULL;
 *     size_t n = 0, cap = 0;
 *     TRY(vec_room(&row, n, &cap, sizeof *row, "scores", e));
 *     row[n++] = score;
 */
#ifndef CORE_VEC_H
#define CORE_VEC_H

#include <stddef.h>

#include "core/err.h"

/*
 * vec_room - room for one more than the n items that there are.
 *
 *   array  address of the pointer to the items, which is NULL at first; all is unchanged on failure
 *   cap    how many items it has room for
 *   size   of an item
 *   what   is named in the error
 */
int vec_room(void *array, size_t n, size_t *cap, size_t size, const char *what, struct err *e);

#endif
