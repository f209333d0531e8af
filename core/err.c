/* SPDX-License-Identifier: MIT */
/* Errors as values: see err.h. Messages that are too long are cut, never dropped. */
#include "core/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void err_set_msg(struct err *e, enum err_kind kind, const char *fmt, ...)
{
    /* Built aside first: an argument may point into e->msg itself. */
    char msg[sizeof e->msg];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    memcpy(e->msg, msg, sizeof msg);
    e->kind = kind;
}

/* Paths come from the user: a missing or forbidden one is his input, a full disk is not. */
static enum err_kind kind_of(int errnum)
{
    switch (errnum) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
        return ERR_INPUT;
    default:
        return ERR_SYSTEM;
    }
}

void err_sys_msg(struct err *e, int errnum, const char *fmt, ...)
{
    char what[sizeof e->msg];
    char why[128];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    if (strerror_r(errnum, why, sizeof why) != 0) {
        (void)snprintf(why, sizeof why, "system error %d", errnum);
    }
    err_set_msg(e, kind_of(errnum), "%s: %s", what, why);
}

void err_ctx_msg(struct err *e, const char *fmt, ...)
{
    char ctx[sizeof e->msg];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(ctx, sizeof ctx, fmt, ap);
    va_end(ap);
    err_set_msg(e, e->kind == ERR_NONE ? ERR_SYSTEM : e->kind, "%s: %s", ctx, e->msg);
}
