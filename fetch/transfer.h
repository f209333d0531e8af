/* SPDX-License-Identifier: MIT */
/*
 * HTTP transfers on an event loop: libcurl's multi interface by curl_multi_socket_action, libuv for
 * sockets, timers and worker threads. The only file that includes either is transfer.c.
 *
 *     TRY(transfers_open(&prefs, &t, e));
 *     TRY(transfers_start(t, url, max_body, task, e));   (at most prefs.window at once)
 *     TRY(transfers_run(t, e));       (calls back until transfers_stop)
 * out:
 *     transfers_close(t);
 *
 * All callbacks come on the thread that is in transfers_run, never from within another call of
 * this module, so a callback may start transfers and work, and stop the loop.
 */
#ifndef FETCH_TRANSFER_H
#define FETCH_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"
#include "fetch/workers.h"

#define TRANSFERS_TICK_S 0.1

struct transfers;

enum transfer_end {
    TRANSFER_ANSWER, /* a whole HTTP answer, of whatever status */
    TRANSFER_BROKEN, /* refused, reset, cut short, timed out, unresolved: may work next time */
    TRANSFER_LARGE,  /* the body is larger than its ceiling */
    TRANSFER_FATAL /* no other transfer will do better: bad URL, certificate not trusted, memory */
};

struct transfer_result {
    enum transfer_end end;
    int status;            /* HTTP status of an ANSWER */
    bool timed_out;        /* of a BROKEN one */
    double retry_after_s;  /* what the server asked for, in seconds from now; 0: nothing */
    char content_type[64]; /* "" when there was none */
    struct buf *body;      /* view; buf_take moves the bytes out */
    char why[256];         /* what went wrong, not yet redacted */
};

struct transfers_prefs {
    int window;                /* transfers at once */
    double connect_s;          /* to connect */
    double stall_s;            /* without a byte to speak of */
    double deadline_s;         /* for the whole transfer */
    bool no_proxy;             /* ignore the environment's proxies: a server on this machine */
    const char *authorization; /* header of the requests that are authorised; NULL: none */

    void *ctx;
    void (*on_done)(void *ctx, void *task, struct transfer_result *r);
    /* on_wake - every TRANSFERS_TICK_S, and when transfers_wake said so. */
    void (*on_wake)(void *ctx);
};

int transfers_open(const struct transfers_prefs *p, struct transfers **t, struct err *e);

/* transfers_close - abandon what is in flight without a callback, wait for work on its threads
 * (whose after functions are called), close every handle. NULL ok. */
void transfers_close(struct transfers *t);

struct transfer_ask {
    const char *url; /* copied */
    size_t max_body;
    bool authorised; /* send prefs.authorization with it */
    bool follow;     /* follow redirects, a few; never with an authorization */
};

/* transfers_start - GET. The caller keeps count: never more than the window. */
int transfers_start(struct transfers *t, const struct transfer_ask *ask, void *task, struct err *e);

/* transfers_wake - call on_wake in wait_s, instead of any earlier request for it. */
void transfers_wake(struct transfers *t, double wait_s);

/* transfers_work - work(task) on another thread, then after(ctx, task) on the loop's. */
int transfers_work(struct transfers *t, enum workers_lane lane, void (*work)(void *task),
                   void (*after)(void *ctx, void *task), void *task, struct err *e);

int transfers_run(struct transfers *t, struct err *e); /* until transfers_stop */
void transfers_stop(struct transfers *t);

/* transfers_versions - "libcurl 7.88.1, libuv 1.44.2", static. */
const char *transfers_versions(void);

#endif
