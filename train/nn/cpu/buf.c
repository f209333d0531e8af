/* SPDX-License-Identifier: MIT */
/*
 * Buffers of a program. Those that are not alive at the same time may share memory: the largest
 * first, each at the lowest place where no already placed buffer with an overlapping lifetime is
 * (greedy by size: Pisarchyk, Lee 2020, "Efficient memory management for deep neural net
 * inference", section 5.2).
 */
#include <stdlib.h>
#include <string.h>

#include "core/vec.h"
#include "train/nn/cpu/plan.h"

#define ALIGN ((size_t)64)

static size_t round_up(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

void *mem_new(size_t n_bytes)
{
    const size_t n = round_up(n_bytes > 0 ? n_bytes : 1);
    void *p = n < n_bytes ? NULL : aligned_alloc(ALIGN, n);
    if (p) {
        memset(p, 0, n);
    }
    return p;
}

static int buf_add(struct program *p, struct buf b, struct err *e)
{
    if (vec_room(&p->buf, (size_t)p->n_bufs, &p->cap_bufs, sizeof *p->buf, "a plan", e) != 0) {
        return -1;
    }
    p->buf[p->n_bufs] = b;
    return p->n_bufs++;
}

int buf_new(struct program *p, size_t n_bytes, int time, struct err *e)
{
    return buf_add(p, (struct buf){.n_bytes = round_up(n_bytes), .first = time, .last = time}, e);
}

int buf_new_kept(struct program *p, size_t n_bytes, struct err *e)
{
    return buf_add(p, (struct buf){.n_bytes = round_up(n_bytes), .keeps = true}, e);
}

void buf_touch(struct program *p, int buf, int time)
{
    struct buf *b = &p->buf[buf];
    b->first = time < b->first ? time : b->first;
    b->last = time > b->last ? time : b->last;
}

void buf_grow(struct program *p, int buf, size_t n_bytes)
{
    struct buf *b = &p->buf[buf];
    b->n_bytes = round_up(n_bytes) > b->n_bytes ? round_up(n_bytes) : b->n_bytes;
}

/* Larger first; of equals the earlier made, so that the order is total. */
static int by_size(const void *a, const void *b)
{
    const struct buf *x = *(const struct buf *const *)a;
    const struct buf *y = *(const struct buf *const *)b;
    if (x->n_bytes != y->n_bytes) {
        return x->n_bytes < y->n_bytes ? 1 : -1;
    }
    return x < y ? -1 : x > y;
}

/* lowest_place - the lowest offset for b among the n placed, which are sorted by offset. */
static size_t lowest_place(const struct buf *b, struct buf *const *placed, size_t n)
{
    size_t offset = 0;
    for (size_t i = 0; i < n; i++) {
        const struct buf *o = placed[i];
        const bool meet = o->first <= b->last && b->first <= o->last;
        if (meet && o->offset < offset + b->n_bytes && offset < o->offset + o->n_bytes) {
            offset = o->offset + o->n_bytes;
        }
    }
    return offset;
}

static void insert_by_offset(struct buf **placed, size_t n, struct buf *b)
{
    size_t i = n;
    for (; i > 0 && placed[i - 1]->offset > b->offset; i--) {
        placed[i] = placed[i - 1];
    }
    placed[i] = b;
}

int buf_layout(struct program *p, struct err *e)
{
    const size_t n = (size_t)p->n_bufs;
    size_t n_kept = 0;
    size_t n_placed = 0;
    size_t n_sorted = 0;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    struct buf **sorted = calloc(2 * n, sizeof *sorted);
    if (!sorted) {
        return err_nomem(e, "a plan");
    }
    struct buf **placed = sorted + n;
    for (size_t i = 0; i < n; i++) {
        struct buf *b = &p->buf[i];
        if (b->keeps) {
            b->offset = n_kept;
            n_kept += b->n_bytes;
        } else {
            sorted[n_sorted++] = b;
        }
    }
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): as above */
    qsort(sorted, n_sorted, sizeof *sorted, by_size);
    p->n_arena = 0;
    for (size_t i = 0; i < n_sorted; i++) {
        struct buf *b = sorted[i];
        b->offset = lowest_place(b, placed, n_placed);
        insert_by_offset(placed, n_placed++, b);
        p->n_arena = b->offset + b->n_bytes > p->n_arena ? b->offset + b->n_bytes : p->n_arena;
    }
    free(sorted);
    p->kept = mem_new(n_kept);
    p->address = calloc(n, sizeof *p->address);
    return p->kept && p->address ? 0 : err_nomem(e, "a plan's weights");
}

int buf_bind(struct program *p, void *arena, struct err *e)
{
    int rc = 0;
    for (int i = 0; i < p->n_bufs; i++) {
        char *base = p->buf[i].keeps ? p->kept : arena;
        p->address[i] = base + p->buf[i].offset;
    }
    for (struct call *c = p->calls; c; c = c->next) {
        TRY(call_bind(c, p->address, e));
    }
    p->bound = arena;
out:
    return rc;
}
