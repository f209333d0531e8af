/* SPDX-License-Identifier: MIT */
/*
 * What the fetcher knows about a provider of street-level pictures: one table of functions that
 * turn a point into URLs and answers into verdicts. No network and no catalog in them: each is
 * tested on bytes.
 *
 *     plan_probe    a point        -> the URL of the question "what is near here?"
 *     read_probe    its answer     -> a panorama, or why there is none
 *     plan_view     a panorama     -> the URL of one picture of it
 *     judge_view    its answer     -> whether its bytes are worth decoding
 *
 * A new provider is one file in fetch/providers/ and one line in the table of provider.c.
 */
#ifndef FETCH_PROVIDER_H
#define FETCH_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/geo.h"

#define PROVIDER_VIEWS 4 /* north, east, south, west */

#define PROVIDER_PROBE_MAX (64u << 10) /* bytes of an answer that are read at most */
#define PROVIDER_VIEW_MAX  (8u << 20)

/* What is asked for, beside the point. */
struct provider_prefs {
    const char *base_url;    /* scheme and host, no slash at the end */
    const char *key;         /* NULL: none */
    const char *sign_secret; /* NULL: do not sign */
    const char *source;      /* outdoor, default */
    int64_t radius_m;
    double fov_deg, pitch_deg;
    int64_t size_px; /* pictures are size_px x size_px */
};

/* An HTTP answer that arrived whole. */
struct answer {
    int status;
    const char *content_type; /* "" when there was none */
    const char *body;         /* n bytes, a NUL behind them */
    size_t n;
};

enum verdict {
    VERDICT_GOOD,
    VERDICT_NO_IMAGERY, /* final: nothing there */
    VERDICT_RETRY,      /* the service could not answer now; another run may have more luck */
    VERDICT_RETRY_BAD,  /* the service answered nonsense: again, but in the end it is final */
    VERDICT_FAILED,     /* final: asking again cannot help */
    VERDICT_STOP        /* the key is refused: ask nothing more at all */
};

/* A panorama that a probe found. */
struct pano {
    char id[257];
    struct lonlat at;    /* its own position, not the point asked for */
    char captured[8];    /* YYYY-MM, or "" when unknown */
    char copyright[257]; /* or "" */
};

struct provider {
    const char *name;
    const char *base_url; /* NULL: the user must give one */
    bool needs_key;
    double rate_per_s;  /* polite default; 0: no limit */
    int64_t per_minute; /* what the provider allows; 0: no limit known */

    int (*plan_probe)(const struct provider_prefs *p, struct lonlat at, struct buf *url,
                      struct err *e);

    /* read_probe - *found is written for VERDICT_GOOD only; why [256] says what was wrong with any
     * other, in the peer's words where it had some: not yet redacted. */
    enum verdict (*read_probe)(const struct answer *a, struct pano *found, char why[256]);

    int (*plan_view)(const struct provider_prefs *p, const struct pano *pano, int view,
                     struct buf *url, struct err *e);

    enum verdict (*judge_view)(const struct answer *a, char why[256]);
};

extern const struct provider provider_google;
extern const struct provider provider_demo;

/* provider_names - NULL-terminated, for the option table; provider_at - by index in it. */
extern const char *const provider_names[];
const struct provider *provider_at(int index);

/* provider_heading_deg - of a view: 0, 90, 180, 270. */
int provider_heading_deg(int view);

/* provider_status - what an HTTP status other than 200 means to any provider. */
enum verdict provider_status(int status);

#endif
