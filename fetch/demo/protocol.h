/* SPDX-License-Identifier: MIT */
/*
 * The services that the demo stands in for, as a function from a request to an answer; no HTTP
 * library. Which of them is meant, the path says:
 *
 *     /maps/api/streetview...       Street View Static API     protocol_streetview.c
 *     /images /ID /m1/v/...         Mapillary API v4           protocol_mapillary.c
 *     /api/...                      Panoramax (STAC)           protocol_panoramax.c
 *
 *     struct protocol p = {.country = c, .reach_m = PANORAMA_REACH_M};
 *     struct ask ask = {.target = "/maps/api/streetview/metadata?location=45.8,16.0"};
 *     struct answer a = {0};
 *     TRY(protocol_answer(&p, &ask, &a, e));
 *     ... a.status, a.type, a.body, a.n ...
 *     answer_release(&a);
 *
 * Each speaks as documented where it is; numbers out of their range and parameters that the demo
 * does not know are refused, which finds a client's mistakes.
 */
#ifndef FETCH_DEMO_PROTOCOL_H
#define FETCH_DEMO_PROTOCOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "fetch/demo/answer.h"
#include "fetch/demo/country.h"

#define PROTOCOL_METADATA  "/maps/api/streetview/metadata"
#define PROTOCOL_IMAGE     "/maps/api/streetview"
#define PROTOCOL_URL_TTL_S 60
#define PROTOCOL_TARGET_MAX \
    8192 /* characters; the documented limit of a Street View URL is 16384 */

enum service { SERVICE_NONE, SERVICE_STREETVIEW, SERVICE_MAPILLARY, SERVICE_PANORAMAX };

struct protocol {
    const struct country *country; /* borrowed, as all below */
    const char *key;               /* the one that is accepted; NULL: any or none */
    const uint8_t *secret;         /* Street View: NULL: signatures are not looked at */
    size_t n_secret;
    double reach_m;         /* Street View */
    int64_t density;        /* shots of a drive; 0: DRIVE_DENSITY */
    int64_t url_ttl_s;      /* life of Mapillary's picture addresses; 0: PROTOCOL_URL_TTL_S */
    int64_t (*now_s)(void); /* since 1970; NULL: the clock */
    long long quota;        /* pictures served before the service refuses; 0: no limit */
    atomic_llong n_served;  /* pictures counted against it */
};

struct ask {
    const char *target;        /* path and query exactly as sent, which is what is signed */
    const char *host;          /* the header, for the addresses in answers; NULL: "127.0.0.1" */
    const char *authorization; /* the header, or NULL */
    const char *content_type;  /* of body, or NULL */
    const char *body;          /* [n_body] of a POST */
    size_t n_body;
    bool post;
};

/* What a target asks for. */
struct route {
    enum service service;
    bool picture;  /* its good answer is one */
    size_t n_name; /* the characters of the target that do not differ from run to run */
};
struct route protocol_route(const char *target);

/*
 * protocol_answer - Returns 0 with an answer to send, whatever the client did; -1 when there is no
 * memory for one.
 * Threads: safe. Repeat: the same request gets the same bytes, until a quota is used up; addresses
 * that expire are made anew every second.
 */
int protocol_answer(struct protocol *p, const struct ask *ask, struct answer *a, struct err *e);

#endif
