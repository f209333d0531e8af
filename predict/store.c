/* SPDX-License-Identifier: MIT */
/* Predictions in the catalog; see store.h. */
#include "predict/store.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "core/buf.h"
#include "sql/catalog.h"

static int clear_parts(struct db *db, int64_t run_id, const struct opt_list *part, struct err *e)
{
    for (int i = 0; i < part->n; i++) {
        if (db_run(db, e,
                   "DELETE FROM prediction WHERE run_id = ?1 AND (part = ?2 OR ?2 = 'all' OR"
                   " (?2 = 'unknown' AND error_km IS NULL))",
                   DB_I64(run_id), DB_TEXT(part->v[i])) != 0) {
            return -1;
        }
    }
    return 0;
}

static int clear_locations(struct db *db, int64_t run_id, const struct photos *p, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    TRY(db_prepare(db, &st, "DELETE FROM prediction WHERE run_id = ? AND location_id = ?", e));
    for (size_t i = 0; i < p->n; i++) {
        stmt_i64(st, 1, run_id);
        stmt_i64(st, 2, p->loc[i].id);
        TRY(stmt_run(st, e));
    }
    rc = 0;
out:
    stmt_free(st);
    return rc;
}

static int top_text(const struct answer *r, size_t n_top, struct buf *b, struct err *e)
{
    buf_clear(b);
    for (size_t k = 0; k < n_top; k++) {
        if (buf_printf(b, e, "%s[%u,%.6g]", k ? "," : "[", r->top[k].number,
                       r->top[k].probability) != 0) {
            return -1;
        }
    }
    return buf_add_str(b, "]", e);
}

static int insert(struct stmt *st, const struct photo_location *loc, struct lonlat at,
                  const char *decode, struct err *e)
{
    uint8_t geom[GPKG_POINT_SIZE];
    gpkg_point(at, geom);
    stmt_blob(st, 1, geom, sizeof geom);
    stmt_i64(st, 3, loc->id);
    stmt_text(st, 4, loc->part);
    stmt_text(st, 5, decode);
    stmt_f64(st, 6, at.lat);
    stmt_f64(st, 7, at.lon);
    stmt_f64(st, 8, geo_valid(loc->truth) ? geo_distance_km(at, loc->truth) : (double)NAN);
    return stmt_run(st, e);
}

int store_answers(struct db *db, int64_t run_id, const struct photos *p, const struct answers *a,
                  const struct opt_list *part, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    struct buf top;
    buf_init(&top, 1u << 20);
    TRY(clear_parts(db, run_id, part, e));
    TRY(clear_locations(db, run_id, p, e));
    TRY(db_prepare(db, &st,
                   "INSERT INTO prediction (geom, run_id, location_id, part, decode, lat_deg,"
                   " lon_deg, error_km, entropy, top) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   e));
    for (size_t i = 0; i < a->n; i++) {
        const struct answer *r = &a->row[i];
        const struct photo_location *loc = &p->loc[r->location];
        stmt_i64(st, 2, run_id);
        stmt_f64(st, 9, r->entropy);
        stmt_null(st, 10);
        if (a->n_top == 0) {
            TRY(insert(st, loc, r->at[0], "regression", e));
            continue;
        }
        TRY(top_text(r, a->n_top, &top, e));
        stmt_text(st, 10, top.p);
        for (int d = 0; d < DECODE_COUNT; d++) {
            TRY(insert(st, loc, r->at[d], decode_name((enum decode)d), e));
        }
    }
    rc = 0;
out:
    buf_release(&top);
    stmt_free(st);
    return rc;
}

int store_choose(struct db *db, int64_t run_id, char *decode, double *val_km, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    *val_km = (double)NAN;
    TRY(db_prepare(db, &st,
                   "SELECT decode, avg(error_km) FROM prediction WHERE run_id = ? AND part = 'val'"
                   " AND error_km NOT NULL GROUP BY decode ORDER BY 2, min(id) LIMIT 1",
                   e));
    stmt_i64(st, 1, run_id);
    TRY(stmt_step(st, &row, e));
    if (!row) {
        stmt_free(st);
        st = NULL;
        TRY(store_chosen(db, run_id, decode, e));
        if (decode[0] == '\0') {
            TRY(db_prepare(
                db, &st, "SELECT decode FROM prediction WHERE run_id = ? ORDER BY id LIMIT 1", e));
            stmt_i64(st, 1, run_id);
            TRY(stmt_step(st, &row, e));
            (void)snprintf(decode, DECODE_NAME_MAX, "%s", row ? col_text(st, 0) : "mean");
        }
        rc = 0;
        goto out;
    }
    (void)snprintf(decode, DECODE_NAME_MAX, "%s", col_text(st, 0));
    *val_km = col_f64(st, 1);
    stmt_reset(st);
    TRY(db_run(db, e,
               "INSERT OR REPLACE INTO decode_choice (run_id, decode, val_km) VALUES (?, ?, ?)",
               DB_I64(run_id), DB_TEXT(decode), DB_F64(*val_km)));
out:
    stmt_free(st);
    return rc;
}

int store_chosen(struct db *db, int64_t run_id, char *decode, struct err *e)
{
    struct stmt *st = NULL;
    bool row = false;
    decode[0] = '\0';
    int rc = db_prepare(db, &st, "SELECT decode FROM decode_choice WHERE run_id = ?", e);
    if (rc == 0) {
        stmt_i64(st, 1, run_id);
        rc = stmt_step(st, &row, e);
    }
    if (rc == 0 && row) {
        (void)snprintf(decode, DECODE_NAME_MAX, "%s", col_text(st, 0));
    }
    stmt_free(st);
    return rc;
}

size_t store_top(const char *json, struct top_class *top, size_t k)
{
    json_error_t ignored;
    json_t *list = json ? json_loads(json, 0, &ignored) : NULL;
    size_t n = 0;
    while (list && n < k && n < json_array_size(list)) {
        const json_t *pair = json_array_get(list, n);
        const json_t *number = json_array_get(pair, 0);
        const json_t *probability = json_array_get(pair, 1);
        if (!json_is_integer(number) || json_integer_value(number) < 0 ||
            json_integer_value(number) > INT32_MAX || !json_is_number(probability)) {
            break;
        }
        top[n++] = (struct top_class){(uint32_t)json_integer_value(number),
                                      json_number_value(probability)};
    }
    json_decref(list);
    return n;
}
