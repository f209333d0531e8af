/* SPDX-License-Identifier: MIT */
/*
 * libcurl tells which sockets to watch and when to call it (on_socket, on_timeout); libuv watches
 * and calls back (on_poll, on_curl_timer). Two rules are easy to get wrong, and curl's own example
 * for libuv (docs/examples/multi-uv.c) does:
 *
 *   - completions are drained after every curl_multi_socket_action, whether or not transfers are
 *     still running: a lone transfer that times out is otherwise never reported;
 *   - a poll handle's memory is freed in its close callback and nowhere else.
 *
 * A slot owns one easy handle for the life of the loop and is used by one transfer after the
 * other. Connections belong to the multi handle, which keeps and reuses them. The poll handle of a
 * connection lives as long as its socket, from on_open_socket to on_close_socket: libcurl says
 * "remove" and "add" of the same socket around every transfer.
 */
#include "fetch/transfer.h"

#include <assert.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>
#include <uv.h>

#define RECEIVE_BYTES     131072L /* a picture and more: one receive where 16 KB would take five */
#define KEEP_BYTES        (32 << 20) /* of what is freed: the next pictures need as much again */
#define STALL_BYTES_PER_S 100L       /* slower than this is standing still */
/* Panoramax ends an answer with this status, of which HTTP says that another one follows: libcurl
 * waits for it, or takes what comes then for nonsense. */
#define PROCESSING 102

#define MAX_REDIRECTS 5L

struct slot {
    struct transfers *owner;
    CURL *easy;
    struct buf body;
    bool too_large;
    char text[CURL_ERROR_SIZE];
    void *task;
    struct slot *next; /* in the list of free ones */
};

struct transfers {
    struct transfers_prefs prefs;
    uv_loop_t loop;
    uv_timer_t curl_timer, tick, wake;
    uv_async_t worked;
    struct workers *workers;
    CURLM *multi;
    struct curl_slist *headers; /* of authorised requests; NULL: none */
    struct slot *slots;         /* [window], owned */
    struct slot *free_slots;
    struct sock **socks; /* [n_socks] owned; by descriptor, NULL: not watched */
    int n_socks;
    bool failed; /* libcurl or libuv itself failed: error says how */
    struct err error;
};

/* One watched socket. Freed by its close callback. */
struct sock {
    uv_poll_t poll;
    struct transfers *owner;
    curl_socket_t fd;
    int watched; /* what poll looks for: UV_READABLE, UV_WRITABLE */
    bool wanted; /* whether libcurl wants to hear of it */
    bool kept;   /* until on_close_socket, else until libcurl wants to hear no more */
};

/* --- errors of the two libraries ---------------------------------------------------------------- */

static int uv_fail(struct err *e, int code, const char *what)
{
    char text[128];
    return err_set(e, ERR_SYSTEM, "cannot %s: %s", what, uv_strerror_r(code, text, sizeof text));
}

/* Inside a callback nobody can return an error: keep the first one, end the loop. */
static void fail(struct transfers *t, int uv_code, CURLMcode m, const char *what)
{
    if (!t->failed) {
        t->failed = true;
        if (uv_code != 0) {
            (void)uv_fail(&t->error, uv_code, what);
        } else {
            (void)err_set(&t->error, ERR_SYSTEM, "cannot %s: %s", what, curl_multi_strerror(m));
        }
    }
    uv_stop(&t->loop);
}

static enum transfer_end end_of(CURLcode code)
{
    switch ((int)code) {
    case CURLE_OK:
    case CURLE_TOO_MANY_REDIRECTS: /* the last one is the answer */
        return TRANSFER_ANSWER;
    case CURLE_URL_MALFORMAT:
    case CURLE_FAILED_INIT:
    case CURLE_NOT_BUILT_IN:
    case CURLE_OUT_OF_MEMORY:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
        return TRANSFER_FATAL;
    default: /* connecting, resolving, TLS, timeouts, resets, cut bodies, HTTP/2 streams */
        return TRANSFER_BROKEN;
    }
}

/* --- one transfer ------------------------------------------------------------------------------- */

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    struct slot *s = ctx;
    struct err ignored = {0};
    curl_off_t length = 0;
    if (s->body.n == 0 &&
        curl_easy_getinfo(s->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) == CURLE_OK &&
        length > 0) {
        (void)buf_reserve(&s->body, (size_t)length, &ignored); /* what it says may be a lie */
    }
    if (buf_add(&s->body, data, size * n, &ignored) != 0) {
        s->too_large = true;
        return 0;
    }
    return size * n;
}

static void slot_free(struct slot *s)
{
    s->task = NULL;
    s->next = s->owner->free_slots;
    s->owner->free_slots = s;
}

static void slot_done(struct slot *s, CURLcode code)
{
    struct transfers *t = s->owner;
    struct buf body = s->body;
    struct transfer_result r = {
        .end = end_of(code), .timed_out = code == CURLE_OPERATION_TIMEDOUT, .body = &body};
    void *task = s->task;
    char *type = NULL;
    long status = 0;
    curl_off_t retry_after = 0;
    (void)curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(s->easy, CURLINFO_CONTENT_TYPE, &type);
    (void)curl_easy_getinfo(s->easy, CURLINFO_RETRY_AFTER, &retry_after);
    r.status = (int)status;
    (void)snprintf(r.content_type, sizeof r.content_type, "%s", type ? type : "");
    r.retry_after_s = (double)retry_after;
    if (status == PROCESSING && r.end == TRANSFER_BROKEN) {
        r.end = TRANSFER_ANSWER;
    }
    if (s->too_large) {
        r.end = TRANSFER_LARGE;
        (void)snprintf(r.why, sizeof r.why, "the answer is larger than %zu bytes", s->body.max);
    } else if (r.end != TRANSFER_ANSWER) {
        (void)snprintf(r.why, sizeof r.why, "%s", s->text[0] ? s->text : curl_easy_strerror(code));
    }
    buf_init(&s->body, 0);
    slot_free(s); /* before the callback, which may start the next transfer in it */
    t->prefs.on_done(t->prefs.ctx, task, &r);
    buf_release(&body);
}

/* Everything that has ended. The callbacks may start new transfers: the list is libcurl's own and
 * is asked anew each time. */
static void drain(struct transfers *t)
{
    int n_left = 0;
    CURLMsg *m = NULL;
    while (!t->failed && (m = curl_multi_info_read(t->multi, &n_left)) != NULL) {
        struct slot *s = NULL;
        CURLcode code = m->data.result; /* m is gone after remove_handle */
        (void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&s);
        (void)curl_multi_remove_handle(t->multi, s->easy);
        slot_done(s, code);
    }
}

static void act(struct transfers *t, curl_socket_t fd, int events)
{
    int n_running = 0;
    CURLMcode m = curl_multi_socket_action(t->multi, fd, events, &n_running);
    if (m != CURLM_OK) {
        fail(t, 0, m, "continue transfers");
        return;
    }
    drain(t);
}

/* --- sockets and time ---------------------------------------------------------------------------- */

static int watch(struct sock *s, int events);

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct sock *s = poll->data;
    if (status < 0) {
        s->watched = 0; /* libuv has stopped it */
    }
    if (!s->wanted) { /* a connection that is kept: the server closes it, or babbles */
        (void)watch(s, 0);
        return;
    }
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    act(s->owner, s->fd, flags);
}

/* Starting a poll anew costs two system calls, even for the same events. */
static int watch(struct sock *s, int events)
{
    if (events == s->watched) {
        return 0;
    }
    s->watched = events;
    return events ? uv_poll_start(&s->poll, events, on_poll) : uv_poll_stop(&s->poll);
}

static void on_sock_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* Before its descriptor is closed: another socket may get the same number. */
static void sock_forget(struct transfers *t, curl_socket_t fd)
{
    if (fd < t->n_socks && t->socks[fd]) {
        uv_close((uv_handle_t *)&t->socks[fd]->poll, on_sock_closed);
        t->socks[fd] = NULL;
    }
}

static struct sock *sock_add(struct transfers *t, curl_socket_t fd)
{
    if (fd >= t->n_socks) {
        int n = fd + 64;
        struct sock **socks = realloc(t->socks, (size_t)n * sizeof(struct sock *));
        if (!socks) {
            return NULL;
        }
        memset(socks + t->n_socks, 0, (size_t)(n - t->n_socks) * sizeof(struct sock *));
        t->socks = socks;
        t->n_socks = n;
    }
    struct sock *s = calloc(1, sizeof *s);
    if (!s || uv_poll_init_socket(&t->loop, &s->poll, fd) != 0) {
        free(s);
        return NULL;
    }
    s->owner = t;
    s->fd = fd;
    s->poll.data = s;
    t->socks[fd] = s;
    return s;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct transfers *t = ctx;
    struct sock *s = fd < t->n_socks ? t->socks[fd] : NULL;
    (void)easy;
    (void)socket_ctx;
    if (what == CURL_POLL_REMOVE) {
        if (s) {
            s->wanted = false;
        }
        if (s && !s->kept) {
            sock_forget(t, fd);
        }
        return 0;
    }
    if (!s && !(s = sock_add(t, fd))) {
        fail(t, UV_ENOMEM, CURLM_OK, "watch a socket");
        return -1;
    }
    s->wanted = true;
    int code = watch(s, (what & CURL_POLL_IN ? UV_READABLE : 0) |
                            (what & CURL_POLL_OUT ? UV_WRITABLE : 0));
    if (code != 0) {
        fail(t, code, CURLM_OK, "watch a socket");
        return -1;
    }
    return 0;
}

/* Sockets of connections, which outlive a transfer: we hear of their end here. (Others, such as the
 * resolver's, libcurl closes without a word after CURL_POLL_REMOVE.) */
static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct transfers *t = ctx;
    (void)purpose;
    int fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
    if (fd < 0) {
        return CURL_SOCKET_BAD;
    }
    struct sock *s = sock_add(t, fd);
    if (!s) {
        (void)close(fd);
        return CURL_SOCKET_BAD;
    }
    s->kept = true;
    return fd;
}

static int on_close_socket(void *ctx, curl_socket_t fd)
{
    sock_forget(ctx, fd);
    return close(fd);
}

static void on_curl_timer(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

/* libcurl must not be called from here: even a timeout of 0 goes through the loop. */
static int on_timeout(CURLM *multi, long timeout_ms, void *ctx)
{
    struct transfers *t = ctx;
    (void)multi;
    if (timeout_ms < 0) {
        (void)uv_timer_stop(&t->curl_timer);
    } else {
        (void)uv_timer_start(&t->curl_timer, on_curl_timer, (uint64_t)timeout_ms, 0);
    }
    return 0;
}

static void on_wake(uv_timer_t *timer)
{
    struct transfers *t = timer->data;
    t->prefs.on_wake(t->prefs.ctx);
}

void transfers_wake(struct transfers *t, double wait_s)
{
    (void)uv_timer_start(&t->wake, on_wake, (uint64_t)ceil(wait_s * 1e3), 0);
}

/* --- worker threads ------------------------------------------------------------------------------ */

static void on_wake_workers(void *ctx) /* on one of their threads */
{
    struct transfers *t = ctx;
    (void)uv_async_send(&t->worked);
}

static void on_worked(uv_async_t *async)
{
    struct transfers *t = async->data;
    workers_finish(t->workers);
}

int transfers_work(struct transfers *t, enum workers_lane lane, void (*work)(void *task),
                   void (*after)(void *ctx, void *task), void *task, struct err *e)
{
    return workers_add(t->workers, lane, work, after, t->prefs.ctx, task, e);
}

/* --- life ---------------------------------------------------------------------------------------- */

static void set_up(struct transfers *t, struct slot *s)
{
    CURL *c = s->easy;
    const struct transfers_prefs *p = &t->prefs;
    (void)curl_easy_setopt(c, CURLOPT_PRIVATE, s);
    (void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, s->text);
    (void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(c, CURLOPT_WRITEDATA, s);
    (void)curl_easy_setopt(c, CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
    (void)curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    (void)curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
    (void)curl_easy_setopt(c, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
    (void)curl_easy_setopt(c, CURLOPT_CLOSESOCKETDATA, t);
    (void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(c, CURLOPT_USERAGENT, "gdje/" GDJE_VERSION);
    (void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(c, CURLOPT_MAXREDIRS, MAX_REDIRECTS);
    (void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
    (void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    (void)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    (void)curl_easy_setopt(c, CURLOPT_PIPEWAIT, 1L); /* a stream rather than another connection */
    (void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)(p->connect_s * 1e3));
    (void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(p->deadline_s * 1e3));
    (void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES_PER_S);
    (void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)ceil(p->stall_s));
    if (p->no_proxy) {
        (void)curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
    }
}

static int open_slots(struct transfers *t, struct err *e)
{
    t->slots = calloc((size_t)t->prefs.window, sizeof *t->slots);
    if (!t->slots) {
        return err_nomem(e, "transfers");
    }
    for (int i = t->prefs.window - 1; i >= 0; i--) {
        struct slot *s = &t->slots[i];
        s->owner = t;
        s->easy = curl_easy_init();
        if (!s->easy) {
            return err_nomem(e, "a transfer");
        }
        set_up(t, s);
        slot_free(s);
    }
    return 0;
}

static int open_multi(struct transfers *t, struct err *e)
{
    t->multi = curl_multi_init();
    if (!t->multi) {
        return err_nomem(e, "transfers");
    }
    (void)curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t);
    (void)curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    (void)curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t);
    (void)curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)t->prefs.window);
    if (t->prefs.authorization) {
        t->headers = curl_slist_append(NULL, t->prefs.authorization);
        if (!t->headers) {
            return err_nomem(e, "a header");
        }
    }
    return open_slots(t, e);
}

int transfers_open(const struct transfers_prefs *p, struct transfers **out, struct err *e)
{
    int rc = -1;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        return err_set(e, ERR_SYSTEM, "cannot initialise libcurl");
    }
    struct transfers *t = calloc(1, sizeof *t);
    if (!t) {
        rc = err_nomem(e, "transfers");
        goto out;
    }
    t->prefs = *p;
    (void)mallopt(M_MMAP_THRESHOLD, KEEP_BYTES); /* NOLINT(concurrency-mt-unsafe): no threads yet */
    (void)mallopt(M_TRIM_THRESHOLD, KEEP_BYTES); /* NOLINT(concurrency-mt-unsafe) */
    int code = uv_loop_init(&t->loop);
    if (code != 0) {
        rc = uv_fail(e, code, "open an event loop");
        goto out;
    }
    uv_timer_t *const timers[] = {&t->curl_timer, &t->tick, &t->wake};
    for (size_t i = 0; i < sizeof timers / sizeof timers[0]; i++) {
        (void)uv_timer_init(&t->loop, timers[i]); /* cannot fail: fills the struct */
        timers[i]->data = t;
    }
    (void)uv_async_init(&t->loop, &t->worked, on_worked); /* nor this: the loop has its own */
    t->worked.data = t;
    if (workers_open(on_wake_workers, t, &t->workers, e) != 0 || open_multi(t, e) != 0) {
        transfers_close(t);
        return -1;
    }
    *out = t;
    return 0;
out:
    free(t);
    curl_global_cleanup();
    return rc;
}

void transfers_close(struct transfers *t)
{
    if (!t) {
        return;
    }
    workers_close(t->workers);
    for (int i = 0; t->slots && i < t->prefs.window; i++) {
        struct slot *s = &t->slots[i];
        if (s->easy && s->task) {
            (void)curl_multi_remove_handle(t->multi, s->easy);
        }
        curl_easy_cleanup(s->easy);
        buf_release(&s->body);
    }
    free(t->slots);
    curl_slist_free_all(t->headers);
    /* Closes the kept connections, which ends their poll handles through on_close_socket. */
    (void)curl_multi_cleanup(t->multi);
    for (int fd = 0; fd < t->n_socks; fd++) {
        sock_forget(t, fd);
    }
    free(t->socks);
    uv_close((uv_handle_t *)&t->curl_timer, NULL);
    uv_close((uv_handle_t *)&t->tick, NULL);
    uv_close((uv_handle_t *)&t->wake, NULL);
    uv_close((uv_handle_t *)&t->worked, NULL);
    while (uv_run(&t->loop, UV_RUN_DEFAULT) != 0) { /* a callback may stop the loop once more */
    }
    int code = uv_loop_close(&t->loop);
    assert(code == 0);
    (void)code;
    free(t);
    curl_global_cleanup();
}

int transfers_start(struct transfers *t, const struct transfer_ask *ask, void *task, struct err *e)
{
    struct slot *s = t->free_slots;
    assert(s && task);
    bool authorised = ask->authorised && t->headers;
    if (curl_easy_setopt(s->easy, CURLOPT_URL, ask->url) != CURLE_OK ||
        curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, authorised ? t->headers : NULL) != CURLE_OK) {
        return err_nomem(e, "a URL");
    }
    (void)curl_easy_setopt(s->easy, CURLOPT_FOLLOWLOCATION, ask->follow && !authorised ? 1L : 0L);
    (void)curl_easy_setopt(s->easy, CURLOPT_REDIR_PROTOCOLS_STR,
                           strncmp(ask->url, "https:", 6) == 0 ? "https" : "http,https");
    buf_init(&s->body, ask->max_body);
    s->too_large = false;
    s->text[0] = '\0';
    CURLMcode m = curl_multi_add_handle(t->multi, s->easy);
    if (m != CURLM_OK) {
        return err_set(e, ERR_SYSTEM, "cannot start a transfer: %s", curl_multi_strerror(m));
    }
    t->free_slots = s->next;
    s->task = task;
    return 0;
}

int transfers_run(struct transfers *t, struct err *e)
{
    int code = uv_timer_start(&t->tick, on_wake, 0, (uint64_t)(TRANSFERS_TICK_S * 1e3));
    if (code != 0) {
        return uv_fail(e, code, "start a timer");
    }
    (void)uv_run(&t->loop, UV_RUN_DEFAULT);
    (void)uv_timer_stop(&t->tick);
    (void)uv_timer_stop(&t->wake);
    if (t->failed) {
        *e = t->error;
        return -1;
    }
    return 0;
}

void transfers_stop(struct transfers *t)
{
    uv_stop(&t->loop);
}

const char *transfers_versions(void)
{
    static char text[96];
    if (text[0] == '\0') {
        (void)snprintf(text, sizeof text, "libcurl %s, libuv %s",
                       curl_version_info(CURLVERSION_NOW)->version, uv_version_string());
    }
    return text;
}
