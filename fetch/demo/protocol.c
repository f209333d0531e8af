/* SPDX-License-Identifier: MIT */
/* A request is read in two steps: the query into pairs, the pairs into numbers with their ranges.
 * Then who asks (key, signature), what is asked, whether the quota allows it, and what is there. */
#include "fetch/demo/protocol.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/hash.h"
#include "core/image.h"
#include "core/parse.h"
#include "fetch/demo/notice.h"
#include "fetch/demo/panorama.h"
#include "fetch/demo/render.h"

#define TARGET_MAX  8192 /* characters; the documented limit of a URL is 16384 */
#define PAIRS_MAX   32
#define ANSWER_MAX  4096
#define SIZE_MAX_PX 640

/* --- the query ---------------------------------------------------------------------------------- */

struct query {
    char *text; /* owned: names and values, decoded */
    struct {
        const char *name, *value; /* views of text */
    } pair[PAIRS_MAX];
    int n;
};

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Percent-decode in place; a plus is a space. False for a broken or a NUL escape. */
static bool decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from == '%') {
            int high = hex_digit(from[1]);
            int low = high >= 0 ? hex_digit(from[2]) : -1;
            if (low < 0 || (high == 0 && low == 0)) {
                return false;
            }
            *to++ = (char)(high << 4 | low);
            from += 2;
        } else {
            *to++ = *from == '+' ? ' ' : *from;
        }
    }
    *to = '\0';
    return true;
}

/* q->text holds the raw query: cut it into pairs. False when it is malformed. */
static bool split(struct query *q)
{
    char *at = q->text;
    while (*at) {
        size_t len = strcspn(at, "&");
        char *next = at[len] ? at + len + 1 : at + len;
        at[len] = '\0';
        if (*at) {
            char *value = strchr(at, '=');
            if (!value || q->n == PAIRS_MAX) {
                return false;
            }
            *value++ = '\0';
            if (!decode(at) || !decode(value)) {
                return false;
            }
            q->pair[q->n].name = at;
            q->pair[q->n].value = value;
            q->n++;
        }
        at = next;
    }
    return true;
}

/* The first value of that name, or NULL. */
static const char *value_of(const struct query *q, const char *name)
{
    for (int i = 0; i < q->n; i++) {
        if (strcmp(q->pair[i].name, name) == 0) {
            return q->pair[i].value;
        }
    }
    return NULL;
}

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

static bool number(const struct query *q, const char *name, double min, double max, double *out)
{
    struct err ignored = {0};
    const char *text = value_of(q, name);
    return !text || parse_f64(text, min, max, out, &ignored) == 0;
}

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

static bool is_one_of(const char *text, const char *a, const char *b)
{
    return !text || strcmp(text, a) == 0 || strcmp(text, b) == 0;
}

/* NULL, or what is wrong with the request. */
static const char *read_request(const struct query *q, bool image, struct request *r)
{
    struct err ignored = {0};
    const char *location = value_of(q, "location");
    const char *radius = value_of(q, "radius");
    const char *size = value_of(q, "size");
    *r = (struct request){.radius_m = 50, .heading_deg = (double)NAN, .fov_deg = 90};
    r->pano = value_of(q, "pano");
    if (!location && !r->pano) {
        return "One of the parameters 'location' and 'pano' is needed.";
    }
    if (location && !read_location(location, r)) {
        return "Invalid 'location'.";
    }
    if (radius && parse_i64(radius, 0, INT32_MAX, &r->radius_m, &ignored) != 0) {
        return "Invalid 'radius': not a non-negative whole number.";
    }
    if (!number(q, "heading", 0, 360, &r->heading_deg)) {
        return "Invalid 'heading': not from 0 to 360.";
    }
    if (!number(q, "fov", 10, 120, &r->fov_deg)) {
        return "Invalid 'fov': not from 10 to 120.";
    }
    if (!number(q, "pitch", -90, 90, &r->pitch_deg)) {
        return "Invalid 'pitch': not from -90 to 90.";
    }
    if (!is_one_of(value_of(q, "source"), "default", "outdoor")) {
        return "Invalid 'source': neither default nor outdoor.";
    }
    if (!is_one_of(value_of(q, "return_error_code"), "true", "false")) {
        return "Invalid 'return_error_code': neither true nor false.";
    }
    const char *code = value_of(q, "return_error_code");
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
    const char *key = value_of(q, "key");
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

static int answer_text(struct answer *a, int status, const char *type, struct err *e,
                       const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static int answer_text(struct answer *a, int status, const char *type, struct err *e,
                       const char *fmt, ...)
{
    char text[ANSWER_MAX];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof text) {
        return err_set(e, ERR_SYSTEM, "an answer is too long");
    }
    a->body = malloc((size_t)n + 1);
    if (!a->body) {
        return err_nomem(e, "an answer");
    }
    memcpy(a->body, text, (size_t)n + 1);
    a->n = (size_t)n;
    a->status = status;
    a->type = type;
    return 0;
}

static int answer_plain(struct answer *a, int status, const char *text, struct err *e)
{
    return answer_text(a, status, "text/plain; charset=UTF-8", e, "%s\n", text);
}

/* A metadata status other than OK; text NULL: none. */
static int answer_status(struct answer *a, const char *status, const char *text, struct err *e)
{
    static const char json[] = "application/json; charset=UTF-8";
    if (text) {
        return answer_text(a, 200, json, e,
                           "{\n   \"error_message\" : \"%s\",\n   \"status\" : \"%s\"\n}\n", text,
                           status);
    }
    return answer_text(a, 200, json, e, "{\n   \"status\" : \"%s\"\n}\n", status);
}

static int answer_found(struct answer *a, const struct panorama *pano, struct err *e)
{
    return answer_text(a, 200, "application/json; charset=UTF-8", e,
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

/* Takes img. */
static int answer_picture(struct answer *a, struct image *img, struct err *e)
{
    int rc = image_encode(img, PROTOCOL_QUALITY, &a->body, &a->n, e);
    image_release(img);
    a->status = 200;
    a->type = "image/jpeg";
    return rc;
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

/* Pictures use up the quota, metadata is free; once it is used up both say so. */
static bool over_quota(struct protocol *p, bool image)
{
    if (p->quota == 0) {
        return false;
    }
    return image ? atomic_fetch_add(&p->n_served, 1) >= p->quota
                 : atomic_load(&p->n_served) >= p->quota;
}

static int serve(struct protocol *p, const struct query *q, bool well_formed, bool image,
                 const char *target, struct answer *a, struct err *e)
{
    struct request r;
    const char *denied = NULL;
    if (authorise(p, q, target, &denied, e) != 0) {
        return -1;
    }
    if (denied) {
        return image ? answer_plain(a, 403, denied, e)
                     : answer_status(a, "REQUEST_DENIED", denied, e);
    }
    const char *wrong = well_formed ? read_request(q, image, &r) : "The query is malformed.";
    if (wrong) {
        return image ? answer_plain(a, 400, wrong, e)
                     : answer_status(a, "INVALID_REQUEST", wrong, e);
    }
    if (over_quota(p, image)) {
        const char *text = "You have exceeded your request quota for this API.";
        return image ? answer_plain(a, 429, text, e)
                     : answer_status(a, "OVER_QUERY_LIMIT", text, e);
    }
    return image ? serve_image(p, &r, a, e) : serve_metadata(p, &r, a, e);
}

int protocol_answer(struct protocol *p, const char *target, struct answer *a, struct err *e)
{
    int rc = -1;
    struct query q = {0};
    struct answer made = {0};
    size_t path = strcspn(target, "?");
    bool image = path == strlen(PROTOCOL_IMAGE) && strncmp(target, PROTOCOL_IMAGE, path) == 0;
    bool metadata =
        path == strlen(PROTOCOL_METADATA) && strncmp(target, PROTOCOL_METADATA, path) == 0;
    if (!image && !metadata) {
        TRY(answer_plain(&made, 404, "There is nothing here.", e));
        goto out;
    }
    if (strlen(target) > TARGET_MAX) {
        TRY(answer_plain(&made, 414, "The URL is too long.", e));
        goto out;
    }
    q.text = strdup(target[path] ? target + path + 1 : "");
    if (!q.text) {
        rc = err_nomem(e, "a query");
        goto out;
    }
    bool well_formed = split(&q);
    TRY(serve(p, &q, well_formed, image, target, &made, e));
out:
    free(q.text);
    if (rc == 0) {
        *a = made;
    } else {
        answer_release(&made);
    }
    return rc;
}

void answer_release(struct answer *a)
{
    free(a->body);
    *a = (struct answer){0};
}
