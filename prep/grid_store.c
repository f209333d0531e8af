/* SPDX-License-Identifier: MIT */
#include "prep/grid_store.h"

#include <math.h>
#include <stdlib.h>

#include "core/buf.h"
#include "core/sig.h"
#include "prep/grid_polygons.h"
#include "shapes/wkb.h"
#include "sql/catalog.h"

#define MAX_PIECES  32      /* of a cell's edge */
#define PIECE_M     10000.0 /* a straight line in degrees leaves one in metres by some 2 m */
#define MAX_OUTLINE ((size_t)1 << 28)

static const char *const state_name[] = {"kept", "empty", "outside", "merged"};

static void bind_grid(struct stmt *st, const struct grid_prefs *prefs, int64_t scheme,
                      const struct grid_work *w)
{
    const struct grid_classes *c = &w->classes;
    bool geographic = w->cells.method->geographic;
    double side = w->cells.side > 0 ? w->cells.side : (double)NAN;
    stmt_text(st, 1, prefs->name);
    stmt_text(st, 2, w->cells.method->name);
    stmt_text(st, 3, prefs->crs);
    stmt_f64(st, 4, geographic ? (double)NAN : side);
    stmt_f64(st, 5, geographic ? side : (double)NAN);
    stmt_text(st, 6, prefs->keep);
    stmt_i64(st, 7, scheme);
    stmt_text(st, 8, border_sha256(w->border));
    stmt_i64(st, 9, (int64_t)c->n_kept);
    stmt_i64(st, 10, (int64_t)w->n_snapped);
    stmt_i64(st, 11, (int64_t)c->n_unlabelled);
    for (int kind = 0; kind < GRID_POINT_COUNT; kind++) {
        stmt_f64(st, 12 + kind, c->floor_km[kind]);
    }
    if (w->cells.method == &grid_square || w->cells.method == &grid_degrees) {
        stmt_f64(st, 16, w->cells.origin.x);
        stmt_f64(st, 17, w->cells.origin.y);
    }
}

static int store_grid(struct db *db, const struct grid_prefs *prefs, int64_t scheme,
                      const struct grid_work *w, int64_t *id, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    TRY(db_prepare(db, &st,
                   "INSERT INTO grid (name, method, crs, spacing_m, spacing_deg, keep, scheme_id,"
                   " border_sha256, n_classes, n_snapped, n_unlabelled, floor_centroid_km,"
                   " floor_clipped_km, floor_data_km, floor_median_km, origin_x, origin_y)"
                   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name)"
                   " DO UPDATE SET method = excluded.method, crs = excluded.crs,"
                   " spacing_m = excluded.spacing_m, spacing_deg = excluded.spacing_deg,"
                   " keep = excluded.keep, scheme_id = excluded.scheme_id,"
                   " border_sha256 = excluded.border_sha256, n_classes = excluded.n_classes,"
                   " n_snapped = excluded.n_snapped, n_unlabelled = excluded.n_unlabelled,"
                   " floor_centroid_km = excluded.floor_centroid_km,"
                   " floor_clipped_km = excluded.floor_clipped_km,"
                   " floor_data_km = excluded.floor_data_km,"
                   " floor_median_km = excluded.floor_median_km,"
                   " origin_x = excluded.origin_x, origin_y = excluded.origin_y",
                   e));
    bind_grid(st, prefs, scheme, w);
    TRY(stmt_run(st, e));
    TRY(catalog_grid(db, prefs->name, id, e));
out:
    stmt_free(st);
    return rc;
}

/* A ring of n corners, each edge in pieces; closed. Returns the number of points. */
static size_t divide(const struct xy *corner, size_t n, int pieces, struct xy *out)
{
    size_t k = 0;
    for (size_t side = 0; side < n; side++) {
        struct xy a = corner[side];
        struct xy b = corner[(side + 1) % n];
        for (int i = 0; i < pieces; i++) {
            double t = (double)i / pieces;
            out[k++] = (struct xy){a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)};
        }
    }
    out[k++] = corner[0];
    return k;
}

/* Edges of cells in degrees are straight on the map; those in metres only in the projection. */
static int cell_outline(const struct grid_work *w, size_t i, struct buf *wkb, struct bbox *box,
                        struct err *e)
{
    struct xy corner[REGION_MAX_CORNERS];
    struct xy xy[REGION_MAX_CORNERS * MAX_PIECES + 1];
    struct lonlat ring[REGION_MAX_CORNERS * MAX_PIECES + 1];
    const struct grid_method *method = w->cells.method;
    size_t n = method->corners(&w->cells, &w->cells.v[i], corner);
    double longest = hypot(corner[1].x - corner[0].x, corner[1].y - corner[0].y);
    int pieces = method->geographic ? 1 : (int)fmin(fmax(ceil(longest / PIECE_M), 1), MAX_PIECES);
    n = divide(corner, n, pieces, xy);
    if (method->geographic) {
        for (size_t k = 0; k < n; k++) {
            ring[k] = (struct lonlat){xy[k].x, grid_clamp_lat(xy[k].y)};
        }
    } else if (crs_unproject(w->crs, xy, ring, n, e) != 0) {
        return -1;
    }
    ring[n - 1] = ring[0];
    return wkb_ring(ring, n, wkb, box, e);
}

/* The cell's outline as the catalog's blob. */
static int outline(const struct grid_work *w, size_t i, struct buf *out, struct err *e)
{
    int rc = -1;
    struct bbox box;
    struct buf wkb;
    buf_init(&wkb, MAX_OUTLINE);
    if (w->cells.layer) {
        TRY(grid_layer_outline(w->cells.layer, i, &wkb, &box, e));
    } else {
        TRY(cell_outline(w, i, &wkb, &box, e));
    }
    buf_clear(out);
    TRY(gpkg_polygon((const uint8_t *)wkb.p, wkb.n, box, out, e));
out:
    buf_release(&wkb);
    return rc;
}

static void bind_class(struct stmt *st, const struct grid_work *w, size_t i)
{
    char name[512];
    const struct grid_cell *cell = &w->cells.v[i];
    const struct grid_class *v = &w->classes.v[i];
    w->cells.method->name_of(&w->cells, i, name, sizeof name);
    if (v->state == GRID_KEPT) {
        stmt_i64(st, 3, v->number);
    } else {
        stmt_null(st, 3);
    }
    if (w->cells.layer) {
        stmt_null(st, 4);
        stmt_null(st, 5);
    } else {
        stmt_i64(st, 4, cell->column);
        stmt_i64(st, 5, cell->row);
    }
    stmt_text(st, 6, name);
    stmt_text(st, 7, state_name[v->state]);
    if (v->state == GRID_MERGED) {
        stmt_i64(st, 8, w->classes.v[v->into].number);
    } else {
        stmt_null(st, 8);
    }
    for (int part = SPLIT_TRAIN; part <= SPLIT_TEST; part++) {
        stmt_i64(st, 9 + part, v->n[part]);
    }
    for (int kind = 0; kind < GRID_POINT_COUNT; kind++) {
        stmt_f64(st, 12 + 2 * kind, v->point[kind].lon);
        stmt_f64(st, 13 + 2 * kind, v->point[kind].lat);
    }
}

/* id[cells.n] OUT: the rows' ids. Cells of the sea are stored only when somebody is there. */
static int store_classes(struct db *db, int64_t grid, const struct grid_work *w, int64_t *id,
                         struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    struct buf blob;
    buf_init(&blob, MAX_OUTLINE);
    TRY(db_prepare(db, &st,
                   "INSERT INTO class (geom, grid_id, number, cell_col, cell_row, name, state,"
                   " merged_into, n_train, n_val, n_test, centroid_lon_deg, centroid_lat_deg,"
                   " clipped_lon_deg, clipped_lat_deg, data_lon_deg, data_lat_deg,"
                   " median_lon_deg, median_lat_deg)"
                   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   e));
    stmt_i64(st, 2, grid);
    for (size_t i = 0; i < w->cells.n; i++) {
        if (w->classes.v[i].state == GRID_OUTSIDE && w->classes.v[i].n_places == 0) {
            continue;
        }
        TRY(sig_check(e));
        TRY(outline(w, i, &blob, e));
        stmt_blob(st, 1, blob.p, blob.n);
        bind_class(st, w, i);
        TRY(stmt_run(st, e));
        id[i] = db_last_id(db);
    }
    rc = 0;
out:
    buf_release(&blob);
    stmt_free(st);
    return rc;
}

struct labels {
    int64_t grid;
    const struct grid_work *work;
    const int64_t *class_id; /* of each cell */
    uint32_t *place;         /* [n] owned: those in a class, by id as all places are */
    size_t n;
};

static void label_column(const void *ctx, size_t i, int column, struct cell *v)
{
    const struct labels *l = ctx;
    uint32_t place = l->place[i];
    cell_i64(v, column == 0   ? l->grid
                : column == 1 ? l->work->places.id[place]
                              : l->class_id[l->work->cell[place]]);
}

static int store_labels(struct db *db, int64_t grid, const struct grid_work *w,
                        const int64_t *class_id, struct err *e)
{
    struct labels l = {grid, w, class_id, malloc((w->places.n + 1) * sizeof *l.place), 0};
    if (!l.place) {
        return err_nomem(e, "labels");
    }
    for (size_t i = 0; i < w->places.n; i++) {
        uint32_t cell = w->cell[i];
        if (cell != GRID_NO_CELL && w->classes.v[cell].state == GRID_KEPT) {
            l.place[l.n++] = (uint32_t)i;
        }
    }
    const struct row_source source = {l.n, label_column, &l};
    int rc = db_insert_rows(db,
                            "INSERT INTO label (grid_id, location_id, class_id)"
                            " SELECT c0, c1, c2 FROM rows",
                            &source, e);
    free(l.place);
    return rc;
}

int grid_store(struct db *db, const struct grid_prefs *prefs, int64_t scheme,
               const struct grid_work *w, struct err *e)
{
    int rc = -1;
    int64_t grid = 0;
    int64_t *class_id = malloc((w->cells.n + 1) * sizeof *class_id);
    if (!class_id) {
        return err_nomem(e, "classes");
    }
    TRY(store_grid(db, prefs, scheme, w, &grid, e));
    TRY(db_run(db, e, "DELETE FROM label WHERE grid_id = ?", DB_I64(grid)));
    TRY(db_run(db, e, "DELETE FROM class WHERE grid_id = ?", DB_I64(grid)));
    TRY(store_classes(db, grid, w, class_id, e));
    TRY(store_labels(db, grid, w, class_id, e));
out:
    free(class_id);
    return rc;
}
