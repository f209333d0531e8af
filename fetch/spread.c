/* SPDX-License-Identifier: MIT */
#include "fetch/spread.h"

#include <math.h>
#include <stdlib.h>

#define FIRST_SQUARES 1024

struct spread_square {
    int64_t col, row;
    struct xy at;
    bool used;
};

void spread_init(struct spread *s, double distance_m)
{
    *s = (struct spread){.distance_m = distance_m, .side_m = distance_m / sqrt(2)};
}

void spread_release(struct spread *s)
{
    free(s->square);
    *s = (struct spread){0};
}

/* The square's place in the table, or the free place where it would go. */
static struct spread_square *find(const struct spread *s, int64_t col, int64_t row)
{
    uint64_t h = (uint64_t)col * 0x9E3779B97F4A7C15u ^ (uint64_t)row * 0xC2B2AE3D27D4EB4Fu;
    size_t i = (size_t)(h ^ h >> 32) & (s->n_squares - 1);
    while (s->square[i].used && (s->square[i].col != col || s->square[i].row != row)) {
        i = (i + 1) & (s->n_squares - 1);
    }
    return &s->square[i];
}

/* Room for one more. */
static int grow(struct spread *s, struct err *e)
{
    struct spread old = *s;
    if (s->n_points < s->n_squares / 2) {
        return 0;
    }
    s->n_squares = old.n_squares ? 2 * old.n_squares : FIRST_SQUARES;
    s->square = calloc(s->n_squares, sizeof *s->square);
    if (!s->square) {
        *s = old;
        return err_nomem(e, "the points");
    }
    for (size_t i = 0; i < old.n_squares; i++) {
        if (old.square[i].used) {
            *find(s, old.square[i].col, old.square[i].row) = old.square[i];
        }
    }
    free(old.square);
    return 0;
}

int spread_add(struct spread *s, struct xy p, bool *added, struct err *e)
{
    int64_t col = (int64_t)floor(p.x / s->side_m);
    int64_t row = (int64_t)floor(p.y / s->side_m);
    *added = false;
    for (int64_t r = row - 2; s->n_points > 0 && r <= row + 2; r++) {
        for (int64_t c = col - 2; c <= col + 2; c++) {
            const struct spread_square *q = find(s, c, r);
            if (q->used && hypot(q->at.x - p.x, q->at.y - p.y) < s->distance_m) {
                return 0;
            }
        }
    }
    if (grow(s, e) != 0) {
        return -1;
    }
    *find(s, col, row) = (struct spread_square){col, row, p, true};
    s->n_points++;
    *added = true;
    return 0;
}
