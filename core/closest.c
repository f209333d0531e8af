/* SPDX-License-Identifier: MIT */
/* Spelling mistakes: see closest.h. */
#include "core/closest.h"

#include <string.h>

#define MAX_WORD 40

static int min(int a, int b)
{
    return a < b ? a : b;
}

/*
 * Letters added, dropped, replaced, or exchanged with their neighbour, as the least number of such
 * mistakes between a and b: Damerau-Levenshtein distance in its restricted form (Boytsov 2011,
 * "Indexing methods for approximate dictionary searching", section 2.2).
 */
static int distance(const char *a, size_t n, const char *b, size_t m)
{
    int d[MAX_WORD + 1][MAX_WORD + 1];
    for (size_t i = 0; i <= n; i++) {
        d[i][0] = (int)i;
    }
    for (size_t j = 0; j <= m; j++) {
        d[0][j] = (int)j;
    }
    for (size_t i = 1; i <= n; i++) {
        for (size_t j = 1; j <= m; j++) {
            d[i][j] =
                min(min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                d[i][j] = min(d[i][j], d[i - 2][j - 2] + 1);
            }
        }
    }
    return d[n][m];
}

struct closest closest_start(const char *word, size_t n)
{
    return (struct closest){.word = word, .n = n, .distance = (int)n / 4 + 2};
}

void closest_try(struct closest *c, const char *candidate)
{
    const size_t m = strlen(candidate);
    if (c->n > MAX_WORD || m > MAX_WORD) {
        return;
    }
    const int d = distance(c->word, c->n, candidate, m);
    if (d < c->distance) {
        c->distance = d;
        c->best = candidate;
    }
}
