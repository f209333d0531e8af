/* SPDX-License-Identifier: MIT */
/* A run's rows: see record.h. */
#include "train/record.h"

#include <stdlib.h>
#include <string.h>

#include "core/progress.h"

static char *copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

int record_find(struct db *db, const char *name, struct record *r, bool *found, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    *r = (struct record){0};
    TRY(db_prepare(db, &st,
                   "SELECT r.id, r.config, r.state = 'finished', c.sha256, c.path, r.best_epoch,"
                   " r.best_val_km, r.test_km FROM run r"
                   " LEFT JOIN checkpoint c ON c.run_id = r.id AND c.kind = 'best'"
                   " WHERE r.name = ?",
                   e));
    stmt_text(st, 1, name);
    TRY(stmt_step(st, found, e));
    if (*found) {
        r->id = col_i64(st, 0);
        r->config = copy(col_text(st, 1));
        r->finished = col_i64(st, 2) != 0;
        (void)snprintf(r->best_sha256, sizeof r->best_sha256, "%s",
                       col_null(st, 3) ? "" : col_text(st, 3));
        r->best_path = copy(col_text(st, 4));
        r->best_epoch = (int)col_i64(st, 5);
        r->best_km = col_f64(st, 6);
        r->test_km = col_f64(st, 7);
        rc = r->config ? 0 : err_nomem(e, "a run's record");
    }
out:
    stmt_free(st);
    return rc;
}

void record_release(struct record *r)
{
    free(r->config);
    free(r->best_path);
    *r = (struct record){0};
}

static int delete_run(struct db *db, const char *name, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    TRY(db_prepare(db, &st, "DELETE FROM run WHERE name = ?", e));
    stmt_text(st, 1, name);
    TRY(stmt_run(st, e));
out:
    stmt_free(st);
    return rc;
}

static void bind_id(struct stmt *st, int i, int64_t id)
{
    if (id > 0) {
        stmt_i64(st, i, id);
    } else {
        stmt_null(st, i);
    }
}

int record_create(struct db *db, const struct record_new *n, int64_t *id, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    char now[21];
    time_utc(now);
    TRY(db_begin(db, e));
    TRY(delete_run(db, n->prefs->name, e));
    TRY(db_prepare(db, &st,
                   "INSERT INTO run (name, task, arch, backend, precision, arguments, config,"
                   " versions, seed, scheme_id, grid_id, projection_id, state, started)"
                   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', ?)",
                   e));
    stmt_text(st, 1, n->prefs->name);
    stmt_text(st, 2, task_name(n->data->task));
    stmt_text(st, 3, n->prefs->arch);
    stmt_text(st, 4, n->backend);
    stmt_text(st, 5, prefs_precisions[n->prefs->precision]);
    stmt_text(st, 6, n->cli->command_line);
    stmt_text(st, 7, n->config);
    stmt_text(st, 8, n->versions);
    stmt_i64(st, 9, n->prefs->seed);
    bind_id(st, 10, n->data->scheme_id);
    bind_id(st, 11, n->data->grid_id);
    bind_id(st, 12, n->data->projection_id);
    stmt_text(st, 13, now);
    TRY(stmt_run(st, e));
    *id = db_last_id(db);
    TRY(db_commit(db, e));
out:
    stmt_free(st);
    db_rollback(db);
    return rc;
}

static int set_state(struct db *db, int64_t id, const char *state, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    TRY(db_prepare(db, &st, "UPDATE run SET state = ?, finished = NULL WHERE id = ?", e));
    stmt_text(st, 1, state);
    stmt_i64(st, 2, id);
    TRY(stmt_run(st, e));
out:
    stmt_free(st);
    return rc;
}

int record_resume(struct db *db, int64_t id, int epoch, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    TRY(db_begin(db, e));
    TRY(db_prepare(db, &st, "DELETE FROM epoch WHERE run_id = ? AND epoch > ?", e));
    stmt_i64(st, 1, id);
    stmt_i64(st, 2, epoch);
    TRY(stmt_run(st, e));
    TRY(set_state(db, id, "running", e));
    TRY(db_commit(db, e));
out:
    stmt_free(st);
    db_rollback(db);
    return rc;
}

int record_interrupted(struct db *db, int64_t id, struct err *e)
{
    return set_state(db, id, "interrupted", e);
}

int record_epoch(struct db *db, int64_t id, const struct epoch_row *r, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    TRY(db_prepare(db, &st,
                   "INSERT OR REPLACE INTO epoch (run_id, epoch, lr_backbone, lr_head, train_loss,"
                   " train_accuracy, val_loss, val_accuracy, val_f1, val_km, seconds,"
                   " images_per_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   e));
    stmt_i64(st, 1, id);
    stmt_i64(st, 2, r->epoch);
    stmt_f64(st, 3, r->lr_backbone);
    stmt_f64(st, 4, r->lr_head);
    stmt_f64(st, 5, r->train_loss);
    stmt_f64(st, 6, r->train_accuracy);
    stmt_f64(st, 7, r->val_loss);
    stmt_f64(st, 8, r->val_accuracy);
    stmt_f64(st, 9, r->val_f1);
    stmt_f64(st, 10, r->val_km);
    stmt_f64(st, 11, r->seconds);
    stmt_f64(st, 12, r->images_per_s);
    TRY(stmt_run(st, e));
out:
    stmt_free(st);
    return rc;
}

static int put_checkpoint(struct db *db, int64_t id, const struct checkpoint_row *c, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    TRY(db_prepare(db, &st,
                   "INSERT OR REPLACE INTO checkpoint (run_id, kind, epoch, path, sha256, val_km)"
                   " VALUES (?, ?, ?, ?, ?, ?)",
                   e));
    stmt_i64(st, 1, id);
    stmt_text(st, 2, c->kind);
    stmt_i64(st, 3, c->epoch);
    stmt_text(st, 4, c->path);
    stmt_text(st, 5, c->sha256);
    stmt_f64(st, 6, c->km);
    TRY(stmt_run(st, e));
out:
    stmt_free(st);
    return rc;
}

int record_checkpoints(struct db *db, int64_t id, const struct checkpoint_row *best,
                       const struct checkpoint_row *last, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    TRY(db_begin(db, e));
    TRY(put_checkpoint(db, id, best, e));
    if (last->epoch > 0) {
        TRY(put_checkpoint(db, id, last, e));
    }
    TRY(db_prepare(db, &st, "UPDATE run SET best_epoch = ?, best_val_km = ? WHERE id = ?", e));
    stmt_i64(st, 1, best->epoch);
    stmt_f64(st, 2, best->km);
    stmt_i64(st, 3, id);
    TRY(stmt_run(st, e));
    TRY(db_commit(db, e));
out:
    stmt_free(st);
    db_rollback(db);
    return rc;
}

int record_finish(struct db *db, int64_t id, double test_km, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    char now[21];
    time_utc(now);
    TRY(db_prepare(db, &st,
                   "UPDATE run SET state = 'finished', test_km = ?, finished = ? WHERE id = ?", e));
    stmt_f64(st, 1, test_km);
    stmt_text(st, 2, now);
    stmt_i64(st, 3, id);
    TRY(stmt_run(st, e));
out:
    stmt_free(st);
    return rc;
}
