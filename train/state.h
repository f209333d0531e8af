/* SPDX-License-Identifier: MIT */
/* Where a run stands after an epoch: with weights and moments, all that a resume needs. Random
 * numbers need no state, they are counted by epoch and location. */
#ifndef TRAIN_STATE_H
#define TRAIN_STATE_H

#include <stdint.h>

#include "core/err.h"
#include "train/schedule.h"

struct train_state {
    int epoch; /* epochs done */
    int n_blocks;
    int64_t *steps;              /* [n_blocks] optimiser steps a block has taken; owned */
    double lr_head, lr_backbone; /* before the scheduler's step of the next epoch */
    struct plateau plateau;
    int best_epoch; /* 0: none */
    double best_km; /* INFINITY: none */
};

int state_new(struct train_state *s, int n_blocks, struct err *e);
void state_release(struct train_state *s);

/* state_text - JSON, owned (free). state_parse - into a state made by state_new; ERR_INPUT when it
 * is not one or counts other blocks. Numbers survive to the bit. */
int state_text(const struct train_state *s, char **text, struct err *e);
int state_parse(const char *text, struct train_state *s, struct err *e);

#endif
