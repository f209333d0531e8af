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
#include "core/hash.h"
#include "core/nearest.h"
#include "prep/split_parts.h"

/* The parts that projections and grids count by. */
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
    int64_t stratum;             /* within which split_exact keeps the shares */
    uint8_t part;                /* index into struct split_parts, SPLIT_IN_BUFFER, SPLIT_IN_NONE */
};

/* split_key - the first bytes of SHA-256(seed as 8 bytes little-endian, group key). s: any, anew. */
void split_key(struct sha256 *s, uint64_t seed, const char *group, uint8_t key[SPLIT_KEY_SIZE]);

/* split_hash_part - a digest's first 53 bits as a number in [0, 1), and the part whose share that
 * is in. */
uint8_t split_hash_part(const uint8_t *digest, const struct split_parts *parts);

/* split_by_hash - part of each item from its key alone. */
void split_by_hash(struct split_item *item, size_t n, const struct split_parts *parts);

/*
 * split_by_block - parts from cells of the ground: rows of block_km of latitude, each cut into equal
 * cells about block_km wide at the row's middle. A group lies where its item with the lowest id
 * lies. A block's part comes from SHA-256(seed, row, column).
 */
int split_by_block(struct split_item *item, size_t n, const struct split_parts *parts,
                   uint64_t seed, double block_km, struct err *e);

/* split_buffer - items of the part train nearer than buffer_km to one of another part become
 * SPLIT_IN_BUFFER. */
int split_buffer(struct split_item *item, size_t n, int train, double buffer_km, struct err *e);

/* split_tree - over the items of the part train; when that is -1, of all parts but except and the
 * buffer. *t stays NULL when there are none. */
int split_tree(const struct split_item *item, size_t n, int train, int except, struct nearest **t,
               struct err *e);

/* split_count_torn - how many groups have items in several parts, the buffer aside. */
int split_count_torn(const struct split_item *item, size_t n, size_t *n_torn, struct err *e);

#endif
