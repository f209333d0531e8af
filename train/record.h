/* SPDX-License-Identifier: MIT */
/* A run in the catalog: its rows in run, epoch and checkpoint, each change one transaction. */
#ifndef TRAIN_RECORD_H
#define TRAIN_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/tool.h"
#include "sql/db.h"
#include "train/dataset.h"
#include "train/prefs.h"

struct record {
    int64_t id;
    char *config; /* JSON, owned */
    bool finished;
    char best_sha256[65]; /* of the recorded best checkpoint; "" when there is none */
    char *best_path;      /* as stored, owned; NULL: none */
    int best_epoch;
    double best_km, test_km;
};

/* record_find - *found false when there is no run of that name. Fills *r, owned: record_release. */
int record_find(struct db *db, const char *name, struct record *r, bool *found, struct err *e);
void record_release(struct record *r);

struct record_new {
    const struct cli *cli;
    const struct train_prefs *prefs;
    const struct dataset *data;
    const char *config, *backend, *versions;
};

/* record_create - a new running run in place of the one of that name and all that hangs on it. */
int record_create(struct db *db, const struct record_new *n, int64_t *id, struct err *e);

/* record_resume - it runs, and rows of epochs after the given one are gone. */
int record_resume(struct db *db, int64_t id, int epoch, struct err *e);

/* record_interrupted - it stopped; the same command goes on. */
int record_interrupted(struct db *db, int64_t id, struct err *e);

struct epoch_row {
    int epoch;
    double lr_backbone, lr_head;
    double train_loss, train_accuracy;
    double val_loss, val_accuracy, val_f1, val_km;
    double seconds, images_per_s;
};

/* record_epoch - replaces the row of that epoch: a resumed run computes it again. */
int record_epoch(struct db *db, int64_t id, const struct epoch_row *r, struct err *e);

struct checkpoint_row {
    const char *kind; /* best, last */
    int epoch;
    const char *path; /* as stored */
    char sha256[65];
    double km;
};

/* record_checkpoints - best and last as they are on disk (last may not be there yet: epoch 0), and
 * the run's best epoch. */
int record_checkpoints(struct db *db, int64_t id, const struct checkpoint_row *best,
                       const struct checkpoint_row *last, struct err *e);

/* record_finish - the score of the test part (NAN: it is empty) and the end. */
int record_finish(struct db *db, int64_t id, double test_km, struct err *e);

#endif
