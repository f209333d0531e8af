/* SPDX-License-Identifier: MIT */
/* What the library would not do goes to the socket directly, after which it closes it. Waiting is
 * a list under a lock; its thread looks every WATCH_MS. */
#include "fetch/demo/missend.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "core/progress.h"

#define WATCH_MS 50
#define SEND_MS  2000 /* the longest wait for a client that does not read */
#define DRIP_S   1.0
#define LIE      1000 /* bytes that a long length is too long */

struct waiting {
    struct MHD_Connection *connection;
    double due_s; /* monotonic */
    struct waiting *next;
};

struct missend {
    pthread_mutex_t lock;
    pthread_t thread;
    struct waiting *list;
    bool ending; /* nothing waits any more */
};

/* --- waiting -------------------------------------------------------------------------------------- */

static int socket_of(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

static bool gone(struct MHD_Connection *c)
{
    char byte;
    ssize_t n = recv(socket_of(c), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* Suspend c until due_s, or until its client has gone. False when it cannot wait. */
static bool wait_until(struct missend *m, struct MHD_Connection *c, double due_s)
{
    struct waiting *w = malloc(sizeof *w);
    if (!w) {
        return false;
    }
    *w = (struct waiting){.connection = c, .due_s = due_s};
    (void)pthread_mutex_lock(&m->lock);
    bool can = !m->ending;
    if (can) {
        MHD_suspend_connection(c);
        w->next = m->list;
        m->list = w;
    }
    (void)pthread_mutex_unlock(&m->lock);
    if (!can) {
        free(w);
    }
    return can;
}

/* Returns whether to go on. */
static bool wake(struct missend *m)
{
    double now_s = time_monotonic_s();
    (void)pthread_mutex_lock(&m->lock);
    bool ending = m->ending;
    for (struct waiting **at = &m->list; *at;) {
        struct waiting *w = *at;
        if (ending || w->due_s <= now_s || gone(w->connection)) {
            *at = w->next;
            MHD_resume_connection(w->connection);
            free(w);
        } else {
            at = &w->next;
        }
    }
    (void)pthread_mutex_unlock(&m->lock);
    return !ending;
}

static void *watch(void *ctx)
{
    const struct timespec pause = {.tv_nsec = WATCH_MS * 1000000L};
    while (wake(ctx)) {
        (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

int missend_open(struct missend **out, struct err *e)
{
    struct missend *m = calloc(1, sizeof *m);
    if (!m) {
        return err_nomem(e, "the faults");
    }
    (void)pthread_mutex_init(&m->lock, NULL);
    int code = pthread_create(&m->thread, NULL, watch, m);
    if (code != 0) {
        (void)pthread_mutex_destroy(&m->lock);
        free(m);
        return err_sys(e, code, "cannot start a thread");
    }
    *out = m;
    return 0;
}

void missend_end(struct missend *m)
{
    if (m) {
        (void)pthread_mutex_lock(&m->lock);
        m->ending = true;
        (void)pthread_mutex_unlock(&m->lock);
        (void)pthread_join(m->thread, NULL);
    }
}

void missend_close(struct missend *m)
{
    if (m) {
        (void)pthread_mutex_destroy(&m->lock);
        free(m);
    }
}

bool missend_is(enum fault f)
{
    return f == FAULT_CUT || f == FAULT_LONG_LENGTH || f == FAULT_SHORT_LENGTH || f == FAULT_DRIP ||
           f == FAULT_STALL || f == FAULT_HUGE;
}

enum MHD_Result missend_stall(struct missend *m, struct MHD_Connection *c)
{
    return wait_until(m, c, (double)INFINITY) ? MHD_YES : MHD_NO;
}

/* --- past the library ------------------------------------------------------------------------------- */

static bool send_all(int fd, const void *data, size_t n)
{
    const char *p = data;
    while (n > 0) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (k < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            struct pollfd writable = {.fd = fd, .events = POLLOUT};
            if (poll(&writable, 1, SEND_MS) <= 0) {
                return false;
            }
            continue;
        }
        if (k < 0 && errno != EINTR) {
            return false;
        }
        p += k > 0 ? k : 0;
        n -= k > 0 ? (size_t)k : 0;
    }
    return true;
}

enum MHD_Result missend_now(enum fault f, struct MHD_Connection *c, struct answer *a)
{
    char head[256];
    size_t n_claimed = f == FAULT_LONG_LENGTH    ? a->n + LIE
                       : f == FAULT_SHORT_LENGTH ? a->n / 2
                                                 : a->n;
    size_t n_sent = f == FAULT_CUT ? a->n / 2 : a->n;
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %d Sent badly\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                     a->status, a->type, n_claimed);
    int fd = socket_of(c);
    if (fd >= 0 && send_all(fd, head, (size_t)n)) {
        (void)send_all(fd, a->body, n_sent);
    }
    answer_release(a);
    return MHD_NO;
}

enum MHD_Result missend_interim(struct MHD_Connection *c, struct answer *a)
{
    char head[64];
    int n = snprintf(head, sizeof head, "HTTP/1.1 %d Processing\r\n\r\n", a->status);
    int fd = socket_of(c);
    if (fd >= 0) {
        (void)send_all(fd, head, (size_t)n);
    }
    answer_release(a);
    return MHD_NO;
}

/* --- bodies that are made while they are sent ------------------------------------------------------- */

struct drip {
    struct missend *owner;
    struct MHD_Connection *connection;
    struct answer answer; /* owned */
    double due_s;         /* of the next byte */
};

static ssize_t next_drip(void *ctx, uint64_t at, char *to, size_t n)
{
    struct drip *d = ctx;
    double now_s = time_monotonic_s();
    (void)n;
    if (gone(d->connection)) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (now_s < d->due_s) {
        return wait_until(d->owner, d->connection, d->due_s) ? 0
                                                             : MHD_CONTENT_READER_END_WITH_ERROR;
    }
    d->due_s = now_s + DRIP_S;
    *to = (char)d->answer.body[at];
    return 1;
}

static void free_drip(void *ctx)
{
    struct drip *d = ctx;
    answer_release(&d->answer);
    free(d);
}

struct MHD_Response *missend_slowly(struct missend *m, struct MHD_Connection *c, struct answer *a)
{
    struct drip *d = malloc(sizeof *d);
    if (!d) {
        answer_release(a);
        return NULL;
    }
    *d = (struct drip){.owner = m, .connection = c, .answer = *a};
    *a = (struct answer){0};
    struct MHD_Response *r =
        MHD_create_response_from_callback(d->answer.n, 4096, next_drip, d, free_drip);
    if (!r) {
        free_drip(d);
    }
    return r;
}

/* {"filler": "xxx...x"} */
static ssize_t next_huge(void *ctx, uint64_t at, char *to, size_t n)
{
    static const char head[] = "{\"filler\": \"";
    static const char tail[] = "\"}";
    const uint64_t n_head = sizeof head - 1;
    const uint64_t n_tail = sizeof tail - 1;
    (void)ctx;
    size_t k = 0;
    for (; k < n && at + k < MISSEND_HUGE; k++) {
        uint64_t i = at + k;
        to[k] = i < n_head                  ? head[i]
                : i < MISSEND_HUGE - n_tail ? 'x'
                                            : tail[i - (MISSEND_HUGE - n_tail)];
    }
    return (ssize_t)k;
}

struct MHD_Response *missend_huge(struct answer *a)
{
    answer_release(a);
    return MHD_create_response_from_callback(MISSEND_HUGE, 65536, next_huge, NULL, NULL);
}
