/* SPDX-License-Identifier: MIT */
/* A bounded growing buffer: see buf.h. */
#include "core/buf.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_release(struct buf *b)
{
    free(b->p);
    *b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    if (b->p) {
        b->p[0] = '\0';
    }
}

/* Room for so many more bytes and the NUL, and for as many again that may follow. */
static int reserve(struct buf *b, size_t more, bool exactly, struct err *e)
{
    if (more > b->max || b->n > b->max - more) {
        return err_set(e, ERR_INPUT, "more than %zu bytes", b->max);
    }
    size_t want = b->n + more + 1;
    if (want > b->cap) {
        size_t cap = exactly ? want : b->cap ? b->cap : 256;
        while (cap < want) {
            cap *= 2;
        }
        char *p = realloc(b->p, cap);
        if (!p) {
            return err_nomem(e, "a buffer");
        }
        b->p = p;
        b->cap = cap;
    }
    return 0;
}

int buf_reserve(struct buf *b, size_t more, struct err *e)
{
    return reserve(b, more, true, e);
}

int buf_add(struct buf *b, const void *data, size_t n, struct err *e)
{
    if (reserve(b, n, false, e) != 0) {
        return -1;
    }
    if (n > 0) {
        memcpy(b->p + b->n, data, n);
    }
    b->n += n;
    b->p[b->n] = '\0';
    return 0;
}

int buf_add_str(struct buf *b, const char *text, struct err *e)
{
    return buf_add(b, text, strlen(text), e);
}

int buf_printf(struct buf *b, struct err *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) {
        return err_set(e, ERR_SYSTEM, "cannot format text");
    }
    if (reserve(b, (size_t)n, false, e) != 0) {
        return -1;
    }
    va_start(ap, fmt);
    (void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->n += (size_t)n;
    return 0;
}

char *buf_take(struct buf *b)
{
    char *p = b->p;
    b->p = NULL;
    b->n = b->cap = 0;
    return p;
}
