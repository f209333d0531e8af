/* SPDX-License-Identifier: MIT */
/*
 * The projection stage. Every located location is projected; minimum and maximum are those of the
 * train part alone, so that nothing about val and test leaks into the scaling.
 */
#include "prep/project.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "core/log.h"
#include "prep/names.h"
#include "prep/places.h"
#include "shapes/crs.h"
#include "sql/catalog.h"

static struct bbox extent_of_train(const struct places *p, const struct xy *xy)
{
    struct bbox b = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    for (size_t i = 0; i < p->n; i++) {
        if (p->part[i] == SPLIT_TRAIN) {
            b.min_x = fmin(b.min_x, xy[i].x);
            b.max_x = fmax(b.max_x, xy[i].x);
            b.min_y = fmin(b.min_y, xy[i].y);
            b.max_y = fmax(b.max_y, xy[i].y);
        }
    }
    return b;
}

/* The projection's row keeps its id: runs refer to it. */
static int store_projection(struct db *db, const struct project_prefs *prefs, int64_t scheme,
                            struct bbox b, int64_t *id, struct err *e)
{
    if (db_run(db, e,
               "INSERT INTO projection (name, crs, scheme_id, min_x_m, max_x_m, min_y_m,"
               " max_y_m) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
               " crs = excluded.crs, scheme_id = excluded.scheme_id,"
               " min_x_m = excluded.min_x_m, max_x_m = excluded.max_x_m,"
               " min_y_m = excluded.min_y_m, max_y_m = excluded.max_y_m",
               DB_TEXT(prefs->name), DB_TEXT(prefs->crs), DB_I64(scheme), DB_F64(b.min_x),
               DB_F64(b.max_x), DB_F64(b.min_y), DB_F64(b.max_y)) != 0) {
        return -1;
    }
    return catalog_projection(db, prefs->name, id, e);
}

struct rows {
    int64_t projection;
    const struct places *places;
    const struct xy *xy;
};

static void row_of(const void *ctx, size_t i, int column, struct cell *v)
{
    const struct rows *r = ctx;
    if (column < 2) {
        cell_i64(v, column == 0 ? r->projection : r->places->id[i]);
    } else {
        cell_f64(v, column == 2 ? r->xy[i].x : r->xy[i].y);
    }
}

static int store_rows(struct db *db, int64_t id, const struct places *p, const struct xy *xy,
                      struct err *e)
{
    const struct rows rows = {id, p, xy};
    const struct row_source source = {p->n, row_of, &rows};
    if (db_run(db, e, "DELETE FROM projected WHERE projection_id = ?", DB_I64(id)) != 0) {
        return -1;
    }
    return db_insert_rows(db,
                          "INSERT INTO projected (projection_id, location_id, x_m, y_m)"
                          " SELECT c0, c1, c2, c3 FROM rows",
                          &source, e);
}

static int inputs(const struct project_prefs *prefs, const struct places *p, struct sha256 **out,
                  struct err *e)
{
    if (sha256_new(out, e) != 0) {
        return -1;
    }
    sha256_add_str(*out, prefs->crs);
    sha256_add_str(*out, prefs->split);
    sha256_add_str(*out, crs_version());
    places_digest(p, *out);
    return 0;
}

static int compute(struct db *db, const struct project_prefs *prefs, int64_t scheme, struct crs *c,
                   const struct places *p, struct err *e)
{
    int rc = -1;
    int64_t id = 0;
    struct xy *xy = malloc(p->n * sizeof *xy);
    if (!xy) {
        return err_nomem(e, "projected locations");
    }
    places_warn_area(p, c, prefs->crs);
    TRY(places_project(p, c, xy, e));
    TRY(store_projection(db, prefs, scheme, extent_of_train(p, xy), &id, e));
    TRY(store_rows(db, id, p, xy, e));
out:
    free(xy);
    return rc;
}

int project_make(struct db *db, const struct cli *cli, const struct project_prefs *prefs,
                 struct err *e)
{
    int rc = -1;
    int64_t scheme = 0;
    char name[128];
    struct crs *c = NULL;
    struct places p = {0};
    struct sha256 *digest = NULL;
    struct stage stage;
    TRY(crs_open(prefs->crs, &c, e));
    TRY(catalog_scheme(db, prefs->split, &scheme, e));
    TRY(places_load(db, scheme, prefs->split, &p, e));
    TRY(inputs(prefs, &p, &digest, e));
    (void)snprintf(name, sizeof name, "project:%s", prefs->name);
    TRY(stage_begin_trusting(db, name, cli, digest, &stage, e));
    if (stage.current) {
        log_info("projection '%s' is up to date", prefs->name);
        goto out;
    }
    TRY(compute(db, prefs, scheme, c, &p, e));
    TRY(stage_commit(db, &stage, (int64_t)p.n, e));
out:
    db_rollback(db);
    sha256_free(digest);
    places_release(&p);
    crs_free(c);
    return rc;
}

int project_print(struct db *db, const char *name, FILE *f, struct err *e)
{
    int rc = -1;
    bool row = false;
    struct stmt *st = NULL;
    TRY(db_prepare(db, &st,
                   "SELECT p.crs, s.name, (SELECT count(*) FROM projected WHERE projection_id ="
                   " p.id), p.min_x_m, p.max_x_m, p.min_y_m, p.max_y_m FROM projection p"
                   " JOIN split_scheme s ON s.id = p.scheme_id WHERE p.name = ?",
                   e));
    stmt_text(st, 1, name);
    TRY(stmt_step(st, &row, e));
    (void)fputs("projection\tcrs\tsplit\tlocations\tmin_x_m\tmax_x_m\tmin_y_m\tmax_y_m\n", f);
    if (row) {
        (void)fprintf(f, "%s\t%s\t%s\t%" PRId64 "\t%.3f\t%.3f\t%.3f\t%.3f\n", name, col_text(st, 0),
                      col_text(st, 1), col_i64(st, 2), col_f64(st, 3), col_f64(st, 4),
                      col_f64(st, 5), col_f64(st, 6));
    }
out:
    stmt_free(st);
    return rc;
}

int project_run(const struct cli *cli, const struct project_prefs *prefs, struct err *e)
{
    int rc = -1;
    struct db *db = NULL;
    TRY(name_check("name", prefs->name, NAME_MAX_BYTES, e));
    TRY(name_check("crs", prefs->crs, CRS_MAX_BYTES, e));
    TRY(catalog_open(cli->catalog, CATALOG_WRITE, &db, e));
    TRY(project_make(db, cli, prefs, e));
    TRY(project_print(db, prefs->name, stdout, e));
out:
    catalog_close(db);
    return rc;
}
