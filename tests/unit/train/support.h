/* SPDX-License-Identifier: MIT */
/* A tiny world for the trainer's tests: a folder with a catalog and a pack, made from formulas. */
#ifndef TESTS_UNIT_TRAIN_SUPPORT_H
#define TESTS_UNIT_TRAIN_SUPPORT_H

#include "core/tool.h"
#include "sql/db.h"
#include "train/prefs.h"

#define WORLD_LOCATIONS 20 /* ids 1 .. 20; of five, three are train, one val, one test */
#define WORLD_CLASSES   4  /* quarters of a square about 16 E, 45 N */
#define WORLD_SIZE_PX   8
#define WORLD_VIEWS     2

struct world {
    char dir[64], catalog[96], pack[96], run_dir[96];
    struct cli cli;
};

/* world_new - pictures are coloured by place, under noise. Location 4 (val) is in no class,
 * location 6 (train) neither, location 7 lacks its second view. */
void world_new(struct world *w);
void world_remove(struct world *w);

/* The world of a test, new for each. */
extern struct world world;
int world_setup(void **state);
int world_teardown(void **state);

struct db *world_open(const struct world *w);

/* world_prefs - two epochs of resnet18 in steps of up to 6 locations, on the cpu where it was
 * built in, else on ref; run "r". */
struct train_prefs world_prefs(const struct world *w);

int64_t world_i64(const struct world *w, const char *sql); /* one value; fails without one */
double world_f64(const struct world *w, const char *sql);
void world_exec(const struct world *w, const char *sql);

#endif
