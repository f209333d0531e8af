/* SPDX-License-Identifier: MIT */
/* gdje-fetch: what the user asked for, the secrets, the summary. The work is engine.c's. */
#ifndef FETCH_FETCH_H
#define FETCH_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/tool.h"

#define FETCH_SECRET_VARIABLE "STREETVIEW_SECRET"

struct fetch_prefs {
    int provider;            /* index into provider_names */
    const char *base_url;    /* NULL: the provider's own */
    const char *key_file;    /* NULL: from the environment, if anywhere */
    const char *secret_file; /* the same for the signing secret */
    const char *area;        /* NULL, or what is surveyed first: see area_open */
    const char *images;      /* NULL: images/ beside the catalog */
    int64_t limit;           /* 0: the whole queue */
    double rate_per_s;       /* 0: the provider's own */
    int64_t rate_minute;     /* 0: the provider's own */
    int64_t connections;     /* 0: the provider's own */
    int64_t tries;
    double stall_s, deadline_s;
    int source; /* index into fetch_sources */
    int64_t radius_m, size_px;
    double fov_deg, pitch_deg;
    const char *prices;              /* NULL: the table built in */
    const char *budget, *max_billed; /* numbers as given; NULL: no cap */
    double stop_after_s;             /* 0: never */
    int verify;                      /* index into fetch_verifications */
    int format;                      /* index into fetch_formats */
    double min_distance_m;           /* 0: any */
    bool retry_failed;
    const char *only;  /* NULL, or which of them */
    const char *since; /* NULL, or YYYY-MM-DD */
    bool status, credits, dry_run;
};

#define FETCH_PREFS_DEFAULT                                                                        \
    {                                                                                              \
        .tries = 5, .stall_s = 15, .deadline_s = 60, .radius_m = 50, .size_px = 640, .fov_deg = 90 \
    }

extern const char *const fetch_sources[];
extern const char *const fetch_formats[];
extern const char *const fetch_verifications[];

/* fetch_run - the tool. ERR_INCOMPLETE when points are left without a final state. */
int fetch_run(const struct cli *cli, const struct fetch_prefs *p, struct err *e);

#endif
