/* SPDX-License-Identifier: MIT */
/*
 * SQLite for the suite: statements are prepared once and stepped many times, values are bound,
 * errors are copied at once. db.c and catalog.c are the only files that call sqlite3_*.
 *
 *     struct stmt *st = NULL;
 *     TRY(db_prepare(db, &st, "SELECT id, uuid FROM location WHERE provider = ? ORDER BY id", e));
 *     stmt_text(st, 1, "demo");
 *     bool row = false;
 *     while ((rc = stmt_step(st, &row, e)) == 0 && row) {
 *         int64_t id = col_i64(st, 0);
 *         const char *uuid = col_text(st, 1);   (view, until the next step)
 *     }
 *     TRY(rc);
 * out:
 *     stmt_free(st);
 *
 * A connection is used by one thread at a time.
 */
#ifndef SQL_DB_H
#define SQL_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/hash.h"

struct db;
struct stmt;

int db_exec(struct db *db, const char *sql, struct err *e); /* one or many statements, no rows */

/* Transactions. begin takes the write lock at once (BEGIN IMMEDIATE). db_rollback is for `out:`:
 * it does nothing when no transaction is open and never fails visibly. */
int db_begin(struct db *db, struct err *e);
int db_commit(struct db *db, struct err *e);
void db_rollback(struct db *db);

/*
 * db_begin_trusting - the same for a stage that writes a row for each location, with ids that it has
 * read on this connection: foreign keys are not checked again row by row, which would look up every
 * location, until the end of the transaction. They are when another connection has written since
 * the catalog was opened: then what was read may be gone. Rows that cascade must be deleted by name.
 */
int db_begin_trusting(struct db *db, struct err *e);

int db_prepare(struct db *db, struct stmt **st, const char *sql, struct err *e);
void stmt_free(struct stmt *st);

/* Binding: i from 1. A failed bind is reported by the next step. text and blob are copied. */
void stmt_i64(struct stmt *st, int i, int64_t v);
void stmt_f64(struct stmt *st, int i, double v);       /* not finite: NULL */
void stmt_text(struct stmt *st, int i, const char *v); /* NULL: NULL */
void stmt_blob(struct stmt *st, int i, const void *v, size_t n);
void stmt_null(struct stmt *st, int i);

/* stmt_step - *row: whether there is one. After the last row the statement is reset, its bindings
 * are kept, and it may be stepped anew. */
int stmt_step(struct stmt *st, bool *row, struct err *e);

/* stmt_run - step to the end, ignoring rows: INSERT, UPDATE, DELETE. */
int stmt_run(struct stmt *st, struct err *e);

/*
 * db_run - a statement that is used once: its values in order, run to the end, rows ignored.
 *
 *     TRY(db_run(db, e, "UPDATE run SET state = ? WHERE id = ?", DB_TEXT("running"), DB_I64(id)));
 */
struct db_value {
    enum { DB_VALUE_I64, DB_VALUE_F64, DB_VALUE_TEXT } type;
    int64_t i64;
    double f64;
    const char *text;
};
#define DB_I64(v)  ((struct db_value){.type = DB_VALUE_I64, .i64 = (v)})
#define DB_F64(v)  ((struct db_value){.type = DB_VALUE_F64, .f64 = (v)})   /* not finite: NULL */
#define DB_TEXT(v) ((struct db_value){.type = DB_VALUE_TEXT, .text = (v)}) /* NULL: NULL */
#define db_run(db, e, sql, ...)                                        \
    db_run_values((db), (sql), (const struct db_value[]){__VA_ARGS__}, \
                  sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value), (e))
int db_run_values(struct db *db, const char *sql, const struct db_value *v, size_t n,
                  struct err *e);

/* stmt_reset - give up the remaining rows (a SELECT left early holds a read lock). */
void stmt_reset(struct stmt *st);

/* Columns of the current row: i from 0. text is NULL for NULL; views, until the next step. */
int64_t col_i64(struct stmt *st, int i);
double col_f64(struct stmt *st, int i); /* NAN for NULL */
const char *col_text(struct stmt *st, int i);
const void *col_blob(struct stmt *st, int i, size_t *n);
bool col_null(struct stmt *st, int i);

/* One value: *found false when there is no row (or it is NULL). */
int db_get_i64(struct db *db, const char *sql, int64_t *v, bool *found, struct err *e);
int db_get_f64(struct db *db, const char *sql, double *v, bool *found, struct err *e);

int64_t db_last_id(struct db *db);
int64_t db_changes(struct db *db); /* rows changed by the last stmt_run */

/*
 * Many rows from memory in one statement, at a third of what stepping one for each costs:
 *
 *     static void label(const void *ctx, size_t i, int column, struct cell *v) { cell_i64(v, ...); }
 *
 *     const struct row_source labels = {n, label, &ctx};
 *     TRY(db_insert_rows(db, "INSERT INTO label SELECT c0, c1, c2 FROM rows", &labels, e));
 *
 * The columns of `rows` are c0 to c7, filled by the source with one of cell_*, or NULL with none.
 * Rows in the order of the table's key are appended, others are slow.
 */
struct cell;
struct row_source {
    size_t n;
    void (*column)(const void *ctx, size_t i, int column, struct cell *v);
    const void *ctx;
};

void cell_i64(struct cell *c, int64_t v);
void cell_f64(struct cell *c, double v);       /* not a number: NULL */
void cell_text(struct cell *c, const char *v); /* view, must stay until the statement ends */
int db_insert_rows(struct db *db, const char *sql, const struct row_source *source, struct err *e);

/* db_digest - fold every column of every row of a query into s: a stage's inputs. The query needs
 * an ORDER BY a unique key. */
int db_digest(struct db *db, struct sha256 *s, const char *sql, struct err *e);

#endif
