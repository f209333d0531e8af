/* SPDX-License-Identifier: MIT */
/*
 * Panoramax, a STAC API, as a catalogue of several instances speaks it: search, one picture, its
 * files and the configuration; no key. A search has no pages: it gives the pictures nearest to the
 * middle of the box, as many as asked for. Left out are filters other than the box, tiles of large
 * pictures and everything about collections but their names.
 *
 * A shot's or a drive's number goes into a UUID under a check that only the seed can make:
 *
 *     0  8  check = rng(seed, "picture.check", number), of which byte 6 begins with the version 4
 *     8  8  number xor rng(seed, "picture.mask", check), begins with the variant, two bits 10
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/rng.h"
#include "fetch/demo/lens.h"
#include "fetch/demo/protocol_internal.h"

#define LIMIT_DEFAULT 10
#define LIMIT_MAX     10000
#define UUID_SIZE     PANORAMAX_UUID_SIZE
#define NUMBER_MASK   (((uint64_t)1 << 62) - 1)
#define A_DRIVE       ((uint64_t)1 << 50) /* in the number of a drive */
#define SD_WIDTH      2048
#define THUMB_WIDTH   500
#define PREPARING     0.01 /* shares of shots that are not ready */
#define BROKEN        0.01
#define NO_SD         0.05
#define NO_AZIMUTH    0.04
#define NO_ACCURACY   0.20
#define SHARE_ALIKE   0.7 /* of the drives: one instance has this licence, the other that */

/* A call while it is answered. */
struct call {
    struct drives drives;
    char base[PROTOCOL_BASE_SIZE];
};

/* --- ids ------------------------------------------------------------------------------------------ */

void panoramax_uuid(const struct drives *d, uint64_t number, char uuid[UUID_SIZE])
{
    uint64_t seed = d->country->seed;
    uint64_t check = rng_u64(seed, rng_stream("picture.check"), number);
    check = (check & ~((uint64_t)0xf << 12)) | (uint64_t)4 << 12;
    uint64_t mask = rng_u64(seed, rng_stream("picture.mask"), check);
    uint64_t hidden = ((number ^ mask) & NUMBER_MASK) | (uint64_t)2 << 62;
    (void)snprintf(
        uuid, UUID_SIZE, "%08" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%012" PRIx64,
        check >> 32, check >> 16 & 0xffff, check & 0xffff, hidden >> 48, hidden & 0xffffffffffff);
}

/* False for text that is no UUID of this country. */
static bool number_of(const struct drives *d, const char *text, size_t n, uint64_t *number)
{
    char expected[UUID_SIZE];
    uint64_t half[2] = {0, 0};
    int n_digits = 0;
    if (n != UUID_SIZE - 1) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (digit || (text[i] >= 'a' && text[i] <= 'f')) {
            uint64_t v = (uint64_t)(digit ? text[i] - '0' : text[i] - 'a' + 10);
            half[n_digits / 16 & 1] = half[n_digits / 16 & 1] << 4 | v;
            n_digits++;
        }
    }
    uint64_t mask = rng_u64(d->country->seed, rng_stream("picture.mask"), half[0]);
    *number = (half[1] ^ mask) & NUMBER_MASK;
    panoramax_uuid(d, *number, expected);
    return strncmp(expected, text, n) == 0;
}

/* --- errors --------------------------------------------------------------------------------------- */

static int answer_message(struct answer *a, int status, const char *message, struct err *e)
{
    return answer_json(a, status,
                       json_pack("{s:s, s:i}", "message", message, "status_code", status), e);
}

/* --- items ---------------------------------------------------------------------------------------- */

enum state { READY, IN_PREPARATION, IS_BROKEN };

static enum state state_of(const struct drives *d, const struct shot *s)
{
    double u = shot_luck(d, s, "picture.state");
    return u < PREPARING ? IN_PREPARATION : u < PREPARING + BROKEN ? IS_BROKEN : READY;
}

static bool has_sd(const struct drives *d, const struct shot *s)
{
    return shot_luck(d, s, "picture.sd") >= NO_SD;
}

static json_t *json_time(int64_t ms)
{
    char text[40];
    struct tm tm = {0};
    time_t s = (time_t)(ms / 1000);
    (void)gmtime_r(&s, &tm);
    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    return json_sprintf("%s.%03d+00:00", text, (int)(ms % 1000));
}

static json_t *asset(const struct call *call, const char *uuid, const char *size, const char *role)
{
    return json_pack("{s:o, s:[s], s:s}", "href",
                     json_sprintf("%s/api/pictures/%s/%s.jpg", call->base, uuid, size), "roles",
                     role, "type", "image/jpeg");
}

static json_t *assets_of(const struct call *call, const struct shot *s, const char *uuid)
{
    json_t *sd = has_sd(&call->drives, s) ? asset(call, uuid, "sd", "visual") : NULL;
    return json_pack("{s:o, s:o*, s:o}", "hd", asset(call, uuid, "hd", "data"), "sd", sd, "thumb",
                     asset(call, uuid, "thumb", "thumbnail"));
}

static json_t *orientation_of(const struct camera *c)
{
    return json_pack("{s:s, s:s, s:i, s:[i, i]}", "camera_manufacturer", c->make, "camera_model",
                     c->model, "field_of_view", c->fov_deg, "sensor_array_dimensions", c->width,
                     c->height);
}

static const char *licence_of(const struct drives *d, const struct shot *s)
{
    struct shot first = {.number = s->drive.number};
    return shot_luck(d, &first, "picture.licence") < SHARE_ALIKE ? "CC-BY-SA-4.0" : "etalab-2.0";
}

static json_t *properties_of(const struct call *call, const struct shot *s, const char *uuid)
{
    const struct drives *d = &call->drives;
    int64_t uploaded_ms = (s->taken_ms / 86400000 + 3) * 86400000;
    double azimuth = shot_luck(d, s, "picture.azimuth");
    double accuracy = shot_luck(d, s, "picture.accuracy");
    return json_pack("{s:o, s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:i, s:o, s:o*, s:o*, s:o}",
                     "datetime", json_time(s->taken_ms), "created", json_time(uploaded_ms),
                     "updated", json_time(uploaded_ms), "license", licence_of(d, s),
                     "geovisio:status", "ready", "geovisio:producer", drive_author(s->drive.author),
                     "geovisio:image", json_sprintf("%s/api/pictures/%s/hd.jpg", call->base, uuid),
                     "geovisio:thumbnail",
                     json_sprintf("%s/api/pictures/%s/thumb.jpg", call->base, uuid),
                     "geovisio:rank_in_collection", s->index + 1, "pers:interior_orientation",
                     orientation_of(&s->drive.camera), "view:azimuth",
                     azimuth < NO_AZIMUTH ? NULL : json_integer((int)s->heading_deg),
                     "quality:horizontal_accuracy",
                     accuracy < NO_ACCURACY ? NULL : json_real(round(10 * (1 + 4 * accuracy)) / 10),
                     "original_file:name", json_sprintf("R%07d.JPG", s->index + 1));
}

static json_t *link_to(const char *rel, const char *type, json_t *href)
{
    return json_pack("{s:s, s:s, s:o}", "rel", rel, "type", type, "href", href);
}

static json_t *item_of(const struct call *call, const struct shot *s)
{
    char uuid[UUID_SIZE];
    char collection[UUID_SIZE];
    const char *author = drive_author(s->drive.author);
    panoramax_uuid(&call->drives, s->number, uuid);
    panoramax_uuid(&call->drives, s->drive.number | A_DRIVE, collection);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:[f, f, f, f], s:[{s:s, s:[s]}], s:o, s:o, s:[o, o]}", "type",
        "Feature", "stac_version", "1.0.0", "id", uuid, "collection", collection, "geometry",
        json_place(s->at), "bbox", s->at.lon, s->at.lat, s->at.lon, s->at.lat, "providers", "name",
        author, "roles", "producer", "properties", properties_of(call, s, uuid), "assets",
        assets_of(call, s, uuid), "links",
        link_to("self", "application/geo+json",
                json_sprintf("%s/api/collections/%s/items/%s", call->base, collection, uuid)),
        link_to("root", "application/json", json_sprintf("%s/api", call->base)));
}

/* --- search --------------------------------------------------------------------------------------- */

struct near {
    double d2; /* squared distance to the middle */
    uint64_t number;
};

/* The nearest of what was seen: a heap with the farthest on top. */
struct search {
    const struct call *call;
    struct bbox box;
    struct xy middle; /* km */
    int64_t limit;
    struct near *heap; /* [limit], owned */
    int64_t n;
};

static bool farther(struct near a, struct near b)
{
    return a.d2 > b.d2 || (a.d2 == b.d2 && a.number > b.number);
}

static void sift_up(struct near *heap, int64_t i)
{
    while (i > 0 && farther(heap[i], heap[(i - 1) / 2])) {
        struct near t = heap[i];
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
        heap[i] = t;
    }
}

static void sift_down(struct near *heap, int64_t n)
{
    for (int64_t i = 0, child = 1; child < n; i = child, child = 2 * i + 1) {
        child += child + 1 < n && farther(heap[child + 1], heap[child]);
        if (!farther(heap[child], heap[i])) {
            return;
        }
        struct near t = heap[i];
        heap[i] = heap[child];
        heap[child] = t;
    }
}

static bool on_shot(void *ctx, const struct shot *s)
{
    struct search *w = ctx;
    struct xy km = frame_km(s->at);
    double dx = km.x - w->middle.x;
    double dy = km.y - w->middle.y;
    struct near v = {dx * dx + dy * dy, s->number};
    if (state_of(&w->call->drives, s) != READY) {
        return true;
    }
    if (w->n < w->limit) {
        w->heap[w->n] = v;
        sift_up(w->heap, w->n++);
    } else if (farther(w->heap[0], v)) {
        w->heap[0] = v;
        sift_down(w->heap, w->n);
    }
    return true;
}

static int by_distance(const void *a, const void *b)
{
    const struct near *x = a;
    const struct near *y = b;
    return farther(*x, *y) - farther(*y, *x);
}

static int answer_nearest(const struct search *w, struct answer *a, struct err *e)
{
    json_t *features = json_array();
    for (int64_t i = 0; i < w->n; i++) {
        struct shot s;
        if (drives_shot(&w->call->drives, w->heap[i].number, &s) &&
            json_array_append_new(features, item_of(w->call, &s)) != 0) {
            json_decref(features);
            return err_nomem(e, "an answer");
        }
    }
    json_t *root = link_to("root", "application/json", json_sprintf("%s/api", w->call->base));
    return answer_json(a, 200,
                       json_pack("{s:s, s:o, s:[o]}", "type", "FeatureCollection", "features",
                                 features, "links", root),
                       e);
}

/* What is wrong with the question, or NULL. */
static const char *read_query(const struct query *q, struct search *w)
{
    static const char *const known[] = {"bbox", "limit", NULL};
    const char *bbox = query_value(q, "bbox");
    const char *limit = query_value(q, "limit");
    if (!q->well_formed) {
        return "The query is malformed";
    }
    if (query_stranger(q, known)) {
        return "The demo knows no parameters but bbox and limit";
    }
    if (bbox && !query_bbox(bbox, &w->box)) {
        return "Parameter bbox must be in format [minX, minY, maxX, maxY]";
    }
    if (limit && *limit && !query_i64(q, "limit", 1, LIMIT_MAX, &w->limit)) {
        return "Parameter limit must be either empty or a number between 1 and 10000";
    }
    return NULL;
}

static bool read_box(const json_t *list, struct bbox *box)
{
    char text[4 * 32];
    double v[4];
    for (size_t i = 0; i < 4; i++) {
        if (json_array_size(list) != 4 || !json_is_number(json_array_get(list, i))) {
            return false;
        }
        v[i] = json_number_value(json_array_get(list, i));
    }
    (void)snprintf(text, sizeof text, "%.9f,%.9f,%.9f,%.9f", fmax(-999, fmin(999, v[0])),
                   fmax(-999, fmin(999, v[1])), fmax(-999, fmin(999, v[2])),
                   fmax(-999, fmin(999, v[3])));
    return query_bbox(text, box);
}

static const char *read_body(const struct ask *ask, struct search *w)
{
    json_error_t je;
    const char *wrong = NULL;
    const char *name = NULL;
    json_t *v = NULL;
    if (!ask->content_type || strcmp(ask->content_type, "application/json") != 0) {
        return "Search using POST method should have a JSON body";
    }
    json_t *root = json_loadb(ask->body ? ask->body : "", ask->n_body, 0, &je);
    if (!json_is_object(root)) {
        wrong = "The body is not a JSON object";
    }
    json_object_foreach(root, name, v)
    {
        if (strcmp(name, "bbox") == 0) {
            wrong = read_box(v, &w->box)
                        ? wrong
                        : "Parameter bbox must be in format [minX, minY, maxX, maxY]";
        } else if (strcmp(name, "limit") == 0) {
            w->limit = json_integer_value(v);
            wrong = w->limit >= 1 && w->limit <= LIMIT_MAX
                        ? wrong
                        : "Parameter limit must be either empty or a number between 1 and 10000";
        } else {
            wrong = "The demo knows no parameters but bbox and limit";
        }
    }
    json_decref(root);
    return wrong;
}

static int serve_search(const struct call *call, const struct ask *ask, const struct query *q,
                        struct answer *a, struct err *e)
{
    struct search w = {
        .call = call, .limit = LIMIT_DEFAULT, .box = border_bbox(call->drives.country->border)};
    const char *wrong = ask->post ? read_body(ask, &w) : read_query(q, &w);
    if (wrong) {
        return answer_message(a, 400, wrong, e);
    }
    w.middle =
        frame_km((struct lonlat){(w.box.min_x + w.box.max_x) / 2, (w.box.min_y + w.box.max_y) / 2});
    w.heap = malloc((size_t)w.limit * sizeof w.heap[0]);
    if (!w.heap) {
        return err_nomem(e, "a search");
    }
    drives_visit(&call->drives, w.box, on_shot, &w);
    qsort(w.heap, (size_t)w.n, sizeof w.heap[0], by_distance);
    int rc = answer_nearest(&w, a, e);
    free(w.heap);
    return rc;
}

/* --- pictures ------------------------------------------------------------------------------------- */

static int answer_absent(struct answer *a, struct err *e)
{
    return answer_message(a, 404, "Impossible to find this picture", e);
}

/* Whether the picture may be shown; if not, *a is the answer. */
static bool is_ready(const struct call *call, const struct shot *s, struct answer *a, int *rc,
                     struct err *e)
{
    switch (state_of(&call->drives, s)) {
    case READY:
        return true;
    case IN_PREPARATION:
        *rc = answer_message(a, 102, "Picture is still being processed", e);
        return false;
    case IS_BROKEN:
        *rc = answer_message(a, 500, "Picture processing has failed", e);
        return false;
    }
    return false;
}

/* A picture by the text of its UUID; false: there is none. */
static bool shot_of(const struct drives *d, const char *uuid, size_t n, struct shot *s)
{
    uint64_t number = 0;
    return number_of(d, uuid, n, &number) && drives_shot(d, number, s);
}

static int serve_item(const struct call *call, const struct shot *s, struct answer *a,
                      struct err *e)
{
    int rc = 0;
    return is_ready(call, s, a, &rc, e) ? answer_json(a, 200, item_of(call, s), e) : rc;
}

/* size: "hd.jpg" */
static int serve_file(struct protocol *p, const struct call *call, const struct shot *s,
                      const char *size, struct answer *a, struct err *e)
{
    int rc = 0;
    int full = s->drive.camera.width;
    struct image img = {0};
    int width = strcmp(size, "hd.jpg") == 0      ? full
                : strcmp(size, "sd.jpg") == 0    ? SD_WIDTH
                : strcmp(size, "thumb.jpg") == 0 ? THUMB_WIDTH
                                                 : 0;
    if (width == 0 || (width == SD_WIDTH && !has_sd(&call->drives, s))) {
        return answer_absent(a, e);
    }
    if (!is_ready(call, s, a, &rc, e)) {
        return rc;
    }
    if (protocol_over_quota(p, true)) {
        return answer_message(a, 429, "Too many requests", e);
    }
    return lens_picture(&call->drives, s, width, &img, e) != 0 ? -1 : answer_picture(a, &img, e);
}

/* rest: "UUID" or "UUID/hd.jpg" */
static int serve_picture(struct protocol *p, const struct call *call, const char *rest,
                         struct answer *a, struct err *e)
{
    struct shot s;
    size_t n = strcspn(rest, "/");
    if (!shot_of(&call->drives, rest, n, &s)) {
        return answer_absent(a, e);
    }
    return rest[n] ? serve_file(p, call, &s, rest + n + 1, a, e) : serve_item(call, &s, a, e);
}

/* rest: "COLLECTION/items/UUID" */
static int serve_collection(const struct call *call, const char *rest, struct answer *a,
                            struct err *e)
{
    static const char items[] = "/items/";
    struct shot s;
    uint64_t drive = 0;
    size_t n = strcspn(rest, "/");
    if (strncmp(rest + n, items, sizeof items - 1) != 0 ||
        !number_of(&call->drives, rest, n, &drive)) {
        return answer_absent(a, e);
    }
    const char *uuid = rest + n + sizeof items - 1;
    if (!shot_of(&call->drives, uuid, strlen(uuid), &s) || (s.drive.number | A_DRIVE) != drive) {
        return answer_absent(a, e);
    }
    return serve_item(call, &s, a, e);
}

static int serve_configuration(struct answer *a, struct err *e)
{
    return answer_json(a, 200,
                       json_pack("{s:{s:s}, s:{s:b}, s:{s:s, s:s}}", "name", "label", "gdje demo",
                                 "auth", "enabled", 0, "license", "id", "CC-BY-SA-4.0", "url",
                                 "https://creativecommons.org/licenses/by-sa/4.0/"),
                       e);
}

int panoramax_answer(struct protocol *p, const struct ask *ask, const struct query *q,
                     struct answer *a, struct err *e)
{
    char path[128];
    struct call call = {protocol_drives(p, DRIVE_PANORAMAX), {0}};
    size_t n = strcspn(ask->target, "?");
    protocol_base(ask, call.base);
    if (n >= sizeof path) {
        return answer_message(a, 404, "There is nothing here", e);
    }
    memcpy(path, ask->target, n);
    path[n] = '\0';
    if (!protocol_route(ask->target).picture && protocol_over_quota(p, false)) {
        return answer_message(a, 429, "Too many requests", e);
    }
    if (strcmp(path, PROTOCOL_SEARCH) == 0) {
        return serve_search(&call, ask, q, a, e);
    }
    if (strcmp(path, "/api/configuration") == 0) {
        return serve_configuration(a, e);
    }
    if (strncmp(path, "/api/pictures/", 14) == 0) {
        return serve_picture(p, &call, path + 14, a, e);
    }
    if (strncmp(path, "/api/collections/", 17) == 0) {
        return serve_collection(&call, path + 17, a, e);
    }
    return answer_message(a, 404, "There is nothing here", e);
}
