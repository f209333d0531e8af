/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the answer of Mapillary or Panoramax to a search, to a question about a picture, or
 * to a box of a survey: what is found is fit for a URL and the catalog, and what is said about the
 * rest can be shown. The first byte chooses who answers what.
 */
#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fetch/provider.h"
#include "fetch/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct provider_prefs prefs = {
    .base_url = "https://h", .radius_m = 1000, .fov_deg = 90, .size_px = 640};

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_text(const char *text, size_t size)
{
    check(memchr(text, '\0', size) != NULL);
    for (const char *c = text; *c; c++) {
        check(!iscntrl((unsigned char)*c));
    }
}

static void check_pano(const struct provider *p, const struct request *r, const struct pano *pano)
{
    check(geo_valid(pano->at) && pano->id[0] != '\0');
    check_text(pano->id, sizeof pano->id);
    check_text(pano->copyright, sizeof pano->copyright);
    check_text(pano->licence, sizeof pano->licence);
    check_text(pano->group, sizeof pano->group);
    check_text(pano->url, sizeof pano->url);
    check(pano->captured[0] == '\0' || strlen(pano->captured) == 7);
    check(isnan(pano->heading_deg) || (pano->heading_deg >= 0 && pano->heading_deg < 360));
    check(!r->item[0] || strcmp(r->item, pano->id) == 0);
    check(p->by_item && !r->item[0] ? pano->url[0] == '\0'
                                    : strncmp(pano->url, "https://", 8) == 0);
}

static void check_items(struct provider_items *items)
{
    for (size_t i = 0; i < items->n; i++) {
        check(geo_valid(items->v[i].at) && items->v[i].id[0] != '\0');
        check_text(items->v[i].id, sizeof items->v[i].id);
    }
    provider_items_release(items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 200, 200, 400};
    char shown[256];
    char why[256] = "";
    if (size == 0) {
        return 0;
    }
    char *body = malloc(size);
    if (!body) {
        return 0;
    }
    memcpy(body, data + 1, size - 1);
    body[size - 1] = '\0';
    const struct provider *p = data[0] & 1 ? &provider_mapillary : &provider_panoramax;
    const struct answer a = {statuses[data[0] >> 3 & 3], "application/json", body, size - 1};
    struct request r = {.id = 1, .at = {15.98, 45.81}};
    enum verdict v = VERDICT_RETRY;
    if ((data[0] >> 1 & 3) == 2) {
        struct provider_items items = {0};
        v = p->read_box(&prefs, &a, &items, why);
        check_items(&items);
    } else {
        struct pano found;
        memcpy(r.item, "1", (data[0] >> 1 & 3) == 1 ? 2 : 0);
        v = p->read_probe(&prefs, &r, &a, &found, why);
        if (v == VERDICT_GOOD) {
            check_pano(p, &r, &found);
        }
    }
    check(v == VERDICT_GOOD || v == VERDICT_NO_IMAGERY || why[0] != '\0');
    check(memchr(why, '\0', sizeof why) != NULL);
    url_redact(why, "KEY", shown, sizeof shown);
    check_text(shown, sizeof shown);
    free(body);
    return 0;
}
