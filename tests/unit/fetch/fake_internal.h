/* SPDX-License-Identifier: MIT */
/* What fake.c (connections, faults, Street View) and fake_items.c (Mapillary, Panoramax) share. */
#ifndef TESTS_FETCH_FAKE_INTERNAL_H
#define TESTS_FETCH_FAKE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/fetch/fake.h"

struct connection {
    double due_s; /* when the request in `in` is to be answered; 0: none yet */
    double drip_s;
    size_t n_in;
    int fd;       /* -1: free */
    bool stalled; /* will never be answered */
    bool dripping;
    char in[8192];
};

extern struct world *world;

void fake_answer(int fd, int status, const char *type, const void *body, size_t n);
void fake_text(int fd, int status, const char *type, const char *text);

/* fake_misbehave - the answer, with the fault if there is one. fake_strikes - whether trouble
 * strikes the n_seen-th request. */
void fake_misbehave(struct connection *c, const struct trouble *t, const char *type,
                    const void *body, size_t n);
bool fake_strikes(const struct trouble *t, bool on_view, int n_seen);

/* fake_picture - of item k; a view. */
const uint8_t *fake_picture(int k, size_t *n);

/* fake_items - answer what Mapillary or Panoramax would be asked; false: something else. */
bool fake_items(struct connection *c, const char *target);

#endif
