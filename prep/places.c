/* SPDX-License-Identifier: MIT */
#include "prep/places.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/pool.h"
#include "core/sig.h"
#include "core/vec.h"
#include "prep/merge_join.h"

#define SIG_EVERY  4096
#define MAX_PIECES 64
#define MIN_PIECE  50000 /* places that are worth a thread */

#define LOCATIONS "SELECT id, lon_deg, lat_deg FROM location WHERE lat_deg IS NOT NULL ORDER BY id"
#define PARTS     "SELECT location_id, part FROM split WHERE scheme_id = ?1 ORDER BY location_id"

void places_release(struct places *p)
{
    free(p->id);
    free(p->at);
    free(p->part);
    *p = (struct places){0};
}

void places_digest(const struct places *p, struct sha256 *s)
{
    sha256_add(s, p->id, p->n * sizeof *p->id);
    sha256_add(s, p->at, p->n * sizeof *p->at);
    sha256_add(s, p->part, p->n * sizeof *p->part);
}

/* Room for one more in each array. */
static int reserve(struct places *p, size_t cap[3], struct err *e)
{
    return vec_room(&p->id, p->n, &cap[0], sizeof *p->id, "locations", e) != 0 ||
                   vec_room(&p->at, p->n, &cap[1], sizeof *p->at, "locations", e) != 0
               ? -1
               : vec_room(&p->part, p->n, &cap[2], sizeof *p->part, "locations", e);
}

static int read_all(struct stmt *st, struct merge_join *parts, struct places *p, struct err *e)
{
    size_t cap[3] = {0};
    bool row = false;
    bool found = false;
    for (;;) {
        if ((p->n % SIG_EVERY == 0 && sig_check(e) != 0) || stmt_step(st, &row, e) != 0) {
            return -1;
        }
        if (!row) {
            return 0;
        }
        if (reserve(p, cap, e) != 0 || merge_join_find(parts, col_i64(st, 0), &found, e) != 0) {
            return -1;
        }
        p->id[p->n] = col_i64(st, 0);
        p->at[p->n] = (struct lonlat){col_f64(st, 1), col_f64(st, 2)};
        p->part[p->n++] = (uint8_t)(found ? split_part_of(col_text(parts->st, 1)) : SPLIT_COUNT);
    }
}

static int check(const struct places *p, const char *split, struct err *e)
{
    if (p->n == 0) {
        return err_set(e, ERR_INPUT,
                       "the catalog has no locations with coordinates: run gdje-fetch or "
                       "gdje-import first");
    }
    return memchr(p->part, SPLIT_TRAIN, p->n)
               ? 0
               : err_set(e, ERR_INPUT, "split '%s' has no train locations", split);
}

int places_load(struct db *db, int64_t scheme, const char *split, struct places *out, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    struct merge_join parts = {0};
    struct places p = {0};
    TRY(db_prepare(db, &st, LOCATIONS, e));
    TRY(merge_join_open(&parts, db, PARTS, scheme, e));
    TRY(read_all(st, &parts, &p, e));
    TRY(check(&p, split, e));
    *out = p;
    p = (struct places){0};
out:
    stmt_free(st);
    merge_join_release(&parts);
    places_release(&p);
    return rc;
}

/* Equal pieces of the places, each projected in one call by a reference system of its own. */
struct pieces {
    const struct places *p;
    struct xy *xy;
    struct crs *crs[MAX_PIECES];
    size_t n;
};

static int project_piece(void *ctx, size_t i, int worker, struct err *e)
{
    struct pieces *v = ctx;
    size_t from = v->p->n * i / v->n;
    size_t to = v->p->n * (i + 1) / v->n;
    (void)worker;
    return crs_project(v->crs[i], v->p->at + from, v->xy + from, to - from, e);
}

static int project_all(const struct places *p, struct crs *c, struct xy *xy, struct err *e)
{
    int rc = -1;
    struct pieces v = {.p = p, .xy = xy, .crs = {c}, .n = 1};
    size_t n = p->n / MIN_PIECE + 1;
    size_t n_threads = (size_t)pool_threads(MAX_PIECES);
    for (; v.n < n && v.n < n_threads; v.n++) {
        TRY(crs_clone(c, &v.crs[v.n], e));
    }
    TRY(pool_for((int)v.n, v.n, project_piece, &v, e));
out:
    for (size_t i = 1; i < v.n; i++) {
        crs_free(v.crs[i]);
    }
    return rc;
}

int places_project(const struct places *p, struct crs *c, struct xy *xy, struct err *e)
{
    if (project_all(p, c, xy, e) == 0) {
        return 0;
    }
    if (e->kind != ERR_INPUT) {
        return -1;
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
