/* SPDX-License-Identifier: MIT */
/*
 * Mapillary's Graph API v4. A search of a small box tells which pictures are there; where a picture
 * itself is, only a question about it tells, and that address holds for some hours: it is asked for
 * just before the download and kept nowhere.
 *
 * A search has no pages. Boxes are under 0.01 square degrees, and one that answers with as many
 * records as an answer can have hides others.
 *
 * Pictures are perspective, of all directions, or from a fisheye. The latter are left out: a
 * network that has learnt from the others can do nothing with them.
 */
#include "fetch/provider.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "fetch/providers/read.h"
#include "fetch/url.h"

#define SEARCH_FIELDS "id,computed_geometry,geometry,camera_type"
#define ITEM_FIELDS                                                                             \
    SEARCH_FIELDS ",is_pano,captured_at,compass_angle,computed_compass_angle,sequence,creator," \
                  "thumb_2048_url"

#define MAX_RECORDS 2000
#define BOX_DEG     0.09 /* 0.0081 square degrees */
#define PROBE_MAX   (4u << 20)
#define VIEW_MAX    (16u << 20)
#define LICENCE     "CC BY-SA 4.0" /* of all pictures: mapillary.com/terms */
#define PAGE        "https://www.mapillary.com/app/?pKey="

static int plan_search(const struct provider_prefs *p, const struct bbox *box, struct buf *url,
                       struct err *e)
{
    int rc = -1;
    char limit[16];
    (void)snprintf(limit, sizeof limit, "%d", MAX_RECORDS);
    TRY(buf_printf(url, e, "%s/images", p->base_url));
    TRY(url_param(url, "fields", SEARCH_FIELDS, e));
    TRY(provider_param_box(url, box, e));
    TRY(url_param(url, "limit", limit, e));
out:
    return rc;
}

static int plan_probe(const struct provider_prefs *p, const struct request *r, struct buf *url,
                      struct err *e)
{
    int rc = -1;
    if (!r->item[0]) {
        struct bbox box = provider_box(r->at, (double)p->radius_m);
        return plan_search(p, &box, url, e);
    }
    TRY(buf_printf(url, e, "%s/", p->base_url));
    TRY(url_escape(url, r->item, e));
    TRY(url_param(url, "fields", ITEM_FIELDS, e));
out:
    return rc;
}

static int plan_view(const struct provider_prefs *p, const struct pano *pano, int view,
                     struct buf *url, struct err *e)
{
    (void)p;
    (void)view;
    return buf_add_str(url, pano->url, e);
}

/* --- errors --------------------------------------------------------------------------------------- */

/* The Graph API's codes for "too many requests": of the application, the user, the page, custom.
 * Source: Meta, "Graph API: Rate Limits" and "Handling Errors". */
static bool is_rate_limit(json_int_t code, const char *message)
{
    return code == 4 || code == 17 || code == 32 || code == 613 ||
           strstr(message, "request limit reached");
}

/* What an answer without data says: its status, and the error object if there is one. */
static enum verdict read_error(const json_t *root, const struct answer *a, char why[256])
{
    const json_t *error = json_object_get(root, "error");
    const char *message = json_string_value(json_object_get(error, "message"));
    json_int_t code = json_integer_value(json_object_get(error, "code"));
    enum verdict v = a->status == 200 ? VERDICT_RETRY_BAD : provider_status(a->status);
    (void)snprintf(why, 256, "HTTP status %d%s%.220s", a->status, message ? ": " : "",
                   message ? message : "");
    if (is_rate_limit(code, message ? message : "")) {
        return VERDICT_RETRY;
    }
    return code == 190 ? VERDICT_STOP : v; /* 190: the access token is not valid, or no more */
}

/* The object of a good answer, or NULL and the verdict. Owned. */
static json_t *open_answer(const struct answer *a, enum verdict *v, char why[256])
{
    json_t *root = read_json(a);
    if (a->status == 200 && root && !json_object_get(root, "error")) {
        return root;
    }
    *v = a->status == 200 && !root ? read_not_json(a, why) : read_error(root, a, why);
    json_decref(root);
    return NULL;
}

/* --- records -------------------------------------------------------------------------------------- */

/* Id and position, the computed one where there is one. */
static bool read_place(const json_t *record, char *id, size_t size, struct lonlat *at)
{
    return read_text(record, "id", id, size) && id[0] &&
           (read_point(record, "computed_geometry", at) || read_point(record, "geometry", at));
}

static bool is_camera(const json_t *record, const char *type)
{
    const char *text = json_string_value(json_object_get(record, "camera_type"));
    return text && strcmp(text, type) == 0;
}

/* The nearest of a search's records within the radius. */
static enum verdict read_search(const struct provider_prefs *p, const struct request *r,
                                const json_t *data, struct pano *found)
{
    size_t i = 0;
    const json_t *record = NULL;
    double nearest_m = (double)p->radius_m;
    enum verdict v = VERDICT_NO_IMAGERY;
    json_array_foreach(data, i, record)
    {
        struct pano pano = {.heading_deg = (double)NAN};
        if (is_camera(record, "fisheye") ||
            !read_place(record, pano.id, sizeof pano.id, &pano.at)) {
            continue;
        }
        double distance_m = geo_distance_km(r->at, pano.at) * 1000;
        if (distance_m <= nearest_m) {
            nearest_m = distance_m;
            *found = pano;
            v = VERDICT_GOOD;
        }
    }
    return v;
}

static void read_credit(const json_t *record, struct pano *p)
{
    char name[128];
    if (!read_text(json_object_get(record, "creator"), "username", name, sizeof name)) {
        (void)snprintf(name, sizeof name, "Mapillary");
    }
    (void)snprintf(p->copyright, sizeof p->copyright, "%s, " PAGE "%.64s", name, p->id);
    (void)snprintf(p->licence, sizeof p->licence, LICENCE);
}

static enum verdict read_item(const struct provider_prefs *p, const struct request *r,
                              const json_t *record, struct pano *found, char why[256])
{
    struct pano pano = {0};
    if (!read_place(record, pano.id, sizeof pano.id, &pano.at) || strcmp(pano.id, r->item) != 0) {
        (void)snprintf(why, 256, "the answer has no usable id and position");
        return VERDICT_RETRY_BAD;
    }
    if (is_camera(record, "fisheye")) {
        (void)snprintf(why, 256, "a fisheye picture");
        return VERDICT_FAILED;
    }
    if (!read_url(p, record, "thumb_2048_url", pano.url)) {
        (void)snprintf(why, 256, "the answer has no usable thumb_2048_url");
        return VERDICT_RETRY_BAD;
    }
    pano.sphere = is_camera(record, "spherical") || is_camera(record, "equirectangular") ||
                  json_is_true(json_object_get(record, "is_pano"));
    pano.heading_deg = read_heading(record, "compass_angle");
    if (isnan(pano.heading_deg)) {
        pano.heading_deg = read_heading(record, "computed_compass_angle");
    }
    read_moment(read_number(record, "captured_at"), pano.captured);
    (void)read_text(record, "sequence", pano.group, sizeof pano.group);
    read_credit(record, &pano);
    *found = pano;
    return VERDICT_GOOD;
}

static enum verdict read_probe(const struct provider_prefs *p, const struct request *r,
                               const struct answer *a, struct pano *found, char why[256])
{
    enum verdict v = VERDICT_RETRY_BAD;
    json_t *root = open_answer(a, &v, why);
    const json_t *data = json_object_get(root, "data");
    if (root && r->item[0]) {
        v = read_item(p, r, root, found, why);
    } else if (json_is_array(data)) {
        v = read_search(p, r, data, found);
    } else if (root) {
        (void)snprintf(why, 256, "the answer has no data");
    }
    json_decref(root);
    return v;
}

/* --- surveys -------------------------------------------------------------------------------------- */

static enum verdict read_records(const json_t *data, struct provider_items *items, char why[256])
{
    size_t i = 0;
    const json_t *record = NULL;
    struct err e = {0};
    struct provider_items all = {.full = json_array_size(data) >= MAX_RECORDS};
    json_array_foreach(data, i, record)
    {
        char id[PROVIDER_ID_SIZE];
        struct lonlat at;
        if (read_place(record, id, sizeof id, &at) && !is_camera(record, "fisheye") &&
            provider_items_add(&all, id, at, &e) != 0) {
            (void)snprintf(why, 256, "%.250s", e.msg);
            provider_items_release(&all);
            return VERDICT_RETRY;
        }
    }
    *items = all;
    return VERDICT_GOOD;
}

static enum verdict read_box(const struct provider_prefs *p, const struct answer *a,
                             struct provider_items *items, char why[256])
{
    enum verdict v = VERDICT_RETRY_BAD;
    json_t *root = open_answer(a, &v, why);
    const json_t *data = json_object_get(root, "data");
    (void)p;
    if (json_is_array(data)) {
        v = read_records(data, items, why);
    } else if (root) {
        (void)snprintf(why, 256, "the answer has no data");
    }
    json_decref(root);
    return v;
}

const struct provider provider_mapillary = {
    .name = "mapillary",
    .base_url = "https://graph.mapillary.com",
    .key_variable = "MAPILLARY_TOKEN",
    .key_scheme = "OAuth",
    .needs_key = true,
    .rate_per_s = 50,
    .per_minute = 10000, /* of searches; of single pictures 60,000 */
    .connections = 16,
    .max_radius_m = 2000, /* so that the box around a point is small enough */
    .n_views = 1,
    .by_item = true,
    .probe_max = PROBE_MAX,
    .view_max = VIEW_MAX,
    .plan_probe = plan_probe,
    .read_probe = read_probe,
    .plan_view = plan_view,
    .judge_view = provider_judge_moving,
    .box_deg = BOX_DEG,
    .plan_box = plan_search,
    .read_box = read_box,
};
