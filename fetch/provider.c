/* SPDX-License-Identifier: MIT */
/* The table of providers, and what they share. */
#include "fetch/provider.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/vec.h"
#include "fetch/retry.h"
#include "fetch/url.h"

static const struct provider *const table[] = {
    &provider_demo, &provider_google, &provider_mapillary, &provider_panoramax, &provider_dir};

const char *const provider_names[] = {"demo", "google", "mapillary", "panoramax", "dir", NULL};

const struct provider *provider_at(int index)
{
    return table[index];
}

int provider_heading_deg(int view)
{
    return view * 90;
}

int provider_view(double heading_deg)
{
    return isfinite(heading_deg) ? (int)lround(heading_deg / 90) % PROVIDER_VIEWS : 0;
}

enum verdict provider_status(int status)
{
    if (status == 401 || status == 403) {
        return VERDICT_STOP;
    }
    return retry_status(status) ? VERDICT_RETRY : VERDICT_FAILED;
}

enum verdict provider_judge_jpeg(const struct answer *a, char why[256])
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

enum verdict provider_judge_moving(const struct answer *a, char why[256])
{
    bool gone = a->status == 401 || a->status == 403 || a->status == 404 || a->status == 410;
    enum verdict v = provider_judge_jpeg(a, why);
    return gone ? VERDICT_EXPIRED : v;
}

struct bbox provider_box(struct lonlat at, double radius_m)
{
    struct bbox b = geo_box(at, radius_m);
    return (struct bbox){fmax(b.min_x, -180), fmax(b.min_y, -90), fmin(b.max_x, 180),
                         fmin(b.max_y, 90)};
}

int provider_param_box(struct buf *url, const struct bbox *box, struct err *e)
{
    char text[128];
    (void)snprintf(text, sizeof text, "%.7f,%.7f,%.7f,%.7f", box->min_x, box->min_y, box->max_x,
                   box->max_y);
    return url_param(url, "bbox", text, e);
}

int provider_items_add(struct provider_items *items, const char *id, struct lonlat at,
                       struct err *e)
{
    if (strlen(id) >= sizeof items->v->id) {
        return 0;
    }
    if (vec_room(&items->v, items->n, &items->cap, sizeof *items->v, "pictures of a survey", e) !=
        0) {
        return -1;
    }
    struct provider_item *item = &items->v[items->n++];
    (void)snprintf(item->id, sizeof item->id, "%s", id);
    item->at = at;
    return 0;
}

void provider_items_release(struct provider_items *items)
{
    free(items->v);
    *items = (struct provider_items){0};
}
