/* SPDX-License-Identifier: MIT */
/*
 * What must not be torn apart by a split. A data set of places has its ids; photos taken along a
 * drive show the same street in frame after frame, so photos near each other are one group: every
 * photo with all others within --near of it, and those with theirs. A folder is a group only on
 * request, for it may be a drive or a whole collection.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "prep/groups.h"
#include "prep/import_items.h"

#define KM_PER_DEGREE (GEO_PI * GEO_EARTH_R_KM / 180)

static int set_group(struct import_item *it, const char *prefix, const char *name, struct err *e)
{
    size_t n = strlen(prefix) + strlen(name) + 2;
    if (it->group) {
        return 0; /* the CSV's own */
    }
    it->group = malloc(n);
    if (!it->group) {
        return err_nomem(e, "a group");
    }
    (void)snprintf(it->group, n, "%s/%s", prefix, name);
    return 0;
}

static bool is_grouped(const struct import_item *it)
{
    return it->reason == IMPORT_ACCEPTED && !it->group;
}

static int group_by_folder(const char *name, struct import_items *items, struct err *e)
{
    for (size_t i = 0; i < items->n; i++) {
        if (is_grouped(&items->v[i])) {
            char *dir = path_dir(items->v[i].path);
            int rc = dir ? set_group(&items->v[i], name, dir, e) : err_nomem(e, "a path");
            free(dir);
            if (rc != 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int by_id(const void *a, const void *b)
{
    return strcmp((*(struct import_item *const *)a)->id, (*(struct import_item *const *)b)->id);
}

/* item[order] from south to north. */
struct place {
    struct lonlat at;
    size_t order; /* index in the order of ids */
};

static int by_latitude(const void *a, const void *b)
{
    const struct place *x = a;
    const struct place *y = b;
    return x->at.lat != y->at.lat ? (x->at.lat > y->at.lat) - (x->at.lat < y->at.lat) /* NOLINT */
                                  : (x->order > y->order) - (x->order < y->order);
}

/* Each place with those up to near_km north of it. */
static void join_near(struct place *place, size_t n, double near_km, struct groups *g)
{
    qsort(place, n, sizeof *place, by_latitude);
    for (size_t i = 0; i < n; i++) {
        double limit = place[i].at.lat + near_km / KM_PER_DEGREE;
        for (size_t j = i + 1; j < n && place[j].at.lat <= limit; j++) {
            if (geo_distance_km(place[i].at, place[j].at) <= near_km) {
                groups_join(g, place[i].order, place[j].order);
            }
        }
    }
}

static int group_near(double near_km, struct import_items *items, struct err *e)
{
    int rc = -1;
    size_t n = 0;
    struct groups g = {0};
    struct import_item **item = malloc((items->n + 1) * sizeof(void *));
    struct place *place = malloc((items->n + 1) * sizeof *place);
    if (!item || !place) {
        rc = err_nomem(e, "locations");
        goto out;
    }
    for (size_t i = 0; i < items->n; i++) {
        if (is_grouped(&items->v[i]) && geo_valid(items->v[i].at)) {
            item[n++] = &items->v[i];
        }
    }
    qsort(item, n, sizeof(void *), by_id); /* a group is named after its first id */
    for (size_t i = 0; i < n; i++) {
        place[i] = (struct place){item[i]->at, i};
    }
    TRY(groups_init(&g, n, e));
    join_near(place, n, near_km, &g);
    for (size_t i = 0; i < n; i++) {
        TRY(set_group(item[i], "near", item[groups_find(&g, i)]->id, e));
    }
    rc = 0;
out:
    groups_release(&g);
    free(item);
    free(place);
    return rc;
}

int import_group_items(const struct import_prefs *prefs, const char *name,
                       struct import_items *items, struct err *e)
{
    enum import_group how = (enum import_group)prefs->group;
    if (how == IMPORT_GROUP_AUTO) {
        how = items->exif_position ? IMPORT_GROUP_NEAR : IMPORT_GROUP_ID;
    }
    switch (how) {
    case IMPORT_GROUP_FOLDER:
        return group_by_folder(name, items, e);
    case IMPORT_GROUP_NEAR:
        return group_near(prefs->near_m / 1000, items, e);
    case IMPORT_GROUP_AUTO:
    case IMPORT_GROUP_ID:
        break;
    }
    return 0;
}
