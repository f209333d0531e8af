/* SPDX-License-Identifier: MIT */
/* Options into what the engine needs, secrets from where only their owner can read them. All that is
 * wrong with either is said here, before anything is asked or opened for writing. */
#include "fetch/fetch_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/parse.h"
#include "core/sig.h"
#include "fetch/url.h"

/* --- secrets ----------------------------------------------------------------------------------- */

/* From the file if one is given, else from the environment; *text stays NULL when in neither. */
static int secret_load(const char *file, const char *variable, char **text, struct err *e)
{
    if (file) {
        return file_read_secret(file, text, e);
    }
    const char *value = getenv(variable); /* NOLINT(concurrency-mt-unsafe): before any thread */
    if (value && value[0]) {
        *text = strdup(value);
        return *text ? 0 : err_nomem(e, "a key");
    }
    return 0;
}

/* The key as a header. */
static int authorize(struct run *r, const char *scheme, struct err *e)
{
    struct buf b;
    if (strpbrk(r->key, "\r\n")) {
        return err_set(e, ERR_USAGE, "the key is more than one line");
    }
    buf_init(&b, 8192);
    if (buf_printf(&b, e, "Authorization: %s %s", scheme, r->key) != 0) {
        buf_release(&b);
        return -1;
    }
    r->authorization = buf_take(&b);
    return 0;
}

static int load_secrets(struct run *r, const struct fetch_prefs *p, const struct provider *provider,
                        struct err *e)
{
    if (!provider->key_variable) {
        return p->key_file
                   ? err_set(e, ERR_USAGE, "--key-file: provider '%s' takes no key", provider->name)
                   : 0;
    }
    if (secret_load(p->key_file, provider->key_variable, &r->key, e) != 0) {
        return -1;
    }
    if (!provider->key_scheme &&
        secret_load(p->secret_file, FETCH_SECRET_VARIABLE, &r->secret, e) != 0) {
        return -1;
    }
    if (r->key || r->secret) {
        sig_no_core();
    }
    if (provider->needs_key && !r->key) {
        return err_set(e, ERR_USAGE, "provider '%s' needs a key: set %s or give --key-file",
                       provider->name, provider->key_variable);
    }
    return provider->key_scheme && r->key ? authorize(r, provider->key_scheme, e) : 0;
}

/* --- what to do -------------------------------------------------------------------------------- */

static int check_base_url(const char *url, struct err *e)
{
    char shown[256]; /* somebody may have put a key into it */
    bool http = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
    if (!http || strpbrk(url, "?#@ ") || url[strlen(url) - 1] == '/') {
        url_redact(url, NULL, shown, sizeof shown);
        return err_set(e, ERR_USAGE,
                       "--base-url: '%s' is not http:// or https:// with host and port only",
                       shown);
    }
    return 0;
}

/* The caps as the user gave them, and the prices they are counted with. */
static int plan_money(struct run *r, const struct fetch_prefs *p, struct err *e)
{
    const char *name = r->engine.provider->name;
    r->caps = (struct budget_prefs){INFINITY, INT64_MAX};
    if (prices_read(p->prices, name, &r->prices, e) != 0) {
        return -1;
    }
    if (p->budget && parse_f64(p->budget, 0, 1e12, &r->caps.money, e) != 0) {
        e->kind = ERR_USAGE;
        return err_ctx(e, "--budget");
    }
    if (p->max_billed && parse_count(p->max_billed, 0, INT64_MAX - 1, &r->caps.n_billed, e) != 0) {
        e->kind = ERR_USAGE;
        return err_ctx(e, "--max-billed");
    }
    if (p->budget && !r->prices.currency[0]) {
        return err_set(e, ERR_USAGE, "--budget: the price table has no price for provider '%s'",
                       name);
    }
    return 0;
}

static int open_area(struct run *r, const char *text, struct err *e)
{
    const struct provider *p = r->engine.provider;
    if (!p->plan_box && !p->local) {
        return err_set(e, ERR_USAGE,
                       "--area: provider '%s' lists no pictures: queue points with gdje-sample",
                       p->name);
    }
    return area_open(text, &r->area, e);
}

int plan_fetch(struct run *r, const struct fetch_prefs *p, struct err *e)
{
    const struct provider *provider = provider_at(p->provider);
    const char *base_url = p->base_url ? p->base_url : provider->base_url;
    if (!base_url) {
        return err_set(e, ERR_USAGE, "provider '%s' needs --base-url %s", provider->name,
                       provider->local ? "DIR" : "http://HOST:PORT");
    }
    if (provider->local ? folder_open(base_url, &r->folder, e) != 0
                        : check_base_url(base_url, e) != 0) {
        return -1;
    }
    if (load_secrets(r, p, provider, e) != 0) {
        return -1;
    }
    if (r->key && strncmp(base_url, "https://", 8) != 0 && !url_is_loopback(base_url)) {
        return err_set(e, ERR_USAGE,
                       "--base-url: a key is sent by https:// or to this machine, not to '%s'",
                       base_url);
    }
    if (p->radius_m > provider->max_radius_m) {
        return err_set(e, ERR_USAGE, "--radius: provider '%s' is asked for %" PRId64 " m at most",
                       provider->name, provider->max_radius_m);
    }
    r->engine = (struct engine_prefs){
        .provider = provider,
        .ask = {.base_url = base_url,
                .key = r->key,
                .sign_secret = r->secret,
                .source = fetch_sources[p->source],
                .radius_m = p->radius_m,
                .fov_deg = p->fov_deg,
                .pitch_deg = p->pitch_deg,
                .size_px = p->size_px},
        .limit = p->limit,
        .authorization = r->authorization,
        .window = p->connections > 0 ? (int)p->connections : provider->connections,
        .tries = (int)p->tries,
        .decode = p->verify == 0,
        .rate_per_s = p->rate_per_s > 0 ? p->rate_per_s : provider->rate_per_s,
        .stop_after_s = p->stop_after_s,
        .min_distance_m = p->min_distance_m,
        .events = p->format == 1,
        .folder = r->folder,
        .budget = &r->budget,
        .per_minute = p->rate_minute > 0 ? p->rate_minute : provider->per_minute,
        .stall_s = p->stall_s,
        .deadline_s = p->deadline_s};
    if (p->area && open_area(r, p->area, e) != 0) {
        return -1;
    }
    return plan_money(r, p, e);
}
