/* SPDX-License-Identifier: MIT */
#include "fetch/sample_queue.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/progress.h"
#include "sql/catalog.h"

/* "sample:" and 16 digits. */
void sample_queue_name(struct sha256 *s, char name[SAMPLE_NAME_SIZE])
{
    char hex[SHA256_HEX_SIZE];
    sha256_hex(s, hex);
    (void)snprintf(name, SAMPLE_NAME_SIZE, "sample:%.16s", hex);
}

int sample_queue_given(struct db *db, const char *name, int64_t *n, struct err *e)
{
    int rc = -1;
    bool row = false;
    struct stmt *st = NULL;
    TRY(db_prepare(db, &st, "SELECT n_rows FROM stage WHERE name = ?", e));
    stmt_text(st, 1, name);
    TRY(stmt_step(st, &row, e));
    *n = row ? col_i64(st, 0) : 0;
out:
    stmt_free(st);
    return rc;
}

struct queued {
    const struct lonlat *p;
    char now[21];
};

static void request(const void *ctx, size_t i, int column, struct cell *v)
{
    const struct queued *q = ctx;
    if (column == 2) {
        cell_text(v, q->now);
    } else {
        cell_f64(v, column == 0 ? q->p[i].lat : q->p[i].lon);
    }
}

static int insert(struct db *db, const struct lonlat *p, size_t n, struct err *e)
{
    struct queued queued = {.p = p};
    const struct row_source rows = {n, request, &queued};
    time_utc(queued.now);
    return db_insert_rows(
        db, "INSERT INTO request (lat_deg, lon_deg, queued) SELECT c0, c1, c2 FROM rows", &rows, e);
}

int sample_queue_add(struct db *db, const struct cli *cli, const char *name, int64_t given,
                     const struct lonlat *p, size_t n, struct err *e)
{
    int rc = -1;
    char text[32];
    struct stage stage;
    struct sha256 *s = NULL;
    TRY(sha256_new(&s, e));
    (void)snprintf(text, sizeof text, "%" PRId64, given + (int64_t)n);
    sha256_add_str(s, text);
    TRY(stage_begin(db, name, cli, s, &stage, e));
    TRY(insert(db, p, n, e));
    TRY(stage_commit(db, &stage, given + (int64_t)n, e));
out:
    db_rollback(db);
    sha256_free(s);
    return rc;
}

void sample_queue_print(const struct lonlat *p, size_t n)
{
    (void)printf("n\tlat_deg\tlon_deg\n");
    for (size_t i = 0; i < n; i++) {
        (void)printf("%zu\t%.7f\t%.7f\n", i + 1, p[i].lat, p[i].lon);
    }
}
