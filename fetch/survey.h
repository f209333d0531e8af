/* SPDX-License-Identifier: MIT */
/*
 * The pictures that a provider has of an area, box by box, as requests. A box that answers with as
 * many as an answer can have, or that is too much for the provider, is split in four. Boxes are rows
 * of the catalog and change together with the requests they gave: no finished box is asked twice,
 * whatever happens, and an area that has been surveyed stays so.
 *
 *     TRY(survey_open(db, "mapillary", area, 0.09, &s, e));
 *     while (TRY(survey_next(s, &box, &found, e)), found) ...
 *     TRY(survey_commit(s, outcome, n, e));
 *     survey_close(s);
 */
#ifndef FETCH_SURVEY_H
#define FETCH_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "fetch/area.h"
#include "fetch/provider.h"
#include "sql/db.h"

#define SURVEY_LEAST_DEG 1e-5 /* a metre: a box is not split into thinner ones */

struct survey;

/* survey_open - the boxes are made when there is no survey of the area yet. Borrows everything. */
int survey_open(struct db *db, const char *provider, const struct area *area, double box_deg,
                struct survey **out, struct err *e);
void survey_close(struct survey *s); /* NULL ok */

/* survey_estimate - boxes that are left to be asked for, without making any. */
int survey_estimate(struct db *db, const char *provider, const struct area *area, double box_deg,
                    int64_t *n, struct err *e);

struct survey_box {
    int64_t id; /* 0: none */
    struct bbox box;
};

/* survey_list - pictures that are known without asking, as requests. */
int survey_list(struct db *db, const char *provider, const struct provider_items *items,
                int64_t *n_new, struct err *e);

/* survey_next - the next box that is queued, each once per opening, by ascending id. */
int survey_next(struct survey *s, struct survey_box *b, bool *found, struct err *e);

/* survey_can_split - whether the quarters of a box are not too small. */
bool survey_can_split(const struct survey_box *b);

enum box_state { BOX_QUEUED, BOX_DONE, BOX_SPLIT, BOX_FAILED, BOX_STATE_COUNT };

struct box_outcome {
    struct survey_box box;
    enum box_state state;               /* QUEUED: put off to the next run */
    const struct provider_items *items; /* what it answered with; NULL: nothing */
    const char *why;                    /* NULL: nothing to say */
};

/* survey_commit - n outcomes in one transaction; *n_new: requests that they gave. */
int survey_commit(struct survey *s, const struct box_outcome *o, size_t n, int64_t *n_new,
                  struct err *e);

#endif
