/* SPDX-License-Identifier: MIT */
/* What the user asks of gdje-train: the targets of its option table. */
#ifndef TRAIN_PREFS_H
#define TRAIN_PREFS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "train/augment.h"

enum scheduler { SCHEDULER_NONE, SCHEDULER_PLATEAU, SCHEDULER_COSINE };

struct train_prefs {
    const char *pack, *name; /* required */
    const char *split, *grid, *projection;
    const char *weights; /* NULL: from scratch */
    const char *run_dir; /* NULL: run/ beside the catalog */
    const char *backend;
    const char *arch;
    int task;      /* enum task */
    int precision; /* enum precision */
    int optimiser; /* enum optimiser */
    int scheduler; /* enum scheduler */
    int64_t epochs, batch, unfreeze_epoch, threads, seed;
    double lr_head, lr_backbone, weight_decay;
    double factor, min_lr; /* plateau */
    int64_t patience;
    double warmup_epochs; /* cosine */
    double smooth_km, label_smoothing;
    bool augment;
    struct augment_prefs how;
    double save_every_s;
    bool resume, restart;
    bool lr_backbone_given, unfreeze_given;
};

#define TRAIN_PREFS_DEFAULT                                                                       \
    {                                                                                             \
        .split = "default", .grid = "default", .projection = "default", .backend = "auto",        \
        .arch = "resnet18", .scheduler = SCHEDULER_PLATEAU, .epochs = 30, .batch = 32, .seed = 1, \
        .lr_head = 1e-3, .lr_backbone = 1e-3, .factor = 0.5, .min_lr = 1e-6, .patience = 3,       \
        .warmup_epochs = 1, .augment = true, .how = AUGMENT_PREFS_DEFAULT, .save_every_s = 20,    \
        .resume = true                                                                            \
    }

/* The names of choices, in the order of their enums, NULL-terminated. */
extern const char *const prefs_tasks[];
extern const char *const prefs_precisions[];
extern const char *const prefs_optimisers[];
extern const char *const prefs_schedulers[];

/*
 * prefs_complete - fill in what depends on other options and refuse what contradicts itself.
 * From scratch everything learns from the first epoch at one rate; with pretrained weights the
 * head learns alone for two epochs, and the backbone then at a tenth of its rate. ERR_USAGE.
 */
int prefs_complete(struct train_prefs *p, struct err *e);

#endif
