/* SPDX-License-Identifier: MIT */
/*
 * The pack: all pictures of a data set at one size in one file that is memory-mapped for training.
 *
 *     0    8  magic "GDJEPACK"
 *     8    4  version u32 LE (2)
 *    12    4  size_px u32       pictures are size_px x size_px
 *    16    4  n_views u32       pictures per record, adjacent: 0 north, 1 east, 2 south, 3 west
 *    20    4  flags u32 (0)
 *    24    8  n_records u64
 *    32    8  stride u64        bytes per record: n_views * size_px * size_px * 3, rounded to 64
 *    40    8  data offset u64   first record, a multiple of 4096
 *    48   32  sha256 of the inputs (what was packed, from which bytes)
 *    80   32  sha256 of bytes 0..79 and of the index
 *   112    -  index: n_records x 24 bytes { location id i64, crc32 of the record u32,
 *             mask of present views u32, source u64 }, ascending ids; the crc32 (as zlib and
 *             PNG compute it) covers the pictures, not the zeros that fill up to the stride;
 *             source is a digest of the files that the record was made from: where it is the
 *             same, the record need not be made again
 *     then records: [n_views, size_px, size_px, 3] u8 RGB; absent views are zero
 *
 * All integers little-endian. A pack appears whole, by rename. Until then its header has no digests
 * yet, and entries of records that are not written have crc32, mask and source 0.
 */
#ifndef CORE_PACK_H
#define CORE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/hash.h"

#define PACK_ALL_VIEWS(n_views) ((1u << (n_views)) - 1u)

struct pack; /* an open, mapped pack */

/* pack_open - maps and checks header, sizes and index digest; ERR_INPUT otherwise. */
int pack_open(const char *path, struct pack **out, struct err *e);
void pack_close(struct pack *p);

/* pack_open_unfinished - what a writer that was killed left behind. Each record needs a pack_check,
 * and is there only if its mask is not 0. */
int pack_open_unfinished(const char *path, struct pack **out, struct err *e);

int pack_size_px(const struct pack *p);
int pack_n_views(const struct pack *p);
size_t pack_count(const struct pack *p);
const uint8_t *pack_inputs(const struct pack *p); /* [SHA256_SIZE] view */

int64_t pack_location(const struct pack *p, size_t i);
uint32_t pack_mask(const struct pack *p, size_t i); /* bit v: view v is present */
uint64_t pack_source(const struct pack *p, size_t i);
const uint8_t *pack_record(const struct pack *p, size_t i); /* [V, H, W, 3] view, until close */

/* pack_find - index of a location, or -1. */
ptrdiff_t pack_find(const struct pack *p, int64_t location_id);

/* pack_check - record i against its crc32: ERR_INPUT names the record. */
int pack_check(const struct pack *p, size_t i, struct err *e);

/*
 * Writing: records in any order, from several threads, each once.
 *
 *     TRY(pack_create(path, 64, 4, ids, n, inputs, &w, e));     (ids ascending)
 *     ... pack_put(w, i, rgb, mask, source, e) for every i ...
 *     TRY(pack_commit(w, e));
 * out:
 *     pack_abandon(w);
 */
struct pack_writer;

int pack_create(const char *path, int size_px, int n_views, const int64_t *location_id, size_t n,
                const uint8_t inputs[SHA256_SIZE], struct pack_writer **out, struct err *e);
/* pack_put - record i; rgb [V, H, W, 3]; source as in the layout. Threads: safe for different i. */
int pack_put(struct pack_writer *w, size_t i, const uint8_t *rgb, uint32_t mask, uint64_t source,
             struct err *e);
int pack_commit(struct pack_writer *w, struct err *e); /* the file appears */
void pack_abandon(struct pack_writer *w); /* frees; removes what was not committed. NULL ok */

#endif
