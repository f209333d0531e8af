/* SPDX-License-Identifier: MIT */
/* Serving is the main thread waiting for a signal or for idleness while the server's threads work.
 * A server that is asked to stop has done its work: it ends with 0. */
#include "fetch/demo/demo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/image.h"
#include "core/log.h"
#include "core/parse.h"
#include "core/pool.h"
#include "core/sig.h"
#include "fetch/demo/fault.h"
#include "fetch/demo/panorama.h"
#include "fetch/demo/protocol.h"
#include "fetch/demo/render.h"
#include "fetch/demo/server.h"
#include "fetch/demo/sheet.h"
#include "shapes/border.h"

#define KEY_VARIABLE "GDJE_DEMO_KEY"
#define PICTURE_SIDE 640
#define WATCH_MS     50

/* --- one picture -------------------------------------------------------------------------------- */

/* "LAT,LON,HEADING" */
static int read_place(const char *text, struct lonlat *at, double *heading_deg, struct err *e)
{
    int rc = -1;
    struct {
        double min, max, *to;
    } part[] = {{-90, 90, &at->lat}, {-180, 180, &at->lon}, {0, 360, heading_deg}};
    char *copy = strdup(text);
    char *from = copy;
    if (!copy) {
        return err_nomem(e, "an argument");
    }
    for (int i = 0; i < 3; i++) {
        size_t n = strcspn(from, ",");
        bool more = from[n] == ',';
        from[n] = '\0';
        if (more != (i < 2) || parse_f64(from, part[i].min, part[i].max, part[i].to, e) != 0) {
            (void)err_set(e, ERR_USAGE, "--render '%s' is not LAT,LON,HEADING in degrees", text);
            goto out;
        }
        from += n + 1;
    }
    rc = 0;
out:
    free(copy);
    return rc;
}

static int render_picture(const struct country *c, const struct demo_prefs *p, struct err *e)
{
    int rc = -1;
    struct lonlat at;
    struct view v = {.fov_deg = 90, .width = PICTURE_SIDE, .height = PICTURE_SIDE};
    struct panorama pano;
    struct scene scene;
    struct image img = {0};
    uint8_t *data = NULL;
    size_t n = 0;
    TRY(read_place(p->render, &at, &v.heading_deg, e));
    panorama_here(c, at, &pano);
    panorama_scene(c, &pano, &scene);
    TRY(render_view(c, &scene, &v, &img, e));
    TRY(image_encode(&img, ANSWER_QUALITY, &data, &n, e));
    TRY(file_write(p->output, data, n, e));
out:
    image_release(&img);
    free(data);
    return rc;
}

/* --- serving ------------------------------------------------------------------------------------ */

struct secrets {
    char *key;       /* owned: secret_free */
    uint8_t *secret; /* owned */
    size_t n_secret;
};

static int secrets_read(const struct demo_prefs *p, struct secrets *s, struct err *e)
{
    int rc = -1;
    char *text = NULL;
    const char *from_env = getenv(KEY_VARIABLE); /* NOLINT(concurrency-mt-unsafe): no threads yet */
    if (p->key_file) {
        TRY(file_read_secret(p->key_file, &s->key, e));
    } else if (from_env && *from_env) {
        s->key = strdup(from_env);
        if (!s->key) {
            rc = err_nomem(e, "the key");
            goto out;
        }
    }
    if (p->secret_file) {
        TRY(file_read_secret(p->secret_file, &text, e));
        s->secret = malloc(3 * (strlen(text) / 4) + 3);
        if (!s->secret) {
            rc = err_nomem(e, "the secret");
            goto out;
        }
        if (base64url_decode(text, s->secret, &s->n_secret, e) != 0) {
            /* the message must not show the secret */
            rc = err_set(e, ERR_INPUT, "the secret in '%s' is not URL-safe base64", p->secret_file);
            goto out;
        }
    }
    rc = 0;
out:
    secret_free(text);
    return rc;
}

static void secrets_release(struct secrets *s)
{
    if (s->secret) {
        memset(s->secret, 0, s->n_secret);
    }
    free(s->secret);
    secret_free(s->key);
}

/* The files first: who reads the address from stdout may then look for them. */
static int announce(const struct demo_prefs *p, int port, struct err *e)
{
    int rc = 0;
    char text[64];
    int n = 0;
    if (p->pid_file) {
        n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
        TRY(file_write(p->pid_file, text, (size_t)n, e));
    }
    n = snprintf(text, sizeof text, "http://127.0.0.1:%d\n", port);
    if (p->url_file) {
        TRY(file_write(p->url_file, text, (size_t)n, e));
    }
    (void)fputs(text, stdout);
    TRY(stdout_finish(e));
out:
    return rc;
}

static void watch(const struct server *s, double idle_exit_s)
{
    const struct timespec pause = {.tv_nsec = WATCH_MS * 1000000L};
    while (!sig_caught()) {
        if (idle_exit_s > 0 && server_idle_s(s) > idle_exit_s) {
            log_info("no request for %g s: done", idle_exit_s);
            return;
        }
        (void)nanosleep(&pause, NULL);
    }
    log_note("caught signal %d: done", sig_caught());
}

static int serve(const struct country *c, struct faults *faults, const struct demo_prefs *p,
                 struct err *e)
{
    int rc = -1;
    struct secrets secrets = {0};
    struct server *server = NULL;
    TRY(secrets_read(p, &secrets, e));
    struct protocol protocol = {.country = c,
                                .key = secrets.key,
                                .secret = secrets.secret,
                                .n_secret = secrets.n_secret,
                                .reach_m = p->reach_m,
                                .density = p->density,
                                .url_ttl_s = (int64_t)p->url_ttl_s,
                                .quota = p->quota};
    TRY(server_start(&protocol, faults, (int)p->port, pool_threads((int)p->threads), &server, e));
    TRY(announce(p, server_port(server), e));
    watch(server, p->idle_exit_s);
out:
    server_stop(server);
    secrets_release(&secrets);
    if (server && p->url_file) {
        (void)unlink(p->url_file);
    }
    if (server && p->pid_file) {
        (void)unlink(p->pid_file);
    }
    return rc;
}

static int check_prefs(const struct demo_prefs *p, struct err *e)
{
    bool picture = p->render || p->contact_sheet;
    if (p->render && p->contact_sheet) {
        return err_set(e, ERR_USAGE, "--render and --contact-sheet exclude each other");
    }
    if (p->render && !p->output) {
        return err_set(e, ERR_USAGE, "--render needs --output FILE");
    }
    if (p->output && !p->render) {
        return err_set(e, ERR_USAGE, "--output goes with --render");
    }
    if (picture && p->faults) {
        return err_set(e, ERR_USAGE, "--fault is for serving");
    }
    if (picture && (p->url_file || p->pid_file)) {
        return err_set(e, ERR_USAGE, "--url-file and --pid-file are for serving");
    }
    const char *file = p->render ? p->output : p->contact_sheet;
    if (picture && !p->force && file_exists(file)) {
        return err_set(e, ERR_USAGE, "'%s' exists; --force replaces it", file);
    }
    return 0;
}

static void list_faults(void)
{
    for (int i = FAULT_NONE + 1; i < FAULT_COUNT; i++) {
        (void)printf("%s\t%s\n", fault_name((enum fault)i), fault_help((enum fault)i));
    }
}

int demo_run(const struct cli *cli, const struct demo_prefs *p, struct err *e)
{
    int rc = -1;
    struct border *border = NULL;
    struct country *country = NULL;
    struct faults *faults = NULL;
    (void)cli;
    if (p->list_faults) {
        list_faults();
        return 0;
    }
    TRY(check_prefs(p, e));
    if (p->faults) {
        TRY(faults_new(p->faults, (uint64_t)p->seed, &faults, e));
    }
    TRY(border_open(p->border, &border, e));
    TRY(country_new(border, (uint64_t)p->seed, &country, e));
    if (p->render) {
        TRY(render_picture(country, p, e));
    } else if (p->contact_sheet) {
        TRY(sheet_write(country, p->contact_sheet, e));
    } else {
        TRY(serve(country, faults, p, e));
    }
out:
    faults_free(faults);
    country_free(country);
    border_free(border);
    return rc;
}
