/* SPDX-License-Identifier: MIT */
/*
 * Panoramax: the STAC API of the federation (or of one instance) of open street-level pictures. A
 * search of a box answers with whole items, nearest to its middle first, address of the picture
 * included; there are no pages. No key. Members that are null are left out.
 *
 * A picture that has been named is searched for at its place: instances tell about it at
 * /api/pictures/<id>, too, but of the catalogue of all instances that is not documented.
 *
 * Every item has its picture at full size (hd) and 2048 pixels wide (sd). A view of 90 degrees out
 * of the latter is 512 pixels wide: hd is asked for only when larger views are wanted.
 */
#include "fetch/provider.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "fetch/providers/read.h"
#include "fetch/url.h"

/* The API gives 10,000 items at once, of some 5 kB each: to hold one answer in memory is enough. */
#define MAX_ITEMS   1000
#define PLACE_M     1  /* half the side of the box that a named picture is searched for in */
#define NEAR_ITEMS  20 /* around a point; the nearest come first */
#define BOX_DEG     0.1
#define PROBE_MAX   (32u << 20)
#define VIEW_MAX    (64u << 20) /* pictures of all directions at full size */
#define SD_WIDTH_PX 2048
#define PAGE        "/#focus=pic&pic="

static int plan_search(const struct provider_prefs *p, const struct bbox *box, int limit,
                       struct buf *url, struct err *e)
{
    int rc = -1;
    char text[16];
    (void)snprintf(text, sizeof text, "%d", limit);
    TRY(buf_printf(url, e, "%s/api/search", p->base_url));
    TRY(provider_param_box(url, box, e));
    TRY(url_param(url, "limit", text, e));
out:
    return rc;
}

static int plan_box(const struct provider_prefs *p, const struct bbox *box, struct buf *url,
                    struct err *e)
{
    return plan_search(p, box, MAX_ITEMS, url, e);
}

static int plan_probe(const struct provider_prefs *p, const struct request *r, struct buf *url,
                      struct err *e)
{
    bool named = r->item[0] != '\0';
    struct bbox box = provider_box(r->at, named ? PLACE_M : (double)p->radius_m);
    return plan_search(p, &box, named ? MAX_ITEMS : NEAR_ITEMS, url, e);
}

static int plan_view(const struct provider_prefs *p, const struct pano *pano, int view,
                     struct buf *url, struct err *e)
{
    (void)p;
    (void)view;
    return buf_add_str(url, pano->url, e);
}

/* --- items ---------------------------------------------------------------------------------------- */

/* Whether the picture can be had, and when not, whether it ever will. */
static enum verdict read_status(const json_t *properties, char why[256])
{
    const char *status = json_string_value(json_object_get(properties, "geovisio:status"));
    if (!status || strcmp(status, "ready") == 0) {
        return VERDICT_GOOD;
    }
    (void)snprintf(why, 256, "the picture's status is '%.60s'", status);
    return strncmp(status, "waiting", 7) == 0 || strncmp(status, "preparing", 9) == 0
               ? VERDICT_LATER
               : VERDICT_FAILED;
}

static bool is_sphere(const json_t *item, const json_t *properties)
{
    const json_t *camera = json_object_get(properties, "pers:interior_orientation");
    double fov_deg = read_number(camera, "field_of_view");
    return fov_deg >= 360 || json_object_get(json_object_get(item, "asset_templates"), "tiles");
}

/* The asset that is large enough, else the other one. */
static bool read_asset(const struct provider_prefs *p, const json_t *item, struct pano *pano)
{
    const json_t *assets = json_object_get(item, "assets");
    bool large = pano->sphere && (double)p->size_px > SD_WIDTH_PX * p->fov_deg / 360;
    static const char *const names[] = {"sd", "hd"};
    return read_url(p, json_object_get(assets, names[large]), "href", pano->url) ||
           read_url(p, json_object_get(assets, names[!large]), "href", pano->url);
}

/* Who made it: as the instance says, else the first provider with that role. */
static void read_producer(const json_t *item, const json_t *properties, char *name, size_t size)
{
    size_t i = 0;
    const json_t *provider = NULL;
    if (read_text(properties, "geovisio:producer", name, size) && name[0]) {
        return;
    }
    json_array_foreach(json_object_get(item, "providers"), i, provider)
    {
        size_t k = 0;
        const json_t *role = NULL;
        json_array_foreach(json_object_get(provider, "roles"), k, role)
        {
            const char *text = json_string_value(role);
            if (text && strcmp(text, "producer") == 0 && read_text(provider, "name", name, size)) {
                return;
            }
        }
    }
    (void)snprintf(name, size, "Panoramax");
}

static enum verdict read_item(const struct provider_prefs *p, const json_t *item,
                              struct pano *found, char why[256])
{
    struct pano pano = {0};
    char text[128];
    const json_t *properties = json_object_get(item, "properties");
    if (!read_text(item, "id", pano.id, sizeof pano.id) || !pano.id[0] ||
        !read_point(item, "geometry", &pano.at)) {
        (void)snprintf(why, 256, "the answer has no usable id and position");
        return VERDICT_RETRY_BAD;
    }
    enum verdict v = read_status(properties, why);
    if (v != VERDICT_GOOD) {
        return v;
    }
    pano.sphere = is_sphere(item, properties);
    if (!read_asset(p, item, &pano)) {
        (void)snprintf(why, 256, "the item has no usable assets.sd or assets.hd");
        return VERDICT_FAILED;
    }
    pano.heading_deg = read_heading(properties, "view:azimuth");
    (void)read_text(properties, "datetime", text, sizeof text);
    (void)read_month(text, pano.captured);
    (void)read_text(properties, "license", pano.licence, sizeof pano.licence);
    (void)read_text(item, "collection", pano.group, sizeof pano.group);
    read_producer(item, properties, text, sizeof text);
    (void)snprintf(pano.copyright, sizeof pano.copyright, "%.80s, %.80s" PAGE "%.64s", text,
                   p->base_url, pano.id);
    *found = pano;
    return VERDICT_GOOD;
}

/* --- answers -------------------------------------------------------------------------------------- */

static enum verdict read_error(const json_t *root, const struct answer *a, char why[256])
{
    const char *message = json_string_value(json_object_get(root, "message"));
    (void)snprintf(why, 256, "HTTP status %d%s%.220s", a->status, message ? ": " : "",
                   message ? message : "");
    /* 102: still being processed */
    return a->status == 102 ? VERDICT_LATER : provider_status(a->status);
}

/* The nearest of a search's items within the radius that can be had. */
static enum verdict read_nearest(const struct provider_prefs *p, const struct request *r,
                                 const json_t *features, struct pano *found)
{
    size_t i = 0;
    const json_t *item = NULL;
    double nearest_m = (double)p->radius_m;
    enum verdict v = VERDICT_NO_IMAGERY;
    json_array_foreach(features, i, item)
    {
        char ignored[256];
        struct pano pano;
        if (read_item(p, item, &pano, ignored) != VERDICT_GOOD) {
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

/* The item that was named. */
static enum verdict read_named(const struct provider_prefs *p, const struct request *r,
                               const json_t *features, struct pano *found, char why[256])
{
    size_t i = 0;
    const json_t *item = NULL;
    bool nameless = false;
    json_array_foreach(features, i, item)
    {
        const char *id = json_string_value(json_object_get(item, "id"));
        if (id && strcmp(id, r->item) == 0) {
            return read_item(p, item, found, why);
        }
        nameless = nameless || !id;
    }
    if (nameless) { /* it may be that one */
        (void)snprintf(why, 256, "the answer has items without a usable id");
        return VERDICT_RETRY_BAD;
    }
    (void)snprintf(why, 256, "the picture is not at its place any more");
    return VERDICT_FAILED;
}

static enum verdict read_body(const struct provider_prefs *p, const struct request *r,
                              const json_t *root, struct pano *found, char why[256])
{
    const json_t *features = json_object_get(root, "features");
    if (!json_is_array(features)) {
        (void)snprintf(why, 256, "the answer has no features");
        return VERDICT_RETRY_BAD;
    }
    return r->item[0] ? read_named(p, r, features, found, why)
                      : read_nearest(p, r, features, found);
}

static enum verdict read_probe(const struct provider_prefs *p, const struct request *r,
                               const struct answer *a, struct pano *found, char why[256])
{
    json_t *root = read_json(a);
    enum verdict v = a->status != 200 ? read_error(root, a, why)
                     : root           ? read_body(p, r, root, found, why)
                                      : read_not_json(a, why);
    json_decref(root);
    return v;
}

static enum verdict read_features(const json_t *features, struct provider_items *items,
                                  char why[256])
{
    size_t i = 0;
    const json_t *item = NULL;
    struct err e = {0};
    struct provider_items all = {.full = json_array_size(features) >= MAX_ITEMS};
    json_array_foreach(features, i, item)
    {
        char id[PROVIDER_ID_SIZE];
        struct lonlat at;
        if (read_text(item, "id", id, sizeof id) && id[0] && read_point(item, "geometry", &at) &&
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
    json_t *root = read_json(a);
    const json_t *features = json_object_get(root, "features");
    enum verdict v = VERDICT_RETRY_BAD;
    (void)p;
    if (a->status != 200) {
        v = read_error(root, a, why);
    } else if (json_is_array(features)) {
        v = read_features(features, items, why);
    } else if (root) {
        (void)snprintf(why, 256, "the answer has no features");
    } else {
        v = read_not_json(a, why);
    }
    json_decref(root);
    return v;
}

const struct provider provider_panoramax = {
    .name = "panoramax",
    .base_url = "https://api.panoramax.xyz",
    .rate_per_s = 10, /* nothing is published: run by volunteers and public bodies */
    .connections = 4,
    .max_radius_m = 5000,
    .n_views = 1,
    .probe_max = PROBE_MAX,
    .view_max = VIEW_MAX,
    .plan_probe = plan_probe,
    .read_probe = read_probe,
    .plan_view = plan_view,
    .judge_view = provider_judge_moving,
    .box_deg = BOX_DEG,
    .plan_box = plan_box,
    .read_box = read_box,
};
