/* SPDX-License-Identifier: MIT */
/*
 * What the fetcher knows about a provider of street-level pictures: one table of functions that
 * turn a request into URLs and answers into verdicts. No network and no catalog in them: each is
 * tested on bytes.
 *
 *     plan_probe    a point, or a picture that has been named -> the URL that asks for it
 *     read_probe    its answer                                -> a panorama, or why there is none
 *     plan_view     a panorama                                -> the URL of one picture of it
 *     judge_view    its answer                                -> whether its bytes are worth decoding
 *     plan_box      a box of a survey                         -> the URL of "what is in it?"
 *     read_box      its answer                                -> pictures by name
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

#define PROVIDER_ID_SIZE  257
#define PROVIDER_URL_SIZE 2048

/* What is asked for, beside the point. */
struct provider_prefs {
    const char *base_url;    /* scheme and host, no slash at the end */
    const char *key;         /* NULL: none */
    const char *sign_secret; /* NULL: do not sign */
    const char *source;      /* outdoor, default */
    int64_t radius_m;
    double fov_deg, pitch_deg;
    int64_t size_px; /* views are size_px x size_px, where the provider or we make them */
};

/* A row of the queue. */
struct request {
    int64_t id;
    struct lonlat at;
    char item[PROVIDER_ID_SIZE]; /* the picture that is wanted; "": the nearest to the point */
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
    VERDICT_LATER,      /* the service is well, but this is not ready: in another run */
    VERDICT_RETRY_BAD,  /* the service answered nonsense: again, but in the end it is final */
    VERDICT_EXPIRED,    /* a picture's address holds no longer: ask for another one first */
    VERDICT_FAILED,     /* final: asking again cannot help */
    VERDICT_STOP        /* the key is refused: ask nothing more at all */
};

/* A panorama that a probe found, or a single picture. */
struct pano {
    char id[PROVIDER_ID_SIZE];
    struct lonlat at;             /* its own position, not the point asked for */
    char captured[8];             /* YYYY-MM, or "" when unknown */
    char copyright[257];          /* whom to name, and where the picture is shown; or "" */
    char licence[65];             /* or "" */
    char group[PROVIDER_ID_SIZE]; /* the sequence it is part of, or "" */
    double heading_deg;           /* of the middle of its one picture; NAN: unknown */
    bool sphere;                  /* that picture shows all directions, equirectangular */
    char url[PROVIDER_URL_SIZE];  /* where that picture is now: never kept; "": not known yet */
};

/* A picture that a survey found. */
struct provider_item {
    char id[65];
    struct lonlat at;
};

struct provider_items {
    struct provider_item *v; /* owned: provider_items_release */
    size_t n, cap;
    bool full; /* as many as an answer can have: there may be more */
};

struct provider {
    const char *name;
    const char *base_url;     /* NULL: the user must give one */
    const char *key_variable; /* in the environment; NULL: there is no key */
    const char *key_scheme;   /* sent as "Authorization: <scheme> <key>"; NULL: part of the URL */
    bool needs_key;
    bool local;         /* a folder on this machine: none of the functions */
    double rate_per_s;  /* polite default; 0: no limit */
    int64_t per_minute; /* what the provider allows; 0: no limit known */
    int connections;    /* polite default */
    int64_t max_radius_m;
    int n_views;  /* pictures asked for of a panorama: four views, or one that is all there is */
    bool by_item; /* where a picture is, only a probe of the picture itself tells */
    size_t probe_max; /* bytes of an answer that are read at most */
    size_t view_max;

    int (*plan_probe)(const struct provider_prefs *p, const struct request *r, struct buf *url,
                      struct err *e);

    /* read_probe - *found is written for VERDICT_GOOD only; why [256] says what was wrong with any
     * other, in the peer's words where it had some: not yet redacted. */
    enum verdict (*read_probe)(const struct provider_prefs *p, const struct request *r,
                               const struct answer *a, struct pano *found, char why[256]);

    int (*plan_view)(const struct provider_prefs *p, const struct pano *pano, int view,
                     struct buf *url, struct err *e);

    enum verdict (*judge_view)(const struct answer *a, char why[256]);

    /* Surveys; NULL: none. *items is written for VERDICT_GOOD only. */
    double box_deg; /* side of the largest box that is asked for */
    int (*plan_box)(const struct provider_prefs *p, const struct bbox *box, struct buf *url,
                    struct err *e);
    enum verdict (*read_box)(const struct provider_prefs *p, const struct answer *a,
                             struct provider_items *items, char why[256]);
};

extern const struct provider provider_demo;
extern const struct provider provider_dir;
extern const struct provider provider_google;
extern const struct provider provider_mapillary;
extern const struct provider provider_panoramax;

/* provider_names - NULL-terminated, for the option table; provider_at - by index in it. */
extern const char *const provider_names[];
const struct provider *provider_at(int index);

/* provider_heading_deg - of a view: 0, 90, 180, 270. provider_view - the view nearest to a heading;
 * 0 for NAN. */
int provider_heading_deg(int view);
int provider_view(double heading_deg);

/* provider_status - what an HTTP status other than 200 means to any provider. */
enum verdict provider_status(int status);

/* provider_judge_jpeg - an answer that should be a picture, by status and content type. */
enum verdict provider_judge_jpeg(const struct answer *a, char why[256]);

/* provider_judge_moving - the same, of an address that holds for some time only. */
enum verdict provider_judge_moving(const struct answer *a, char why[256]);

/* provider_param_box - append ?bbox= or &bbox= west,south,east,north. provider_box - what is within
 * so many metres of a point and on the map. */
int provider_param_box(struct buf *url, const struct bbox *box, struct err *e);
struct bbox provider_box(struct lonlat at, double radius_m);

/* provider_items_add - a copy; an id that does not fit is left out. */
int provider_items_add(struct provider_items *items, const char *id, struct lonlat at,
                       struct err *e);
void provider_items_release(struct provider_items *items);

#endif
