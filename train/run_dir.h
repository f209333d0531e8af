/* SPDX-License-Identifier: MIT */
/* A run's folder: best.safetensors, last.safetensors, and a lock that one process holds. */
#ifndef TRAIN_RUN_DIR_H
#define TRAIN_RUN_DIR_H

#include "core/err.h"
#include "sql/db.h"

struct run_dir {
    char *dir;                       /* owned, as all here */
    char *best, *last;               /* to open */
    char *best_stored, *last_stored; /* as the catalog records them: relative to its folder when
                                        the runs are there, else absolute */
    int lock_fd;
};

/* run_dir_name - parent NULL: run/ beside the catalog. Nothing is created. */
int run_dir_name(struct run_dir *r, const struct db *db, const char *parent, const char *name,
                 struct err *e);

/* run_dir_lock - create the folder and lock it; ERR_SYSTEM when another process trains there. */
int run_dir_lock(struct run_dir *r, const char *name, struct err *e);

/* run_dir_clear - remove both checkpoints. */
int run_dir_clear(const struct run_dir *r, struct err *e);
void run_dir_release(struct run_dir *r); /* unlocks; the files stay */

#endif
