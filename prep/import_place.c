/* SPDX-License-Identifier: MIT */
/* Positions that cannot be right, told from where they are: in no country's border, and in it when
 * latitude and longitude are exchanged. None is repaired: who knows what else is wrong with it. */
#include <stdlib.h>

#include "core/log.h"
#include "core/sig.h"
#include "prep/import_items.h"
#include "shapes/border.h"

#define SIG_EVERY 4096

static bool is_near(const struct border *b, struct lonlat p, double snap_km, double *km)
{
    *km = border_contains(b, p) ? 0 : geo_distance_km(p, border_nearest_land(b, p));
    return *km <= snap_km;
}

static int check_item(const struct border *b, double snap_km, struct import_item *it, struct err *e)
{
    double km = 0;
    double swapped_km = 0;
    struct lonlat swapped = {it->at.lat, it->at.lon};
    bool beyond = it->reason == IMPORT_OUT_OF_RANGE && geo_valid(swapped);
    bool located = it->reason == IMPORT_ACCEPTED && geo_valid(it->at);
    if (!beyond && (!located || is_near(b, it->at, snap_km, &km))) {
        return 0;
    }
    if (geo_valid(swapped) && is_near(b, swapped, snap_km, &swapped_km)) {
        import_forgive(it);
        return import_reject(it, IMPORT_SWAPPED, e,
                             "latitude %.10g, longitude %.10g are in the border when exchanged",
                             it->at.lat, it->at.lon);
    }
    if (beyond) {
        return 0;
    }
    return import_reject(it, IMPORT_OUTSIDE, e,
                         "latitude %.10g, longitude %.10g are outside of the border", it->at.lat,
                         it->at.lon);
}

int import_check_border(const struct import_prefs *prefs, struct import_items *items, struct err *e)
{
    int rc = -1;
    struct border *b = NULL;
    if (!prefs->border) {
        return 0;
    }
    TRY(border_open_strict(prefs->border, prefs->strict, &b, e));
    for (size_t i = 0; i < items->n; i++) {
        if (i % SIG_EVERY == 0) {
            TRY(sig_check(e));
        }
        TRY(check_item(b, prefs->snap_m / 1000, &items->v[i], e));
    }
    rc = 0;
out:
    border_free(b);
    return rc;
}

static int by_place(const void *a, const void *b)
{
    const struct import_item *x = *(const struct import_item *const *)a;
    const struct import_item *y = *(const struct import_item *const *)b;
    if (x->at.lat < y->at.lat || x->at.lat > y->at.lat) {
        return x->at.lat < y->at.lat ? -1 : 1;
    }
    if (x->at.lon < y->at.lon || x->at.lon > y->at.lon) {
        return x->at.lon < y->at.lon ? -1 : 1;
    }
    return (x > y) - (x < y); /* both are in one array */
}

int import_note_same_places(const struct import_items *items, struct err *e)
{
    size_t n = 0;
    size_t n_same = 0;
    const struct import_item **sorted = malloc((items->n + 1) * sizeof(struct import_item *));
    if (!sorted) {
        return err_nomem(e, "locations");
    }
    for (size_t i = 0; i < items->n; i++) {
        if (items->v[i].reason == IMPORT_ACCEPTED && geo_valid(items->v[i].at)) {
            sorted[n++] = &items->v[i];
        }
    }
    qsort(sorted, n, sizeof(struct import_item *), by_place);
    for (size_t first = 0, i = 1; i < n; i++) {
        const struct import_item *a = sorted[first];
        const struct import_item *b = sorted[i];
        if (a->at.lat < b->at.lat || a->at.lon < b->at.lon) {
            first = i;
            continue;
        }
        n_same++;
        log_note("'%s' has the coordinates of '%s'", b->id, a->id);
    }
    if (n_same > 0) {
        log_note("%zu locations have the coordinates of another one", n_same);
    }
    free(sorted);
    return 0;
}
