/* SPDX-License-Identifier: MIT */
/* Which spacing gives as many classes as asked for: by trying. */
#include "prep/grid_work.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "core/log.h"

#define MAX_HALVINGS 5

/* How many classes that spacing gives. */
static int try_spacing(struct grid_work *w, struct grid_prefs *prefs, double spacing_m,
                       int64_t *n_classes, struct err *e)
{
    prefs->spacing_m = spacing_m;
    if (grid_work_cut(w, prefs, e) != 0) {
        return -1;
    }
    int64_t *n = calloc(w->cells.n + 1, sizeof *n);
    if (!n) {
        return err_nomem(e, "counts of the cells");
    }
    *n_classes = 0;
    for (size_t i = 0; i < w->places.n; i++) {
        if (w->places.part[i] == SPLIT_TRAIN && w->cell[i] != GRID_NO_CELL) {
            *n_classes += w->cells.v[w->cell[i]].land && ++n[w->cell[i]] == prefs->min_train;
        }
    }
    free(n);
    return 0;
}

/* The search: what was tried, and the best of it. */
struct search {
    struct grid_work *w;
    struct grid_prefs prefs;
    int64_t best, best_n; /* metres; classes */
};

static int search_try(struct search *s, int64_t spacing_m, int64_t *n, struct err *e)
{
    if (try_spacing(s->w, &s->prefs, (double)spacing_m, n, e) != 0) {
        return -1;
    }
    int64_t want = s->prefs.n_classes;
    if (s->best == 0 || llabs(*n - want) < llabs(s->best_n - want)) {
        s->best = spacing_m;
        s->best_n = *n;
    }
    return 0;
}

/* The number falls with the spacing, but not steadily: after the bisection, those around. */
static int search_around(struct search *s, struct err *e)
{
    int64_t n = 0;
    int64_t middle = s->best;
    int64_t step = middle / 500 + 1;
    for (int64_t k = 1; k <= 20 && s->best_n != s->prefs.n_classes; k++) {
        if (search_try(s, middle + k * step, &n, e) != 0 ||
            (middle - k * step >= GRID_MIN_SPACING_M &&
             search_try(s, middle - k * step, &n, e) != 0)) {
            return -1;
        }
    }
    return 0;
}

int grid_work_spacing(struct grid_work *w, const struct grid_prefs *prefs, double *spacing_m,
                      struct err *e)
{
    struct search s = {.w = w, .prefs = *prefs};
    int64_t low = (int64_t)sqrt(region_area_m2(w->metres) / (double)prefs->n_classes);
    int64_t high = 0;
    int64_t n = 0;
    if ((size_t)prefs->n_classes > w->ground.n_train) {
        return err_set(e, ERR_USAGE, "--classes: there are only %zu train locations",
                       w->ground.n_train);
    }
    low = low < GRID_MIN_SPACING_M ? GRID_MIN_SPACING_M : low;
    high = low;
    /* enough classes at low; where even small cells are too few, train locations stand together or
     * --min-train leaves no more */
    for (int k = 0; k < MAX_HALVINGS && n < prefs->n_classes && low > GRID_MIN_SPACING_M; k++) {
        low = low / 2 < GRID_MIN_SPACING_M ? GRID_MIN_SPACING_M : low / 2;
        if (search_try(&s, low, &n, e) != 0) {
            return -1;
        }
    }
    do { /* not more than asked for at high */
        high *= 2;
        if (search_try(&s, high, &n, e) != 0) {
            return -1;
        }
    } while (n > prefs->n_classes && high < GRID_MAX_SPACING_M);
    while (high - low > 1 && s.best_n != prefs->n_classes) {
        int64_t middle = low + (high - low) / 2;
        if (search_try(&s, middle, &n, e) != 0) {
            return -1;
        }
        if (n > prefs->n_classes) {
            low = middle;
        } else {
            high = middle;
        }
    }
    if (search_around(&s, e) != 0) {
        return -1;
    }
    log_info("--classes %" PRId64 ": squares of %" PRId64 " m give %" PRId64, prefs->n_classes,
             s.best, s.best_n);
    *spacing_m = (double)s.best;
    return 0;
}
