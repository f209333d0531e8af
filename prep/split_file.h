/* SPDX-License-Identifier: MIT */
/* A split that somebody gives: a table with the columns uuid and part. */
#ifndef PREP_SPLIT_FILE_H
#define PREP_SPLIT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/hash.h"
#include "prep/split_parts.h"

struct split_row {
    const char *uuid; /* view of the text */
    size_t line;
    uint8_t part; /* index into the parts, or SPLIT_IN_BUFFER */
    bool found;   /* a location has this uuid */
};

struct split_file {
    uint8_t *text;         /* owned */
    struct split_row *row; /* [n] owned, by uuid */
    size_t n;
    char sha256[SHA256_HEX_SIZE]; /* of the file's bytes */
};

/* split_file_read - the parts are those that the file names, 'train' and others. ERR_INPUT names
 * the line of a bad row, or of a uuid that is there twice. */
int split_file_read(const char *path, struct split_file *f, struct split_parts *parts,
                    struct err *e);
void split_file_release(struct split_file *f);

/* split_file_part - the part of a location, which counts as found; SPLIT_IN_NONE when the file does
 * not have it. */
uint8_t split_file_part(struct split_file *f, const char *uuid);

#endif
