/* SPDX-License-Identifier: MIT */
/* What fetch.c (the run) and fetch_plan.c (what was asked for) share. */
#ifndef FETCH_FETCH_INTERNAL_H
#define FETCH_FETCH_INTERNAL_H

#include "core/err.h"
#include "fetch/area.h"
#include "fetch/budget.h"
#include "fetch/engine.h"
#include "fetch/fetch.h"
#include "fetch/folder.h"
#include "fetch/prices.h"
#include "fetch/queue.h"
#include "fetch/survey.h"
#include "sql/db.h"

/* What a run owns. */
struct run {
    struct db *db;
    struct queue *q;
    struct area *area;     /* NULL: no survey */
    struct survey *survey; /* NULL: no survey */
    struct folder *folder; /* NULL: a provider over the network */
    char *key, *secret;    /* NULL: none */
    char *authorization;   /* NULL: the key, if any, is part of URLs */
    char *images_dir, *images_stored;
    struct prices prices;
    struct budget_prefs caps;
    struct budget budget;
    struct engine_prefs engine;
};

/* plan_fetch - r->engine, the secrets, the caps, the area and the folder, as the user wants them. */
int plan_fetch(struct run *r, const struct fetch_prefs *p, struct err *e);

#endif
