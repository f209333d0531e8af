/* SPDX-License-Identifier: MIT */
/* One process, one thread, poll(2); answers are small enough to be sent at once. */
#include "tests/unit/fetch/fake.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/image.h"
#include "core/progress.h"
#include "core/rng.h"
#include "tests/unit/fetch/fake_internal.h"

#define MAX_CONNECTIONS 512
#define HUGE_BYTES      (9u << 20)

struct world *world;
static struct connection conn[MAX_CONNECTIONS];
static uint8_t *jpeg[WORLD_N][4];
static size_t n_jpeg[WORLD_N][4];
static uint8_t *card, *other_size, *sphere;
static size_t n_card, n_other_size, n_sphere;

/* --- pictures -------------------------------------------------------------------------------------- */

static void encode(int width, int height, uint64_t seed, bool flat, uint8_t **data, size_t *n)
{
    struct err e = {0};
    struct image img = {0};
    if (image_new(&img, width, height, &e) != 0) {
        abort();
    }
    for (size_t i = 0; i < (size_t)width * (size_t)height * 3; i++) {
        img.rgb[i] = flat ? 228 : (uint8_t)rng_below(seed, 1, i / 24, 256);
    }
    if (image_encode(&img, 80, data, n, &e) != 0) {
        abort();
    }
    image_release(&img);
}

static void make_pictures(void)
{
    for (int k = 0; k < WORLD_N; k++) {
        for (int v = 0; v < 4; v++) {
            encode(WORLD_PX, WORLD_PX, (uint64_t)(4 * k + v), false, &jpeg[k][v], &n_jpeg[k][v]);
        }
    }
    encode(WORLD_PX, WORLD_PX, 0, true, &card, &n_card);
    encode(WORLD_PX / 2, WORLD_PX / 2, 0, false, &other_size, &n_other_size);
    encode(4 * WORLD_PX, 2 * WORLD_PX, 1000, false, &sphere, &n_sphere);
}

/* --- answers ---------------------------------------------------------------------------------------- */

static void send_all(int fd, const void *data, size_t n)
{
    const char *p = data;
    while (n > 0) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
        if (k < 0 && (errno == EAGAIN || errno == EINTR)) {
            struct pollfd f = {fd, POLLOUT, 0};
            (void)poll(&f, 1, 100);
            continue;
        }
        if (k <= 0) {
            return;
        }
        p += k;
        n -= (size_t)k;
    }
}

static void send_head(int fd, int status, const char *type, size_t length, const char *more)
{
    char head[512];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %d Because\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s\r\n",
                     status, type, length, more);
    send_all(fd, head, (size_t)n);
}

void fake_answer(int fd, int status, const char *type, const void *body, size_t n)
{
    send_head(fd, status, type, n, "");
    send_all(fd, body, n);
}

void fake_text(int fd, int status, const char *type, const char *text)
{
    fake_answer(fd, status, type, text, strlen(text));
}

static void close_connection(struct connection *c)
{
    world->n_in_flight -= c->due_s > 0 || c->stalled || c->dripping;
    (void)close(c->fd);
    *c = (struct connection){.fd = -1};
}

/* The faults that do not depend on what was asked. */
void fake_misbehave(struct connection *c, const struct trouble *t, const char *type,
                    const void *body, size_t n)
{
    char text[64];
    struct tm utc;
    time_t then = time(NULL) + t->arg;
    static char huge[HUGE_BYTES];
    switch (t->fault) {
    case FAULT_STATUS:
        fake_text(c->fd, t->arg, "text/plain", "no");
        break;
    case FAULT_RETRY_AFTER:
        (void)snprintf(text, sizeof text, "Retry-After: %d\r\n", t->arg);
        send_head(c->fd, 429, "text/plain", 0, text);
        break;
    case FAULT_RETRY_DATE: /* RFC 9110, section 10.2.3 */
        (void)strftime(text, sizeof text, "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n",
                       gmtime_r(&then, &utc));
        send_head(c->fd, 429, "text/plain", 0, text);
        break;
    case FAULT_STALL:
        c->stalled = true;
        break;
    case FAULT_DRIP:
        send_head(c->fd, 200, type, n, "");
        c->dripping = true;
        break;
    case FAULT_CUT:
        send_head(c->fd, 200, type, n, "");
        send_all(c->fd, body, n / 2);
        close_connection(c);
        break;
    case FAULT_LONG_LENGTH:
        send_head(c->fd, 200, type, n + 1000, "");
        send_all(c->fd, body, n);
        close_connection(c);
        break;
    case FAULT_SHORT_LENGTH:
        send_head(c->fd, 200, type, n / 2, "");
        send_all(c->fd, body, n);
        break;
    case FAULT_HTML:
        fake_text(c->fd, 200, "text/html", "<html>please log in</html>");
        break;
    case FAULT_JPEG_LIE:
        fake_text(c->fd, 200, "image/jpeg", "<html>please log in</html>");
        break;
    case FAULT_CARD:
        fake_answer(c->fd, 200, type, card, n_card);
        break;
    case FAULT_HALF:
        fake_answer(c->fd, 200, type, body, n / 2);
        break;
    case FAULT_SIZE:
        fake_answer(c->fd, 200, type, other_size, n_other_size);
        break;
    case FAULT_HUGE:
        memset(huge, ' ', sizeof huge);
        fake_answer(c->fd, 200, type, huge, sizeof huge);
        break;
    case FAULT_REDIRECT:
        send_head(c->fd, 302, "text/plain", 0, "Location: http://127.0.0.1:1/\r\n");
        break;
    case FAULT_PROCESSING: {
        static const char not_yet[] = "HTTP/1.1 102 Processing\r\nContent-Length: 2\r\n\r\n{}";
        send_all(c->fd, not_yet, sizeof not_yet - 1);
        close_connection(c);
        break;
    }
    case FAULT_JSON:
        fake_text(c->fd, 200, "application/json", t->text);
        break;
    case FAULT_NONE:
        fake_answer(c->fd, 200, type, body, n);
        break;
    }
}

bool fake_strikes(const struct trouble *t, bool on_view, int n_seen)
{
    return t->fault != FAULT_NONE && t->on_view == on_view && (t->times < 0 || n_seen <= t->times);
}

const uint8_t *fake_picture(int k, size_t *n)
{
    bool all = world->camera[k] == CAMERA_SPHERE || world->camera[k] == CAMERA_NO_HEADING;
    *n = all ? n_sphere : n_jpeg[world->picture[k]][0];
    return all ? sphere : jpeg[world->picture[k]][0];
}

static double param(const char *target, const char *name)
{
    const char *p = strstr(target, name);
    return p ? strtod(p + strlen(name), NULL) : -1e9;
}

static void answer_probe(struct connection *c, const char *target)
{
    static const struct trouble none = {FAULT_NONE, false, 0, 0, ""};
    char body[256];
    int k = (int)lround((param(target, "location=") - 45) * 100);
    if (k < 0 || k >= WORLD_N) {
        fake_text(c->fd, 200, "application/json", "{\"status\": \"ZERO_RESULTS\"}");
        return;
    }
    world->n_probes[k]++;
    const struct trouble *t = &world->trouble[k];
    int n =
        snprintf(body, sizeof body,
                 "{\"copyright\": \"© Test\", \"date\": \"2020-%02d\", \"location\":"
                 " {\"lat\": %.7f, \"lng\": 16.5}, \"pano_id\": \"pano%d\", \"status\": \"OK\"}",
                 world->pano[k] % 12 + 1, 45 + world->pano[k] * 0.01, world->pano[k]);
    fake_misbehave(c, fake_strikes(t, false, world->n_probes[k]) ? t : &none, "application/json",
                   body, (size_t)n);
}

static void answer_view(struct connection *c, const char *target)
{
    static const struct trouble none = {FAULT_NONE, true, 0, 0, ""};
    int k = (int)param(target, "pano=pano");
    int v = (int)param(target, "heading=") / 90;
    world->n_views[k]++;
    const struct trouble *t = &world->trouble[k];
    fake_misbehave(c, fake_strikes(t, true, world->n_views[k]) ? t : &none, "image/jpeg",
                   jpeg[world->picture[k]][v], n_jpeg[world->picture[k]][v]);
}

static void respond(struct connection *c)
{
    char target[4096] = "";
    (void)sscanf(c->in, "GET %4095s", target);
    world->n_proxied += strncmp(target, "http://", 7) == 0;
    c->due_s = 0;
    c->n_in = 0;
    if (fake_items(c, target)) {
        /* answered */
    } else if (world->needs_key && !strstr(target, "key=" WORLD_KEY)) {
        bool probe = strstr(target, "/metadata") != NULL;
        fake_text(c->fd, probe ? 200 : 403, "application/json",
                  "{\"status\": \"REQUEST_DENIED\", \"error_message\": \"The provided API key is "
                  "invalid: key=" WORLD_KEY "\"}");
    } else if (strstr(target, "/metadata")) {
        answer_probe(c, target);
    } else {
        answer_view(c, target);
    }
    if (c->fd >= 0 && !c->stalled && !c->dripping) {
        world->n_in_flight--;
        if (world->hangs_up) {
            (void)close(c->fd);
            c->fd = -1;
        }
    }
}

/* --- the loop ------------------------------------------------------------------------------------------ */

static void receive(struct connection *c)
{
    ssize_t n = recv(c->fd, c->in + c->n_in, sizeof c->in - 1 - c->n_in, 0);
    if (n <= 0) {
        close_connection(c);
        return;
    }
    c->n_in += (size_t)n;
    c->in[c->n_in] = '\0';
    if (c->due_s == 0 && strstr(c->in, "\r\n\r\n")) {
        world->n_all++;
        world->n_in_flight++;
        world->max_in_flight =
            world->n_in_flight > world->max_in_flight ? world->n_in_flight : world->max_in_flight;
        c->due_s = time_monotonic_s() + world->delay_ms * 1e-3;
    }
}

static void accept_one(int listener, int *n_connections)
{
    int fd = accept(listener, NULL, NULL);
    for (int i = 0; fd >= 0 && i < MAX_CONNECTIONS; i++) {
        if (conn[i].fd < 0) {
            conn[i] = (struct connection){.fd = fd};
            (*n_connections)++;
            return;
        }
    }
    (void)close(fd);
}

static void work_off(struct connection *c, double now_s)
{
    if (c->due_s > 0 && now_s >= c->due_s) {
        respond(c);
    } else if (c->dripping && now_s >= c->drip_s) {
        send_all(c->fd, "x", 1);
        c->drip_s = now_s + 1;
    }
}

/* listener6: -1 for none. */
static void serve(int listener, int listener6)
{
    static struct pollfd fds[MAX_CONNECTIONS + 2];
    for (int i = 0; i < MAX_CONNECTIONS; i++) {
        conn[i].fd = -1;
    }
    for (;;) {
        bool pending = false;
        fds[MAX_CONNECTIONS] = (struct pollfd){listener, POLLIN, 0};
        fds[MAX_CONNECTIONS + 1] = (struct pollfd){listener6, POLLIN, 0};
        for (int i = 0; i < MAX_CONNECTIONS; i++) {
            fds[i] = (struct pollfd){conn[i].fd, POLLIN, 0};
            pending = pending || conn[i].due_s > 0 || conn[i].dripping;
        }
        (void)poll(fds, MAX_CONNECTIONS + 2, pending ? 1 : 1000);
        if (getppid() == 1) {
            _exit(0); /* the test died */
        }
        if (fds[MAX_CONNECTIONS].revents) {
            accept_one(listener, &world->n_connections);
        }
        if (fds[MAX_CONNECTIONS + 1].revents) {
            accept_one(listener6, &world->n_connections6);
        }
        double now_s = time_monotonic_s();
        for (int i = 0; i < MAX_CONNECTIONS; i++) {
            if (conn[i].fd >= 0 && fds[i].fd == conn[i].fd && fds[i].revents) {
                receive(&conn[i]);
            }
            if (conn[i].fd >= 0) {
                work_off(&conn[i], now_s);
            }
        }
    }
}

static struct world *share(void)
{
    char path[] = "/tmp/gdje-world.XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0 || unlink(path) != 0 || ftruncate(fd, sizeof(struct world)) != 0) {
        return NULL;
    }
    void *p = mmap(NULL, sizeof(struct world), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    return p == MAP_FAILED ? NULL : p;
}

/* The same port of ::1, or -1. */
static int listen6(int port)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6,
                             .sin6_port = htons((uint16_t)port),
                             .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    if (fd >= 0 && (bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 512) != 0)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

int fake_start(struct fake *s)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    *s = (struct fake){.world = share()};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (!s->world || fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
        listen(fd, 512) != 0 || getsockname(fd, (struct sockaddr *)&a, &n) != 0) {
        return -1;
    }
    for (int k = 0; k < WORLD_N; k++) {
        s->world->pano[k] = s->world->picture[k] = k;
    }
    s->port = s->world->port = ntohs(a.sin_port);
    (void)snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", s->port);
    int fd6 = listen6(s->port);
    if (fd6 >= 0) {
        (void)snprintf(s->url6, sizeof s->url6, "http://[::1]:%d", s->port);
    }
    if (!jpeg[0][0]) {
        make_pictures();
    }
    s->pid = fork();
    if (s->pid == 0) {
        world = s->world;
        serve(fd, fd6);
    }
    (void)close(fd);
    if (fd6 >= 0) {
        (void)close(fd6);
    }
    return s->pid > 0 ? 0 : -1;
}

void fake_stop(struct fake *s)
{
    int status = 0;
    (void)kill(s->pid, SIGKILL);
    (void)waitpid(s->pid, &status, 0);
    (void)munmap(s->world, sizeof *s->world);
}
