/* SPDX-License-Identifier: MIT */
/*
 * The grid stage: border and locations into the projection, cells that meet the land, places into
 * cells, classes, labels, and the floor below which no classifier on this grid can get.
 */
#include "prep/grid.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/sig.h"
#include "prep/grid_cells.h"
#include "prep/grid_classes.h"
#include "prep/grid_store.h"
#include "prep/names.h"
#include "prep/places.h"
#include "shapes/border.h"
#include "shapes/crs.h"
#include "shapes/region.h"
#include "sql/catalog.h"

/* All that a run holds. */
struct work {
    struct crs *crs;
    struct border *border;
    struct region *region;
    int64_t scheme;
    struct places places;
    struct grid_cells cells;
    struct grid_classes classes;
    struct xy *xy;  /* [places.n] */
    uint32_t *cell; /* [places.n] index into cells */
};

static void work_release(struct work *w)
{
    free(w->xy);
    free(w->cell);
    free(w->classes.v);
    grid_cells_release(&w->cells);
    places_release(&w->places);
    region_free(w->region);
    border_free(w->border);
    crs_free(w->crs);
}

/* Every place into its cell; the cells that only places have are added as lying outside. */
static int locate(struct work *w, struct err *e)
{
    size_t n = w->places.n;
    w->xy = malloc(n * sizeof *w->xy);
    w->cell = malloc(n * sizeof *w->cell);
    if (!w->xy || !w->cell) {
        return err_nomem(e, "projected locations");
    }
    if (places_project(&w->places, w->crs, w->xy, e) != 0 ||
        grid_cells_cover(&w->cells, w->xy, n, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        w->cell[i] = (uint32_t)grid_cells_find(&w->cells, w->xy[i]);
    }
    return 0;
}

/* Centre of each cell, and the land nearest to it. */
static int set_centroids(struct work *w, struct err *e)
{
    for (size_t i = 0; i < w->cells.n; i++) {
        struct xy centre = grid_cell_centre(&w->cells, i);
        struct xy land;
        struct lonlat *point = w->classes.v[i].point;
        if (sig_check(e) != 0 || region_nearest(w->region, centre, &land, e) != 0 ||
            crs_unproject(w->crs, &centre, &point[GRID_CENTROID], 1, e) != 0 ||
            crs_unproject(w->crs, &land, &point[GRID_CLIPPED], 1, e) != 0) {
            return -1;
        }
    }
    return 0;
}

static int make_classes(struct work *w, struct err *e)
{
    w->classes.n = w->cells.n;
    w->classes.v = calloc(w->cells.n, sizeof *w->classes.v);
    if (!w->classes.v) {
        return err_nomem(e, "classes");
    }
    for (size_t i = 0; i < w->cells.n; i++) {
        w->classes.v[i].state = w->cells.v[i].land ? GRID_EMPTY : GRID_OUTSIDE;
    }
    if (grid_classes_count(&w->classes, &w->places, w->cell, e) != 0 || set_centroids(w, e) != 0) {
        return -1;
    }
    return grid_classes_floor(&w->classes, &w->places, w->cell, e);
}

static int inputs(struct db *db, const struct grid_prefs *prefs, const struct work *w,
                  struct sha256 **out, struct err *e)
{
    char spacing[64];
    if (sha256_new(out, e) != 0) {
        return -1;
    }
    (void)snprintf(spacing, sizeof spacing, "square %.17g", prefs->spacing_m);
    sha256_add_str(*out, spacing);
    sha256_add_str(*out, prefs->crs);
    sha256_add_str(*out, prefs->split);
    sha256_add_str(*out, border_sha256(w->border));
    sha256_add_str(*out, crs_version());
    return places_digest(db, w->scheme, *out, e);
}

static void report(const struct work *w, const struct grid_prefs *prefs)
{
    const struct grid_classes *c = &w->classes;
    size_t n_outside = 0;
    for (size_t i = 0; i < w->places.n; i++) {
        n_outside += c->v[w->cell[i]].state == GRID_OUTSIDE;
    }
    if (n_outside > 0) {
        log_warn("%zu of %zu locations are in cells without land and get no class of grid '%s'",
                 n_outside, w->places.n, prefs->name);
    }
    if (c->n_unlabelled > n_outside) {
        log_info("%zu locations are in cells without train locations and get no class",
                 c->n_unlabelled - n_outside);
    }
}

int grid_make(struct db *db, const struct cli *cli, const struct grid_prefs *prefs, struct err *e)
{
    int rc = -1;
    char name[128];
    struct work w = {0};
    struct sha256 *digest = NULL;
    struct stage stage;
    TRY(crs_open(prefs->crs, &w.crs, e));
    TRY(catalog_scheme(db, prefs->split, &w.scheme, e));
    TRY(border_open(prefs->border, &w.border, e));
    TRY(inputs(db, prefs, &w, &digest, e));
    (void)snprintf(name, sizeof name, "grid:%s", prefs->name);
    TRY(stage_begin(db, name, cli, digest, &stage, e));
    if (stage.current) {
        log_info("grid '%s' is up to date", prefs->name);
        goto out;
    }
    TRY(places_load(db, w.scheme, prefs->split, &w.places, e));
    places_warn_area(&w.places, w.crs, prefs->crs);
    TRY(region_new(w.border, w.crs, &w.region, e));
    TRY(grid_cells_square(w.region, prefs->spacing_m, &w.cells, e));
    TRY(locate(&w, e));
    TRY(make_classes(&w, e));
    report(&w, prefs);
    TRY(grid_store(db, prefs, w.scheme, border_sha256(w.border), w.crs, &w.cells, &w.classes,
                   &w.places, w.cell, e));
    TRY(stage_commit(db, &stage, (int64_t)w.classes.n_kept, e));
out:
    db_rollback(db);
    sha256_free(digest);
    work_release(&w);
    return rc;
}

static void print_km(FILE *f, struct stmt *st, int column)
{
    if (col_null(st, column)) {
        (void)fputs("\t-", f);
    } else {
        (void)fprintf(f, "\t%.3f", col_f64(st, column));
    }
}

int grid_print(struct db *db, const char *name, FILE *f, struct err *e)
{
    int rc = -1;
    bool row = false;
    struct stmt *st = NULL;
    TRY(db_prepare(db, &st,
                   "SELECT g.crs, g.spacing_m, g.n_classes, sum(c.state = 'empty'),"
                   " sum(c.state = 'outside'), sum(c.n_train), sum(c.n_val), sum(c.n_test),"
                   " g.n_unlabelled, g.floor_centroid_km, g.floor_clipped_km, g.floor_data_km"
                   " FROM grid g JOIN class c ON c.grid_id = g.id WHERE g.name = ? GROUP BY g.id",
                   e));
    stmt_text(st, 1, name);
    TRY(stmt_step(st, &row, e));
    (void)fputs("grid\tcrs\tspacing_m\tclasses\tempty\toutside\ttrain\tval\ttest\tunlabelled\t"
                "floor_centroid_km\tfloor_clipped_km\tfloor_data_km\n",
                f);
    if (row) {
        (void)fprintf(f, "%s\t%s\t%.10g", name, col_text(st, 0), col_f64(st, 1));
        for (int i = 2; i < 9; i++) {
            (void)fprintf(f, "\t%" PRId64, col_i64(st, i));
        }
        for (int i = 9; i < 12; i++) {
            print_km(f, st, i);
        }
        (void)fputc('\n', f);
    }
out:
    stmt_free(st);
    return rc;
}

int grid_run(const struct cli *cli, const struct grid_prefs *prefs, struct err *e)
{
    int rc = -1;
    struct db *db = NULL;
    TRY(name_check("name", prefs->name, NAME_MAX_BYTES, e));
    TRY(name_check("crs", prefs->crs, CRS_MAX_BYTES, e));
    TRY(catalog_open(cli->catalog, CATALOG_WRITE, &db, e));
    TRY(grid_make(db, cli, prefs, e));
    TRY(grid_print(db, prefs->name, stdout, e));
out:
    catalog_close(db);
    return rc;
}
