/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the query of a request to gdje-demo: there is always an answer, with a status that
 * the protocol knows and a body; pictures are pictures.
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

static void check(struct protocol *p, const char *target)
{
    struct err e = {0};
    struct answer a = {0};
    struct image_info info;
    if (protocol_answer(p, &(struct ask){.target = target}, &a, &e) != 0 || !a.body || a.n == 0) {
        abort();
    }
    bool picture = strcmp(a.type, "image/jpeg") == 0;
    if (picture && (a.status != 200 || image_read_info(a.body, a.n, &info, &e) != 0)) {
        abort();
    }
    if (a.status != 200 && a.status != 400 && a.status != 403 && a.status != 404) {
        abort();
    }
    answer_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = {0};
    char target[QUERY_MAX + 64];
    if (!country && (border_open("shapes/croatia.shp", &border, &e) != 0 ||
                     country_new(border, 1, &country, &e) != 0)) {
        (void)fprintf(stderr, "%s\n", e.msg);
        abort();
    }
    int n = (int)(size < QUERY_MAX ? size : QUERY_MAX);
    struct protocol open = {.country = country, .reach_m = PANORAMA_REACH_M};
    struct protocol closed = {.country = country,
                              .reach_m = PANORAMA_REACH_M,
                              .key = "k",
                              .secret = (const uint8_t *)"secret",
                              .n_secret = 6};
    (void)snprintf(target, sizeof target, PROTOCOL_METADATA "?%.*s", n, (const char *)data);
    check(&open, target);
    check(&closed, target);
    (void)snprintf(target, sizeof target, PROTOCOL_IMAGE "?%.*s", n, (const char *)data);
    check(&open, target);
    check(&closed, target);
    return 0;
}
