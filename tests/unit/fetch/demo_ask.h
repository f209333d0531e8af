/* SPDX-License-Identifier: MIT */
/* Asking the demo's protocols without a server, for their tests. */
#ifndef TESTS_FETCH_DEMO_ASK_H
#define TESTS_FETCH_DEMO_ASK_H

#include <jansson.h>

#include "fetch/demo/protocol.h"
#include "tests/unit/fetch/demo_world.h"

/* A row of what is asked and what must come back. */
struct row {
    const char *target;
    int status;
    const char *type; /* how it begins */
    const char *says; /* somewhere in a text; NULL for pictures */
};

struct protocol ask_protocol(const struct world *w);

/* Returned answers are owned (answer_release), JSON too (json_decref). */
struct answer ask_for(struct protocol *p, const struct ask *ask);
struct answer ask_target(struct protocol *p, const char *target);
json_t *ask_json(struct protocol *p, const char *target, int status);

/* The list of that name in the JSON that comes with 200, owned; the text of a member, a view. */
json_t *ask_list(struct protocol *p, const char *target, const char *name);
const char *ask_text(const json_t *o, const char *name);

void ask_rows(struct protocol *p, const struct row *row, size_t n);
#define ASK_ROWS(p, row) ask_rows(p, row, sizeof(row) / sizeof((row)[0]))

#endif
