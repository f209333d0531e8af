/* SPDX-License-Identifier: MIT */
/* What gdje-demo does: serve the synthetic country, or write a picture of it and end. */
#ifndef FETCH_DEMO_DEMO_H
#define FETCH_DEMO_DEMO_H

#include <stdint.h>

#include "core/err.h"
#include "core/tool.h"

struct demo_prefs {
    const char *border;
    int64_t seed;
    int64_t port, threads; /* 0: a free one; all cores */
    const char *url_file, *pid_file;
    double idle_exit_s;                 /* 0: never */
    const char *key_file, *secret_file; /* NULL: GDJE_DEMO_KEY, or none */
    int64_t quota;
    double reach_m;
    int64_t density;    /* shots of a drive */
    double url_ttl_s;   /* life of Mapillary's picture addresses */
    const char *faults; /* NAME=RATE,...; NULL: none */
    bool list_faults;
    const char *render, *contact_sheet; /* "LAT,LON,HEADING"; a path */
    const char *output;
    bool force;
};

int demo_run(const struct cli *cli, const struct demo_prefs *p, struct err *e);

#endif
