/* SPDX-License-Identifier: MIT */
/*
 * The Street View Static API: both endpoints, location or pano, radius, heading, fov, pitch, size
 * (what is above 640 counts as 640), source, return_error_code, key, signature. Metadata answers
 * HTTP 200 with a status in the body; pictures answer 400, 403, 404 (with return_error_code=true) or
 * 429, or with the grey picture where there is no imagery.
 *
 * A request is read in two steps: the query into pairs, the pairs into numbers with their ranges.
 * Then who asks (key, signature), what is asked, whether the quota allows it, and what is there.
 */
#include <math.h>
#include <string.h>

#include "core/hash.h"
#include "core/parse.h"
#include "fetch/demo/notice.h"
#include "fetch/demo/panorama.h"
#include "fetch/demo/protocol_internal.h"
#include "fetch/demo/render.h"

#define SIZE_MAX_PX 640

/* --- the request -------------------------------------------------------------------------------- */

struct request {
    struct lonlat location;
    bool has_location, is_address;
    const char *pano; /* NULL: by location */
    int64_t radius_m;
    double heading_deg; /* NAN: towards the location */
    double fov_deg, pitch_deg;
    int width, height;
    bool error_code;
};

/* "lat,lng"; anything else is an address. False for numbers that are no place. */
static bool read_location(const char *text, struct request *r)
{
    struct err ignored = {0};
    char lat[64];
    size_t len = strcspn(text, ",");
    const char *lng = text[len] ? text + len + 1 : "";
    lng += strspn(lng, " ");
    r->has_location = true;
    r->is_address = true;
    if (len >= sizeof lat) {
        return true;
    }
    memcpy(lat, text, len);
    lat[len] = '\0';
    if (parse_f64(lat, -1e9, 1e9, &r->location.lat, &ignored) == 0 &&
        parse_f64(lng, -1e9, 1e9, &r->location.lon, &ignored) == 0) {
        r->is_address = false;
        return geo_valid(r->location);
    }
    return *text != '\0';
}

static bool read_side(const char *text, int *side)
{
    struct err ignored = {0};
    int64_t v = 0;
    if (parse_i64(text, 1, INT32_MAX, &v, &ignored) != 0) {
        return false;
    }
    *side = v > SIZE_MAX_PX ? SIZE_MAX_PX : (int)v;
    return true;
}

static bool read_size(const char *text, struct request *r)
{
    char width[16];
    size_t len = strcspn(text, "x");
    if (len >= sizeof width || text[len] != 'x') {
        return false;
    }
    memcpy(width, text, len);
    width[len] = '\0';
    return read_side(width, &r->width) && read_side(text + len + 1, &r->height);
}

/* NULL, or what is wrong with the request. */
static const char *read_request(const struct query *q, bool image, struct request *r)
{
    const char *location = query_value(q, "location");
    const char *size = query_value(q, "size");
    *r = (struct request){.radius_m = 50, .heading_deg = (double)NAN, .fov_deg = 90};
    r->pano = query_value(q, "pano");
    if (!location && !r->pano) {
        return "One of the parameters 'location' and 'pano' is needed.";
    }
    if (location && !read_location(location, r)) {
        return "Invalid 'location'.";
    }
    if (!query_i64(q, "radius", 0, INT32_MAX, &r->radius_m)) {
        return "Invalid 'radius': not a non-negative whole number.";
    }
    if (!query_f64(q, "heading", 0, 360, &r->heading_deg)) {
        return "Invalid 'heading': not from 0 to 360.";
    }
    if (!query_f64(q, "fov", 10, 120, &r->fov_deg)) {
        return "Invalid 'fov': not from 10 to 120.";
    }
    if (!query_f64(q, "pitch", -90, 90, &r->pitch_deg)) {
        return "Invalid 'pitch': not from -90 to 90.";
    }
    if (!query_one_of(query_value(q, "source"), "default", "outdoor")) {
        return "Invalid 'source': neither default nor outdoor.";
    }
    if (!query_one_of(query_value(q, "return_error_code"), "true", "false")) {
        return "Invalid 'return_error_code': neither true nor false.";
    }
    const char *code = query_value(q, "return_error_code");
    r->error_code = code && strcmp(code, "true") == 0;
    if (size ? !read_size(size, r) : image) {
        return "Invalid or missing 'size': not of the form 640x640.";
    }
    return NULL;
}

/* --- who asks ----------------------------------------------------------------------------------- */

/* The signature must come last and fit all before it. */
static int signature_fits(const struct protocol *p, const struct query *q, const char *target,
                          bool *fits, struct err *e)
{
    static const char mark[] = "&signature=";
    uint8_t digest[SHA1_SIZE];
    char expected[4 * ((SHA1_SIZE + 2) / 3) + 1];
    const char *at = strstr(target, mark);
    *fits = false;
    if (!at || q->n == 0 || strchr(at + 1, '&')) {
        return 0;
    }
    const char *given = q->pair[q->n - 1].value;
    if (hmac_sha1(p->secret, p->n_secret, target, (size_t)(at - target), digest, e) != 0) {
        return -1;
    }
    base64url_encode(digest, sizeof digest, expected);
    *fits = strcmp(given, expected) == 0;
    return 0;
}

/* *denied: NULL, or why. */
static int authorise(const struct protocol *p, const struct query *q, const char *target,
                     const char **denied, struct err *e)
{
    const char *key = query_value(q, "key");
    bool fits = true;
    *denied = NULL;
    if (p->key && (!key || strcmp(key, p->key) != 0)) {
        *denied = key ? "The provided API key is invalid." : "This service needs an API key.";
        return 0;
    }
    if (p->secret) {
        if (signature_fits(p, q, target, &fits, e) != 0) {
            return -1;
        }
        *denied = fits ? NULL : "The provided signature does not fit the request.";
    }
    return 0;
}

/* --- answers ------------------------------------------------------------------------------------ */

/* A metadata status other than OK; text NULL: none. */
static int answer_status(struct answer *a, const char *status, const char *text, struct err *e)
{
    if (text) {
        return answer_text(a, 200, answer_type_json, e,
                           "{\n   \"error_message\" : \"%s\",\n   \"status\" : \"%s\"\n}\n", text,
                           status);
    }
    return answer_text(a, 200, answer_type_json, e, "{\n   \"status\" : \"%s\"\n}\n", status);
}

static int answer_found(struct answer *a, const struct panorama *pano, struct err *e)
{
    return answer_text(a, 200, answer_type_json, e,
                       "{\n"
                       "   \"copyright\" : \"\u00a9 gdje demo\",\n"
                       "   \"date\" : \"%s\",\n"
                       "   \"location\" : {\n"
                       "      \"lat\" : %.7f,\n"
                       "      \"lng\" : %.7f\n"
                       "   },\n"
                       "   \"pano_id\" : \"%s\",\n"
                       "   \"status\" : \"OK\"\n"
                       "}\n",
                       pano->date, pano->at.lat, pano->at.lon, pano->id);
}

/* --- the endpoints ------------------------------------------------------------------------------ */

static bool find(const struct protocol *p, const struct request *r, struct panorama *pano)
{
    if (r->pano) {
        return panorama_by_id(p->country, r->pano, pano);
    }
    return !r->is_address &&
           panorama_near(p->country, r->location, (double)r->radius_m, p->reach_m, pano);
}

static double heading_of(const struct request *r, const struct panorama *pano)
{
    if (!isnan(r->heading_deg)) {
        return r->heading_deg;
    }
    if (!r->has_location || r->is_address) {
        return 0;
    }
    struct xy from = frame_km(pano->at);
    struct xy to = frame_km(r->location);
    double deg = atan2(to.x - from.x, to.y - from.y) * 180 / GEO_PI;
    return deg < 0 ? deg + 360 : deg;
}

static int serve_metadata(struct protocol *p, const struct request *r, struct answer *a,
                          struct err *e)
{
    struct panorama pano;
    if (!r->pano && r->is_address) {
        return answer_status(a, "NOT_FOUND", NULL, e);
    }
    if (!find(p, r, &pano)) {
        return answer_status(a, "ZERO_RESULTS", NULL, e);
    }
    return answer_found(a, &pano, e);
}

static int serve_image(struct protocol *p, const struct request *r, struct answer *a, struct err *e)
{
    struct panorama pano;
    struct scene scene;
    struct image img = {0};
    if (!find(p, r, &pano)) {
        if (r->error_code) {
            return answer_plain(a, 404, "Sorry, we have no imagery here.", e);
        }
        return notice_draw(r->width, r->height, &img, e) != 0 ? -1 : answer_picture(a, &img, e);
    }
    struct view view = {heading_of(r, &pano), r->fov_deg, r->pitch_deg, r->width, r->height};
    panorama_scene(p->country, &pano, &scene);
    if (render_view(p->country, &scene, &view, &img, e) != 0) {
        return -1;
    }
    return answer_picture(a, &img, e);
}

int streetview_answer(struct protocol *p, const struct ask *ask, const struct query *q,
                      struct answer *a, struct err *e)
{
    struct request r;
    const char *denied = NULL;
    bool image = protocol_route(ask->target).picture;
    if (authorise(p, q, ask->target, &denied, e) != 0) {
        return -1;
    }
    if (denied) {
        return image ? answer_plain(a, 403, denied, e)
                     : answer_status(a, "REQUEST_DENIED", denied, e);
    }
    const char *wrong = q->well_formed ? read_request(q, image, &r) : "The query is malformed.";
    if (wrong) {
        return image ? answer_plain(a, 400, wrong, e)
                     : answer_status(a, "INVALID_REQUEST", wrong, e);
    }
    if (protocol_over_quota(p, image)) {
        const char *text = "You have exceeded your request quota for this API.";
        return image ? answer_plain(a, 429, text, e)
                     : answer_status(a, "OVER_QUERY_LIMIT", text, e);
    }
    return image ? serve_image(p, &r, a, e) : serve_metadata(p, &r, a, e);
}
