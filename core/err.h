/* SPDX-License-Identifier: MIT */
/*
 * One error idiom for the whole suite: functions return 0, or -1 with *e filled; only main prints.
 *
 *     int rc = -1;
 *     FILE *f = NULL;
 *     if (path == NULL) {
 *         return err_set(e, ERR_INPUT, "no path given");
 *     }
 *     TRY(open_it(path, &f, e));
 *     rc = 0;
 * out:
 *     ...
 *     return rc;
 *
 * The lowest function names the object, callers prepend context with err_ctx.
 */
#ifndef CORE_ERR_H
#define CORE_ERR_H

/* The values are the exit codes of every tool. */
enum err_kind {
    ERR_NONE = 0,
    ERR_INCOMPLETE = 1, /* finished, but not everything asked for; a rerun may help */
    ERR_USAGE = 2,      /* wrong option or argument */
    ERR_INPUT = 3,      /* bad input or data */
    ERR_SYSTEM = 4,     /* files, disk, memory, database */
    ERR_REMOTE = 5,     /* network, quota, refused key */
    ERR_DEVICE = 6,     /* backend or device unavailable */
    ERR_INTERRUPTED = 7 /* a signal was caught: main re-raises it, 7 is never an exit code */
};

struct err {
    enum err_kind kind;
    char msg[1024];
};

/*
 * err_set - replace *e. Always -1, so that `return err_set(...)` is one line.
 * err_sys - replace *e with ERR_SYSTEM and ": <text of errnum>"; ENOENT and the like, which speak of
 *           what the user named, are ERR_INPUT. Always -1.
 * err_ctx - prepend "<context>: " to *e, whose kind stays. Always -1.
 *
 * They are macros so that compilers and analysers see the -1.
 */
static inline int err_failed(void)
{
    return -1;
}

#define err_set(e, kind, ...)   (err_set_msg((e), (kind), __VA_ARGS__), err_failed())
#define err_sys(e, errnum, ...) (err_sys_msg((e), (errnum), __VA_ARGS__), err_failed())
#define err_ctx(e, ...)         (err_ctx_msg((e), __VA_ARGS__), err_failed())

/* err_nomem - ERR_SYSTEM "cannot allocate <what>: out of memory". Always -1. */
#define err_nomem(e, what) err_set((e), ERR_SYSTEM, "cannot allocate %s: out of memory", (what))

void err_set_msg(struct err *e, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void err_sys_msg(struct err *e, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void err_ctx_msg(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* TRY - the only control-flow macro: on failure keep rc and go to the one label `out`. */
#define TRY(call)                 \
    do {                          \
        if ((rc = (call)) != 0) { \
            goto out;             \
        }                         \
    } while (0)

#endif
