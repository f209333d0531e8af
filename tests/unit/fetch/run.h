/* SPDX-License-Identifier: MIT */
/* What tests of gdje-fetch share: a catalog and a fake provider in a fresh folder, a run, and what
 * must hold after each. setup and teardown are cmocka's. */
#ifndef TESTS_UNIT_FETCH_RUN_H
#define TESTS_UNIT_FETCH_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "fetch/fetch.h"
#include "tests/unit/fetch/fake.h"

extern struct fake fake;
extern char run_dir[64];
extern char run_catalog[128];
extern struct fetch_prefs run_prefs;
extern struct err run_err; /* of the last run */

void exec_sql(const char *sql);
int64_t get(const char *sql);
void queue_points(int n);
int setup(void **state);
int teardown(void **state);
int run(void);
void run_ok(void);
/* run_child - in a process of its own, which is sent signal s (0: none) after so long; its status. */
int run_child(double after_s, int s);
void run_fails(enum err_kind kind, const char *words);
struct trouble *trouble(int k, enum fault fault, bool on_view, int times);
void set_json(int k, const char *body, int times);
void assert_consistent(void);
int64_t n_state(const char *state);
void assert_states(int done, int no_imagery, int duplicate, int failed, int left);
int n_asked(const int *counts); /* requests that the provider has seen */
void remove_tree(const char *path);

/* SPENT - requests of a kind that the catalog has counted. */
#define SPENT(kind) get("SELECT total(n_requests) FROM spend WHERE kind = '" kind "'")

#endif
