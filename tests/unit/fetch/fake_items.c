/* SPDX-License-Identifier: MIT */
/* Providers of single pictures: searches of boxes, items, pictures at addresses that change with
 * every question about the item. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fetch/fake_internal.h"

#define MAPILLARY_FIRST_ID 900000
#define PANORAMAX_ID       "00000000-0000-4000-8000-%012d"

static char body[2u << 20];
static size_t n_body;

static void put(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void put(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(body + n_body, sizeof body - n_body, fmt, ap);
    va_end(ap);
    n_body += (size_t)n;
    if (n_body >= sizeof body) {
        abort();
    }
}

static const char *const cameras[] = {"perspective", "spherical", "fisheye", "spherical"};

static void put_mapillary(int k, bool whole)
{
    put("{\"id\":\"%d\",\"camera_type\":\"%s\",\"geometry\":{\"type\":\"Point\",\"coordinates\":"
        "[%.7f,%.7f]}",
        MAPILLARY_FIRST_ID + k, cameras[world->camera[k]], WORLD_LON, 45 + k * 0.01);
    if (whole) {
        put(",\"captured_at\":1588291200000,\"sequence\":\"seq%d\",\"creator\":{\"username\":"
            "\"ana%d\",\"id\":\"7\"},\"thumb_2048_url\":\"http://127.0.0.1:%d/pic/%d/%d\"",
            k / 4, k % 2, world->port, k, world->n_probes[k]);
    }
    if (whole && world->camera[k] != CAMERA_NO_HEADING) {
        put(",\"compass_angle\":%.1f", k * 10.5);
    }
    put("}");
}

static void put_panoramax(int k)
{
    put("{\"type\":\"Feature\",\"id\":\"" PANORAMAX_ID "\",\"collection\":\"col%d\",\"geometry\":"
        "{\"type\":\"Point\",\"coordinates\":[%.7f,%.7f]},\"providers\":[{\"name\":\"Ivo\","
        "\"roles\":[\"producer\"]}],\"properties\":{\"datetime\":\"2023-07-14T10:11:12+00:00\","
        "\"license\":\"etalab-2.0\"",
        k, k / 4, WORLD_LON, 45 + k * 0.01);
    if (world->camera[k] == CAMERA_SPHERE) {
        put(",\"pers:interior_orientation\":{\"field_of_view\":360}");
    }
    put(",\"view:azimuth\":%d},\"assets\":{\"%s\":{\"href\":\"http://127.0.0.1:%d/pic/%d/-1\"}}}",
        k * 5, k % 2 ? "sd" : "hd", world->port, k);
}

static void put_item(int k, bool mapillary)
{
    if (mapillary) {
        put_mapillary(k, false);
    } else {
        put_panoramax(k);
    }
}

/* bbox=W,S,E,N with its commas percent-encoded. */
static bool read_box(const char *target, double box[4])
{
    const char *at = strstr(target, "bbox=");
    at = at ? at + 5 : NULL;
    for (int i = 0; i < 4 && at; i++) {
        char *end = NULL;
        box[i] = strtod(at, &end);
        at = i == 3 || strncmp(end, "%2C", 3) == 0 ? end + 3 : NULL;
    }
    return at != NULL;
}

/* The item that is asked for by its place, or -1. */
static int item_at(const double box[4])
{
    int k = (int)((box[1] - 45) * 100 + 0.5);
    bool named = box[2] - box[0] < 1e-4 && k >= 0 && k < WORLD_N && box[0] <= WORLD_LON &&
                 box[2] >= WORLD_LON;
    return named ? k : -1;
}

static void answer_item(struct connection *c, int k, bool mapillary)
{
    static const struct trouble none = {FAULT_NONE, false, 0, 0, ""};
    if (k < 0 || k >= WORLD_N) {
        fake_text(c->fd, 404, "application/json", "{\"message\":\"no such picture\"}");
        return;
    }
    world->n_probes[k]++;
    const struct trouble *t = &world->trouble[k];
    n_body = 0;
    if (mapillary) {
        put_mapillary(k, true);
    } else {
        put("{\"features\":[");
        put_panoramax(k);
        put("]}");
    }
    fake_misbehave(c, fake_strikes(t, false, world->n_probes[k]) ? t : &none, "application/json",
                   body, n_body);
}

/* The items in a box; as many times over as fill an answer when the world says so. */
static void answer_search(struct connection *c, const char *target, bool mapillary)
{
    double box[4] = {0};
    const char *limit = strstr(target, "limit=");
    bool first = true;
    if (read_box(target, box) && !mapillary && item_at(box) >= 0) {
        answer_item(c, item_at(box), false);
        return;
    }
    world->n_searches++;
    if (!limit || !read_box(target, box)) {
        fake_text(c->fd, 400, "application/json", "{\"message\":\"no box\"}");
        return;
    }
    double width = box[2] - box[0];
    double height = box[3] - box[1];
    world->n_thin += width < 4e-6 || height < 4e-6;
    double side = width > height ? width : height;
    if (world->heavy_above_deg > 0 && side > world->heavy_above_deg) {
        fake_text(c->fd, world->heavy, "application/json",
                  "{\"error\":{\"message\":\"too much\"}}");
        return;
    }
    int most = (int)strtol(limit + 6, NULL, 10);
    int n_put = 0;
    n_body = 0;
    put(mapillary ? "{\"data\":[" : "{\"type\":\"FeatureCollection\",\"features\":[");
    for (int k = 0; k < WORLD_N && n_put < most; k++) {
        double lat = 45 + k * 0.01;
        if (WORLD_LON < box[0] || WORLD_LON > box[2] || lat < box[1] || lat > box[3]) {
            continue;
        }
        bool full =
            k + 1 == world->crowd || (world->full_above_deg > 0 && side > world->full_above_deg);
        for (int i = 0; i < (full ? most : 1) && n_put < most; i++) {
            put("%s", first ? "" : ",");
            put_item(k, mapillary);
            first = false;
            n_put++;
        }
    }
    put("]}");
    static const struct trouble none = {FAULT_NONE, false, 0, 0, ""};
    const struct trouble *t = &world->search_trouble;
    fake_misbehave(c, fake_strikes(t, false, world->n_searches) ? t : &none, "application/json",
                   body, n_body);
}

static void answer_picture(struct connection *c, const char *target)
{
    static const struct trouble none = {FAULT_NONE, true, 0, 0, ""};
    char *end = NULL;
    size_t n = 0;
    long k = strtol(target + 5, &end, 10);
    long serial = strtol(end + 1, NULL, 10);
    world->n_views[k]++;
    world->n_leaked += strstr(c->in, WORLD_KEY) != NULL;
    const struct trouble *t = &world->trouble[k];
    const uint8_t *jpeg = fake_picture((int)k, &n);
    if (serial >= 0 && serial != world->n_probes[k]) {
        world->n_stale++;
        fake_text(c->fd, 403, "text/plain", "URL signature expired");
        return;
    }
    fake_misbehave(c, fake_strikes(t, true, world->n_views[k]) ? t : &none, "image/jpeg", jpeg, n);
}

bool fake_items(struct connection *c, const char *target)
{
    bool search = strncmp(target, "/images?", 8) == 0;
    bool item = strncmp(target, "/9", 2) == 0;
    if (strncmp(target, "/pic/", 5) == 0) {
        answer_picture(c, target);
    } else if ((search || item) && world->needs_key &&
               !strstr(c->in, "Authorization: OAuth " WORLD_KEY "\r\n")) {
        world->n_without_token++;
        fake_text(c->fd, 400, "application/json",
                  "{\"error\":{\"message\":\"Invalid OAuth access token: " WORLD_KEY "\",\"type\":"
                  "\"OAuthException\",\"code\":190}}");
    } else if (search || strncmp(target, "/api/search?", 12) == 0) {
        answer_search(c, target, search);
    } else if (item) {
        answer_item(c, (int)strtol(target + 1, NULL, 10) - MAPILLARY_FIRST_ID, true);
    } else {
        return false;
    }
    return true;
}
