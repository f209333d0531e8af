/* SPDX-License-Identifier: MIT */
/*
 * The word that somebody may have meant: for messages about a word that is not known.
 *
 *     const struct closest c = closest_start("cuont");
 *     for (...) { closest_try(&c, name[i]); }
 *     if (c.best) { "did you mean '%s'?" }
 */
#ifndef CORE_CLOSEST_H
#define CORE_CLOSEST_H

#include <stddef.h>

struct closest {
    const char *word;
    size_t n;         /* letters of it */
    const char *best; /* NULL: none of those tried is near. View. */
    int distance;     /* of the best; at first, one too many */
};

/* closest_start - among words with one mistake, and one more for every four letters. */
struct closest closest_start(const char *word, size_t n);

/* closest_try - of words equally near the one tried first is kept. */
void closest_try(struct closest *c, const char *candidate);

#endif
