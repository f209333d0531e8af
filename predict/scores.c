/* SPDX-License-Identifier: MIT */
/* Rows of scores: kept, printed, stored. */
#include "predict/scores.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/vec.h"

int scores_add(struct scores *s, const char *part, const char *decode, const char *metric,
               double value, struct interval interval, struct err *e)
{
    if (!isfinite(value)) {
        return 0;
    }
    if (vec_room(&s->row, s->n, &s->cap, sizeof *s->row, "scores", e) != 0) {
        return -1;
    }
    struct score *r = &s->row[s->n];
    *r = (struct score){.value = value, .interval = interval};
    (void)snprintf(r->part, sizeof r->part, "%s", part);
    (void)snprintf(r->decode, sizeof r->decode, "%s", decode);
    r->metric = strdup(metric);
    if (!r->metric) {
        return err_nomem(e, "scores");
    }
    s->n++;
    return 0;
}

void scores_release(struct scores *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->row[i].metric);
    }
    free(s->row);
    *s = (struct scores){0};
}

const struct score *scores_find(const struct scores *s, const char *part, const char *decode,
                                const char *metric)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct score *r = &s->row[i];
        if (strcmp(r->part, part) == 0 && strcmp(r->decode, decode) == 0 &&
            strcmp(r->metric, metric) == 0) {
            return r;
        }
    }
    return NULL;
}

/* Metrics are estimates: nine digits say all there is; the catalog keeps every bit. */
static void print_number(FILE *f, double v)
{
    if (isfinite(v)) {
        (void)fprintf(f, "\t%.9g", v);
    } else {
        (void)fputc('\t', f);
    }
}

void scores_print(const struct scores *s, FILE *f)
{
    (void)fputs("part\tdecode\tmetric\tvalue\tlow\thigh\n", f);
    for (size_t i = 0; i < s->n; i++) {
        const struct score *r = &s->row[i];
        (void)fprintf(f, "%s\t%s\t%s", r->part, r->decode, r->metric);
        print_number(f, r->value);
        print_number(f, r->interval.low);
        print_number(f, r->interval.high);
        (void)fputc('\n', f);
    }
}

int scores_count(struct db *db, int64_t run_id, int64_t *n, struct err *e)
{
    char sql[96];
    bool found = false;
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM score WHERE run_id = %" PRId64, run_id);
    return db_get_i64(db, sql, n, &found, e);
}

int scores_store(const struct scores *s, struct db *db, int64_t run_id, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    TRY(db_run(db, e, "DELETE FROM score WHERE run_id = ?", DB_I64(run_id)));
    TRY(db_prepare(db, &st,
                   "INSERT INTO score (run_id, part, decode, metric, value, low, high)"
                   " VALUES (?, ?, ?, ?, ?, ?, ?)",
                   e));
    for (size_t i = 0; i < s->n; i++) {
        const struct score *r = &s->row[i];
        stmt_i64(st, 1, run_id);
        stmt_text(st, 2, r->part);
        stmt_text(st, 3, r->decode);
        stmt_text(st, 4, r->metric);
        stmt_f64(st, 5, r->value);
        stmt_f64(st, 6, r->interval.low);
        stmt_f64(st, 7, r->interval.high);
        TRY(stmt_run(st, e));
    }
    rc = 0;
out:
    stmt_free(st);
    return rc;
}
