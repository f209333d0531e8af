/* SPDX-License-Identifier: MIT */
/* Finding duplicates among images that have been hashed; the rule is in hash.h. Pure: arrays in,
 * arrays out. */
#ifndef PREP_HASH_MATCH_H
#define PREP_HASH_MATCH_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "core/hash.h"
#include "prep/groups.h"

#define HASH_VIEWS 4

struct hash_image {
    int64_t id;
    size_t location; /* index */
    int view;
    uint8_t sha256[SHA256_SIZE];
    uint64_t dhash;
    int64_t of;   /* OUT: the image with the smallest id that it duplicates, 0: none */
    int distance; /* OUT: in bits, of the two dhashes */
    int exact;    /* OUT: whether the bytes are the same */
};

struct hash_location {
    int64_t id;
    struct lonlat at;                     /* {NAN, NAN}: unknown */
    struct hash_image *image[HASH_VIEWS]; /* NULL: absent or not ok */
};

/*
 * hash_match - mark duplicates and join their locations.
 *
 *   location  [n_locations], ascending ids; image pointers set
 *   image     [n_images], ascending ids; of = 0
 *   g         n_locations groups; joined further
 *
 * Near duplicates are looked for among locations that agree in 16 bits of a view's dhash, which finds
 * every pair up to 3 bits apart, unless more than 64 lie between them in the order of dhashes.
 */
int hash_match(struct hash_location *location, size_t n_locations, struct hash_image *image,
               size_t n_images, int near_bits, double near_km, struct groups *g, struct err *e);

#endif
