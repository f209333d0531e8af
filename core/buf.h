/* SPDX-License-Identifier: MIT */
/*
 * A growing byte buffer with a ceiling, for everything that is filled from outside or piece by
 * piece. Always NUL-terminated behind its n bytes. After a failed add the buffer is unchanged.
 *
 *     struct buf b;
 *     buf_init(&b, 1 << 20);
 *     TRY(buf_printf(&b, e, "%s=%d", key, value));
 *     char *text = buf_take(&b);    (owned by the caller: free)
 *     buf_release(&b);
 */
#ifndef CORE_BUF_H
#define CORE_BUF_H

#include <stddef.h>

#include "core/err.h"

struct buf {
    char *p; /* NULL until the first add */
    size_t n, cap, max;
};

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);
void buf_clear(struct buf *b); /* n = 0, memory kept */
int buf_reserve(struct buf *b, size_t more,
                struct err *e); /* room for so many more bytes, exactly */
int buf_add(struct buf *b, const void *data, size_t n,
            struct err *e); /* ERR_INPUT over the ceiling */
int buf_add_str(struct buf *b, const char *text, struct err *e);
int buf_printf(struct buf *b, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
char *buf_take(struct buf *b); /* the bytes, NUL-terminated, owned by the caller; NULL if empty */

#endif
