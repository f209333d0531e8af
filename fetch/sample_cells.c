/* SPDX-License-Identifier: MIT */
/*
 * Cells are read as borders, so that they are whole at the antimeridian, too. A point's cell is
 * found among those that begin west of it by no more than the widest cell is wide.
 */
#include "fetch/sample_cells.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/nearest.h"
#include "core/sig.h"
#include "core/vec.h"
#include "fetch/sample_queue.h"
#include "shapes/vector.h"
#include "sql/catalog.h"

#define SIG_EVERY 4096

struct sample_cell {
    struct border *area;
    char label[64]; /* for messages */
    char name[80];  /* of its random numbers: of the geometry, for a cell's number changes */
    double west;    /* at the border's turn */
    int64_t n;      /* locations and open requests, those drawn now included */
};

struct cells {
    struct sample_cell *v; /* sorted by west */
    size_t n, cap;
    double widest;
    const struct border *border;
};

static void cells_release(struct cells *c)
{
    for (size_t i = 0; i < c->n; i++) {
        border_free(c->v[i].area);
    }
    free(c->v);
    *c = (struct cells){0};
}

static int add_cell(struct cells *c, int64_t id, const char *label, const void *blob, size_t n,
                    struct err *e)
{
    struct sample_cell cell = {0};
    size_t n_wkb = 0;
    const uint8_t *wkb = gpkg_wkb(blob, n, &n_wkb);
    if (!wkb) {
        return err_set(e, ERR_INPUT, "class %" PRId64 " has no outline", id);
    }
    if (vec_room(&c->v, c->n, &c->cap, sizeof *c->v, "cells", e) != 0) {
        return -1;
    }
    struct vector_feature feature = {.fid = id, .n = n_wkb};
    feature.wkb = malloc(n_wkb);
    if (!feature.wkb) {
        return err_nomem(e, "a cell");
    }
    memcpy(feature.wkb, wkb, n_wkb);
    const struct vector v = {&feature, 1};
    int rc = border_from(&v, "class", false, &cell.area, e);
    free(feature.wkb);
    if (rc != 0) {
        return -1;
    }
    struct bbox box = border_bbox(cell.area);
    cell.west = border_unwrap(c->border, (struct lonlat){box.min_x, box.min_y}).lon;
    (void)snprintf(cell.label, sizeof cell.label, "%s", label);
    (void)snprintf(cell.name, sizeof cell.name, "sample.%s", border_sha256(cell.area));
    c->widest = fmax(c->widest, box.max_x - box.min_x);
    c->v[c->n++] = cell;
    return 0;
}

static int by_west(const void *a, const void *b)
{
    const struct sample_cell *p = a;
    const struct sample_cell *q = b;
    if (p->west < q->west || p->west > q->west) {
        return p->west < q->west ? -1 : 1;
    }
    return strcmp(p->name, q->name);
}

static int load_cells(struct db *db, const char *grid, struct cells *c, struct err *e)
{
    int rc = -1;
    bool row = false;
    int64_t id = 0;
    struct stmt *st = NULL;
    TRY(catalog_grid(db, grid, &id, e));
    TRY(db_prepare(db, &st,
                   "SELECT id, coalesce(name, id), geom FROM class WHERE grid_id = ?"
                   " AND state <> 'outside' ORDER BY id",
                   e));
    stmt_i64(st, 1, id);
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        size_t n = 0;
        const void *blob = col_blob(st, 2, &n);
        TRY(sig_check(e));
        TRY(add_cell(c, col_i64(st, 0), col_text(st, 1), blob, n, e));
    }
    TRY(rc);
    if (c->n == 0) {
        rc = err_set(e, ERR_INPUT, "grid '%s' has no cells", grid);
        goto out;
    }
    qsort(c->v, c->n, sizeof *c->v, by_west);
out:
    stmt_free(st);
    return rc;
}

/* The first cell that holds the place, or NULL. */
static struct sample_cell *cell_of(const struct cells *c, struct lonlat at)
{
    double lon = border_unwrap(c->border, at).lon;
    size_t low = 0;
    size_t high = c->n;
    while (low < high) { /* the first that is not too far west */
        size_t middle = low + (high - low) / 2;
        if (c->v[middle].west < lon - c->widest) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < c->n && c->v[low].west <= lon; low++) {
        if (border_contains(c->v[low].area, at)) {
            return &c->v[low];
        }
    }
    return NULL;
}

/* What is there: counted by cell, and all places in one tree. *taken NULL: nothing. */
static int load_taken(struct db *db, const struct cells *c, struct nearest **taken, struct err *e)
{
    int rc = -1;
    bool row = false;
    bool found = false;
    int64_t cap = 0;
    size_t n = 0;
    struct lonlat *at = NULL;
    struct stmt *st = NULL;
    TRY(db_get_i64(db, "SELECT (SELECT count(*) FROM location) + (SELECT count(*) FROM request)",
                   &cap, &found, e));
    at = malloc(((size_t)cap + 1) * sizeof *at);
    if (!at) {
        rc = err_nomem(e, "places");
        goto out;
    }
    TRY(db_prepare(db, &st,
                   "SELECT lon_deg, lat_deg, 1 FROM location WHERE lat_deg IS NOT NULL UNION ALL"
                   " SELECT lon_deg, lat_deg, state IN ('queued', 'probed') FROM request",
                   e));
    while ((rc = stmt_step(st, &row, e)) == 0 && row && (int64_t)n < cap) {
        if (n % SIG_EVERY == 0) {
            TRY(sig_check(e));
        }
        at[n] = (struct lonlat){col_f64(st, 0), col_f64(st, 1)};
        struct sample_cell *cell = col_i64(st, 2) ? cell_of(c, at[n]) : NULL;
        if (cell) {
            cell->n++;
        }
        n++;
    }
    TRY(rc);
    if (n > 0) {
        TRY(nearest_new(at, n, taken, e));
    }
out:
    stmt_free(st);
    free(at);
    return rc;
}

struct filling {
    struct lonlat *out;
    size_t n;
    size_t n_short;                 /* cells that have no room for all */
    const struct sample_cell *poor; /* one of them */
};

/* The cells with least first: all that have 0 get one, then all that have 1, and so on. */
static int fill(struct cells *c, struct points *p, int64_t per_cell, struct filling *f,
                struct err *e)
{
    int64_t level = per_cell;
    for (size_t i = 0; i < c->n; i++) {
        level = c->v[i].n < level ? c->v[i].n : level;
    }
    for (; level < per_cell; level++) {
        for (size_t i = 0; i < c->n; i++) {
            bool found = false;
            if (c->v[i].n != level) {
                continue;
            }
            if (points_next(p, i, &f->out[f->n], &found, e) != 0) {
                return err_ctx(e, "class '%s'", c->v[i].label);
            }
            if (found) {
                f->n++;
                c->v[i].n++;
            } else if (f->n_short++ == 0) {
                f->poor = &c->v[i];
            }
        }
    }
    return 0;
}

static int allocate(const struct cells *c, int64_t per_cell, struct points_site **site,
                    struct lonlat **out, struct err *e)
{
    int64_t n = 0;
    *site = calloc(c->n, sizeof **site);
    for (size_t i = 0; i < c->n; i++) {
        n += c->v[i].n < per_cell ? per_cell - c->v[i].n : 0;
        if (*site) {
            (*site)[i] = (struct points_site){.name = c->v[i].name, .area = c->v[i].area};
        }
    }
    *out = malloc(((size_t)n + 1) * sizeof **out);
    return *site && *out ? 0 : err_nomem(e, "the points");
}

static int queue(struct db *db, const struct cli *cli, const struct sample_prefs *p,
                 const struct sample_area *area, const struct filling *f, struct err *e)
{
    int rc = -1;
    int64_t given = 0;
    char name[SAMPLE_NAME_SIZE];
    struct sha256 *s = NULL;
    TRY(sha256_new(&s, e));
    sample_area_digest(p, area, s);
    sha256_add_str(s, "cells");
    sha256_add_str(s, p->cells);
    sample_queue_name(s, name);
    TRY(sample_queue_given(db, name, &given, e));
    TRY(sample_queue_add(db, cli, name, given, f->out, f->n, e));
out:
    sha256_free(s);
    return rc;
}

int sample_cells_run(const struct cli *cli, const struct sample_prefs *p,
                     const struct sample_area *area, struct err *e)
{
    int rc = -1;
    struct db *db = NULL;
    struct cells c = {.border = area->border};
    struct nearest *taken = NULL;
    struct points_site *site = NULL;
    struct points *points = NULL;
    struct filling f = {0};
    struct points_rules rules = sample_area_rules(p, area);
    TRY(catalog_open(cli->catalog, CATALOG_WRITE, &db, e));
    TRY(load_cells(db, p->cells, &c, e));
    TRY(load_taken(db, &c, &taken, e));
    rules.taken = taken;
    TRY(allocate(&c, p->per_cell, &site, &f.out, e));
    TRY(points_new(&rules, site, c.n, &points, e));
    TRY(fill(&c, points, p->per_cell, &f, e));
    if (f.n > 0) {
        TRY(queue(db, cli, p, area, &f, e));
        log_info("%zu points queued in the %zu cells of grid '%s'", f.n, c.n, p->cells);
    } else {
        log_info("no points queued in the %zu cells of grid '%s'", c.n, p->cells);
    }
    if (p->print) {
        sample_queue_print(f.out, f.n);
    }
    if (f.n_short > 0) {
        rc = err_set(e, ERR_INCOMPLETE,
                     "%zu of %zu cells have no room for %" PRId64 " points, '%s' for %" PRId64,
                     f.n_short, c.n, p->per_cell, f.poor->label, f.poor->n);
    }
out:
    points_free(points);
    free(site);
    free(f.out);
    nearest_free(taken);
    cells_release(&c);
    catalog_close(db);
    return rc;
}
