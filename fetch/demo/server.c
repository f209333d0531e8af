/* SPDX-License-Identifier: MIT */
/*
 * libmicrohttpd's threads each run an event loop over their share of the connections and call
 * on_request, which makes the whole answer before it returns: a picture takes some milliseconds.
 * Between the answer and its sending is where faults strike. The listening socket is ours, so that
 * a busy port is told plainly.
 */
#include "fetch/demo/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "core/buf.h"
#include "core/log.h"
#include "core/progress.h"
#include "fetch/demo/missend.h"
#include "fetch/demo/spoil.h"

#define BACKLOG          512
#define CONNECTIONS_MAX  1024
#define CONNECTION_BYTES (32 * 1024) /* request line and headers */
#define BODY_MAX         65536
#define IDLE_TIMEOUT_S   120 /* of a connection kept open */

struct server {
    struct MHD_Daemon *daemon;
    struct protocol *protocol;
    struct faults *faults;   /* borrowed; NULL: none */
    struct missend *missend; /* NULL without faults */
    int port;
    atomic_llong last_ms; /* monotonic, of the last request */
};

static void touch(struct server *s)
{
    atomic_store(&s->last_ms, (long long)(time_monotonic_s() * 1000));
}

/* Takes response, which may be NULL. */
static enum MHD_Result send_response(struct MHD_Connection *connection,
                                     struct MHD_Response *response, const struct answer *head)
{
    if (!response) {
        return MHD_NO;
    }
    enum MHD_Result ok =
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, head->type);
    if (ok == MHD_YES && head->header) {
        ok = MHD_add_response_header(response, head->header, head->header_value);
    }
    if (ok == MHD_YES) {
        ok = MHD_queue_response(connection, (unsigned)head->status, response);
    }
    MHD_destroy_response(response);
    return ok;
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct answer *a)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(a->n, a->body, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        answer_release(a);
    }
    return send_response(connection, response, a);
}

static int refuse_method(struct answer *a, struct err *e)
{
    a->header = MHD_HTTP_HEADER_ALLOW;
    a->header_value = "GET, HEAD, POST";
    return answer_plain(a, 405, "Only GET and POST are spoken here.", e);
}

/* A request while the library deals with it. */
struct request {
    bool begun;
    bool stalled;    /* once it wakes, its client has gone */
    bool too_long;   /* its body was; it is dropped */
    struct buf body; /* of a POST */
    char target[];   /* as sent */
};

/* What the library calls first for a request. */
static void *on_target(void *ctx, const char *target, struct MHD_Connection *connection)
{
    size_t n = strlen(target) + 1;
    struct request *r = malloc(sizeof *r + n);
    (void)ctx;
    (void)connection;
    if (r) {
        *r = (struct request){0};
        buf_init(&r->body, BODY_MAX);
        memcpy(r->target, target, n);
    }
    return r;
}

static void on_end(void *ctx, struct MHD_Connection *connection, void **ours,
                   enum MHD_RequestTerminationCode code)
{
    (void)ctx;
    (void)connection;
    (void)code;
    struct request *r = *ours;
    if (r) {
        buf_release(&r->body);
    }
    free(r);
    *ours = NULL;
}

/* An answer with its fault, if it has one. Takes a. */
static enum MHD_Result answer_badly(const struct server *s, struct MHD_Connection *connection,
                                    struct request *r, struct answer *a)
{
    struct err e = {0};
    enum fault f = faults_next(s->faults, r->target);
    const struct answer head = *a;
    if (f == FAULT_NONE) {
        return send_answer(connection, a);
    }
    log_note("fault: %s", fault_name(f));
    if (spoil_answer(f, protocol_route(r->target), a, &e) != 0) {
        answer_release(a);
        return MHD_NO;
    }
    if (!missend_is(f)) {
        return send_answer(connection, a);
    }
    if (f == FAULT_STALL) {
        r->stalled = true;
        answer_release(a);
        return missend_stall(s->missend, connection);
    }
    if (f == FAULT_DRIP || f == FAULT_HUGE) {
        struct MHD_Response *response =
            f == FAULT_HUGE ? missend_huge(a) : missend_slowly(s->missend, connection, a);
        return send_response(connection, response, &head);
    }
    return missend_now(f, connection, a);
}

static void take_body(struct request *r, const char *data, size_t n)
{
    struct err ignored = {0};
    r->too_long = r->too_long || buf_add(&r->body, data, n, &ignored) != 0;
}

static int answer_request(struct server *s, struct MHD_Connection *connection, const char *method,
                          const struct request *r, struct answer *a, struct err *e)
{
    bool post = strcmp(method, MHD_HTTP_METHOD_POST) == 0;
    struct ask ask = {.target = r->target,
                      .body = post ? r->body.p : NULL,
                      .n_body = post ? r->body.n : 0,
                      .post = post};
    if (!post && strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
        strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        return refuse_method(a, e);
    }
    if (post && r->too_long) {
        return answer_plain(a, 413, "The body is too long.", e);
    }
    ask.host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    ask.authorization =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    ask.content_type =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    return protocol_answer(s->protocol, &ask, a, e);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *n_upload, void **ours)
{
    struct server *s = ctx;
    struct err e = {0};
    struct answer a = {0};
    struct request *r = *ours;
    (void)version;
    if (r && !r->begun) { /* an answer before the request's end would close the connection */
        r->begun = true;
        return MHD_YES;
    }
    if (*n_upload > 0) {
        if (r) {
            take_body(r, upload, *n_upload);
        }
        *n_upload = 0;
        return MHD_YES;
    }
    if (r && r->stalled) {
        return MHD_NO;
    }
    touch(s);
    int rc = r ? answer_request(s, connection, method, r, &a, &e) : err_nomem(&e, "a request");
    if (rc != 0) {
        log_warn("cannot answer '%s': %s", path, e.msg);
        answer_release(&a);
        return MHD_NO;
    }
    log_note("%s %s: %d, %zu bytes", method, path, a.status, a.n);
    if (a.status < 200) {
        return missend_interim(connection, &a);
    }
    return s->faults ? answer_badly(s, connection, r, &a) : send_answer(connection, &a);
}

static void on_message(void *ctx, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void on_message(void *ctx, const char *fmt, va_list ap)
{
    char text[512];
    (void)ctx;
    (void)vsnprintf(text, sizeof text, fmt, ap);
    text[strcspn(text, "\n")] = '\0';
    log_note("libmicrohttpd: %s", text);
}

static int listen_on(int port, int *fd, int *bound, struct err *e)
{
    int rc = -1;
    int on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t n = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (s < 0) {
        return err_sys(e, errno, "cannot make a socket");
    }
    /* without it a port stays blocked for a minute after its server ended */
    (void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(s, (struct sockaddr *)&at, sizeof at) != 0 || listen(s, BACKLOG) != 0 ||
        getsockname(s, (struct sockaddr *)&at, &n) != 0) {
        rc = err_sys(e, errno, "cannot listen on 127.0.0.1:%d", port);
        e->kind = ERR_SYSTEM;
        goto out;
    }
    *bound = ntohs(at.sin_port);
    *fd = s;
    s = -1;
    rc = 0;
out:
    if (s >= 0) {
        (void)close(s);
    }
    return rc;
}

/* The listening socket becomes the daemon's. NULL when it cannot start; the library has closed the
 * socket then, or the process is about to end. */
static struct MHD_Daemon *start_daemon(struct server *s, int fd, int n_threads)
{
    unsigned flags = MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem pool[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, n_threads, NULL}, /* must be above 1 when given */
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    return MHD_start_daemon(
        flags | (s->faults ? (unsigned)MHD_ALLOW_SUSPEND_RESUME : 0), 0, NULL, NULL, on_request, s,
        MHD_OPTION_EXTERNAL_LOGGER, on_message, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S,
        MHD_OPTION_ARRAY, n_threads > 1 ? pool : none, MHD_OPTION_END);
}

int server_start(struct protocol *p, struct faults *faults, int port, int n_threads,
                 struct server **out, struct err *e)
{
    int rc = -1;
    int fd = -1;
    struct server *s = calloc(1, sizeof *s);
    if (!s) {
        return err_nomem(e, "the server");
    }
    s->protocol = p;
    s->faults = faults;
    TRY(listen_on(port, &fd, &s->port, e));
    if (faults && missend_open(&s->missend, e) != 0) {
        (void)close(fd);
        rc = -1;
        goto out;
    }
    touch(s);
    s->daemon = start_daemon(s, fd, n_threads);
    if (!s->daemon) {
        rc = err_set(e, ERR_SYSTEM, "cannot start the server's threads");
        goto out;
    }
    *out = s;
    s = NULL;
out:
    server_stop(s);
    return rc;
}

int server_port(const struct server *s)
{
    return s->port;
}

double server_idle_s(const struct server *s)
{
    return time_monotonic_s() - (double)atomic_load(&s->last_ms) / 1000;
}

void server_stop(struct server *s)
{
    if (s) {
        missend_end(s->missend);
        if (s->daemon) {
            MHD_stop_daemon(s->daemon);
        }
        missend_close(s->missend);
        free(s);
    }
}

const char *server_library(void)
{
    static char text[48]; /* written once, before there are threads */
    (void)snprintf(text, sizeof text, "libmicrohttpd %s", MHD_get_version());
    return text;
}
