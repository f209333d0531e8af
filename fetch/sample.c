/* SPDX-License-Identifier: MIT */
/* A sequence of points is named by a digest of all that makes it; its stage record's row count says
 * how many of its points are in the queue. */
#include "fetch/sample.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/progress.h"
#include "fetch/points.h"
#include "sql/catalog.h"

/* "sample:" and 16 digits of the sequence's digest. */
static int sequence_name(const struct sample_prefs *p, const struct border *b, char name[32],
                         struct err *e)
{
    char text[64];
    char hex[SHA256_HEX_SIZE];
    struct sha256 *s = NULL;
    if (sha256_new(&s, e) != 0) {
        return -1;
    }
    (void)snprintf(text, sizeof text, "%" PRId64 " %.17g", p->seed, p->min_distance_m);
    sha256_add_str(s, text);
    sha256_add_str(s, p->crs);
    sha256_add_str(s, border_sha256(b));
    sha256_hex(s, hex);
    sha256_free(s);
    (void)snprintf(name, 32, "sample:%.16s", hex);
    return 0;
}

/* How many points of the sequence the queue has been given. */
static int n_given(struct db *db, const char *name, int64_t *n, struct err *e)
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

static int insert(struct db *db, const struct lonlat *p, size_t n, struct err *e)
{
    int rc = 0;
    struct stmt *st = NULL;
    char now[21];
    time_utc(now);
    TRY(db_prepare(db, &st, "INSERT INTO request (lat_deg, lon_deg, queued) VALUES (?, ?, ?)", e));
    for (size_t i = 0; i < n; i++) {
        stmt_f64(st, 1, p[i].lat);
        stmt_f64(st, 2, p[i].lon);
        stmt_text(st, 3, now);
        TRY(stmt_run(st, e));
    }
out:
    stmt_free(st);
    return rc;
}

/* What the queue lacks of the sequence's first n points. */
static int queue_points(struct db *db, const struct cli *cli, const char *name,
                        const struct lonlat *p, size_t n, struct err *e)
{
    int rc = -1;
    int64_t given = 0;
    char text[32];
    struct stage stage;
    struct sha256 *s = NULL;
    TRY(sha256_new(&s, e));
    TRY(n_given(db, name, &given, e));
    if ((int64_t)n <= given) {
        log_info("up to date: the queue has had %" PRId64 " points of this sequence", given);
        goto out;
    }
    (void)snprintf(text, sizeof text, "%zu", n);
    sha256_add_str(s, text);
    TRY(stage_begin(db, name, cli, s, &stage, e));
    TRY(insert(db, p + given, n - (size_t)given, e));
    TRY(stage_commit(db, &stage, (int64_t)n, e));
    log_info("%zu points queued", n - (size_t)given);
out:
    db_rollback(db);
    sha256_free(s);
    return rc;
}

static void print(const struct lonlat *p, size_t n)
{
    (void)printf("n\tlat_deg\tlon_deg\n");
    for (size_t i = 0; i < n; i++) {
        (void)printf("%zu\t%.7f\t%.7f\n", i + 1, p[i].lat, p[i].lon);
    }
}

int sample_run(const struct cli *cli, const struct sample_prefs *p, struct err *e)
{
    int rc = -1;
    struct border *b = NULL;
    struct crs *c = NULL;
    struct db *db = NULL;
    struct lonlat *points = NULL;
    size_t n = 0;
    char name[32];
    TRY(border_open(p->border, &b, e));
    TRY(crs_open(p->crs, &c, e));
    TRY(sequence_name(p, b, name, e));
    points = calloc((size_t)p->count, sizeof *points);
    if (!points) {
        rc = err_nomem(e, "the points");
        goto out;
    }
    TRY(points_draw(b, c, (uint64_t)p->seed, p->min_distance_m, points, (size_t)p->count, &n, e));
    TRY(catalog_open(cli->catalog, CATALOG_CREATE, &db, e));
    TRY(queue_points(db, cli, name, points, n, e));
    if (p->print) {
        print(points, n);
    }
    if ((int64_t)n < p->count) {
        rc = err_set(e, ERR_INCOMPLETE,
                     "there is no room for more than %zu of %" PRId64 " points %g m apart", n,
                     p->count, p->min_distance_m);
    }
out:
    free(points);
    catalog_close(db);
    crs_free(c);
    border_free(b);
    return rc;
}
