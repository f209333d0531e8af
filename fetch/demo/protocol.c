/* SPDX-License-Identifier: MIT */
#include "fetch/demo/protocol.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fetch/demo/protocol_internal.h"

#define PICTURES "/m1/v/"
#define STAC     "/api/"

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool path_is(const char *target, size_t n_path, const char *path)
{
    return n_path == strlen(path) && begins(target, path);
}

static bool is_number(const char *target, size_t n_path)
{
    return n_path > 1 && strspn(target + 1, "0123456789") == n_path - 1;
}

struct route protocol_route(const char *target)
{
    static const char jpg[] = ".jpg";
    const size_t n_jpg = sizeof jpg - 1;
    size_t n = strcspn(target, "?");
    struct route r = {SERVICE_NONE, false, strlen(target)};
    if (path_is(target, n, PROTOCOL_IMAGE) || path_is(target, n, PROTOCOL_METADATA)) {
        r.service = SERVICE_STREETVIEW;
        r.picture = path_is(target, n, PROTOCOL_IMAGE);
    } else if (begins(target, PICTURES)) {
        r = (struct route){SERVICE_MAPILLARY, true, n}; /* the query is when it expires */
    } else if (path_is(target, n, "/images") || is_number(target, n)) {
        r.service = SERVICE_MAPILLARY;
    } else if (begins(target, STAC)) {
        r.service = SERVICE_PANORAMAX;
        r.picture = n > n_jpg && strncmp(target + n - n_jpg, jpg, n_jpg) == 0;
    }
    return r;
}

bool protocol_over_quota(struct protocol *p, bool picture)
{
    if (p->quota == 0) {
        return false;
    }
    return picture ? atomic_fetch_add(&p->n_served, 1) >= p->quota
                   : atomic_load(&p->n_served) >= p->quota;
}

int64_t protocol_now_s(const struct protocol *p)
{
    return p->now_s ? p->now_s() : (int64_t)time(NULL);
}

struct drives protocol_drives(const struct protocol *p, enum drive_service service)
{
    return (struct drives){p->country, service, p->density > 0 ? p->density : DRIVE_DENSITY};
}

void protocol_base(const struct ask *ask, char base[PROTOCOL_BASE_SIZE])
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]";
    const char *host = ask->host;
    if (!host || !*host || strlen(host) > 255 || host[strspn(host, letters)] != '\0') {
        host = "127.0.0.1";
    }
    (void)snprintf(base, PROTOCOL_BASE_SIZE, "http://%s", host);
}

json_t *json_place(struct lonlat p)
{
    return json_pack("{s:s, s:[f, f]}", "type", "Point", "coordinates", p.lon, p.lat);
}

static int refuse_post(struct answer *a, struct err *e)
{
    if (answer_plain(a, 405, "Only GET is spoken here.", e) != 0) {
        return -1;
    }
    a->header = "Allow";
    a->header_value = "GET, HEAD";
    return 0;
}

int protocol_answer(struct protocol *p, const struct ask *ask, struct answer *a, struct err *e)
{
    int rc = -1;
    static protocol_fn *const serve[] = {
        [SERVICE_STREETVIEW] = streetview_answer,
        [SERVICE_MAPILLARY] = mapillary_answer,
        [SERVICE_PANORAMAX] = panoramax_answer,
    };
    struct query q = {0};
    struct answer made = {0};
    struct route route = protocol_route(ask->target);
    if (route.service == SERVICE_NONE) {
        TRY(answer_plain(&made, 404, "There is nothing here.", e));
    } else if (strlen(ask->target) > PROTOCOL_TARGET_MAX) {
        TRY(answer_plain(&made, 414, "The URL is too long.", e));
    } else if (ask->post && !path_is(ask->target, strcspn(ask->target, "?"), PROTOCOL_SEARCH)) {
        TRY(refuse_post(&made, e));
    } else {
        TRY(query_read(ask->target, &q, e));
        TRY(serve[route.service](p, ask, &q, &made, e));
    }
out:
    query_release(&q);
    if (rc == 0) {
        *a = made;
    } else {
        answer_release(&made);
    }
    return rc;
}
