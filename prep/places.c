/* SPDX-License-Identifier: MIT */
#include "prep/places.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/sig.h"

#define SIG_EVERY 4096

#define PLACES                                                                    \
    "SELECT l.id, l.lon_deg, l.lat_deg, s.part FROM location l LEFT JOIN split s" \
    " ON s.location_id = l.id AND s.scheme_id = %" PRId64                         \
    " WHERE l.lat_deg IS NOT NULL ORDER BY l.uuid"

void places_release(struct places *p)
{
    free(p->id);
    free(p->at);
    free(p->part);
    *p = (struct places){0};
}

static int query(char *sql, size_t size, int64_t scheme, struct err *e)
{
    int n = snprintf(sql, size, PLACES, scheme);
    return n > 0 && (size_t)n < size ? 0 : err_set(e, ERR_SYSTEM, "a query is too long");
}

void places_digest(const struct places *p, struct sha256 *s)
{
    sha256_add(s, p->id, p->n * sizeof *p->id);
    sha256_add(s, p->at, p->n * sizeof *p->at);
    sha256_add(s, p->part, p->n * sizeof *p->part);
}

static int allocate(struct db *db, struct places *p, struct err *e)
{
    bool found = false;
    int64_t n = 0;
    if (db_get_i64(db, "SELECT count(*) FROM location WHERE lat_deg IS NOT NULL", &n, &found, e) !=
        0) {
        return -1;
    }
    if (n == 0) {
        return err_set(e, ERR_INPUT,
                       "the catalog has no locations with coordinates: run gdje-fetch or "
                       "gdje-import first");
    }
    p->id = malloc((size_t)n * sizeof *p->id);
    p->at = malloc((size_t)n * sizeof *p->at);
    p->part = malloc((size_t)n * sizeof *p->part);
    p->n = (size_t)n;
    return p->id && p->at && p->part ? 0 : err_nomem(e, "locations");
}

int places_load(struct db *db, int64_t scheme, const char *split, struct places *out, struct err *e)
{
    int rc = -1;
    bool row = false;
    size_t i = 0;
    size_t n_train = 0;
    char sql[sizeof PLACES + 32];
    struct stmt *st = NULL;
    struct places p = {0};
    TRY(allocate(db, &p, e));
    TRY(query(sql, sizeof sql, scheme, e));
    TRY(db_prepare(db, &st, sql, e));
    while ((rc = stmt_step(st, &row, e)) == 0 && row && i < p.n) {
        if (i % SIG_EVERY == 0) {
            TRY(sig_check(e));
        }
        p.id[i] = col_i64(st, 0);
        p.at[i] = (struct lonlat){col_f64(st, 1), col_f64(st, 2)};
        p.part[i] = (uint8_t)split_part_of(col_text(st, 3));
        n_train += p.part[i] == SPLIT_TRAIN;
        i++;
    }
    TRY(rc);
    if (n_train == 0) {
        rc = err_set(e, ERR_INPUT, "split '%s' has no train locations", split);
        goto out;
    }
    p.n = i;
    *out = p;
    p = (struct places){0};
out:
    stmt_free(st);
    places_release(&p);
    return rc;
}

int places_project(const struct places *p, struct crs *c, struct xy *xy, struct err *e)
{
    if (crs_project(c, p->at, xy, p->n, e) == 0) {
        return 0;
    }
    for (size_t i = 0; i < p->n; i++) {
        if (crs_project(c, &p->at[i], &xy[i], 1, e) != 0) {
            return err_ctx(e, "location %" PRId64, p->id[i]);
        }
    }
    return -1;
}

void places_warn_area(const struct places *p, const struct crs *c, const char *crs)
{
    struct bbox a = {0};
    size_t n_outside = 0;
    if (!crs_area_of_use(c, &a)) {
        return;
    }
    for (size_t i = 0; i < p->n; i++) {
        double lon = p->at[i].lon;
        bool in_lon = a.min_x <= a.max_x ? lon >= a.min_x && lon <= a.max_x
                                         : lon >= a.min_x || lon <= a.max_x;
        n_outside += !(in_lon && p->at[i].lat >= a.min_y && p->at[i].lat <= a.max_y);
    }
    if (n_outside > 0) {
        log_warn("%zu of %zu locations are outside the area of use of '%s' (lon %.2f to %.2f, lat "
                 "%.2f to %.2f)",
                 n_outside, p->n, crs, a.min_x, a.max_x, a.min_y, a.max_y);
    }
}
