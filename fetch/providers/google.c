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

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#define IMAGE_PATH    "/maps/api/streetview"
#define METADATA_PATH IMAGE_PATH "/metadata"

#include "fetch/url.h"

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

static int plan_probe(const struct provider_prefs *p, struct lonlat at, struct buf *url,
                      struct err *e)
{
    int rc = -1;
    char text[64];
    TRY(start(p, METADATA_PATH, url, e));
    (void)snprintf(text, sizeof text, "%.7f,%.7f", at.lat, at.lon);
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

/* YYYY-MM, of which a day behind it is dropped. */
static bool month(const char *text, char out[8])
{
    static const char shape[] = "dddd-dd";
    for (size_t i = 0; i < 7; i++) {
        bool fits = shape[i] == 'd' ? isdigit((unsigned char)text[i]) != 0 : text[i] == shape[i];
        if (!fits) {
            return false;
        }
    }
    (void)snprintf(out, 8, "%.7s", text);
    return text[7] == '\0' || text[7] == '-';
}

/* A string member without control characters; false when absent, of another type or too long. */
static bool member_text(const json_t *object, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));
    if (!text || strlen(text) >= size) {
        return false;
    }
    for (const char *p = text; *p; p++) {
        if (iscntrl((unsigned char)*p)) {
            return false;
        }
    }
    (void)snprintf(out, size, "%s", text);
    return true;
}

static enum verdict read_pano(const json_t *root, struct pano *found, char why[256])
{
    struct pano p = {0};
    char date[64];
    const json_t *place = json_object_get(root, "location");
    const json_t *lat = json_object_get(place, "lat");
    const json_t *lng = json_object_get(place, "lng");
    if (!member_text(root, "pano_id", p.id, sizeof p.id) || p.id[0] == '\0') {
        (void)snprintf(why, 256, "metadata says OK but has no usable pano_id");
        return VERDICT_RETRY_BAD;
    }
    p.at = (struct lonlat){json_number_value(lng), json_number_value(lat)};
    if (!json_is_number(lat) || !json_is_number(lng) || !geo_valid(p.at)) {
        (void)snprintf(why, 256, "metadata says OK but has no usable location");
        return VERDICT_RETRY_BAD;
    }
    if (!member_text(root, "date", date, sizeof date) || !month(date, p.captured)) {
        p.captured[0] = '\0';
    }
    if (!member_text(root, "copyright", p.copyright, sizeof p.copyright)) {
        p.copyright[0] = '\0';
    }
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

static enum verdict read_probe(const struct answer *a, struct pano *found, char why[256])
{
    json_error_t je;
    json_t *root = json_loadb(a->body ? a->body : "", a->n, JSON_REJECT_DUPLICATES, &je);
    enum verdict v = provider_status(a->status);
    if (a->status == 200 && !json_is_object(root)) {
        (void)snprintf(why, 256, "metadata is not JSON (content type '%.60s')", a->content_type);
        v = VERDICT_RETRY;
    } else if (a->status == 200) {
        v = read_body(root, found, why);
    } else {
        const char *message = json_string_value(json_object_get(root, "error_message"));
        (void)snprintf(why, 256, "HTTP status %d%s%s", a->status, message ? ": " : "",
                       message ? message : "");
    }
    json_decref(root);
    return v;
}

static enum verdict judge_view(const struct answer *a, char why[256])
{
    static const char jpeg[] = "image/jpeg";
    if (a->status != 200) {
        (void)snprintf(why, 256, "HTTP status %d", a->status);
        return provider_status(a->status);
    }
    /* A text with 200 is how the service, or something between, says that it cannot now. */
    size_t n = sizeof jpeg - 1;
    if (strncasecmp(a->content_type, jpeg, n) != 0 || !strchr("; \t", a->content_type[n])) {
        (void)snprintf(why, 256, "content type '%.60s' instead of '%s'", a->content_type, jpeg);
        return VERDICT_RETRY;
    }
    return VERDICT_GOOD;
}

const struct provider provider_google = {
    .name = "google",
    .base_url = "https://maps.googleapis.com",
    .needs_key = true,
    .rate_per_s = 100,   /* a fifth of the published limit */
    .per_minute = 30000, /* queries, "Usage and billing" page of the API, 2025-08-14 */
    .plan_probe = plan_probe,
    .read_probe = read_probe,
    .plan_view = plan_view,
    .judge_view = judge_view,
};

const struct provider provider_demo = {
    .name = "demo",
    .plan_probe = plan_probe,
    .read_probe = read_probe,
    .plan_view = plan_view,
    .judge_view = judge_view,
};
