/* SPDX-License-Identifier: MIT */
/* The split stage: reads located locations, writes split_scheme, split, split_part. */
#include "prep/split.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/sig.h"
#include "core/vec.h"
#include "prep/merge_join.h"
#include "prep/names.h"
#include "prep/split_assign.h"
#include "prep/split_exact.h"
#include "prep/split_file.h"
#include "prep/split_store.h"
#include "sql/catalog.h"

#define SIG_EVERY 4096

#define LOCATIONS                                                                          \
    "SELECT id, lon_deg, lat_deg, group_key, uuid FROM location WHERE lat_deg IS NOT NULL" \
    " ORDER BY id"
#define GROUPS "SELECT location_id, group_key FROM grouping ORDER BY location_id"
#define LABELS "SELECT location_id, class_id FROM label WHERE grid_id = ?1 ORDER BY location_id"

/* All that a run holds. */
struct work {
    const struct split_prefs *prefs;
    int64_t grid; /* whose classes are the strata; -1: none */
    struct split_parts parts;
    struct split_file file;
    struct split_item *item; /* [n] owned, by id */
    size_t n, cap;
    size_t n_absent; /* locations that the file does not have */
};

static int usage(const struct split_prefs *p, struct err *e)
{
    int n_ways =
        (p->ratios_given ? 1 : 0) + (p->parts ? 1 : 0) + (p->folds ? 1 : 0) + (p->from ? 1 : 0);
    bool exact = p->exact || p->grid;
    if (n_ways > 1) {
        return err_set(e, ERR_USAGE, "give one of --ratios, --parts, --folds and --from");
    }
    if (p->folds == 1) {
        return err_set(e, ERR_USAGE, "--folds 1: at least 2 are needed");
    }
    if (p->from && (exact || p->block_km > 0)) {
        return err_set(e, ERR_USAGE, "--from is a split already: %s does not go with it",
                       p->block_km > 0 ? "--block-km"
                       : p->grid       ? "--grid"
                                       : "--exact");
    }
    if (exact && p->block_km > 0) {
        return err_set(e, ERR_USAGE, "--block-km keeps squares whole: %s does not go with it",
                       p->grid ? "--grid" : "--exact");
    }
    if (p->folds && p->buffer_km > 0) {
        return err_set(e, ERR_USAGE, "--buffer-km takes from train, which --folds does not make");
    }
    return 0;
}

static int read_parts(struct work *w, struct err *e)
{
    const struct split_prefs *p = w->prefs;
    if (p->from) {
        return split_file_read(p->from, &w->file, &w->parts, e);
    }
    if (p->folds) {
        split_parts_folds((int)p->folds, &w->parts);
        return 0;
    }
    return p->parts ? split_parts_list(p->parts, &w->parts, e)
                    : split_parts_ratios(p->ratios, &w->parts, e);
}

/* The grid whose classes are strata. One that was made from this split would change with it. */
static int find_grid(struct db *db, const struct split_prefs *prefs, int64_t *grid, struct err *e)
{
    int rc = -1;
    bool row = false;
    struct stmt *st = NULL;
    *grid = -1;
    if (!prefs->grid) {
        return 0;
    }
    TRY(catalog_grid(db, prefs->grid, grid, e));
    TRY(db_prepare(db, &st,
                   "SELECT 1 FROM grid g JOIN split_scheme s ON s.id = g.scheme_id"
                   " WHERE g.id = ? AND s.name = ?",
                   e));
    stmt_i64(st, 1, *grid);
    stmt_text(st, 2, prefs->name);
    TRY(stmt_step(st, &row, e));
    if (row) {
        rc = err_set(e, ERR_USAGE,
                     "grid '%s' was made from split '%s' itself: give the new one another --name",
                     prefs->grid, prefs->name);
    }
out:
    stmt_free(st);
    return rc;
}

/* What a location's part depends on, read side by side. */
struct reader {
    struct stmt *st;
    struct merge_join group; /* what gdje-hash found; before the location's own */
    struct merge_join label;
    struct sha256 *key;
};

static int add_item(struct work *w, struct reader *r, struct err *e)
{
    bool found = false;
    int64_t id = col_i64(r->st, 0);
    if (vec_room(&w->item, w->n, &w->cap, sizeof *w->item, "locations", e) != 0 ||
        merge_join_find(&r->group, id, &found, e) != 0) {
        return -1;
    }
    struct split_item *item = &w->item[w->n];
    *item = (struct split_item){.id = id, .at = {col_f64(r->st, 1), col_f64(r->st, 2)}};
    split_key(r->key, (uint64_t)w->prefs->seed,
              found ? col_text(r->group.st, 1) : col_text(r->st, 3), item->key);
    if (w->grid >= 0) {
        if (merge_join_find(&r->label, id, &found, e) != 0) {
            return -1;
        }
        item->stratum = found ? col_i64(r->label.st, 1) : 0;
    }
    if (w->prefs->from) {
        item->part = split_file_part(&w->file, col_text(r->st, 4));
        if (item->part == SPLIT_IN_NONE) {
            log_note("location '%s' is not in '%s'", col_text(r->st, 4), w->prefs->from);
            w->n_absent++;
            return 0;
        }
    }
    w->n++;
    return 0;
}

static int check(const struct work *w, struct err *e)
{
    if (w->n > 0) {
        return 0;
    }
    return w->n_absent > 0
               ? err_set(e, ERR_INPUT, "'%s' has none of the catalog's %zu locations",
                         w->prefs->from, w->n_absent)
               : err_set(e, ERR_INPUT,
                         "the catalog has no locations with coordinates: run gdje-fetch or "
                         "gdje-import first");
}

static int load(struct db *db, struct work *w, struct err *e)
{
    int rc = -1;
    struct reader r = {0};
    bool row = true;
    TRY(sha256_new(&r.key, e));
    TRY(db_prepare(db, &r.st, LOCATIONS, e));
    TRY(merge_join_open(&r.group, db, GROUPS, -1, e));
    if (w->grid >= 0) {
        TRY(merge_join_open(&r.label, db, LABELS, w->grid, e));
    }
    for (size_t i = 0; row; i++) {
        if (i % SIG_EVERY == 0) {
            TRY(sig_check(e));
        }
        TRY(stmt_step(r.st, &row, e));
        if (row) {
            TRY(add_item(w, &r, e));
        }
    }
    TRY(check(w, e));
out:
    stmt_free(r.st);
    merge_join_release(&r.group);
    merge_join_release(&r.label);
    sha256_free(r.key);
    return rc;
}

#define UNREAD                                                                              \
    "SELECT EXISTS (SELECT 1 FROM image WHERE id > (SELECT coalesce(max(image_id), 0) FROM" \
    " image_hash) AND state <> 'no_imagery')"

/* Images newer than any that gdje-hash has read. */
static int warn_of_unread(struct db *db, struct err *e)
{
    int64_t unread = 0;
    bool found = false;
    if (db_get_i64(db, UNREAD, &unread, &found, e) != 0) {
        return -1;
    }
    if (unread) {
        log_warn("there are images that gdje-hash has not read: copies of them may end up in "
                 "several parts");
    }
    return 0;
}

static int assign(struct work *w, struct err *e)
{
    const struct split_prefs *p = w->prefs;
    double worst = 0;
    if (p->block_km > 0) {
        if (split_by_block(w->item, w->n, &w->parts, (uint64_t)p->seed, p->block_km, e) != 0) {
            return -1;
        }
    } else if (p->exact || p->grid) {
        if (split_exact(w->item, w->n, &w->parts, &worst, e) != 0) {
            return -1;
        }
        if (worst >= 1) {
            log_info("groups are not torn: a part misses its share%s by up to %.1f locations",
                     p->grid ? " of a class" : "", worst);
        }
    } else if (!p->from) {
        split_by_hash(w->item, w->n, &w->parts);
    }
    if (p->buffer_km > 0 && w->parts.train < 0) {
        return err_set(e, ERR_USAGE, "--buffer-km takes from train, which '%s' does not have",
                       p->from);
    }
    return p->buffer_km > 0 ? split_buffer(w->item, w->n, w->parts.train, p->buffer_km, e) : 0;
}

/* What a given split does not say, says of nobody, or tears apart. */
static int report_file(struct work *w, struct err *e)
{
    size_t n_unknown = 0;
    size_t n_torn = 0;
    for (size_t i = 0; i < w->file.n; i++) {
        const struct split_row *row = &w->file.row[i];
        if (!row->found) {
            n_unknown++;
            log_note("'%s' line %zu: no located location has the uuid '%s'", w->prefs->from,
                     row->line, row->uuid);
        }
    }
    if (n_unknown > 0) {
        log_warn("%zu of %zu uuids in '%s' are of no located location (-v names them)", n_unknown,
                 w->file.n, w->prefs->from);
    }
    if (w->n_absent > 0) {
        log_warn("%zu of %zu locations are not in '%s' and get no part (-v names them)",
                 w->n_absent, w->n_absent + w->n, w->prefs->from);
    }
    if (split_count_torn(w->item, w->n, &n_torn, e) != 0) {
        return -1;
    }
    if (n_torn > 0) {
        log_warn("'%s' puts %zu groups (panoramas, sequences, duplicates) into several parts",
                 w->prefs->from, n_torn);
    }
    return 0;
}

static void warn_of_empty_parts(const struct work *w)
{
    size_t n[UINT8_MAX + 1] = {0};
    for (size_t i = 0; i < w->n; i++) {
        n[w->item[i].part]++;
    }
    for (int part = 0; part < w->parts.n; part++) {
        if (n[part] == 0 && !w->prefs->from) {
            log_warn("part '%s' of split '%s' is empty: %zu locations are few for these ratios",
                     w->parts.name[part], w->prefs->name, w->n);
        }
    }
}

static int inputs(const struct work *w, struct sha256 **out, struct err *e)
{
    const struct split_prefs *p = w->prefs;
    char numbers[160];
    if (sha256_new(out, e) != 0) {
        return -1;
    }
    (void)snprintf(numbers, sizeof numbers, "seed %" PRId64 " block %.17g buffer %.17g exact %d",
                   p->seed, p->block_km, p->buffer_km, p->exact || p->grid);
    sha256_add_str(*out, numbers);
    for (int i = 0; i < w->parts.n; i++) {
        (void)snprintf(numbers, sizeof numbers, "%s %.17g", w->parts.name[i], w->parts.share[i]);
        sha256_add_str(*out, numbers);
    }
    sha256_add_str(*out, p->from ? w->file.sha256 : "");
    for (size_t i = 0; i < w->n; i++) { /* a part is there already only when the file gave it */
        const struct split_item *item = &w->item[i];
        sha256_add(*out, &item->id, sizeof item->id);
        sha256_add(*out, &item->at, sizeof item->at);
        sha256_add(*out, item->key, sizeof item->key);
        sha256_add(*out, &item->stratum, sizeof item->stratum);
        sha256_add(*out, &item->part, sizeof item->part);
    }
    return 0;
}

int split_make(struct db *db, const struct cli *cli, const struct split_prefs *prefs, struct err *e)
{
    int rc = -1;
    char name[112];
    struct work w = {.prefs = prefs};
    struct sha256 *digest = NULL;
    struct stage stage;
    TRY(usage(prefs, e));
    TRY(read_parts(&w, e));
    TRY(find_grid(db, prefs, &w.grid, e));
    TRY(load(db, &w, e));
    TRY(inputs(&w, &digest, e));
    (void)snprintf(name, sizeof name, "split:%s", prefs->name);
    TRY(stage_begin_trusting(db, name, cli, digest, &stage, e));
    if (stage.current) {
        log_info("split '%s' is up to date", prefs->name);
        goto out;
    }
    TRY(warn_of_unread(db, e));
    TRY(assign(&w, e));
    if (prefs->from) {
        TRY(report_file(&w, e));
    }
    warn_of_empty_parts(&w);
    TRY(split_store(db, prefs, &w.parts, w.item, w.n, e));
    TRY(stage_commit(db, &stage, (int64_t)w.n, e));
out:
    db_rollback(db);
    sha256_free(digest);
    split_file_release(&w.file);
    free(w.item);
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
                   "SELECT part, n_locations, 100.0 * n_locations / sum(n_locations) OVER (),"
                   " p10_km, p50_km, p90_km, share_50m, share_1km, share_5km FROM split_part"
                   " WHERE scheme_id = (SELECT id FROM split_scheme WHERE name = ?)"
                   " ORDER BY CASE part WHEN 'train' THEN 0 WHEN 'val' THEN 1 WHEN 'test' THEN 2"
                   " WHEN 'buffer' THEN 4 ELSE 3 END, length(part), part",
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
    struct work check = {.prefs = prefs};
    TRY(name_check("name", prefs->name, NAME_MAX_BYTES, e));
    TRY(usage(prefs, e));
    if (!prefs->from) { /* a wrong option is one without a catalog, too */
        TRY(read_parts(&check, e));
    }
    TRY(catalog_open(cli->catalog, CATALOG_WRITE, &db, e));
    TRY(split_make(db, cli, prefs, e));
    TRY(split_print(db, prefs->name, stdout, e));
out:
    catalog_close(db);
    return rc;
}
