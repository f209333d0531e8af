/* SPDX-License-Identifier: MIT */
/*
 * The grid stage: border and locations into the projection, cells that meet the land, places into
 * cells, classes, labels, and the floor below which no classifier on this grid can get.
 */
#include "prep/grid.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/sig.h"
#include "prep/grid_cells.h"
#include "prep/grid_classes.h"
#include "prep/grid_polygons.h"
#include "prep/grid_store.h"
#include "prep/grid_work.h"
#include "prep/names.h"
#include "prep/places.h"
#include "shapes/border.h"
#include "shapes/crs.h"
#include "sql/catalog.h"

#define HINT_PLACES 1000

static int set_centroids(struct grid_work *w, struct err *e)
{
    for (size_t i = 0; i < w->cells.n; i++) {
        struct lonlat *point = w->classes.v[i].point;
        bool land = w->cells.v[i].land; /* far in the sea the nearest land is slow, and of no use */
        point[GRID_CLIPPED] = (struct lonlat){(double)NAN, (double)NAN};
        if (sig_check(e) != 0 || grid_cells_points(&w->cells, &w->ground, i, &point[GRID_CENTROID],
                                                   land ? &point[GRID_CLIPPED] : NULL, e) != 0) {
            return -1;
        }
    }
    return 0;
}

static int make_classes(struct grid_work *w, const struct grid_prefs *prefs, struct err *e)
{
    struct grid_classes *c = &w->classes;
    c->n = w->cells.n;
    c->v = calloc(c->n + 1, sizeof *c->v);
    if (!c->v) {
        return err_nomem(e, "classes");
    }
    for (size_t i = 0; i < c->n; i++) {
        c->v[i].state = w->cells.v[i].land ? GRID_EMPTY : GRID_OUTSIDE;
    }
    if (set_centroids(w, e) != 0 ||
        grid_classes_count(c, &w->places, w->cell, prefs->min_train, prefs->merge, e) != 0) {
        return -1;
    }
    return grid_classes_floor(c, &w->places, w->cell, e);
}

/* Why a border and its locations may not meet. */
static void hint_exchanged(const struct grid_work *w)
{
    size_t n = w->places.n < HINT_PLACES ? w->places.n : HINT_PLACES;
    size_t n_inside = 0;
    for (size_t i = 0; i < n; i++) {
        struct lonlat p = {w->places.at[i].lat, w->places.at[i].lon};
        n_inside += geo_valid(p) && border_contains(w->border, p);
    }
    if (n_inside > 0) {
        log_hint("of %zu locations %zu would be inside of the border with latitude and longitude "
                 "exchanged, in its file or in theirs",
                 n, n_inside);
    }
}

static int inputs(const struct grid_prefs *prefs, const struct grid_work *w, struct sha256 **out,
                  struct err *e)
{
    char text[512];
    if (sha256_new(out, e) != 0) {
        return -1;
    }
    (void)snprintf(text, sizeof text,
                   "%s %.17g %" PRId64 " %.17g %.17g %" PRId64 " %" PRId64 " %" PRId64 " %d %.17g",
                   w->cells.method->name, prefs->spacing_m, prefs->n_classes, prefs->degrees,
                   prefs->hex_m, prefs->max_per_cell, prefs->min_per_cell, prefs->min_train,
                   prefs->merge, prefs->snap_m);
    sha256_add_str(*out, text);
    sha256_add_str(*out, prefs->keep);
    sha256_add_str(*out, prefs->origin ? prefs->origin : "");
    sha256_add_str(*out, prefs->crs);
    sha256_add_str(*out, prefs->split);
    sha256_add_str(*out, border_sha256(w->border));
    if (w->cells.layer) {
        grid_layer_digest(w->cells.layer, *out);
    }
    sha256_add_str(*out, crs_version());
    places_digest(&w->places, *out);
    return 0;
}

/* One way of cutting, and no option that it does not know. */
static int choose(const struct grid_prefs *p, const struct grid_method **method, struct err *e)
{
    int n_ways = (p->degrees > 0) + (p->hex_m > 0) + p->quadtree + (p->polygons != NULL);
    bool square = n_ways == 0;
    if (n_ways > 1) {
        return err_set(e, ERR_USAGE,
                       "only one of --degrees, --hex, --quadtree and --polygons can be used");
    }
    if (p->n_classes > 0 && (!square || p->spacing_given)) {
        return err_set(e, ERR_USAGE,
                       "--classes finds the --spacing of squares in metres: without "
                       "it, --degrees, --hex, --quadtree and --polygons");
    }
    if (p->spacing_given && !square && !p->quadtree) {
        return err_set(e, ERR_USAGE,
                       "--spacing is of squares in metres or the --quadtree: without "
                       "--degrees, --hex and --polygons");
    }
    if (p->origin && !square && p->degrees <= 0) {
        return err_set(e, ERR_USAGE,
                       "--origin is of squares: without --hex, --quadtree and --polygons");
    }
    if (p->polygons && strcmp(p->keep, "intersects") != 0) {
        return err_set(e, ERR_USAGE, "--keep: all of the --polygons are kept");
    }
    *method = p->polygons      ? &grid_polygons
              : p->quadtree    ? &grid_quadtree
              : p->hex_m > 0   ? &grid_hex
              : p->degrees > 0 ? &grid_degrees
                               : &grid_square;
    return 0;
}

static void report(const struct grid_work *w, const struct grid_prefs *prefs)
{
    const struct grid_classes *c = &w->classes;
    size_t n_outside = 0;
    for (size_t i = 0; i < w->places.n; i++) {
        n_outside += w->cell[i] == GRID_NO_CELL || c->v[w->cell[i]].state == GRID_OUTSIDE;
    }
    if (w->n_snapped > 0) {
        log_info("%zu locations outside of all cells are within %g km of one and belong to it",
                 w->n_snapped, prefs->snap_m / 1000);
    }
    if (n_outside > 0) {
        log_warn("%zu of %zu locations are outside of all cells and get no class of grid '%s'",
                 n_outside, w->places.n, prefs->name);
    }
    if (c->n_merged > 0) {
        log_info("%zu cells with too few train locations were merged into the nearest class",
                 c->n_merged);
    }
    if (c->n_unlabelled > n_outside) {
        log_info("%zu locations are in cells with too few train locations and get no class",
                 c->n_unlabelled - n_outside);
    }
}

static int compute(struct db *db, const struct grid_prefs *asked, int64_t scheme,
                   struct grid_work *w, struct err *e)
{
    int rc = -1;
    struct grid_prefs prefs = *asked;
    places_warn_area(&w->places, w->crs, prefs.crs);
    TRY(grid_work_prepare(w, e));
    if (prefs.n_classes > 0) {
        TRY(grid_work_spacing(w, &prefs, &prefs.spacing_m, e));
    }
    TRY(grid_work_cut(w, &prefs, e));
    if (w->cells.layer) {
        TRY(grid_layer_warn_overlaps(w->cells.layer, w->places.at, w->cell, w->places.n, e));
    }
    rc = make_classes(w, &prefs, e);
    if (rc != 0 && e->kind == ERR_INPUT) {
        hint_exchanged(w);
    }
    TRY(rc);
    report(w, &prefs);
    TRY(grid_store(db, &prefs, scheme, w, e));
out:
    return rc;
}

int grid_make(struct db *db, const struct cli *cli, const struct grid_prefs *prefs, struct err *e)
{
    int rc = -1;
    char name[128];
    int64_t scheme = 0;
    struct grid_work w = {0};
    struct sha256 *digest = NULL;
    struct stage stage;
    TRY(choose(prefs, &w.cells.method, e));
    TRY(grid_rule_parse(prefs->keep, &w.ground.rule, e));
    TRY(grid_origin_parse(prefs->origin, (struct bbox){0, 0, 0, 0}, &w.cells.origin, e));
    TRY(crs_open(prefs->crs, &w.crs, e));
    TRY(catalog_scheme(db, prefs->split, &scheme, e));
    TRY(border_open_strict(prefs->border, prefs->strict, &w.border, e));
    if (prefs->polygons) {
        TRY(grid_layer_open(prefs->polygons, prefs->name_field, prefs->strict, &w.cells.layer, e));
    }
    TRY(places_load(db, scheme, prefs->split, &w.places, e));
    TRY(inputs(prefs, &w, &digest, e));
    (void)snprintf(name, sizeof name, "grid:%s", prefs->name);
    TRY(stage_begin_trusting(db, name, cli, digest, &stage, e));
    if (stage.current) {
        log_info("grid '%s' is up to date", prefs->name);
        goto out;
    }
    TRY(compute(db, prefs, scheme, &w, e));
    TRY(stage_commit(db, &stage, (int64_t)w.classes.n_kept, e));
out:
    db_rollback(db);
    sha256_free(digest);
    grid_work_release(&w);
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
                   "SELECT g.method, g.crs, CASE WHEN g.spacing_m NOT NULL THEN"
                   " printf('%.10gm', g.spacing_m) WHEN g.spacing_deg NOT NULL THEN"
                   " printf('%.10gdeg', g.spacing_deg) ELSE '-' END,"
                   " g.n_classes, sum(c.state = 'merged'),"
                   " sum(c.state = 'empty'), sum(c.state = 'outside'), sum(c.n_train),"
                   " sum(c.n_val), sum(c.n_test), g.n_snapped, g.n_unlabelled,"
                   " g.floor_centroid_km, g.floor_clipped_km, g.floor_data_km, g.floor_median_km"
                   " FROM grid g JOIN class c ON c.grid_id = g.id WHERE g.name = ? GROUP BY g.id",
                   e));
    stmt_text(st, 1, name);
    TRY(stmt_step(st, &row, e));
    (void)fputs("grid\tmethod\tcrs\tspacing\tclasses\tmerged\tempty\toutside\ttrain\tval\t"
                "test\tsnapped\tunlabelled\tfloor_centroid_km\tfloor_clipped_km\t"
                "floor_data_km\tfloor_median_km\n",
                f);
    if (row) {
        (void)fprintf(f, "%s\t%s\t%s\t%s", name, col_text(st, 0), col_text(st, 1), col_text(st, 2));
        for (int i = 3; i < 12; i++) {
            (void)fprintf(f, "\t%" PRId64, col_i64(st, i));
        }
        for (int i = 12; i < 16; i++) {
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
