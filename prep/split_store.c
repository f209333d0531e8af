/* SPDX-License-Identifier: MIT */
#include "prep/split_store.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "core/sig.h"
#include "prep/split_distance.h"
#include "sql/catalog.h"

#define SIG_EVERY 4096

static const char *method_of(const struct split_prefs *prefs)
{
    if (prefs->from) {
        return "file";
    }
    if (prefs->folds > 0) {
        return "folds";
    }
    return prefs->block_km > 0 ? "block" : prefs->exact || prefs->grid ? "exact" : "hash";
}

/* As asked for; of a file, what it names. */
static void shares_of(const struct split_prefs *prefs, const struct split_parts *parts, char *out,
                      size_t size)
{
    size_t at = 0;
    if (prefs->folds > 0) {
        (void)snprintf(out, size, "%" PRId64 " folds", prefs->folds);
    } else if (!prefs->from) {
        (void)snprintf(out, size, "%s", prefs->parts ? prefs->parts : prefs->ratios);
    } else {
        out[0] = '\0';
        for (int i = 0; i < parts->n && at < size; i++) {
            at += (size_t)snprintf(out + at, size - at, "%s%s", i ? "," : "", parts->name[i]);
        }
    }
}

/* The scheme's row keeps its id: grids and projections refer to it. */
static int store_scheme(struct db *db, const struct split_prefs *prefs,
                        const struct split_parts *parts, int64_t *id, struct err *e)
{
    char shares[4096];
    int rc = -1;
    struct stmt *st = NULL;
    TRY(db_prepare(db, &st,
                   "INSERT INTO split_scheme (name, method, ratios, block_km, buffer_km, seed)"
                   " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
                   " method = excluded.method, ratios = excluded.ratios,"
                   " block_km = excluded.block_km, buffer_km = excluded.buffer_km,"
                   " seed = excluded.seed",
                   e));
    stmt_text(st, 1, prefs->name);
    stmt_text(st, 2, method_of(prefs));
    shares_of(prefs, parts, shares, sizeof shares);
    stmt_text(st, 3, shares);
    stmt_f64(st, 4, prefs->block_km > 0 ? prefs->block_km : (double)NAN);
    stmt_f64(st, 5, prefs->buffer_km > 0 ? prefs->buffer_km : (double)NAN);
    stmt_i64(st, 6, prefs->seed);
    TRY(stmt_run(st, e));
    TRY(catalog_scheme(db, prefs->name, id, e));
out:
    stmt_free(st);
    return rc;
}

static int delete_rows(struct db *db, const char *sql, int64_t scheme, struct err *e)
{
    struct stmt *st = NULL;
    int rc = db_prepare(db, &st, sql, e);
    if (rc == 0) {
        stmt_i64(st, 1, scheme);
        rc = stmt_run(st, e);
    }
    stmt_free(st);
    return rc;
}

static int store_items(struct db *db, int64_t scheme, const struct split_parts *parts,
                       const struct split_item *item, size_t n, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    TRY(delete_rows(db, "DELETE FROM split WHERE scheme_id = ?", scheme, e));
    TRY(db_prepare(db, &st, "INSERT INTO split (scheme_id, location_id, part) VALUES (?, ?, ?)",
                   e));
    for (size_t i = 0; i < n; i++) {
        if (i % SIG_EVERY == 0) {
            TRY(sig_check(e));
        }
        stmt_i64(st, 1, scheme);
        stmt_i64(st, 2, item[i].id);
        stmt_text(st, 3, split_parts_name(parts, item[i].part));
        TRY(stmt_run(st, e));
    }
    rc = 0;
out:
    stmt_free(st);
    return rc;
}

static int store_distances(struct db *db, int64_t scheme, const struct split_parts *parts,
                           const struct split_item *item, size_t n, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    struct split_distance d[SPLIT_MAX_PARTS];
    TRY(split_distances(item, n, parts, d, e));
    TRY(delete_rows(db, "DELETE FROM split_distance WHERE scheme_id = ?", scheme, e));
    TRY(db_prepare(db, &st,
                   "INSERT INTO split_distance (scheme_id, part, n_locations, p10_km, p50_km,"
                   " p90_km, share_50m, share_1km, share_5km) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   e));
    for (int part = 0; part < parts->n; part++) {
        if (d[part].n == 0) {
            continue;
        }
        stmt_i64(st, 1, scheme);
        stmt_text(st, 2, parts->name[part]);
        stmt_i64(st, 3, (int64_t)d[part].n);
        stmt_f64(st, 4, d[part].p10_km);
        stmt_f64(st, 5, d[part].p50_km);
        stmt_f64(st, 6, d[part].p90_km);
        stmt_f64(st, 7, d[part].share_50m);
        stmt_f64(st, 8, d[part].share_1km);
        stmt_f64(st, 9, d[part].share_5km);
        TRY(stmt_run(st, e));
    }
    rc = 0;
out:
    stmt_free(st);
    return rc;
}

int split_store(struct db *db, const struct split_prefs *prefs, const struct split_parts *parts,
                const struct split_item *item, size_t n, struct err *e)
{
    int64_t scheme = 0;
    if (store_scheme(db, prefs, parts, &scheme, e) != 0 ||
        store_items(db, scheme, parts, item, n, e) != 0) {
        return -1;
    }
    return store_distances(db, scheme, parts, item, n, e);
}
