/* SPDX-License-Identifier: MIT */
/*
 * The server of `make bench-fetch`: pictures of 75 KB from memory and just enough metadata, at the
 * least cost (a thread, a copy), so that the clients are what is measured. Every place has a
 * panorama of its own.
 *
 *     fetch_server [ARRIVALS]
 *
 * Prints http://127.0.0.1:PORT, ends with its standard input. ARRIVALS: then a file with a line for
 * each request, the seconds of the monotonic clock when it came.
 */
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/image.h"
#include "core/progress.h"
#include "core/rng.h"

#define SIDE_PX       640
#define N_PICTURES    16
#define PICTURE_BYTES 75000

#define COMMENT 12 /* bytes that make a picture its own: a JPEG comment of eight */

static struct {
    uint8_t *data; /* owned */
    size_t n;
} pictures[N_PICTURES];

/* Squares of noise of which so many pixels are new that the file gets the size. */
static void draw(struct image *img, uint64_t seed, double detail)
{
    for (uint64_t i = 0; i < (uint64_t)img->width * (uint64_t)img->height; i++) {
        uint64_t y = i / (uint64_t)img->width;
        uint64_t x = i % (uint64_t)img->width;
        uint64_t block = (y / 32) * 64 + x / 32;
        for (uint64_t c = 0; c < 3; c++) {
            uint64_t base = 48 + rng_below(seed, c, block, 160);
            bool fresh = rng_f64(seed, 3, i) < detail;
            img->rgb[3 * i + c] = (uint8_t)(base + (fresh ? rng_below(seed, 4 + c, i, 48) : 0));
        }
    }
}

static int make_picture(uint64_t seed, struct err *e)
{
    int rc = -1;
    struct image img = {0};
    uint8_t *data = NULL;
    size_t n = 0;
    double low = 0;
    double high = 1;
    TRY(image_new(&img, SIDE_PX, SIDE_PX, e));
    for (int i = 0; i < 9; i++) {
        double detail = (low + high) / 2;
        free(data);
        data = NULL;
        draw(&img, seed, detail);
        TRY(image_encode(&img, 80, &data, &n, e));
        *(n < PICTURE_BYTES ? &low : &high) = detail;
    }
    pictures[seed].data = data;
    pictures[seed].n = n;
    data = NULL;
out:
    free(data);
    image_release(&img);
    return rc;
}

/* No two addresses have the same bytes. */
static enum MHD_Result answer_picture(struct MHD_Connection *c, uint64_t which)
{
    const uint8_t *data = pictures[which % N_PICTURES].data;
    size_t n = pictures[which % N_PICTURES].n;
    uint8_t *own = malloc(n + COMMENT);
    if (!own) {
        return MHD_NO;
    }
    memcpy(own, "\xff\xd8\xff\xfe\x00\x0a", 6);
    memcpy(own + 6, &which, 8);
    memcpy(own + 2 + COMMENT, data + 2, n - 2);
    struct MHD_Response *r =
        MHD_create_response_from_buffer(n + COMMENT, own, MHD_RESPMEM_MUST_FREE);
    if (!r) {
        free(own);
        return MHD_NO;
    }
    enum MHD_Result ok = MHD_add_response_header(r, "Content-Type", "image/jpeg");
    ok = ok == MHD_YES ? MHD_queue_response(c, 200, r) : ok;
    MHD_destroy_response(r);
    return ok;
}

static enum MHD_Result answer_metadata(struct MHD_Connection *c, const char *location)
{
    char text[512];
    int n =
        snprintf(text, sizeof text,
                 "{\"copyright\": \"bench\", \"date\": \"2020-01\", \"location\": {\"lat\": %.*s,"
                 " \"lng\": %s}, \"pano_id\": \"at_%s\", \"status\": \"OK\"}",
                 (int)strcspn(location, ","), location, strchr(location, ',') + 1, location);
    struct MHD_Response *r =
        MHD_create_response_from_buffer((size_t)n, text, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result ok = MHD_add_response_header(r, "Content-Type", "application/json");
    ok = ok == MHD_YES ? MHD_queue_response(c, 200, r) : ok;
    MHD_destroy_response(r);
    return ok;
}

/* Of the one thread of the server until it has ended. */
static struct {
    bool wanted;
    double *s; /* owned */
    size_t n, cap;
} arrivals;

static void note_arrival(void)
{
    if (arrivals.n == arrivals.cap) {
        size_t cap = arrivals.cap ? 2 * arrivals.cap : 65536;
        double *more = realloc(arrivals.s, cap * sizeof *more);
        if (!more) {
            return;
        }
        arrivals.s = more;
        arrivals.cap = cap;
    }
    arrivals.s[arrivals.n++] = time_monotonic_s();
}

static int write_arrivals(const char *path, struct err *e)
{
    int rc = -1;
    struct out o = {0};
    TRY(out_open(&o, path, e));
    for (size_t i = 0; i < arrivals.n; i++) {
        (void)fprintf(o.f, "%.6f\n", arrivals.s[i]);
    }
    TRY(out_commit(&o, e));
out:
    out_release(&o);
    return rc;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *n_upload, /* NOLINT(readability-non-const-parameter) */
                                  void **ours)
{
    static int begun;
    (void)ctx;
    (void)method;
    (void)version;
    (void)upload;
    (void)n_upload;
    if (!*ours) { /* an answer before the request's end would close the connection */
        *ours = &begun;
        if (arrivals.wanted) {
            note_arrival();
        }
        return MHD_YES;
    }
    const char *location = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "location");
    if (strstr(path, "/metadata")) {
        return location && strchr(location, ',') && strlen(location) < 64
                   ? answer_metadata(c, location)
                   : MHD_NO;
    }
    const char *pano = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "pano");
    const char *heading = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "heading");
    uint64_t which = rng_stream(pano ? pano : "") + rng_stream(heading ? heading : "");
    return answer_picture(c, which);
}

static int run(const char *arrivals_path, struct err *e)
{
    int rc = 0;
    char byte;
    struct sockaddr_in at = {.sin_family = AF_INET};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    arrivals.wanted = arrivals_path != NULL;
    for (uint64_t i = 0; i < N_PICTURES; i++) {
        TRY(make_picture(i, e));
    }
    /* not epoll, with which libmicrohttpd 0.9.75 forgets a connection now and then from 128 on */
    struct MHD_Daemon *d =
        MHD_start_daemon(MHD_USE_POLL | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_request,
                         NULL, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at,
                         MHD_OPTION_CONNECTION_LIMIT, 1024U, MHD_OPTION_END);
    if (!d) {
        rc = err_set(e, ERR_SYSTEM, "cannot start the server");
        goto out;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT);
    (void)printf("http://127.0.0.1:%d\n", info ? info->port : 0);
    (void)fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    MHD_stop_daemon(d);
    if (arrivals_path) {
        rc = write_arrivals(arrivals_path, e);
    }
out:
    for (int i = 0; i < N_PICTURES; i++) {
        free(pictures[i].data);
    }
    free(arrivals.s);
    return rc;
}

int main(int argc, char **argv)
{
    struct err e = {0};
    if (run(argc > 1 ? argv[1] : NULL, &e) != 0) {
        (void)fprintf(stderr, "fetch_server: %s\n", e.msg);
        return (int)e.kind;
    }
    return 0;
}
