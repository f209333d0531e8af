/* SPDX-License-Identifier: MIT */
/* The map's data as JSON: border, cells with their median error, lines from truth to prediction. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "predict/chart.h"
#include "predict/markup.h"
#include "predict/report_data.h"

#define N_STEPS    6 /* colours */
#define UUID_SHOWN 80

/* Longitudes go on where they are: a country on both sides of 180 is one country on the map. */
static double drawn(const struct report *r, double lon)
{
    return isfinite(r->middle_deg) ? geo_lon_near(lon, r->middle_deg) : lon;
}

/* Rings as [[lat, lon], ...]: Leaflet's order. 4 decimals are 11 m. */
static void rings(const struct report *r, FILE *f, const struct outline *o)
{
    size_t first = 0;
    (void)fputc('[', f);
    for (size_t k = 0; k < o->n_rings; k++) {
        (void)fputs(k ? ",[" : "[", f);
        for (size_t i = first; i < o->end[k]; i++) {
            (void)fprintf(f, "%s[%.4f,%.4f]", i > first ? "," : "", o->point[i].lat,
                          drawn(r, o->point[i].lon));
        }
        (void)fputc(']', f);
        first = o->end[k];
    }
    (void)fputc(']', f);
}

static void cells(const struct report *r, FILE *f)
{
    (void)fputs(",\n\"cells\":[", f);
    for (size_t i = 0; i < r->n_cells; i++) {
        const struct report_cell *c = &r->cell[i];
        (void)fprintf(f, "%s\n{\"class\":%d,\"train\":%lld,\"n\":%zu,\"km\":", i ? "," : "",
                      c->number, (long long)c->n_train, c->n);
        if (isfinite(c->median_km)) {
            (void)fprintf(f, "%.2f", c->median_km);
        } else {
            (void)fputs("null", f);
        }
        (void)fputs(",\"name\":", f);
        if (c->name) {
            json_text(f, c->name);
        } else {
            (void)fputs("null", f);
        }
        (void)fputs(",\"rings\":", f);
        rings(r, f, &c->outline);
        (void)fputc('}', f);
    }
    (void)fputc(']', f);
}

static int by_number(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a;
    const uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* One line: true and predicted place, error, uuid (of long ones the beginning). */
static int line(const struct report *r, struct stmt *uuid, size_t i, FILE *f, struct err *e)
{
    const struct lonlat t = r->part->truth[i];
    const struct lonlat p = r->chosen->at[i];
    bool row = false;
    char name[UUID_SHOWN + 1];
    stmt_i64(uuid, 1, r->part->location[i]);
    if (stmt_step(uuid, &row, e) != 0) {
        return -1;
    }
    (void)snprintf(name, sizeof name, "%s", row ? col_text(uuid, 0) : "");
    stmt_reset(uuid);
    (void)fprintf(f, "\n[%.4f,%.4f,%.4f,%.4f,%.2f,", t.lat, drawn(r, t.lon), p.lat, drawn(r, p.lon),
                  r->chosen->km[i]);
    json_text(f, name);
    (void)fputc(']', f);
    return 0;
}

/* All predictions of the part, or an unbiased choice of as many as may be drawn. */
static int lines(const struct report *r, struct db *db, FILE *f, size_t *n_lines, struct err *e)
{
    int rc = -1;
    struct stmt *uuid = NULL;
    const size_t n = r->part->n;
    const size_t most = (size_t)r->prefs->n_lines;
    uint32_t *chosen = calloc(n + 1, sizeof *chosen);
    if (!chosen) {
        rc = err_nomem(e, "a map");
        goto out;
    }
    TRY(db_prepare(db, &uuid, "SELECT uuid FROM location WHERE id = ?", e));
    for (size_t i = 0; i < n; i++) {
        chosen[i] = (uint32_t)i;
    }
    *n_lines = n;
    if (n > most) {
        rng_shuffle(1, rng_stream("report.lines"), chosen, n);
        qsort(chosen, most, sizeof *chosen, by_number);
        *n_lines = most;
    }
    (void)fputs(",\n\"lines\":[", f);
    for (size_t k = 0; k < *n_lines; k++) {
        (void)fputs(k ? "," : "", f);
        TRY(line(r, uuid, chosen[k], f, e));
    }
    (void)fputs("]", f);
    rc = 0;
out:
    stmt_free(uuid);
    free(chosen);
    return rc;
}

/* Where one colour ends and the next begins: equal round steps up to where nearly all cells are. */
static int steps(const struct report *r, FILE *f, struct err *e)
{
    size_t n = 0;
    double *km = calloc(r->n_cells + r->part->n + 1, sizeof *km);
    if (!km) {
        return err_nomem(e, "a map");
    }
    for (size_t i = 0; i < r->n_cells; i++) {
        if (isfinite(r->cell[i].median_km)) {
            km[n++] = r->cell[i].median_km;
        }
    }
    for (size_t i = 0; r->n_cells == 0 && i < r->part->n; i++) {
        km[n++] = r->chosen->km[i];
    }
    struct errors sorted = {0};
    const int rc = errors_init(&sorted, km, n, 1, e);
    const double high = rc == 0 && n > 0 ? quantile(sorted.km, n, 0.85) : 1;
    const double step = chart_nice(fmax(high, 0.01) / (N_STEPS - 1));
    (void)fputs(",\n\"steps\":[0", f);
    for (int k = 1; k < N_STEPS; k++) {
        (void)fprintf(f, ",%.6g", k * step);
    }
    (void)fputc(']', f);
    errors_release(&sorted);
    free(km);
    return rc;
}

int report_map(const struct report *r, struct db *db, FILE *f, size_t *n_lines, struct err *e)
{
    (void)fputs("{\"border\":", f);
    rings(r, f, &r->border);
    cells(r, f);
    if (lines(r, db, f, n_lines, e) != 0 || steps(r, f, e) != 0) {
        return -1;
    }
    (void)fputs("}", f);
    return 0;
}
