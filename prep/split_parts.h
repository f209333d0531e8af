/* SPDX-License-Identifier: MIT */
/* The parts of a split: their names and their shares. */
#ifndef PREP_SPLIT_PARTS_H
#define PREP_SPLIT_PARTS_H

#include <stdint.h>

#include "core/err.h"

#define SPLIT_MAX_PARTS 64
#define SPLIT_NAME_SIZE 33 /* with the final NUL */

/* What an item's part can be besides 0 .. n-1. */
#define SPLIT_IN_BUFFER 254
#define SPLIT_IN_NONE   255

struct split_parts {
    int n;
    char name[SPLIT_MAX_PARTS][SPLIT_NAME_SIZE];
    double share[SPLIT_MAX_PARTS]; /* of 1 */
    int train;                     /* index of the part called 'train'; -1: there is none */
};

/* split_parts_ratios - "80/10/10": train, val, test; three positive numbers in any unit.
 * split_parts_list - "train=70,val=10,calibration=10,test=10"; one must be 'train'.
 * Both ERR_USAGE. */
int split_parts_ratios(const char *text, struct split_parts *p, struct err *e);
int split_parts_list(const char *text, struct split_parts *p, struct err *e);

/* split_parts_folds - k equal parts fold0 .. fold<k-1>; 2 <= k <= SPLIT_MAX_PARTS. */
void split_parts_folds(int k, struct split_parts *p);

/* split_parts_add - the index of the part of that name, added (with no share) when it is new;
 * SPLIT_IN_BUFFER for 'buffer'. *p starts as SPLIT_PARTS_NONE. ERR_INPUT: a bad name, or too many. */
int split_parts_add(struct split_parts *p, const char *name, uint8_t *part, struct err *e);

#define SPLIT_PARTS_NONE \
    {                    \
        .train = -1      \
    }

/* split_parts_name - of any value that an item in the split can have. View. */
const char *split_parts_name(const struct split_parts *p, uint8_t part);

/* split_parts_at - the part whose share of [0, 1) u lies in. */
uint8_t split_parts_at(const struct split_parts *p, double u);

#endif
