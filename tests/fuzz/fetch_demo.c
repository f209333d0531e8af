/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the query, the path or the body of a request to gdje-demo: there is always an answer,
 * with a status that the protocols know and a body; pictures are pictures and JSON is JSON.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/image.h"
#include "fetch/demo/panorama.h"
#include "fetch/demo/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define QUERY_MAX 600

static struct border *border;
static struct country *country; /* made once; the process ends with it */

static void check(struct protocol *p, const struct ask *ask)
{
    static const int known[] = {200, 102, 400, 403, 404, 500};
    struct err e = {0};
    struct answer a = {0};
    struct image_info info;
    bool status = false;
    if (protocol_answer(p, ask, &a, &e) != 0 || !a.body || a.n == 0) {
        abort();
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        status = status || a.status == known[i];
    }
    bool picture = strcmp(a.type, "image/jpeg") == 0;
    if (!status || (picture && (a.status != 200 || image_read_info(a.body, a.n, &info, &e) != 0))) {
        abort();
    }
    if (strcmp(a.type, answer_type_json) == 0) {
        json_t *root = json_loadb((const char *)a.body, a.n, JSON_REJECT_DUPLICATES, NULL);
        if (!json_is_object(root)) {
            abort();
        }
        json_decref(root);
    }
    answer_release(&a);
}

static void check_target(struct protocol *p, const char *path, const char *data, int n)
{
    char target[QUERY_MAX + 64];
    (void)snprintf(target, sizeof target, "%s%.*s", path, n, data);
    check(p, &(struct ask){.target = target, .host = "h"});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = {0};
    if (!country && (border_open("shapes/croatia.shp", &border, &e) != 0 ||
                     country_new(border, 1, &country, &e) != 0)) {
        (void)fprintf(stderr, "%s\n", e.msg);
        abort();
    }
    int n = (int)(size < QUERY_MAX ? size : QUERY_MAX);
    struct protocol open = {.country = country, .reach_m = PANORAMA_REACH_M, .density = 1};
    struct protocol closed = {.country = country,
                              .reach_m = PANORAMA_REACH_M,
                              .key = "k",
                              .secret = (const uint8_t *)"secret",
                              .n_secret = 6};
    const char *text = (const char *)data;
    check_target(&open, PROTOCOL_METADATA "?", text, n);
    check_target(&closed, PROTOCOL_METADATA "?", text, n);
    check_target(&open, PROTOCOL_IMAGE "?", text, n);
    check_target(&closed, PROTOCOL_IMAGE "?", text, n);
    check_target(&open, "/", text, n);
    check_target(&open, "/images?", text, n);
    check_target(&closed, "/images?", text, n);
    check_target(&open, "/m1/v/", text, n);
    check_target(&open, "/api/", text, n);
    check_target(&open, "/api/search?", text, n);
    check(&open, &(struct ask){.target = "/api/search",
                               .content_type = "application/json",
                               .body = text,
                               .n_body = size,
                               .post = true});
    return 0;
}
