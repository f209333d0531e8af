/* SPDX-License-Identifier: MIT */
/*
 * gdje-hash: reads every image of the catalog once, and finds pictures that are in it twice.
 *
 * image_hash gets, per image, its SHA-256, its size in pixels as decoded, its dhash, and whether all
 * of it could be decoded. Files of the same length and modification time are not read again.
 *
 * dhash is 64 bits: the picture reduced to 9 x 8 grey pixels; bit 8 y + x (from the lowest) is set
 * when pixel (x, y) is brighter than (x + 1, y) by more than 2 of 255. Differences below that are
 * noise in flat skies, which re-encoding would flip. A dhash of fewer than 8 or more than 56 ones is
 * flat: a plain surface or a placeholder, which says nothing about two pictures being the same.
 *
 * Two images are exact duplicates when their bytes are the same. Two locations are near duplicates
 * when every view that both have differs in at most --near-bits bits, and two of these views at
 * least are not flat; or one that is not flat, if the locations are within --near of each other (a
 * single picture's 64 bits are too few to find it among all others). Both kinds are in duplicate;
 * grouping joins the locations of near duplicates, of exact ones that are not flat, and those with
 * one group_key.
 */
#ifndef PREP_HASH_H
#define PREP_HASH_H

#include <stdint.h>

#include "core/err.h"
#include "core/tool.h"

#define HASH_MIN_ONES 8
#define HASH_MAX_ONES 56

struct hash_prefs {
    int64_t near_bits;
    double near_m;
    int64_t threads; /* 0: all cores */
};

#define HASH_PREFS_DEFAULT             \
    {                                  \
        .near_bits = 3, .near_m = 1000 \
    }

/* hash_run - the tool: images that cannot be used as TSV on stdout, counts on stderr. */
int hash_run(const struct cli *cli, const struct hash_prefs *prefs, struct err *e);

#endif
