/* SPDX-License-Identifier: MIT */
/* What gdje-hash finds out about one file. */
#ifndef PREP_HASH_READ_H
#define PREP_HASH_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/hash.h"
#include "core/image.h"

enum hash_state { HASH_OK, HASH_MISSING, HASH_CORRUPT };

struct hash_result {
    enum hash_state state;
    char detail[256];             /* why it is not ok */
    char sha256[SHA256_HEX_SIZE]; /* "" when the file could not be read */
    uint64_t dhash;               /* of ok ones */
    int width, height;            /* of ok ones, as decoded */
    int64_t n_bytes, mtime_ns;    /* 0 for missing ones */
};

/* hash_dhash - see hash.h. */
int hash_dhash(const struct image *img, uint64_t *dhash, struct err *e);

/* hash_is_flat - whether a dhash says too little. */
bool hash_is_flat(uint64_t dhash);

/* hash_distance - bits that differ. */
int hash_distance(uint64_t a, uint64_t b);

/* hash_stat - length and modification time of a file; state HASH_MISSING when there is none,
 * HASH_CORRUPT when it is no regular file. */
void hash_stat(const char *path, struct hash_result *r);

/* hash_file - read and decode. What is wrong with the file is in *r; -1 only for what is not the
 * file's fault. Threads: safe. */
int hash_file(const char *path, struct hash_result *r, struct err *e);

#endif
