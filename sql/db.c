/* SPDX-License-Identifier: MIT */
/* The adapter around SQLite's statements; see db.h. Opening and the schema are catalog.c. */
#include "sql/db.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sql/db_internal.h"

struct stmt {
    struct db *db;
    sqlite3_stmt *h;
    int bind_rc; /* first failed bind since the last step */
};

void db_err_msg(struct db *db, struct err *e, const char *what)
{
    int code = sqlite3_errcode(db->h) & 0xff;
    const char *msg = sqlite3_errmsg(db->h);
    enum err_kind kind = ERR_SYSTEM;
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
        msg = "another tool is writing to it";
    } else if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT) {
        kind = ERR_INPUT;
    }
    const int errnum = code == SQLITE_IOERR ? sqlite3_system_errno(db->h) : 0;
    if (errnum != 0) {
        err_sys_msg(e, errnum, "catalog '%s': %s: %s", db->path, what, msg);
        e->kind = kind;
    } else {
        err_set_msg(e, kind, "catalog '%s': %s: %s", db->path, what, msg);
    }
}

int db_exec(struct db *db, const char *sql, struct err *e)
{
    return sqlite3_exec(db->h, sql, NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : db_err(db, e, "cannot execute");
}

int db_begin(struct db *db, struct err *e)
{
    return sqlite3_exec(db->h, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : db_err(db, e, "cannot begin a transaction");
}

/* Only outside of a transaction has the pragma an effect. */
static void distrust(struct db *db)
{
    if (db->trusting) {
        (void)sqlite3_exec(db->h, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);
        db->trusting = false;
    }
}

int db_begin_trusting(struct db *db, struct err *e)
{
    int64_t version = 0;
    bool found = false;
    if (db_exec(db, "PRAGMA foreign_keys = OFF", e) != 0) {
        return -1;
    }
    db->trusting = true;
    if (db_begin(db, e) != 0 || db_get_i64(db, "PRAGMA data_version", &version, &found, e) != 0) {
        db_rollback(db);
        return -1;
    }
    if (version == db->opened_version) {
        return 0;
    }
    db_rollback(db);
    return db_begin(db, e);
}

int db_commit(struct db *db, struct err *e)
{
    if (sqlite3_exec(db->h, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
        return db_err(db, e, "cannot commit");
    }
    distrust(db);
    return 0;
}

void db_rollback(struct db *db)
{
    if (db && db->h) {
        if (!sqlite3_get_autocommit(db->h)) {
            (void)sqlite3_exec(db->h, "ROLLBACK", NULL, NULL, NULL);
        }
        distrust(db);
    }
}

int db_prepare(struct db *db, struct stmt **st, const char *sql, struct err *e)
{
    struct stmt *s = calloc(1, sizeof *s);
    if (!s) {
        return err_nomem(e, "a statement");
    }
    s->db = db;
    if (sqlite3_prepare_v3(db->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->h, NULL) != SQLITE_OK) {
        free(s);
        return db_err(db, e, "cannot prepare a statement");
    }
    *st = s;
    return 0;
}

void stmt_free(struct stmt *st)
{
    if (st) {
        (void)sqlite3_finalize(st->h);
        free(st);
    }
}

static void bound(struct stmt *st, int rc)
{
    if (rc != SQLITE_OK && st->bind_rc == SQLITE_OK) {
        st->bind_rc = rc;
    }
}

void stmt_i64(struct stmt *st, int i, int64_t v)
{
    bound(st, sqlite3_bind_int64(st->h, i, v));
}

void stmt_f64(struct stmt *st, int i, double v)
{
    bound(st, isfinite(v) ? sqlite3_bind_double(st->h, i, v) : sqlite3_bind_null(st->h, i));
}

void stmt_text(struct stmt *st, int i, const char *v)
{
    bound(st,
          v ? sqlite3_bind_text(st->h, i, v, -1, SQLITE_TRANSIENT) : sqlite3_bind_null(st->h, i));
}

void stmt_blob(struct stmt *st, int i, const void *v, size_t n)
{
    bound(st, sqlite3_bind_blob64(st->h, i, v, n, SQLITE_TRANSIENT));
}

void stmt_null(struct stmt *st, int i)
{
    bound(st, sqlite3_bind_null(st->h, i));
}

int stmt_step(struct stmt *st, bool *row, struct err *e)
{
    if (st->bind_rc != SQLITE_OK) {
        st->bind_rc = SQLITE_OK;
        return db_err(st->db, e, "cannot bind a value");
    }
    int rc = sqlite3_step(st->h);
    if (rc == SQLITE_ROW) {
        *row = true;
        return 0;
    }
    *row = false;
    if (rc != SQLITE_DONE) {
        int failed = db_err(st->db, e, "statement failed");
        (void)sqlite3_reset(st->h);
        return failed;
    }
    (void)sqlite3_reset(st->h);
    return 0;
}

int stmt_run(struct stmt *st, struct err *e)
{
    bool row = true;
    while (row) {
        if (stmt_step(st, &row, e) != 0) {
            return -1;
        }
    }
    return 0;
}

static void bind(struct stmt *st, int i, const struct db_value *v)
{
    switch (v->type) {
    case DB_VALUE_I64:
        stmt_i64(st, i, v->i64);
        break;
    case DB_VALUE_F64:
        stmt_f64(st, i, v->f64);
        break;
    case DB_VALUE_TEXT:
        stmt_text(st, i, v->text);
        break;
    }
}

int db_run_values(struct db *db, const char *sql, const struct db_value *v, size_t n, struct err *e)
{
    struct stmt *st = NULL;
    int rc = db_prepare(db, &st, sql, e);
    if (rc == 0) {
        for (size_t i = 0; i < n; i++) {
            bind(st, (int)i + 1, &v[i]);
        }
        rc = stmt_run(st, e);
    }
    stmt_free(st);
    return rc;
}

void stmt_reset(struct stmt *st)
{
    (void)sqlite3_reset(st->h);
}

int64_t col_i64(struct stmt *st, int i)
{
    return sqlite3_column_int64(st->h, i);
}

double col_f64(struct stmt *st, int i)
{
    return col_null(st, i) ? (double)NAN : sqlite3_column_double(st->h, i);
}

const char *col_text(struct stmt *st, int i)
{
    return (const char *)sqlite3_column_text(st->h, i);
}

const void *col_blob(struct stmt *st, int i, size_t *n)
{
    const void *p = sqlite3_column_blob(st->h, i);
    *n = (size_t)sqlite3_column_bytes(st->h, i);
    return p;
}

bool col_null(struct stmt *st, int i)
{
    return sqlite3_column_type(st->h, i) == SQLITE_NULL;
}

static int get_one(struct db *db, const char *sql, struct stmt **st, bool *found, struct err *e)
{
    bool row = false;
    if (db_prepare(db, st, sql, e) != 0) {
        return -1;
    }
    if (stmt_step(*st, &row, e) != 0) {
        return -1;
    }
    *found = row && !col_null(*st, 0);
    return 0;
}

int db_get_i64(struct db *db, const char *sql, int64_t *v, bool *found, struct err *e)
{
    struct stmt *st = NULL;
    int rc = get_one(db, sql, &st, found, e);
    if (rc == 0 && *found) {
        *v = col_i64(st, 0);
    }
    stmt_free(st);
    return rc;
}

int db_get_f64(struct db *db, const char *sql, double *v, bool *found, struct err *e)
{
    struct stmt *st = NULL;
    int rc = get_one(db, sql, &st, found, e);
    if (rc == 0 && *found) {
        *v = col_f64(st, 0);
    }
    stmt_free(st);
    return rc;
}

int64_t db_last_id(struct db *db)
{
    return sqlite3_last_insert_rowid(db->h);
}

int64_t db_changes(struct db *db)
{
    return sqlite3_changes64(db->h);
}

/* One column: its type, then its bytes with their length, so that fields cannot run together. */
static void digest_column(struct sha256 *s, sqlite3_stmt *h, int i)
{
    int type = sqlite3_column_type(h, i);
    uint8_t tag = (uint8_t)type;
    sha256_add(s, &tag, 1);
    if (type == SQLITE_INTEGER) {
        int64_t v = sqlite3_column_int64(h, i);
        sha256_add(s, &v, sizeof v);
    } else if (type == SQLITE_FLOAT) {
        double v = sqlite3_column_double(h, i);
        sha256_add(s, &v, sizeof v);
    } else if (type != SQLITE_NULL) {
        const void *p = sqlite3_column_blob(h, i);
        uint32_t n = (uint32_t)sqlite3_column_bytes(h, i);
        sha256_add(s, &n, sizeof n);
        sha256_add(s, p, n);
    }
}

int db_digest(struct db *db, struct sha256 *s, const char *sql, struct err *e)
{
    struct stmt *st = NULL;
    bool row = false;
    int rc = db_prepare(db, &st, sql, e);
    while (rc == 0 && (rc = stmt_step(st, &row, e)) == 0 && row) {
        int n = sqlite3_column_count(st->h);
        for (int i = 0; i < n; i++) {
            digest_column(s, st->h, i);
        }
        sha256_add(s, "\n", 1);
    }
    stmt_free(st);
    return rc;
}
