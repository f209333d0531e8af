/* SPDX-License-Identifier: MIT */
#include "prep/grid_store.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/buf.h"
#include "core/sig.h"
#include "shapes/wkb.h"
#include "sql/catalog.h"

#define SIG_EVERY   4096
#define MAX_PIECES  32      /* of a cell's edge */
#define PIECE_M     10000.0 /* a straight line in degrees leaves one in metres by some 2 m */
#define MAX_POLYGON 65536

static const char *const state_name[] = {"kept", "empty", "outside"};

static int store_grid(struct db *db, const struct grid_prefs *prefs, int64_t scheme,
                      const char *border_sha256, const struct grid_classes *c, int64_t *id,
                      struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    TRY(db_prepare(db, &st,
                   "INSERT INTO grid (name, method, crs, spacing_m, scheme_id, border_sha256,"
                   " n_classes, n_unlabelled, floor_centroid_km, floor_clipped_km, floor_data_km)"
                   " VALUES (?, 'square', ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE"
                   " SET method = excluded.method, crs = excluded.crs,"
                   " spacing_m = excluded.spacing_m, scheme_id = excluded.scheme_id,"
                   " border_sha256 = excluded.border_sha256, n_classes = excluded.n_classes,"
                   " n_unlabelled = excluded.n_unlabelled,"
                   " floor_centroid_km = excluded.floor_centroid_km,"
                   " floor_clipped_km = excluded.floor_clipped_km,"
                   " floor_data_km = excluded.floor_data_km",
                   e));
    stmt_text(st, 1, prefs->name);
    stmt_text(st, 2, prefs->crs);
    stmt_f64(st, 3, prefs->spacing_m);
    stmt_i64(st, 4, scheme);
    stmt_text(st, 5, border_sha256);
    stmt_i64(st, 6, (int64_t)c->n_kept);
    stmt_i64(st, 7, (int64_t)c->n_unlabelled);
    for (int kind = 0; kind < GRID_POINT_COUNT; kind++) {
        stmt_f64(st, 8 + kind, c->floor_km[kind]);
    }
    TRY(stmt_run(st, e));
    TRY(catalog_grid(db, prefs->name, id, e));
out:
    stmt_free(st);
    return rc;
}

static int delete_old(struct db *db, int64_t grid, struct err *e)
{
    static const char *const sql[2] = {"DELETE FROM label WHERE grid_id = ?",
                                       "DELETE FROM class WHERE grid_id = ?"};
    for (int i = 0; i < 2; i++) {
        struct stmt *st = NULL;
        int rc = db_prepare(db, &st, sql[i], e);
        if (rc == 0) {
            stmt_i64(st, 1, grid);
            rc = stmt_run(st, e);
        }
        stmt_free(st);
        if (rc != 0) {
            return -1;
        }
    }
    return 0;
}

/* The cell's outline, counterclockwise from its south-west corner, each edge in n pieces. */
static int outline(struct crs *crs, struct bbox b, int n, struct buf *out, struct err *e)
{
    int rc = -1;
    struct xy xy[4 * MAX_PIECES + 1];
    struct lonlat ring[4 * MAX_PIECES + 1];
    const struct xy corner[5] = {{b.min_x, b.min_y},
                                 {b.max_x, b.min_y},
                                 {b.max_x, b.max_y},
                                 {b.min_x, b.max_y},
                                 {b.min_x, b.min_y}};
    struct bbox box = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    struct buf wkb;
    size_t n_points = 4 * (size_t)n + 1;
    buf_init(&wkb, MAX_POLYGON);
    for (size_t i = 0; i < n_points; i++) {
        size_t side = i / (size_t)n < 4 ? i / (size_t)n : 3;
        double t = (double)(i - side * (size_t)n) / n;
        const struct xy *c = &corner[side];
        xy[i] = (struct xy){c[0].x + t * (c[1].x - c[0].x), c[0].y + t * (c[1].y - c[0].y)};
    }
    TRY(crs_unproject(crs, xy, ring, n_points, e));
    ring[n_points - 1] = ring[0];
    for (size_t i = 0; i < n_points; i++) {
        box.min_x = fmin(box.min_x, ring[i].lon);
        box.max_x = fmax(box.max_x, ring[i].lon);
        box.min_y = fmin(box.min_y, ring[i].lat);
        box.max_y = fmax(box.max_y, ring[i].lat);
    }
    TRY(wkb_polygon(ring, n_points, &wkb, e));
    buf_clear(out);
    TRY(gpkg_polygon((const uint8_t *)wkb.p, wkb.n, box, out, e));
out:
    buf_release(&wkb);
    return rc;
}

static void bind_class(struct stmt *st, const struct grid_cell *cell, const struct grid_class *v,
                       double spacing_m)
{
    char name[96];
    /* named like the cells of INSPIRE's grids: size, then south-west corner in units of it */
    (void)snprintf(name, sizeof name, "%gkmE%" PRId64 "N%" PRId64, spacing_m / 1000, cell->column,
                   cell->row);
    if (v->state == GRID_KEPT) {
        stmt_i64(st, 3, v->number);
    } else {
        stmt_null(st, 3);
    }
    stmt_i64(st, 4, cell->column);
    stmt_i64(st, 5, cell->row);
    stmt_text(st, 6, name);
    stmt_text(st, 7, state_name[v->state]);
    for (int kind = 0; kind < GRID_POINT_COUNT; kind++) {
        stmt_f64(st, 8 + 2 * kind, v->point[kind].lon);
        stmt_f64(st, 9 + 2 * kind, v->point[kind].lat);
    }
    for (int part = SPLIT_TRAIN; part <= SPLIT_TEST; part++) {
        stmt_i64(st, 14 + part, v->n[part]);
    }
}

/* id[cells->n] OUT: the rows' ids */
static int store_classes(struct db *db, int64_t grid, struct crs *crs,
                         const struct grid_cells *cells, const struct grid_classes *c, int64_t *id,
                         struct err *e)
{
    int rc = -1;
    int n_pieces = (int)fmin(fmax(ceil(cells->spacing_m / PIECE_M), 1), MAX_PIECES);
    struct stmt *st = NULL;
    struct buf blob;
    buf_init(&blob, MAX_POLYGON);
    TRY(db_prepare(db, &st,
                   "INSERT INTO class (geom, grid_id, number, cell_col, cell_row, name, state,"
                   " centroid_lon_deg, centroid_lat_deg, clipped_lon_deg, clipped_lat_deg,"
                   " data_lon_deg, data_lat_deg, n_train, n_val, n_test)"
                   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   e));
    stmt_i64(st, 2, grid);
    for (size_t i = 0; i < cells->n; i++) {
        TRY(sig_check(e));
        TRY(outline(crs, grid_cell_box(cells, i), n_pieces, &blob, e));
        stmt_blob(st, 1, blob.p, blob.n);
        bind_class(st, &cells->v[i], &c->v[i], cells->spacing_m);
        TRY(stmt_run(st, e));
        id[i] = db_last_id(db);
    }
    rc = 0;
out:
    buf_release(&blob);
    stmt_free(st);
    return rc;
}

static int store_labels(struct db *db, int64_t grid, const struct grid_classes *c,
                        const struct places *p, const uint32_t *cell, const int64_t *class_id,
                        struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    TRY(db_prepare(db, &st, "INSERT INTO label (grid_id, location_id, class_id) VALUES (?, ?, ?)",
                   e));
    stmt_i64(st, 1, grid);
    for (size_t i = 0; i < p->n; i++) {
        if (i % SIG_EVERY == 0) {
            TRY(sig_check(e));
        }
        if (c->v[cell[i]].state == GRID_KEPT) {
            stmt_i64(st, 2, p->id[i]);
            stmt_i64(st, 3, class_id[cell[i]]);
            TRY(stmt_run(st, e));
        }
    }
    rc = 0;
out:
    stmt_free(st);
    return rc;
}

int grid_store(struct db *db, const struct grid_prefs *prefs, int64_t scheme,
               const char *border_sha256, struct crs *crs, const struct grid_cells *cells,
               const struct grid_classes *classes, const struct places *p, const uint32_t *cell,
               struct err *e)
{
    int rc = -1;
    int64_t grid = 0;
    int64_t *class_id = malloc((cells->n + 1) * sizeof *class_id);
    if (!class_id) {
        return err_nomem(e, "classes");
    }
    TRY(store_grid(db, prefs, scheme, border_sha256, classes, &grid, e));
    TRY(delete_old(db, grid, e));
    TRY(store_classes(db, grid, crs, cells, classes, class_id, e));
    TRY(store_labels(db, grid, classes, p, cell, class_id, e));
out:
    free(class_id);
    return rc;
}
