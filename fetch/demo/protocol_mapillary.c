/* SPDX-License-Identifier: MIT */
/*
 * The Mapillary API v4: a search by box, one image by its number, and the addresses of pictures,
 * which are signed and expire. Errors are objects as the Graph API has them; their HTTP statuses
 * are not documented, a client goes by the code.
 *
 * A shot's number goes into an id of up to 19 digits under a check that only the seed can make:
 *
 *     61..42 check = rng(seed, "image.check", number)    41..0 number xor rng(seed, "image.mask", check)
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/hash.h"
#include "core/parse.h"
#include "core/rng.h"
#include "fetch/demo/lens.h"
#include "fetch/demo/protocol_internal.h"

#define RECORDS_MAX  2000
#define AREA_MAX     (0.01 - 1e-9) /* square degrees; 0.1 by 0.1 is refused however it rounds */
#define FIELDS_MAX   64
#define ID_SIZE      24
#define SEQUENCE     23 /* 22 characters of base64url and the final NUL */
#define CHECK_BITS   20
#define UNSOLVED     0.12 /* share of shots whose place was not computed */
#define GPS_ERROR_M  4.0
#define NUMBER_MASK  (((uint64_t)1 << DRIVE_NUMBER_BITS) - 1)
#define OAUTH_PREFIX "OAuth "

/* --- ids ------------------------------------------------------------------------------------------ */

static uint64_t id_of(const struct drives *d, uint64_t number)
{
    uint64_t seed = d->country->seed;
    uint64_t check = rng_u64(seed, rng_stream("image.check"), number) >> (64 - CHECK_BITS);
    uint64_t mask = rng_u64(seed, rng_stream("image.mask"), check) & NUMBER_MASK;
    return check << DRIVE_NUMBER_BITS | (number ^ mask);
}

/* False for text that is no id of a shot. */
static bool shot_by_id(const struct drives *d, const char *text, size_t n, struct shot *shot)
{
    struct err ignored = {0};
    char digits[ID_SIZE];
    int64_t id = 0;
    if (n >= sizeof digits) {
        return false;
    }
    memcpy(digits, text, n);
    digits[n] = '\0';
    if (parse_i64(digits, 0, INT64_MAX, &id, &ignored) != 0) {
        return false;
    }
    uint64_t check = (uint64_t)id >> DRIVE_NUMBER_BITS;
    uint64_t mask = rng_u64(d->country->seed, rng_stream("image.mask"), check) & NUMBER_MASK;
    uint64_t number = ((uint64_t)id & NUMBER_MASK) ^ mask;
    return id_of(d, number) == (uint64_t)id && drives_shot(d, number, shot);
}

static void sequence_of(const struct drives *d, const struct shot *s, char id[SEQUENCE])
{
    uint8_t raw[16];
    char text[25];
    for (uint64_t half = 0; half < 2; half++) {
        uint64_t bits =
            rng_u64(d->country->seed, rng_stream("image.sequence"), s->drive.number << 1 | half);
        memcpy(raw + 8 * half, &bits, sizeof bits);
    }
    base64url_encode(raw, sizeof raw, text);
    memcpy(id, text, SEQUENCE - 1);
    id[SEQUENCE - 1] = '\0';
}

/* --- addresses of pictures -------------------------------------------------------------------------- */

/* A call while it is answered. */
struct call {
    struct drives drives;
    char base[PROTOCOL_BASE_SIZE];
    int64_t expires_s;
};

/* The signature of "1234_2048.jpg?oe=65a1b2c3". */
static int sign(const struct drives *d, const char *what, char hex[2 * SHA1_SIZE + 1],
                struct err *e)
{
    uint8_t key[8];
    uint8_t digest[SHA1_SIZE];
    uint64_t bits = rng_u64(d->country->seed, rng_stream("image.url"), 0);
    memcpy(key, &bits, sizeof key);
    if (hmac_sha1(key, sizeof key, what, strlen(what), digest, e) != 0) {
        return -1;
    }
    hex_encode(digest, sizeof digest, hex);
    return 0;
}

static json_t *picture_url(const struct call *call, const struct shot *s, const char *size)
{
    struct err ignored = {0};
    char what[80];
    char hex[2 * SHA1_SIZE + 1];
    (void)snprintf(what, sizeof what, "%" PRIu64 "_%s.jpg?oe=%" PRIx64,
                   id_of(&call->drives, s->number), size, (uint64_t)call->expires_s);
    if (sign(&call->drives, what, hex, &ignored) != 0) {
        return NULL;
    }
    return json_sprintf("%s/m1/v/%s&oh=%s", call->base, what, hex);
}

/* --- fields ----------------------------------------------------------------------------------------- */

static bool solved(const struct call *call, const struct shot *s)
{
    return shot_luck(&call->drives, s, "image.solved") >= UNSOLVED;
}

/* What the camera's receiver said; without a computed place it is the best there is, and right. */
static struct lonlat measured(const struct call *call, const struct shot *s)
{
    if (!solved(call, s)) {
        return s->at;
    }
    double off_km = GPS_ERROR_M / 1000 * shot_luck(&call->drives, s, "image.gps.far");
    return geo_offset(s->at, 360 * shot_luck(&call->drives, s, "image.gps.way"), off_km);
}

static double altitude_m(const struct call *call, const struct shot *s)
{
    return country_height_m(call->drives.country, frame_km(s->at)) + SCENE_EYE_M;
}

typedef json_t *member_fn(const struct call *call, const struct shot *s);

static json_t *field_id(const struct call *call, const struct shot *s)
{
    return json_sprintf("%" PRIu64, id_of(&call->drives, s->number));
}

static json_t *field_altitude(const struct call *call, const struct shot *s)
{
    return json_real(round(altitude_m(call, s)));
}

static json_t *field_computed_altitude(const struct call *call, const struct shot *s)
{
    return solved(call, s) ? json_real(altitude_m(call, s)) : NULL;
}

/* Focal length as a share of the longer side, and two coefficients of distortion. */
static json_t *field_camera_parameters(const struct call *call, const struct shot *s)
{
    const struct camera *c = &s->drive.camera;
    (void)call;
    if (c->lens == LENS_SPHERE) {
        return NULL;
    }
    double half = c->fov_deg * GEO_PI / 360;
    return json_pack("[f, f, f]", c->lens == LENS_FLAT ? 0.5 / tan(half) : 0.5 / half, 0.0, 0.0);
}

static json_t *field_camera_type(const struct call *call, const struct shot *s)
{
    static const char *const name[] = {
        [LENS_FLAT] = "perspective", [LENS_SPHERE] = "spherical", [LENS_FISHEYE] = "fisheye"};
    (void)call;
    return json_string(name[s->drive.camera.lens]);
}

static json_t *field_captured_at(const struct call *call, const struct shot *s)
{
    (void)call;
    return json_integer(s->taken_ms);
}

static json_t *field_compass_angle(const struct call *call, const struct shot *s)
{
    (void)call;
    return json_real(s->heading_deg);
}

static json_t *field_computed_compass_angle(const struct call *call, const struct shot *s)
{
    return solved(call, s) ? json_real(s->heading_deg) : NULL;
}

static json_t *field_geometry(const struct call *call, const struct shot *s)
{
    return json_place(measured(call, s));
}

static json_t *field_computed_geometry(const struct call *call, const struct shot *s)
{
    return solved(call, s) ? json_place(s->at) : NULL;
}

static json_t *field_creator(const struct call *call, const struct shot *s)
{
    (void)call;
    return json_pack("{s:s, s:o}", "username", drive_author(s->drive.author), "id",
                     json_sprintf("10%013d", 7919 * (s->drive.author + 1)));
}

static json_t *field_exif_orientation(const struct call *call, const struct shot *s)
{
    (void)call;
    (void)s;
    return json_integer(1);
}

static json_t *field_height(const struct call *call, const struct shot *s)
{
    (void)call;
    return json_integer(s->drive.camera.height);
}

static json_t *field_width(const struct call *call, const struct shot *s)
{
    (void)call;
    return json_integer(s->drive.camera.width);
}

static json_t *field_is_pano(const struct call *call, const struct shot *s)
{
    (void)call;
    return json_boolean(s->drive.camera.lens == LENS_SPHERE);
}

static json_t *field_make(const struct call *call, const struct shot *s)
{
    (void)call;
    return json_string(s->drive.camera.make);
}

static json_t *field_model(const struct call *call, const struct shot *s)
{
    (void)call;
    return json_string(s->drive.camera.model);
}

static json_t *field_quality_score(const struct call *call, const struct shot *s)
{
    return json_real(0.4 + 0.6 * shot_luck(&call->drives, s, "image.quality"));
}

static json_t *field_sequence(const struct call *call, const struct shot *s)
{
    char id[SEQUENCE];
    sequence_of(&call->drives, s, id);
    return json_string(id);
}

static json_t *field_thumb_256(const struct call *call, const struct shot *s)
{
    return picture_url(call, s, "256");
}

static json_t *field_thumb_1024(const struct call *call, const struct shot *s)
{
    return picture_url(call, s, "1024");
}

static json_t *field_thumb_2048(const struct call *call, const struct shot *s)
{
    return picture_url(call, s, "2048");
}

static json_t *field_thumb_original(const struct call *call, const struct shot *s)
{
    return picture_url(call, s, "original");
}

/* Fields of a reconstruction that the demo has none of. */
static json_t *field_absent(const struct call *call, const struct shot *s)
{
    (void)call;
    (void)s;
    return NULL;
}

static const struct member {
    const char *name;
    member_fn *make; /* NULL: the image has none, or no memory */
} members[] = {
    {"id", field_id},
    {"altitude", field_altitude},
    {"atomic_scale", field_absent},
    {"camera_parameters", field_camera_parameters},
    {"camera_type", field_camera_type},
    {"captured_at", field_captured_at},
    {"compass_angle", field_compass_angle},
    {"computed_altitude", field_computed_altitude},
    {"computed_compass_angle", field_computed_compass_angle},
    {"computed_geometry", field_computed_geometry},
    {"computed_rotation", field_absent},
    {"creator", field_creator},
    {"exif_orientation", field_exif_orientation},
    {"geometry", field_geometry},
    {"height", field_height},
    {"is_pano", field_is_pano},
    {"make", field_make},
    {"merge_cc", field_absent},
    {"mesh", field_absent},
    {"model", field_model},
    {"quality_score", field_quality_score},
    {"sequence", field_sequence},
    {"sfm_cluster", field_absent},
    {"thumb_1024_url", field_thumb_1024},
    {"thumb_2048_url", field_thumb_2048},
    {"thumb_256_url", field_thumb_256},
    {"thumb_original_url", field_thumb_original},
    {"width", field_width},
};

/* The fields that an answer has, always with the id. */
struct choice {
    const struct member *field[FIELDS_MAX];
    int n;
};

static const struct member *field_named(const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (strlen(members[i].name) == n && strncmp(members[i].name, name, n) == 0) {
            return &members[i];
        }
    }
    return NULL;
}

/* False: a name is none of a field; *unknown is a view of it. text NULL: nothing is asked for. */
static bool choose(const char *text, struct choice *c, const char **unknown)
{
    *c = (struct choice){.field = {&members[0]}, .n = 1};
    while (text && *text) {
        size_t n = strcspn(text, ",");
        const struct member *f = field_named(text, n);
        if (!f || c->n == FIELDS_MAX) {
            *unknown = text;
            return false;
        }
        c->field[c->n++] = f;
        text += n + (text[n] == ',');
    }
    return true;
}

static json_t *image_object(const struct call *call, const struct choice *c, const struct shot *s)
{
    json_t *o = json_object();
    for (int i = 0; o && i < c->n; i++) {
        json_t *v = c->field[i]->make(call, s);
        if (v && json_object_set_new(o, c->field[i]->name, v) != 0) {
            json_decref(o);
            return NULL;
        }
    }
    return o;
}

/* --- errors ----------------------------------------------------------------------------------------- */

static int answer_error(struct answer *a, int status, const char *type, int code,
                        const char *message, struct err *e)
{
    return answer_json(a, status,
                       json_pack("{s:{s:s, s:s, s:i, s:s}}", "error", "message", message, "type",
                                 type, "code", code, "fbtrace_id", "AgdjeDemoTrace"),
                       e);
}

static int answer_parameter(struct answer *a, const char *message, struct err *e)
{
    return answer_error(a, 400, "MLYApiException", 100, message, e);
}

/* unknown is a view of the client's text, which may hold anything. */
static int answer_unknown_field(struct answer *a, const char *unknown, struct err *e)
{
    char message[120];
    char name[40];
    size_t n = strcspn(unknown, ",");
    n = n < sizeof name ? n : sizeof name - 1;
    for (size_t i = 0; i < n; i++) {
        name[i] = (char)(unknown[i] >= ' ' && unknown[i] <= '~' ? unknown[i] : '?');
    }
    name[n] = '\0';
    (void)snprintf(message, sizeof message, "Tried accessing nonexisting field (%s)", name);
    return answer_parameter(a, message, e);
}

/* --- the endpoints ---------------------------------------------------------------------------------- */

struct search {
    const struct call *call;
    struct choice choice;
    bool only_panos, no_panos;
    int64_t limit;
    json_t *data; /* array, owned */
    bool failed;  /* without memory */
};

static bool on_shot(void *ctx, const struct shot *s)
{
    struct search *w = ctx;
    bool pano = s->drive.camera.lens == LENS_SPHERE;
    if (pano ? w->no_panos : w->only_panos) {
        return true;
    }
    w->failed = json_array_append_new(w->data, image_object(w->call, &w->choice, s)) != 0;
    return !w->failed && (int64_t)json_array_size(w->data) < w->limit;
}

/* What is wrong with the question beside its fields, or NULL. */
static const char *read_search(const struct query *q, struct search *w, struct bbox *box)
{
    const char *bbox = query_value(q, "bbox");
    const char *pano = query_value(q, "is_pano");
    if (!bbox || !query_bbox(bbox, box)) {
        return "Param bbox must be minLon,minLat,maxLon,maxLat";
    }
    if ((box->max_x - box->min_x) * (box->max_y - box->min_y) >= AREA_MAX) {
        return "The area of bbox must be less than 0.01 square degrees";
    }
    if (!query_i64(q, "limit", 1, RECORDS_MAX, &w->limit)) {
        return "Param limit must be from 1 to 2000";
    }
    if (!query_one_of(pano, "true", "false")) {
        return "Param is_pano must be true or false";
    }
    w->only_panos = pano && strcmp(pano, "true") == 0;
    w->no_panos = pano && !w->only_panos;
    return NULL;
}

/* The fields, and that there are no parameters but the known. Returns whether to go on; if not, *rc is
 * that of answering why. */
static bool read_fields(const struct query *q, const char *const *known, struct choice *c,
                        struct answer *a, int *rc, struct err *e)
{
    const char *unknown = NULL;
    if (query_stranger(q, known)) {
        *rc = answer_parameter(a, "The demo does not know one of the parameters", e);
        return false;
    }
    if (!choose(query_value(q, "fields"), c, &unknown)) {
        *rc = answer_unknown_field(a, unknown, e);
        return false;
    }
    return true;
}

static int serve_search(const struct call *call, const struct query *q, struct answer *a,
                        struct err *e)
{
    static const char *const known[] = {"access_token", "bbox", "fields", "limit", "is_pano", NULL};
    struct search w = {.call = call, .limit = RECORDS_MAX};
    struct bbox box;
    int rc = 0;
    if (!read_fields(q, known, &w.choice, a, &rc, e)) {
        return rc;
    }
    const char *wrong = read_search(q, &w, &box);
    if (wrong) {
        return answer_parameter(a, wrong, e);
    }
    w.data = json_array();
    if (w.data) {
        drives_visit(&call->drives, box, on_shot, &w);
    }
    if (!w.data || w.failed) {
        json_decref(w.data);
        return err_nomem(e, "an answer");
    }
    return answer_json(a, 200, json_pack("{s:o}", "data", w.data), e);
}

static int serve_entity(const struct call *call, const char *target, const struct query *q,
                        struct answer *a, struct err *e)
{
    static const char *const known[] = {"access_token", "fields", NULL};
    struct choice choice;
    struct shot shot;
    int rc = 0;
    if (!read_fields(q, known, &choice, a, &rc, e)) {
        return rc;
    }
    if (!shot_by_id(&call->drives, target + 1, strcspn(target + 1, "?"), &shot)) {
        return answer_error(a, 400, "GraphMethodException", 100,
                            "Unsupported get request. An object with this id does not exist", e);
    }
    return answer_json(a, 200, image_object(call, &choice, &shot), e);
}

/* "/m1/v/ID_SIZE.jpg?oe=EXPIRES&oh=SIGNATURE": the shot and its width. NULL, or what is wrong. */
static const char *read_picture(const struct drives *d, const char *target, int64_t now_s,
                                struct shot *shot, int *width)
{
    static const struct {
        const char *name;
        int width;
    } size[] = {{"_256.jpg", 256}, {"_1024.jpg", 1024}, {"_2048.jpg", 2048}, {"_original.jpg", 0}};
    struct err ignored = {0};
    char what[120];
    char hex[2 * SHA1_SIZE + 1];
    const char *name = target + strlen("/m1/v/");
    const char *oh = strstr(name, "&oh=");
    const char *oe = strstr(name, "?oe=");
    if (!oh || !oe || oe > oh || (size_t)(oh - name) >= sizeof what) {
        return "Bad URL";
    }
    (void)snprintf(what, sizeof what, "%.*s", (int)(oh - name), name);
    if (sign(d, what, hex, &ignored) != 0 || strcmp(oh + 4, hex) != 0) {
        return "URL signature mismatch";
    }
    /* what is signed was made here, so it is well formed */
    uint64_t expires = 0;
    for (const char *p = oe + 4; p < oh; p++) {
        expires = expires << 4 | (uint64_t)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
    }
    if (now_s >= (int64_t)expires) {
        return "URL signature expired";
    }
    size_t n_id = strspn(name, "0123456789");
    if (!shot_by_id(d, name, n_id, shot)) {
        return "Bad URL";
    }
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
        if (strncmp(name + n_id, size[i].name, strlen(size[i].name)) == 0) {
            int full = shot->drive.camera.width;
            *width = size[i].width > 0 && size[i].width < full ? size[i].width : full;
        }
    }
    return NULL;
}

static int serve_picture(struct protocol *p, const struct call *call, const char *target,
                         int64_t now_s, struct answer *a, struct err *e)
{
    struct shot shot;
    struct image img = {0};
    int width = 0;
    const char *wrong = read_picture(&call->drives, target, now_s, &shot, &width);
    if (wrong) {
        return answer_plain(a, 403, wrong, e);
    }
    if (protocol_over_quota(p, true)) {
        return answer_plain(a, 429, "Too many requests", e);
    }
    return lens_picture(&call->drives, &shot, width, &img, e) != 0 ? -1
                                                                   : answer_picture(a, &img, e);
}

/* The token comes as a parameter or in a header. */
static bool has_token(const struct protocol *p, const struct ask *ask, const struct query *q)
{
    const char *token = query_value(q, "access_token");
    const char *header = ask->authorization;
    if (!token && header && strncmp(header, OAUTH_PREFIX, sizeof OAUTH_PREFIX - 1) == 0) {
        token = header + sizeof OAUTH_PREFIX - 1;
    }
    return !p->key || (token && strcmp(token, p->key) == 0);
}

int mapillary_answer(struct protocol *p, const struct ask *ask, const struct query *q,
                     struct answer *a, struct err *e)
{
    int64_t now_s = protocol_now_s(p);
    struct call call = {protocol_drives(p, DRIVE_MAPILLARY), {0}, now_s};
    call.expires_s += p->url_ttl_s > 0 ? p->url_ttl_s : PROTOCOL_URL_TTL_S;
    protocol_base(ask, call.base);
    if (protocol_route(ask->target).picture) {
        return serve_picture(p, &call, ask->target, now_s, a, e);
    }
    if (!has_token(p, ask, q)) {
        return answer_error(a, 400, "OAuthException", 190,
                            "Invalid OAuth access token - Cannot parse access token", e);
    }
    if (!q->well_formed) {
        return answer_parameter(a, "The query is malformed", e);
    }
    if (protocol_over_quota(p, false)) {
        return answer_error(a, 403, "OAuthException", 4, "Application request limit reached", e);
    }
    return strncmp(ask->target, "/images", strlen("/images")) == 0
               ? serve_search(&call, q, a, e)
               : serve_entity(&call, ask->target, q, a, e);
}
