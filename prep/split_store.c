/* SPDX-License-Identifier: MIT */
#include "prep/split_store.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "core/pool.h"
#include "prep/split_distance.h"
#include "sql/catalog.h"

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
    shares_of(prefs, parts, shares, sizeof shares);
    if (db_run(db, e,
               "INSERT INTO split_scheme (name, method, ratios, block_km, buffer_km, seed)"
               " VALUES (?, ?, ?, nullif(?, 0.0), nullif(?, 0.0), ?) ON CONFLICT (name) DO UPDATE"
               " SET method = excluded.method, ratios = excluded.ratios,"
               " block_km = excluded.block_km, buffer_km = excluded.buffer_km,"
               " seed = excluded.seed",
               DB_TEXT(prefs->name), DB_TEXT(method_of(prefs)), DB_TEXT(shares),
               DB_F64(prefs->block_km), DB_F64(prefs->buffer_km), DB_I64(prefs->seed)) != 0) {
        return -1;
    }
    return catalog_scheme(db, prefs->name, id, e);
}

/* What the rows are made from. */
struct store {
    struct db *db;
    int64_t scheme;
    const struct split_parts *parts;
    const struct split_item *item;
    size_t n;
    struct split_distance distance[SPLIT_MAX_PARTS];
};

static void item_column(const void *ctx, size_t i, int column, struct cell *v)
{
    const struct store *s = ctx;
    if (column == 2) {
        cell_text(v, split_parts_name(s->parts, s->item[i].part));
    } else {
        cell_i64(v, column == 0 ? s->scheme : s->item[i].id);
    }
}

static int store_items(const struct store *s, struct err *e)
{
    const struct row_source source = {s->n, item_column, s};
    if (db_run(s->db, e, "DELETE FROM split WHERE scheme_id = ?", DB_I64(s->scheme)) != 0) {
        return -1;
    }
    return db_insert_rows(s->db,
                          "INSERT INTO split (scheme_id, location_id, part)"
                          " SELECT c0, c1, c2 FROM rows",
                          &source, e);
}

/* The rows into the catalog, and the distances, which need no catalog, at the same time. */
static int do_task(void *ctx, size_t i, int worker, struct err *e)
{
    struct store *s = ctx;
    (void)worker;
    return i == 0 ? store_items(s, e) : split_distances(s->item, s->n, s->parts, s->distance, e);
}

static void bind_part(struct stmt *st, const char *name, int64_t n, const struct split_distance *d)
{
    stmt_text(st, 2, name);
    stmt_i64(st, 3, n);
    stmt_f64(st, 4, d->p10_km);
    stmt_f64(st, 5, d->p50_km);
    stmt_f64(st, 6, d->p90_km);
    stmt_f64(st, 7, d->share_50m);
    stmt_f64(st, 8, d->share_1km);
    stmt_f64(st, 9, d->share_5km);
}

static int store_parts(const struct store *s, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    int64_t n[UINT8_MAX + 1] = {0};
    for (size_t i = 0; i < s->n; i++) {
        n[s->item[i].part]++;
    }
    TRY(db_run(s->db, e, "DELETE FROM split_part WHERE scheme_id = ?", DB_I64(s->scheme)));
    TRY(db_prepare(s->db, &st,
                   "INSERT INTO split_part (scheme_id, part, n_locations, p10_km, p50_km, p90_km,"
                   " share_50m, share_1km, share_5km) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   e));
    stmt_i64(st, 1, s->scheme);
    for (int part = 0; part <= SPLIT_IN_BUFFER; part++) {
        if (n[part] > 0) {
            const char *name = split_parts_name(s->parts, (uint8_t)part);
            bind_part(st, name, n[part],
                      part < s->parts->n ? &s->distance[part] : &split_no_distance);
            TRY(stmt_run(st, e));
        }
    }
    rc = 0;
out:
    stmt_free(st);
    return rc;
}

int split_store(struct db *db, const struct split_prefs *prefs, const struct split_parts *parts,
                const struct split_item *item, size_t n, struct err *e)
{
    struct store s = {.db = db, .parts = parts, .item = item, .n = n};
    if (store_scheme(db, prefs, parts, &s.scheme, e) != 0 ||
        pool_for(pool_threads(2), 2, do_task, &s, e) != 0) {
        return -1;
    }
    return store_parts(&s, e);
}
