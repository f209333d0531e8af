/* SPDX-License-Identifier: MIT */
/*
 * The Street View Static API as a function from a request's target to an answer; no HTTP library.
 *
 *     struct protocol p = {.country = c, .reach_m = PANORAMA_REACH_M};
 *     struct answer a = {0};
 *     TRY(protocol_answer(&p, "/maps/api/streetview/metadata?location=45.8,16.0", &a, e));
 *     ... a.status, a.type, a.body, a.n ...
 *     answer_release(&a);
 *
 * Spoken as documented: both endpoints, location or pano, radius, heading, fov, pitch, size (what
 * is above 640 counts as 640), source, return_error_code, key, signature. Metadata answers HTTP 200
 * with a status in the body; pictures answer 400, 403, 404 (with return_error_code=true) or 429,
 * or with the grey picture where there is no imagery. Stricter than documented where that helps to
 * find a client's mistakes: numbers out of their range are refused, not bent.
 */
#ifndef FETCH_DEMO_PROTOCOL_H
#define FETCH_DEMO_PROTOCOL_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "fetch/demo/country.h"

#define PROTOCOL_METADATA "/maps/api/streetview/metadata"
#define PROTOCOL_IMAGE    "/maps/api/streetview"
#define PROTOCOL_QUALITY  86 /* of the pictures' JPEG */

struct protocol {
    const struct country *country; /* borrowed, as all below */
    const char *key;               /* the one that is accepted; NULL: any or none */
    const uint8_t *secret;         /* NULL: signatures are not looked at */
    size_t n_secret;
    double reach_m;
    long long quota;       /* pictures served before OVER_QUERY_LIMIT; 0: no limit */
    atomic_llong n_served; /* pictures counted against it */
};

struct answer {
    int status;       /* HTTP */
    const char *type; /* static */
    uint8_t *body;    /* owned */
    size_t n;
    const char *header, *header_value; /* static: one more header; NULL: none */
};

/*
 * protocol_answer - to a GET of target: path and query exactly as sent, which is what is signed.
 *
 * Returns 0 with an answer to send, whatever the client did; -1 when there is no memory for one.
 * Threads: safe. Repeat: the same target gets the same bytes, until a quota is used up.
 */
int protocol_answer(struct protocol *p, const char *target, struct answer *a, struct err *e);
void answer_release(struct answer *a);

#endif
