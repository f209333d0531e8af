/* SPDX-License-Identifier: MIT */
/* The made-up country. Everything is a function of the location's number. */
#include "tests/unit/predict/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/image.h"
#include "core/rng.h"
#include "shapes/border.h"
#include "sql/catalog.h"
#include "train/nn/checkpoint.h"

#define SEED      11
#define CELL_LON  0.62
#define CELL_LAT  0.45
#define PHOTO_PX  96
#define N_EPOCHS  24
#define MAX_CELLS 512

struct world {
    const struct fixture_spec *s;
    struct db *db;
    struct bbox box;
    int n_cols;
    struct lonlat *at;     /* [n_locations] */
    int64_t *id;           /* [n_locations] */
    int *cell;             /* [n_locations] */
    int number[MAX_CELLS]; /* class number of a cell, -1: not kept */
    int64_t class_id[MAX_CELLS];
    struct lonlat point[MAX_CELLS]; /* by class number */
    int64_t class_row[MAX_CELLS];   /* by class number */
    int n_classes;
};

static bool is_unknown(const struct world *w, int i)
{
    return w->s->unknown && i % 10 == 0;
}

static const char *part_of(int i)
{
    return i % 10 == 8 ? "val" : i % 10 == 9 ? "test" : "train";
}

static void uuid_of(const struct world *w, int i, char *out, size_t size)
{
    if (w->s->hostile && i % 3 == 0) {
        (void)snprintf(out, size, "%s,\"%d\n\xff", FIXTURE_EVIL, i);
    } else {
        (void)snprintf(out, size, "%016llx", (unsigned long long)rng_u64(SEED, 1, (uint64_t)i));
    }
}

static int place_locations(struct world *w, struct err *e)
{
    struct border *b = NULL;
    if (border_open(w->s->border, &b, e) != 0) {
        return -1;
    }
    w->box = border_bbox(b);
    w->n_cols = (int)((w->box.max_x - w->box.min_x) / CELL_LON) + 1;
    uint64_t draw = 0;
    for (int i = 0; i < w->s->n_locations;) {
        const struct lonlat p = {
            w->box.min_x + (w->box.max_x - w->box.min_x) * rng_f64(SEED, 2, draw),
            w->box.min_y + (w->box.max_y - w->box.min_y) * rng_f64(SEED, 3, draw)};
        draw++;
        if (border_contains(b, p)) {
            w->cell[i] = (int)((p.lat - w->box.min_y) / CELL_LAT) * w->n_cols +
                         (int)((p.lon - w->box.min_x) / CELL_LON);
            w->at[i++] = p;
        }
    }
    border_free(b);
    return 0;
}

static int add_locations(struct world *w, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    uint8_t geom[GPKG_POINT_SIZE];
    char uuid[160];
    char key[32];
    TRY(db_prepare(w->db, &st,
                   "INSERT INTO location (geom, uuid, lat_deg, lon_deg, provider, pano_id,"
                   " captured, copyright, licence, group_key, added)"
                   " VALUES (?, ?, ?, ?, ?, ?, '2023-05', ?, 'CC0', ?, '2026-01-01T00:00:00Z')",
                   e));
    for (int i = 0; i < w->s->n_locations; i++) {
        uuid_of(w, i, uuid, sizeof uuid);
        (void)snprintf(key, sizeof key, "pano-%d", i);
        gpkg_point(w->at[i], geom);
        stmt_blob(st, 1, geom, sizeof geom);
        stmt_f64(st, 3, w->at[i].lat);
        stmt_f64(st, 4, w->at[i].lon);
        for (int k = 1; k <= 4 && is_unknown(w, i); k++) {
            stmt_null(st, k);
        }
        stmt_text(st, 2, uuid);
        stmt_text(st, 5, w->s->demo ? "demo" : "import:fixture");
        stmt_text(st, 6, key);
        stmt_text(st, 7, w->s->hostile ? FIXTURE_EVIL : "somebody");
        stmt_text(st, 8, key);
        TRY(stmt_run(st, e));
        w->id[i] = db_last_id(w->db);
    }
    stmt_free(st);
    st = NULL;
    TRY(db_exec(w->db,
                "INSERT INTO split_scheme VALUES (1, 'default', 'hash', '80/10/10', NULL, NULL, 1)",
                e));
    TRY(db_prepare(w->db, &st, "INSERT INTO split VALUES (1, ?, ?)", e));
    for (int i = 0; i < w->s->n_locations; i++) {
        if (!is_unknown(w, i)) {
            stmt_i64(st, 1, w->id[i]);
            stmt_text(st, 2, part_of(i));
            TRY(stmt_run(st, e));
        }
    }
    rc = 0;
out:
    stmt_free(st);
    return rc;
}

/* A square's WKB, little-endian machine. */
static size_t square_wkb(struct bbox b, uint8_t *out)
{
    const double xy[5][2] = {{b.min_x, b.min_y},
                             {b.max_x, b.min_y},
                             {b.max_x, b.max_y},
                             {b.min_x, b.max_y},
                             {b.min_x, b.min_y}};
    const uint32_t head[3] = {3, 1, 5};
    out[0] = 1;
    memcpy(out + 1, head, sizeof head);
    memcpy(out + 13, xy, sizeof xy);
    return 13 + sizeof xy;
}

static int add_class(struct world *w, struct stmt *st, int cell, const int count[3],
                     struct lonlat point, struct err *e)
{
    int rc = -1;
    struct buf geom;
    uint8_t wkb[128];
    const struct bbox b = {.min_x = w->box.min_x + cell % w->n_cols * CELL_LON,
                           .min_y = w->box.min_y + cell / w->n_cols * CELL_LAT,
                           .max_x = w->box.min_x + (cell % w->n_cols + 1) * CELL_LON,
                           .max_y = w->box.min_y + (cell / w->n_cols + 1) * CELL_LAT};
    const bool kept = count[0] > 0;
    buf_init(&geom, 4096);
    TRY(gpkg_polygon(wkb, square_wkb(b, wkb), b, &geom, e));
    stmt_blob(st, 1, geom.p, geom.n);
    if (kept) {
        stmt_i64(st, 2, w->n_classes);
        stmt_f64(st, 6, point.lon);
        stmt_f64(st, 7, point.lat);
    } else {
        stmt_null(st, 2);
        stmt_null(st, 6);
        stmt_null(st, 7);
    }
    stmt_i64(st, 3, cell % w->n_cols);
    stmt_i64(st, 4, cell / w->n_cols);
    stmt_text(st, 5, kept ? "kept" : "empty");
    stmt_i64(st, 8, count[0]);
    stmt_i64(st, 9, count[1]);
    stmt_i64(st, 10, count[2]);
    stmt_text(st, 11, w->s->hostile ? FIXTURE_EVIL : NULL);
    TRY(stmt_run(st, e));
    w->number[cell] = kept ? w->n_classes : -1;
    w->class_id[cell] = db_last_id(w->db);
    if (kept) {
        w->class_row[w->n_classes] = w->class_id[cell];
        w->point[w->n_classes++] = point;
    }
    rc = 0;
out:
    buf_release(&geom);
    return rc;
}

static int add_grid(struct world *w, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    struct lonlat *train = calloc((size_t)w->s->n_locations, sizeof *train);
    TRY(db_exec(
        w->db,
        "INSERT INTO grid (id, name, method, crs, spacing_m, scheme_id, border_sha256, n_classes,"
        " n_unlabelled, floor_centroid_km, floor_clipped_km, floor_data_km)"
        " VALUES (1, 'default', 'square', 'EPSG:3765', 50000, 1, 'x', 0, 0,"
        " NULL, NULL, NULL)",
        e));
    TRY(db_prepare(w->db, &st,
                   "INSERT INTO class (geom, grid_id, number, cell_col, cell_row, state,"
                   " data_lon_deg, data_lat_deg, n_train, n_val, n_test, name)"
                   " VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   e));
    for (int cell = 0; cell < MAX_CELLS; cell++) {
        int count[3] = {0, 0, 0};
        for (int i = 0; i < w->s->n_locations; i++) {
            if (w->cell[i] == cell && !is_unknown(w, i)) {
                const int k = part_of(i)[0] == 'v' ? 1 : part_of(i)[1] == 'e' ? 2 : 0;
                if (k == 0) {
                    train[count[0]] = w->at[i];
                }
                count[k]++;
            }
        }
        if (count[0] + count[1] + count[2] > 0) {
            TRY(add_class(w, st, cell, count,
                          geo_mean(train, NULL, count[0] > 0 ? (size_t)count[0] : 1), e));
        }
    }
    stmt_free(st);
    st = NULL;
    TRY(db_prepare(w->db, &st, "INSERT INTO label VALUES (1, ?, ?)", e));
    for (int i = 0; i < w->s->n_locations; i++) {
        if (w->number[w->cell[i]] >= 0 && !is_unknown(w, i)) {
            stmt_i64(st, 1, w->id[i]);
            stmt_i64(st, 2, w->class_id[w->cell[i]]);
            TRY(stmt_run(st, e));
        }
    }
    stmt_free(st);
    st = NULL;
    TRY(db_prepare(w->db, &st, "UPDATE grid SET n_classes = ?", e));
    stmt_i64(st, 1, w->n_classes);
    TRY(stmt_run(st, e));
    rc = 0;
out:
    stmt_free(st);
    free(train);
    return rc;
}

static int add_run(struct world *w, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    TRY(db_prepare(w->db, &st,
                   "INSERT INTO run VALUES (1, ?1, ?2, 'resnet18', 'cpu', 'f32', ?3, ?4,"
                   " 'gdje 0.1.0, oneDNN 2.6.3', 1, 1, 1, NULL, 'finished', 19, 31.5, 33.0,"
                   " '2026-01-01T10:00:00Z', '2026-01-01T10:31:07Z')",
                   e));
    stmt_text(st, 1, w->s->hostile ? FIXTURE_EVIL : "fixture");
    stmt_text(st, 2, w->s->regression ? "regression" : "classification");
    stmt_text(st, 3, w->s->hostile ? "--name " FIXTURE_EVIL : "--arch resnet18 --epochs 24");
    stmt_text(st, 4,
              w->s->hostile
                  ? "{\"</script>\": \"</script><img src=x onerror=1>\", \"deep\": {\"a\": [1, 2]}}"
                  : "{\"arch\": \"resnet18\", \"epochs\": 24, \"batch\": 32, \"lr_head\": 0.001,"
                    " \"augment\": {\"crop\": 0.8, \"erase\": 0.1}}");
    TRY(stmt_run(st, e));
    stmt_free(st);
    st = NULL;
    TRY(db_prepare(w->db, &st,
                   "INSERT INTO epoch VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, 31.5, 812.5)", e));
    for (int k = 1; k <= N_EPOCHS; k++) {
        const double t = k - 1;
        stmt_i64(st, 1, k);
        stmt_f64(st, 2, k < 5 ? 0 : k < 16 ? 1e-4 : 1e-5);
        stmt_f64(st, 3, k < 16 ? 1e-3 : 1e-4);
        stmt_f64(st, 4, 0.4 + 3.6 * exp(-t / 7));
        stmt_f64(st, 5, 0.85 - 0.8 * exp(-t / 7));
        stmt_f64(st, 6, 1.4 + 2.5 * exp(-t / 6) + 0.02 * t + 0.05 * sin(t * 2));
        stmt_f64(st, 7, 0.55 - 0.5 * exp(-t / 6));
        stmt_f64(st, 8, 0.5 - 0.47 * exp(-t / 6));
        stmt_f64(st, 9, 31 + 95 * exp(-t / 5) + 1.5 * sin(t * 1.7));
        TRY(stmt_run(st, e));
    }
    rc = 0;
out:
    stmt_free(st);
    return rc;
}

/* One decoder's row: off the truth by an amount that differs between locations and decoders. */
static int add_prediction(struct world *w, struct stmt *st, int i, int decode, struct err *e)
{
    static const char *const names[3] = {"mean", "mode", "median"};
    static const double factor[3] = {1.05, 1.3, 0.95};
    const uint64_t u = (uint64_t)i;
    uint8_t geom[GPKG_POINT_SIZE];
    char top[256];
    const double km = factor[decode] * 22 * exp(0.9 * rng_normal(SEED, 5, u)) *
                      (1 + 0.2 * rng_f64(SEED, 6 + (uint64_t)decode, u));
    const struct lonlat at = geo_offset(w->at[i], 360 * rng_f64(SEED, 9, u), km);
    const int own = w->number[w->cell[i]] < 0 ? 0 : w->number[w->cell[i]];
    const int shift = km < 25 ? 0 : 1 + (int)rng_below(SEED, 10, u, 4);
    const double sure = 0.2 + 0.75 * rng_f64(SEED, 11, u);
    (void)snprintf(top, sizeof top, "[[%d,%.6g],[%d,%.6g],[%d,%.6g]]", (own + shift) % w->n_classes,
                   sure, (own + shift + 1) % w->n_classes, (1 - sure) / 2,
                   (own + w->n_classes - 1) % w->n_classes, (1 - sure) / 4);
    gpkg_point(at, geom);
    stmt_blob(st, 1, geom, sizeof geom);
    stmt_i64(st, 2, w->id[i]);
    stmt_text(st, 3, part_of(i));
    stmt_text(st, 4, w->s->regression ? "regression" : names[decode]);
    stmt_f64(st, 5, at.lat);
    stmt_f64(st, 6, at.lon);
    stmt_f64(st, 7, geo_distance_km(at, w->at[i]));
    stmt_f64(st, 8, w->s->regression ? (double)NAN : 2.5 * (1 - sure));
    stmt_text(st, 9, w->s->regression ? NULL : top);
    return stmt_run(st, e);
}

static int add_predictions(struct world *w, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    TRY(db_prepare(w->db, &st,
                   "INSERT INTO prediction (geom, run_id, location_id, part, decode, lat_deg,"
                   " lon_deg, error_km, entropy, top) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
                   e));
    const int n_decoders = w->s->regression ? 1 : 3;
    for (int i = 0; i < w->s->n_locations; i++) {
        for (int d = 0; d < n_decoders && strcmp(part_of(i), "train") != 0; d++) {
            TRY(add_prediction(w, st, i, d, e));
        }
    }
    TRY(db_exec(w->db,
                w->s->regression ? "INSERT INTO decode_choice VALUES (1, 'regression', 31.5)"
                                 : "INSERT INTO decode_choice VALUES (1, 'median', 31.5)",
                e));
    rc = 0;
out:
    stmt_free(st);
    return rc;
}

/* Sky, hills and a field whose colours tell the place and the direction. */
static void paint(struct image *img, struct lonlat at, int view)
{
    for (int y = 0; y < img->height; y++) {
        for (int x = 0; x < img->width; x++) {
            uint8_t *p = img->rgb + 3 * ((size_t)y * (size_t)img->width + (size_t)x);
            const double hill =
                0.5 + 0.12 * sin(x * 0.07 + at.lon * 9 + view) + 0.05 * sin(x * 0.21 + at.lat * 17);
            const double v = (double)y / img->height;
            const bool sky = v < hill;
            p[0] = (uint8_t)(sky ? 120 + 90 * v : 60 + 20 * (at.lon - 13));
            p[1] = (uint8_t)(sky ? 170 + 50 * v : 150 - 15 * (at.lat - 42));
            p[2] = (uint8_t)(sky ? 235 - 20 * view : 40 + 60 * (v - hill));
        }
    }
}

static int add_photos(struct world *w, struct err *e)
{
    static const char *const heading[4] = {"0", "90", "180", "270"};
    int rc = -1;
    struct stmt *st = NULL;
    struct image img = {0};
    uint8_t *jpeg = NULL;
    TRY(image_new(&img, PHOTO_PX, PHOTO_PX, e));
    TRY(db_prepare(
        w->db, &st,
        "INSERT INTO image (location_id, view, heading_deg, path, width, height, n_bytes,"
        " state) VALUES (?, ?, ?, ?, 96, 96, ?, 'ok')",
        e));
    for (int i = 0; i < w->s->n_locations; i++) {
        for (int v = 0; v < 4 && (strcmp(part_of(i), "train") != 0 || is_unknown(w, i)); v++) {
            size_t n = 0;
            char path[96];
            char full[512];
            (void)snprintf(path, sizeof path, "images/%06d/%s.jpg", i, heading[v]);
            (void)snprintf(full, sizeof full, "%s/images/%06d", w->s->dir, i);
            TRY(dir_make(full, e));
            paint(&img, w->at[i], v);
            TRY(image_encode(&img, 85, &jpeg, &n, e));
            (void)snprintf(full, sizeof full, "%s/%s", w->s->dir, path);
            FILE *f = fopen(full, "wb"); /* without the syncs of file_write: these are many */
            if (!f || fwrite(jpeg, 1, n, f) != n || fclose(f) != 0) {
                rc = err_set(e, ERR_SYSTEM, "cannot write '%s'", full);
                goto out;
            }
            free(jpeg);
            jpeg = NULL;
            stmt_i64(st, 1, w->id[i]);
            stmt_i64(st, 2, v);
            stmt_f64(st, 3, 90.0 * v);
            stmt_text(st, 4, path);
            stmt_i64(st, 5, (int64_t)n);
            TRY(stmt_run(st, e));
        }
    }
    rc = 0;
out:
    free(jpeg);
    image_release(&img);
    stmt_free(st);
    return rc;
}

static int write_checkpoint(struct world *w, struct err *e)
{
    int rc = -1;
    char path[512];
    struct checkpoint c = {.size_px = w->s->checkpoint_px,
                           .n_views = 4,
                           .mean = {0.5F, 0.5F, 0.4F},
                           .std = {0.2F, 0.2F, 0.3F},
                           .epoch = 19,
                           .val_km = 31.5};
    const struct arch_spec arch = {.name = "resnet18",
                                   .size_px = c.size_px,
                                   .n_views = 4,
                                   .n_out = w->s->regression ? 2 : w->n_classes};
    (void)snprintf(c.arch, sizeof c.arch, "resnet18");
    (void)snprintf(c.run, sizeof c.run, "%s", w->s->hostile ? FIXTURE_EVIL : "fixture");
    (void)snprintf(c.version, sizeof c.version, "%s", GDJE_VERSION);
    (void)snprintf(c.crs, sizeof c.crs, "EPSG:3765");
    c.scale = (struct bbox){.min_x = 270000, .min_y = 4700000, .max_x = 740000, .max_y = 5150000};
    c.task = w->s->regression ? TASK_REGRESSION : TASK_CLASSIFICATION;
    TRY(graph_new_arch(&c.graph, &arch, e));
    c.value = calloc(c.graph->n_floats, sizeof *c.value);
    if (!w->s->regression) {
        c.n_classes = w->n_classes;
        c.cls = calloc((size_t)w->n_classes, sizeof *c.cls);
        for (int k = 0; c.cls && k < w->n_classes; k++) {
            c.cls[k] = (struct class_point){w->class_row[k], w->point[k], w->point[k], 1};
        }
    }
    if (!c.value || (!w->s->regression && !c.cls)) {
        rc = err_nomem(e, "a checkpoint");
        goto out;
    }
    graph_init(c.graph, SEED, c.value);
    (void)snprintf(path, sizeof path, "%s/best.safetensors", w->s->dir);
    TRY(checkpoint_save(path, &c, e));
out:
    checkpoint_release(&c);
    return rc;
}

int fixture_make(const struct fixture_spec *s, struct err *e)
{
    int rc = -1;
    char path[512];
    struct world *w = calloc(1, sizeof *w);
    if (!w) {
        return err_nomem(e, "a world");
    }
    w->s = s;
    w->at = calloc((size_t)s->n_locations + 1, sizeof *w->at);
    w->id = calloc((size_t)s->n_locations + 1, sizeof *w->id);
    w->cell = calloc((size_t)s->n_locations + 1, sizeof *w->cell);
    if (!w->at || !w->id || !w->cell) {
        rc = err_nomem(e, "a world");
        goto out;
    }
    (void)snprintf(path, sizeof path, "%s/catalog.gpkg", s->dir);
    TRY(place_locations(w, e));
    TRY(catalog_open(path, CATALOG_CREATE, &w->db, e));
    TRY(db_begin(w->db, e));
    TRY(add_locations(w, e));
    TRY(add_grid(w, e));
    TRY(add_run(w, e));
    if (s->predictions) {
        TRY(add_predictions(w, e));
    }
    if (s->photos) {
        TRY(add_photos(w, e));
    }
    TRY(db_commit(w->db, e));
    if (s->checkpoint_px > 0) {
        TRY(write_checkpoint(w, e));
    }
    rc = 0;
out:
    catalog_close(w->db);
    free(w->at);
    free(w->id);
    free(w->cell);
    free(w);
    return rc;
}
