/* SPDX-License-Identifier: MIT */
/* The synthetic country of seed 1 over the committed border, for the tests of gdje-demo. */
#ifndef TESTS_FETCH_DEMO_WORLD_H
#define TESTS_FETCH_DEMO_WORLD_H

#include "fetch/demo/panorama.h"

struct world {
    struct border *border;
    struct country *country;
};

/* cmocka's group set-up and tear-down: *state is a struct world. */
int world_open(void **state);
int world_close(void **state);

/* The i-th of an endless row of random points inside the border, uniform on the ground; i moves on. */
struct lonlat world_point(const struct world *w, const char *stream, uint64_t *i);

#endif
