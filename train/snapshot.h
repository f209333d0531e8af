/* SPDX-License-Identifier: MIT */
/*
 * The two checkpoint files of a run. After an epoch best.safetensors is written when the epoch is
 * the best so far, then last.safetensors with moments and state, unless that was done only a short
 * while ago: it is three times as large. best may thus be of a later epoch than last; a run that
 * resumes from last makes the same best again.
 */
#ifndef TRAIN_SNAPSHOT_H
#define TRAIN_SNAPSHOT_H

#include <stdbool.h>

#include "core/err.h"
#include "train/dataset.h"
#include "train/network.h"
#include "train/record.h"
#include "train/run_dir.h"
#include "train/state.h"

struct snapshot {
    struct network *net; /* borrowed, as the next two */
    const struct dataset *data;
    const struct run_dir *dir;
    char *config;                     /* owned, as the next three */
    float *value, *moment1, *moment2; /* [n_floats] */
    struct checkpoint_row best, last; /* as they are on disk */
};

int snapshot_init(struct snapshot *s, struct network *net, const struct dataset *d,
                  const struct run_dir *dir, const char *config, struct err *e);
void snapshot_release(struct snapshot *s);

/* snapshot_save - best if asked, then last if asked; val_km is this epoch's. */
int snapshot_save(struct snapshot *s, const struct train_state *state, double val_km, bool best,
                  bool last, struct err *e);

/* snapshot_resume - put the network and the state where last.safetensors was written.
 * ERR_INPUT when it is damaged or of another run. */
int snapshot_resume(struct snapshot *s, struct train_state *state, struct err *e);

/* snapshot_load_best - the best weights into the network. */
int snapshot_load_best(struct snapshot *s, struct err *e);

/* snapshot_start - the weights a new run begins with: initial ones, then those of --weights. */
int snapshot_start(struct snapshot *s, const struct train_prefs *prefs, struct err *e);

#endif
