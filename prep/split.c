/* SPDX-License-Identifier: MIT */
/* The split stage: reads located locations, writes split_scheme, split, split_distance. */
#include "prep/split.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/sig.h"
#include "prep/names.h"
#include "prep/split_assign.h"
#include "sql/catalog.h"

#define SIG_EVERY 4096

/* What is split: the group is the one gdje-hash found, else the location's own. */
#define ITEMS                                                                               \
    "SELECT l.id, l.lon_deg, l.lat_deg, coalesce(g.group_key, l.group_key) FROM location l" \
    " LEFT JOIN grouping g ON g.location_id = l.id WHERE l.lat_deg IS NOT NULL ORDER BY l.id"

struct items {
    struct split_item *v; /* owned */
    size_t n, cap;
};

static int load(struct db *db, uint64_t seed, struct items *items, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    TRY(db_prepare(db, &st, ITEMS, e));
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        if (items->n == items->cap) {
            size_t cap = items->cap ? 2 * items->cap : 1024;
            struct split_item *v = realloc(items->v, cap * sizeof *v);
            if (!v) {
                rc = err_nomem(e, "locations");
                goto out;
            }
            items->v = v;
            items->cap = cap;
        }
        struct split_item *item = &items->v[items->n++];
        *item = (struct split_item){.id = col_i64(st, 0), .at = {col_f64(st, 1), col_f64(st, 2)}};
        TRY(split_key(seed, col_text(st, 3), item->key, e));
        if (items->n % SIG_EVERY == 0) {
            TRY(sig_check(e));
        }
    }
    TRY(rc);
    if (items->n == 0) {
        rc = err_set(e, ERR_INPUT,
                     "the catalog has no locations with coordinates: run gdje-fetch or gdje-import "
                     "first");
    }
out:
    stmt_free(st);
    return rc;
}

static int assign(const struct split_prefs *prefs, const struct split_ratios *ratios,
                  struct items *items, struct err *e)
{
    if (prefs->block_km > 0) {
        if (split_by_block(items->v, items->n, ratios, (uint64_t)prefs->seed, prefs->block_km, e) !=
            0) {
            return -1;
        }
    } else {
        split_by_hash(items->v, items->n, ratios);
    }
    return prefs->buffer_km > 0 ? split_buffer(items->v, items->n, prefs->buffer_km, e) : 0;
}

/* The scheme's row keeps its id: grids and projections refer to it. */
static int store_scheme(struct db *db, const struct split_prefs *prefs, int64_t *id, struct err *e)
{
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
    stmt_text(st, 2, prefs->block_km > 0 ? "block" : "hash");
    stmt_text(st, 3, prefs->ratios);
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

static int store_items(struct db *db, int64_t scheme, const struct items *items, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    TRY(delete_rows(db, "DELETE FROM split WHERE scheme_id = ?", scheme, e));
    TRY(db_prepare(db, &st, "INSERT INTO split (scheme_id, location_id, part) VALUES (?, ?, ?)",
                   e));
    for (size_t i = 0; i < items->n; i++) {
        if (i % SIG_EVERY == 0) {
            TRY(sig_check(e));
        }
        stmt_i64(st, 1, scheme);
        stmt_i64(st, 2, items->v[i].id);
        stmt_text(st, 3, split_part_name((enum split_part)items->v[i].part));
        TRY(stmt_run(st, e));
    }
    rc = 0;
out:
    stmt_free(st);
    return rc;
}

static int store_distances(struct db *db, int64_t scheme, const struct items *items, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    struct split_distance d[SPLIT_COUNT];
    TRY(split_distances(items->v, items->n, d, e));
    TRY(delete_rows(db, "DELETE FROM split_distance WHERE scheme_id = ?", scheme, e));
    TRY(db_prepare(db, &st,
                   "INSERT INTO split_distance (scheme_id, part, n_locations, p10_km, p50_km,"
                   " p90_km, share_50m, share_1km, share_5km) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   e));
    for (int part = 0; part < SPLIT_COUNT; part++) {
        if (d[part].n == 0) {
            continue;
        }
        stmt_i64(st, 1, scheme);
        stmt_text(st, 2, split_part_name((enum split_part)part));
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

static void warn_of_empty_parts(const struct items *items, const char *name)
{
    size_t n[SPLIT_COUNT] = {0};
    for (size_t i = 0; i < items->n; i++) {
        n[items->v[i].part]++;
    }
    for (int part = SPLIT_TRAIN; part <= SPLIT_TEST; part++) {
        if (n[part] == 0) {
            log_warn("part '%s' of split '%s' is empty: %zu locations are few for these ratios",
                     split_part_name((enum split_part)part), name, items->n);
        }
    }
}

static int inputs(struct db *db, const struct split_prefs *prefs, struct sha256 **out,
                  struct err *e)
{
    char options[512];
    if (sha256_new(out, e) != 0) {
        return -1;
    }
    (void)snprintf(options, sizeof options,
                   "ratios %.200s seed %" PRId64 " block %.17g buffer %.17g", prefs->ratios,
                   prefs->seed, prefs->block_km, prefs->buffer_km);
    sha256_add_str(*out, options);
    return db_digest(db, *out, ITEMS, e);
}

int split_make(struct db *db, const struct cli *cli, const struct split_prefs *prefs, struct err *e)
{
    int rc = -1;
    int64_t scheme = 0;
    char name[112];
    struct items items = {0};
    struct split_ratios ratios;
    struct sha256 *digest = NULL;
    struct stage stage;
    TRY(split_ratios_parse(prefs->ratios, &ratios, e));
    TRY(inputs(db, prefs, &digest, e));
    (void)snprintf(name, sizeof name, "split:%s", prefs->name);
    TRY(stage_begin(db, name, cli, digest, &stage, e));
    if (stage.current) {
        log_info("split '%s' is up to date", prefs->name);
        goto out;
    }
    TRY(load(db, (uint64_t)prefs->seed, &items, e));
    TRY(assign(prefs, &ratios, &items, e));
    warn_of_empty_parts(&items, prefs->name);
    TRY(store_scheme(db, prefs, &scheme, e));
    TRY(store_items(db, scheme, &items, e));
    TRY(store_distances(db, scheme, &items, e));
    TRY(stage_commit(db, &stage, (int64_t)items.n, e));
out:
    db_rollback(db);
    sha256_free(digest);
    free(items.v);
    return rc;
}

static void print_number(FILE *f, struct stmt *st, int column, int digits)
{
    if (col_null(st, column)) {
        (void)fputs("\t-", f);
    } else {
        (void)fprintf(f, "\t%.*f", digits, col_f64(st, column));
    }
}

int split_print(struct db *db, const char *name, FILE *f, struct err *e)
{
    int rc = -1;
    bool row = false;
    struct stmt *st = NULL;
    TRY(db_prepare(db, &st,
                   "SELECT n.part, n.n, 100.0 * n.n / sum(n.n) OVER (), d.p10_km, d.p50_km,"
                   " d.p90_km, d.share_50m, d.share_1km, d.share_5km"
                   " FROM (SELECT scheme_id, part, count(*) AS n FROM split WHERE scheme_id ="
                   "       (SELECT id FROM split_scheme WHERE name = ?) GROUP BY part) n"
                   " LEFT JOIN split_distance d ON d.scheme_id = n.scheme_id AND d.part = n.part"
                   " ORDER BY instr('train val test buffer', n.part), n.part",
                   e));
    stmt_text(st, 1, name);
    (void)fputs(
        "part\tlocations\tpercent\tp10_km\tp50_km\tp90_km\tshare_50m\tshare_1km\tshare_5km\n", f);
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        (void)fprintf(f, "%s\t%" PRId64, col_text(st, 0), col_i64(st, 1));
        print_number(f, st, 2, 2);
        for (int i = 3; i < 6; i++) {
            print_number(f, st, i, 3);
        }
        for (int i = 6; i < 9; i++) {
            print_number(f, st, i, 4);
        }
        (void)fputc('\n', f);
    }
out:
    stmt_free(st);
    return rc;
}

int split_run(const struct cli *cli, const struct split_prefs *prefs, struct err *e)
{
    int rc = -1;
    struct db *db = NULL;
    struct split_ratios ratios;
    TRY(name_check("name", prefs->name, NAME_MAX_BYTES, e));
    TRY(split_ratios_parse(prefs->ratios, &ratios, e));
    TRY(catalog_open(cli->catalog, CATALOG_WRITE, &db, e));
    TRY(split_make(db, cli, prefs, e));
    TRY(split_print(db, prefs->name, stdout, e));
out:
    catalog_close(db);
    return rc;
}
