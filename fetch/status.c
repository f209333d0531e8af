/* SPDX-License-Identifier: MIT */
/* Queries of the catalog, each printed as it is: nothing is computed that the catalog does not say. */
#include "fetch/status.h"

#include <stdbool.h>
#include <stdio.h>

#include "sql/catalog.h"

/* Every state has its row, also when nothing is in it. */
static const char states_sql[] =
    "SELECT column1, '', (SELECT count(*) FROM request WHERE state = column1)"
    " FROM (VALUES ('queued'), ('probed'), ('done'), ('no_imagery'), ('duplicate'), ('failed'))";

/* "view 90: x" and "view 180: x" are one reason. */
static const char reasons_sql[] =
    "SELECT 'failed because', iif(last_error GLOB 'view [0-9]*: *',"
    " 'view' || substr(last_error, instr(last_error, ':')), coalesce(last_error, '')) AS reason,"
    " count(*) FROM request WHERE state = 'failed' GROUP BY reason ORDER BY 3 DESC, 2";

static const char survey_sql[] =
    "SELECT 'survey boxes ' || b.state, s.provider || ' ' || s.area, count(*) FROM survey_box b"
    " JOIN survey s ON s.id = b.survey_id GROUP BY b.state, s.id"
    " UNION ALL SELECT 'survey box failed because', coalesce(last_error, ''), count(*)"
    " FROM survey_box WHERE state = 'failed' GROUP BY last_error ORDER BY 1, 2";

static const char run_sql[] =
    "WITH last AS (SELECT * FROM fetch_run ORDER BY id DESC LIMIT 1),"
    " left(n) AS (SELECT count(*) FROM request WHERE state IN ('queued', 'probed'))"
    " SELECT 'last run began', provider, started FROM last UNION ALL"
    " SELECT 'last run seconds', provider, printf('%.1f', seconds) FROM last UNION ALL"
    " SELECT 'last run locations', provider, n_locations FROM last UNION ALL"
    " SELECT 'last run locations per second', provider, printf('%.3f', n_locations / seconds)"
    " FROM last WHERE seconds > 0 UNION ALL"
    " SELECT 'seconds left at that rate', provider, printf('%.0f', n * seconds / n_locations)"
    " FROM last, left WHERE n_locations > 0";

static const char spend_sql[] =
    "SELECT 'requests', provider || ' ' || kind, sum(n_requests) FROM spend GROUP BY provider, kind"
    " UNION ALL SELECT 'cost', rtrim(provider || ' ' || max(currency)), printf('%.2f', sum(cost))"
    " FROM spend GROUP BY provider"
    " ORDER BY 1 DESC, 2";

/* Of data sets on disk what names somebody; where nothing does, they are one's own. */
static const char credits_sql[] =
    "SELECT provider, coalesce(copyright, ''), coalesce(licence, ''), count(*) FROM location"
    " WHERE provider NOT LIKE 'import:%' OR coalesce(copyright, licence) NOT NULL"
    " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";

/* A field of a TSV row; what a provider wrote must not make columns or lines. */
static void print_field(const char *text, bool last)
{
    for (const char *p = text ? text : ""; *p; p++) {
        (void)putchar(*p == '\t' || *p == '\n' || *p == '\r' ? ' ' : *p);
    }
    (void)putchar(last ? '\n' : '\t');
}

static int print_rows(struct db *db, const char *sql, int n_columns, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    TRY(db_prepare(db, &st, sql, e));
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        for (int i = 0; i < n_columns; i++) {
            print_field(col_text(st, i), i == n_columns - 1);
        }
    }
out:
    stmt_free(st);
    return rc;
}

int status_print(const char *catalog, struct err *e)
{
    int rc = -1;
    struct db *db = NULL;
    static const char *const all[] = {states_sql, reasons_sql, survey_sql, run_sql, spend_sql};
    TRY(catalog_open(catalog, CATALOG_READ, &db, e));
    (void)printf("item\tdetail\tvalue\n");
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        TRY(print_rows(db, all[i], 3, e));
    }
out:
    catalog_close(db);
    return rc;
}

int credits_print(const char *catalog, struct err *e)
{
    int rc = -1;
    struct db *db = NULL;
    TRY(catalog_open(catalog, CATALOG_READ, &db, e));
    (void)printf("provider\tcopyright\tlicence\tlocations\n");
    TRY(print_rows(db, credits_sql, 4, e));
out:
    catalog_close(db);
    return rc;
}
