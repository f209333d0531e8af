/* SPDX-License-Identifier: MIT */
/*
 * A provider that fails on command: a process on the loopback that speaks the Street View Static
 * API, Mapillary's and Panoramax's for WORLD_N locations, each with its own fault. Location k is asked for at latitude
 * 45 + k / 100 and has panorama "pano<k>" (or another's). What was asked is counted in memory that
 * test and server share.
 */
#ifndef TESTS_FETCH_FAKE_H
#define TESTS_FETCH_FAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define WORLD_N   64
#define WORLD_PX  64 /* width and height of its pictures */
#define WORLD_KEY "SECRETKEY-0123456789"
#define WORLD_LON 16.0003 /* of items; 24 m from the points */

enum fault {
    FAULT_NONE,
    FAULT_STATUS,       /* HTTP status .arg */
    FAULT_RETRY_AFTER,  /* 429, Retry-After: .arg seconds */
    FAULT_RETRY_DATE,   /* 429, Retry-After: the time .arg seconds from now, as a date */
    FAULT_STALL,        /* never answers */
    FAULT_DRIP,         /* the head, then a byte a second */
    FAULT_CUT,          /* closes in the middle of the body */
    FAULT_LONG_LENGTH,  /* claims more bytes than it sends, then closes */
    FAULT_SHORT_LENGTH, /* claims fewer bytes than it sends */
    FAULT_HTML,         /* 200, text/html */
    FAULT_JPEG_LIE,     /* 200, image/jpeg, but text */
    FAULT_CARD,         /* the picture is all of one colour */
    FAULT_HALF,         /* half a JPEG with a Content-Length that fits */
    FAULT_SIZE,         /* a picture of another size */
    FAULT_HUGE,         /* a body beyond every ceiling */
    FAULT_REDIRECT,
    FAULT_PROCESSING, /* 102 with a body, then closes */
    FAULT_JSON        /* probes: the body .text with 200 */
};

enum camera { CAMERA_PERSPECTIVE, CAMERA_SPHERE, CAMERA_FISHEYE, CAMERA_NO_HEADING };

struct trouble {
    enum fault fault;
    bool on_view; /* else on the probe */
    int times;    /* it strikes for the first so many requests; -1: always */
    int arg;
    char text[128];
};

struct world {
    struct trouble trouble[WORLD_N];
    int pano[WORLD_N];    /* whose panorama a point finds; its own number by default */
    int picture[WORLD_N]; /* whose pictures a panorama has; its own by default */
    int delay_ms;         /* before every answer */
    bool needs_key;
    bool hangs_up;                           /* after every answer, without having said so */
    int n_probes[WORLD_N], n_views[WORLD_N]; /* requests seen; views by panorama */

    /* As Mapillary and as Panoramax: item k is at latitude 45 + k / 100, longitude WORLD_LON. */
    enum camera camera[WORLD_N];
    struct trouble search_trouble; /* of the first so many searches */
    int n_searches;
    double full_above_deg;  /* a wider box has more than an answer can hold; 0: none */
    double heavy_above_deg; /* a wider box is answered with status heavy; 0: none */
    int heavy;
    int crowd;           /* so does any box that holds item crowd - 1; 0: none */
    int n_without_token; /* questions that did not have it */
    int n_thin;          /* boxes without much of an extent */
    int n_leaked;        /* pictures asked for with it */
    int n_stale;         /* pictures asked for at another address than the last one told */
    int n_all, n_in_flight, max_in_flight;
    int n_connections, n_connections6; /* by IPv4, by IPv6 */
    int n_proxied;                     /* requests that came as to a proxy */
    int port;
};

struct fake {
    struct world *world; /* shared */
    pid_t pid;
    int port;
    char url[64];
    char url6[64]; /* "": this machine has no IPv6 */
};

/* fake_start - with a world without trouble. fake_stop ends the process and the sharing. */
int fake_start(struct fake *s);
void fake_stop(struct fake *s);

#endif
