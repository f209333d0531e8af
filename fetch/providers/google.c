/* SPDX-License-Identifier: MIT */
/*
 * Google's Street View Static API, and the demo provider, which speaks the same protocol at
 * another address. A probe of the metadata (free of charge) finds the panorama nearest to a point;
 * pictures are asked for by panorama id, so that four views are of one place.
 *
 * Metadata answers HTTP 200 for every status; the status is in the body. return_error_code=true
 * makes a missing picture a 404 instead of a grey one.
 */
#include "fetch/provider.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "fetch/providers/read.h"
#include "fetch/url.h"

#define IMAGE_PATH    "/maps/api/streetview"
#define METADATA_PATH IMAGE_PATH "/metadata"

#define PROBE_MAX (64u << 10)
#define VIEW_MAX  (8u << 20)

static int start(const struct provider_prefs *p, const char *path, struct buf *url, struct err *e)
{
    return buf_printf(url, e, "%s%s", p->base_url, path);
}

/* What ends every URL: the key, and the signature of all that is before it. */
static int finish(const struct provider_prefs *p, struct buf *url, struct err *e)
{
    if (p->key && url_param(url, "key", p->key, e) != 0) {
        return -1;
    }
    return p->sign_secret ? url_sign(url, p->sign_secret, e) : 0;
}

static int param_g(struct buf *url, const char *name, double v, struct err *e)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%.10g", v);
    return url_param(url, name, text, e);
}

static int plan_probe(const struct provider_prefs *p, const struct request *r, struct buf *url,
                      struct err *e)
{
    int rc = -1;
    char text[64];
    TRY(start(p, METADATA_PATH, url, e));
    (void)snprintf(text, sizeof text, "%.7f,%.7f", r->at.lat, r->at.lon);
    TRY(url_param(url, "location", text, e));
    TRY(param_g(url, "radius", (double)p->radius_m, e));
    TRY(url_param(url, "source", p->source, e));
    TRY(finish(p, url, e));
out:
    return rc;
}

static int plan_view(const struct provider_prefs *p, const struct pano *pano, int view,
                     struct buf *url, struct err *e)
{
    int rc = -1;
    char text[64];
    TRY(start(p, IMAGE_PATH, url, e));
    (void)snprintf(text, sizeof text, "%dx%d", (int)p->size_px, (int)p->size_px);
    TRY(url_param(url, "size", text, e));
    TRY(url_param(url, "pano", pano->id, e));
    TRY(param_g(url, "heading", provider_heading_deg(view), e));
    TRY(param_g(url, "fov", p->fov_deg, e));
    TRY(param_g(url, "pitch", p->pitch_deg, e));
    TRY(url_param(url, "source", p->source, e));
    TRY(url_param(url, "return_error_code", "true", e));
    TRY(finish(p, url, e));
out:
    return rc;
}

/* A status of the body, with its meaning. */
static const struct {
    const char *name;
    enum verdict verdict;
} statuses[] = {
    {"OK", VERDICT_GOOD},
    {"ZERO_RESULTS", VERDICT_NO_IMAGERY},
    {"NOT_FOUND", VERDICT_NO_IMAGERY},
    {"OVER_QUERY_LIMIT", VERDICT_RETRY},
    {"UNKNOWN_ERROR", VERDICT_RETRY},
    {"INVALID_REQUEST", VERDICT_FAILED},
    {"REQUEST_DENIED", VERDICT_STOP},
};

static enum verdict status_verdict(const char *name)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (strcmp(name, statuses[i].name) == 0) {
            return statuses[i].verdict;
        }
    }
    return VERDICT_RETRY_BAD;
}

static enum verdict read_pano(const json_t *root, struct pano *found, char why[256])
{
    struct pano p = {.heading_deg = (double)NAN};
    char date[64];
    const json_t *place = json_object_get(root, "location");
    const json_t *lat = json_object_get(place, "lat");
    const json_t *lng = json_object_get(place, "lng");
    if (!read_text(root, "pano_id", p.id, sizeof p.id) || p.id[0] == '\0') {
        (void)snprintf(why, 256, "metadata says OK but has no usable pano_id");
        return VERDICT_RETRY_BAD;
    }
    p.at = (struct lonlat){json_number_value(lng), json_number_value(lat)};
    if (!json_is_number(lat) || !json_is_number(lng) || !geo_valid(p.at)) {
        (void)snprintf(why, 256, "metadata says OK but has no usable location");
        return VERDICT_RETRY_BAD;
    }
    (void)read_text(root, "date", date, sizeof date);
    (void)read_month(date, p.captured);
    (void)read_text(root, "copyright", p.copyright, sizeof p.copyright);
    *found = p;
    return VERDICT_GOOD;
}

static enum verdict read_body(const json_t *root, struct pano *found, char why[256])
{
    const char *status = json_string_value(json_object_get(root, "status"));
    const char *message = json_string_value(json_object_get(root, "error_message"));
    if (!status) {
        (void)snprintf(why, 256, "metadata without a status");
        return VERDICT_RETRY_BAD;
    }
    enum verdict v = status_verdict(status);
    if (v == VERDICT_GOOD) {
        return read_pano(root, found, why);
    }
    (void)snprintf(why, 256, "%s%s%s", status, message ? ": " : "", message ? message : "");
    return v;
}

static enum verdict read_probe(const struct provider_prefs *p, const struct request *r,
                               const struct answer *a, struct pano *found, char why[256])
{
    json_t *root = read_json(a);
    enum verdict v = provider_status(a->status);
    (void)p;
    (void)r;
    if (a->status == 200) {
        v = root ? read_body(root, found, why) : read_not_json(a, why);
    } else {
        const char *message = json_string_value(json_object_get(root, "error_message"));
        (void)snprintf(why, 256, "HTTP status %d%s%s", a->status, message ? ": " : "",
                       message ? message : "");
    }
    json_decref(root);
    return v;
}

const struct provider provider_google = {
    .name = "google",
    .base_url = "https://maps.googleapis.com",
    .key_variable = "STREETVIEW_KEY",
    .needs_key = true,
    .rate_per_s = 100,   /* a fifth of the published limit */
    .per_minute = 30000, /* queries, "Usage and billing" page of the API, 2025-08-14 */
    .connections = 32,
    .max_radius_m = 50000,
    .n_views = PROVIDER_VIEWS,
    .probe_max = PROBE_MAX,
    .view_max = VIEW_MAX,
    .plan_probe = plan_probe,
    .read_probe = read_probe,
    .plan_view = plan_view,
    .judge_view = provider_judge_jpeg,
};

const struct provider provider_demo = {
    .name = "demo",
    .key_variable = "STREETVIEW_KEY",
    .connections = 32,
    .max_radius_m = 50000,
    .n_views = PROVIDER_VIEWS,
    .probe_max = PROBE_MAX,
    .view_max = VIEW_MAX,
    .plan_probe = plan_probe,
    .read_probe = read_probe,
    .plan_view = plan_view,
    .judge_view = provider_judge_jpeg,
};
