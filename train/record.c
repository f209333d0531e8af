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

/* Ids count from 1: 0 is none. */
int record_create(struct db *db, const struct record_new *n, int64_t *id, struct err *e)
{
    int rc = -1;
    char now[21];
    time_utc(now);
    TRY(db_begin(db, e));
    TRY(db_run(db, e, "DELETE FROM run WHERE name = ?", DB_TEXT(n->prefs->name)));
    TRY(db_run(
        db, e,
        "INSERT INTO run (name, task, arch, backend, precision, arguments, config,"
        " versions, seed, scheme_id, grid_id, projection_id, state, started)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0), nullif(?, 0), nullif(?, 0), 'running', ?)",
        DB_TEXT(n->prefs->name), DB_TEXT(task_name(n->data->task)), DB_TEXT(n->prefs->arch),
        DB_TEXT(n->backend), DB_TEXT(prefs_precisions[n->prefs->precision]),
        DB_TEXT(n->cli->command_line), DB_TEXT(n->config), DB_TEXT(n->versions),
        DB_I64(n->prefs->seed), DB_I64(n->data->scheme_id), DB_I64(n->data->grid_id),
        DB_I64(n->data->projection_id), DB_TEXT(now)));
    *id = db_last_id(db);
    TRY(db_commit(db, e));
out:
    db_rollback(db);
    return rc;
}

static int set_state(struct db *db, int64_t id, const char *state, struct err *e)
{
    return db_run(db, e, "UPDATE run SET state = ?, finished = NULL WHERE id = ?", DB_TEXT(state),
                  DB_I64(id));
}

int record_resume(struct db *db, int64_t id, int epoch, struct err *e)
{
    int rc = -1;
    TRY(db_begin(db, e));
    TRY(db_run(db, e, "DELETE FROM epoch WHERE run_id = ? AND epoch > ?", DB_I64(id),
               DB_I64(epoch)));
    TRY(set_state(db, id, "running", e));
    TRY(db_commit(db, e));
out:
    db_rollback(db);
    return rc;
}

int record_interrupted(struct db *db, int64_t id, struct err *e)
{
    return set_state(db, id, "interrupted", e);
}

int record_epoch(struct db *db, int64_t id, const struct epoch_row *r, struct err *e)
{
    return db_run(db, e,
                  "INSERT OR REPLACE INTO epoch (run_id, epoch, lr_backbone, lr_head, train_loss,"
                  " train_accuracy, val_loss, val_accuracy, val_f1, val_km, seconds,"
                  " images_per_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  DB_I64(id), DB_I64(r->epoch), DB_F64(r->lr_backbone), DB_F64(r->lr_head),
                  DB_F64(r->train_loss), DB_F64(r->train_accuracy), DB_F64(r->val_loss),
                  DB_F64(r->val_accuracy), DB_F64(r->val_f1), DB_F64(r->val_km), DB_F64(r->seconds),
                  DB_F64(r->images_per_s));
}

static int put_checkpoint(struct db *db, int64_t id, const struct checkpoint_row *c, struct err *e)
{
    return db_run(db, e,
                  "INSERT OR REPLACE INTO checkpoint (run_id, kind, epoch, path, sha256, val_km)"
                  " VALUES (?, ?, ?, ?, ?, ?)",
                  DB_I64(id), DB_TEXT(c->kind), DB_I64(c->epoch), DB_TEXT(c->path),
                  DB_TEXT(c->sha256), DB_F64(c->km));
}

int record_checkpoints(struct db *db, int64_t id, const struct checkpoint_row *best,
                       const struct checkpoint_row *last, struct err *e)
{
    int rc = -1;
    TRY(db_begin(db, e));
    TRY(put_checkpoint(db, id, best, e));
    if (last->epoch > 0) {
        TRY(put_checkpoint(db, id, last, e));
    }
    TRY(db_run(db, e, "UPDATE run SET best_epoch = ?, best_val_km = ? WHERE id = ?",
               DB_I64(best->epoch), DB_F64(best->km), DB_I64(id)));
    TRY(db_commit(db, e));
out:
    db_rollback(db);
    return rc;
}

int record_finish(struct db *db, int64_t id, double test_km, struct err *e)
{
    char now[21];
    time_utc(now);
    return db_run(db, e,
                  "UPDATE run SET state = 'finished', test_km = ?, finished = ? WHERE id = ?",
                  DB_F64(test_km), DB_TEXT(now), DB_I64(id));
}
