/* SPDX-License-Identifier: MIT */
/* Union-find: things that are joined step by step, and which group each ends in. */
#ifndef PREP_GROUPS_H
#define PREP_GROUPS_H

#include <stddef.h>

#include "core/err.h"

struct groups {
    size_t *parent; /* [n], owned */
    size_t n;
};

int groups_init(struct groups *g, size_t n, struct err *e);
void groups_release(struct groups *g);

/* groups_find - the smallest member of i's group, whatever the order of joins was. */
size_t groups_find(struct groups *g, size_t i);
void groups_join(struct groups *g, size_t a, size_t b);

#endif
