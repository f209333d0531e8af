/* SPDX-License-Identifier: MIT */
/*
 * Which part a location belongs to, as a pure function of its group key (or of its block on the
 * ground) and the seed: adding or removing other locations moves nothing.
 */
#ifndef PREP_SPLIT_ASSIGN_H
#define PREP_SPLIT_ASSIGN_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"

enum split_part { SPLIT_TRAIN, SPLIT_VAL, SPLIT_TEST, SPLIT_BUFFER, SPLIT_COUNT };

/* split_part_name - "train", "val", "test", "buffer"; split_part_of - the reverse, SPLIT_COUNT for
 * any other text or NULL. */
const char *split_part_name(enum split_part part);
enum split_part split_part_of(const char *name);

#define SPLIT_KEY_SIZE 16

struct split_item {
    int64_t id;
    struct lonlat at;
    uint8_t key[SPLIT_KEY_SIZE]; /* of the group, keyed by the seed: split_key */
    uint8_t part;                /* enum split_part */
};

/* Upper ends of the parts' shares of [0, 1): the last is 1. */
struct split_ratios {
    double end[3];
};

/* split_ratios_parse - "80/10/10": three positive numbers in any unit. ERR_USAGE. */
int split_ratios_parse(const char *text, struct split_ratios *r, struct err *e);

/* split_key - the first bytes of SHA-256(seed as 8 bytes little-endian, group key). */
int split_key(uint64_t seed, const char *group, uint8_t key[SPLIT_KEY_SIZE], struct err *e);

/* split_by_hash - part of each item from its key alone. */
void split_by_hash(struct split_item *item, size_t n, const struct split_ratios *r);

/*
 * split_by_block - parts from cells of the ground: rows of block_km of latitude, each cut into equal
 * cells about block_km wide at the row's middle. A group lies where its item with the lowest id
 * lies. A block's part comes from SHA-256(seed, row, column).
 */
int split_by_block(struct split_item *item, size_t n, const struct split_ratios *r, uint64_t seed,
                   double block_km, struct err *e);

/* split_buffer - train items nearer than buffer_km to one of val or test become SPLIT_BUFFER. */
int split_buffer(struct split_item *item, size_t n, double buffer_km, struct err *e);

/* Distance from the locations of a part to their nearest train location. */
struct split_distance {
    size_t n;
    double p10_km, p50_km, p90_km;          /* linear between order statistics; NAN when n is 0 */
    double share_50m, share_1km, share_5km; /* of n, not farther than */
};

/* split_distances - out[SPLIT_COUNT]; filled for val and test when there is a train location. */
int split_distances(const struct split_item *item, size_t n, struct split_distance *out,
                    struct err *e);

#endif
