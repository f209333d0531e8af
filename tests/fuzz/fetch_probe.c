/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the answer to a probe: what is found is fit for a URL, a file name's digest and the
 * catalog; what is said about the rest can be shown.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fetch/provider.h"
#include "fetch/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct provider_prefs prefs = {
    .base_url = "http://h", .source = "outdoor", .radius_m = 50, .fov_deg = 90, .size_px = 640};

static void check_pano(const struct pano *p)
{
    struct err e = {0};
    struct buf url;
    if (!geo_valid(p->at) || p->id[0] == '\0' || strlen(p->id) >= sizeof p->id ||
        strlen(p->copyright) >= sizeof p->copyright ||
        (p->captured[0] && strlen(p->captured) != 7)) {
        abort();
    }
    buf_init(&url, 8192);
    if (provider_google.plan_view(&prefs, p, 1, &url, &e) != 0) {
        abort();
    }
    for (const char *c = url.p; *c; c++) {
        if (!isgraph((unsigned char)*c)) {
            abort();
        }
    }
    buf_release(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 200, 200, 403, 500};
    char *body = malloc(size + 1);
    char why[256] = "";
    char shown[256];
    struct pano found;
    if (!body || size == 0) {
        free(body);
        return 0;
    }
    memcpy(body, data, size);
    body[size] = '\0';
    const struct answer a = {statuses[data[0] % 5], "application/json", body, size};
    const struct request r = {.at = {1, 2}};
    enum verdict v = provider_google.read_probe(&prefs, &r, &a, &found, why);
    if (v == VERDICT_GOOD) {
        check_pano(&found);
    } else if (!memchr(why, '\0', sizeof why) || why[0] == '\0') {
        abort();
    }
    url_redact(why, "KEY", shown, sizeof shown);
    for (const char *c = shown; *c; c++) {
        if (iscntrl((unsigned char)*c)) {
            abort();
        }
    }
    free(body);
    return 0;
}
