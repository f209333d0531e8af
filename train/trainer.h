/* SPDX-License-Identifier: MIT */
/*
 * A training run from beginning to end: data, network, epochs, validation, checkpoints, the test.
 *
 * A run is known by its name. The same name with the same configuration goes on where it stopped,
 * or has nothing to do when it is finished; with another one it is refused unless --restart.
 * Stopped at any moment it resumes from its last checkpoint to the same bits, on the same machine with
 * the same number of threads.
 */
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include "core/err.h"
#include "core/tool.h"
#include "train/prefs.h"

/* train_run - the product on stdout is a TSV line per epoch. prefs are completed. */
int train_run(const struct cli *cli, struct train_prefs *prefs, struct err *e);

#endif
