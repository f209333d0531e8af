/* SPDX-License-Identifier: MIT */
/*
 * The pack: all pictures of a data set at one size in one file, for training. Records are pixels,
 * or JPEGs where those would not fit on the disk.
 *
 *     0    8  magic "GDJEPACK"
 *     8    4  version u32 LE (3)
 *    12    4  size_px u32       pictures are size_px x size_px
 *    16    4  n_views u32       pictures per record: 0 north, 1 east, 2 south, 3 west
 *    20    4  flags u32         1: pictures were decoded reduced (struct image_form's fast)
 *    24    4  quality u32       0: records are pixels; 1..100: JPEGs of that quality
 *    28    4  0
 *    32    8  n_records u64
 *    40    8  stride u64        pixels: n_views * size_px * size_px * 3, rounded up to 64; JPEGs: 0
 *    48    8  data offset u64   first record, a multiple of 4096
 *    56    8  end u64           bytes of the whole file
 *    64   32  sha256 of the inputs (what was packed, from which bytes)
 *    96   32  sha256 of bytes 0..95 and of the index
 *   128    -  index: n_records x 40 bytes, ascending ids:
 *             { location id i64, crc32c of the record u32, mask of present views u32, source u64,
 *             offset of the record u64, its bytes u64 }
 *             source is a digest of the files that the record was made from: where it is the
 *             same, the record need not be made again
 *     then records. Pixels: [n_views, size_px, size_px, 3] u8 RGB, absent views are zero, every
 *     stride bytes. JPEGs: the bytes of each view u32 [n_views] (0: absent), then the views.
 *
 * All integers little-endian. A pack appears whole, by rename. Until then its header has no digests
 * and no end, and entries of records that are not written are 0 but for the id.
 *
 * Records are read into the caller's memory, not mapped: a file that somebody cuts short meanwhile is
 * an error, not a signal.
 */
#ifndef CORE_PACK_H
#define CORE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/hash.h"
#include "core/image.h"

#define PACK_ALL_VIEWS(n_views) ((1u << (n_views)) - 1u)

struct pack; /* an open pack */

/* pack_open - checks header, sizes, index and its digest; ERR_INPUT otherwise. */
int pack_open(const char *path, struct pack **out, struct err *e);
void pack_close(struct pack *p);

/* pack_open_unfinished - what a writer that was killed left behind. A record is there only if its
 * mask is not 0 and it can be read. */
int pack_open_unfinished(const char *path, struct pack **out, struct err *e);

const struct image_form *pack_form(const struct pack *p);
int pack_size_px(const struct pack *p);
int pack_n_views(const struct pack *p);
size_t pack_count(const struct pack *p);
uint64_t pack_bytes(const struct pack *p);        /* of the file */
const uint8_t *pack_inputs(const struct pack *p); /* [SHA256_SIZE] view */

int64_t pack_location(const struct pack *p, size_t i);
uint32_t pack_mask(const struct pack *p, size_t i); /* bit v: view v is present */
uint64_t pack_source(const struct pack *p, size_t i);

/* pack_find - index of a location, or -1. */
ptrdiff_t pack_find(const struct pack *p, int64_t location_id);

/*
 * pack_read - the pictures of record i, [V, H, W, 3] u8; absent views are zero. The record's checksum
 * is looked at the first time. ERR_INPUT names a record that is damaged or cut off.
 * Threads: safe.
 */
int pack_read(const struct pack *p, size_t i, uint8_t *rgb, struct err *e);

/* pack_check - record i as pack_read sees it: its checksum, and that its JPEGs decode. */
int pack_check(const struct pack *p, size_t i, struct err *e);

/* pack_stored - the record's bytes as they are in the file, checked. *data is owned (free). */
int pack_stored(const struct pack *p, size_t i, uint8_t **data, size_t *n, struct err *e);

/* pack_bytes_for - what a pack of pixels takes on disk. */
uint64_t pack_bytes_for(int size_px, int n_views, size_t n_records);

/*
 * Writing: records in any order, from several threads, each once. Where JPEGs end up depends on the
 * order; pixels have their places.
 *
 *     TRY(pack_create(path, &form, 4, ids, n, inputs, &w, e));     (ids ascending)
 *     ... pack_put(w, i, data, n, mask, source, e) for every i ...
 *     TRY(pack_commit(w, e));
 * out:
 *     pack_abandon(w);
 */
struct pack_writer;

int pack_create(const char *path, const struct image_form *form, int n_views,
                const int64_t *location_id, size_t n, const uint8_t inputs[SHA256_SIZE],
                struct pack_writer **out, struct err *e);
/* pack_put - record i as it is stored; source as in the layout. Threads: safe for different i. */
int pack_put(struct pack_writer *w, size_t i, const uint8_t *data, size_t n, uint32_t mask,
             uint64_t source, struct err *e);
int pack_commit(struct pack_writer *w, struct err *e); /* the file appears */
void pack_abandon(struct pack_writer *w); /* frees; removes what was not committed. NULL ok */

/* pack_join - the record of JPEGs jpeg[v], n[v] bytes each (NULL: absent). *data is owned (free). */
int pack_join(int n_views, uint8_t *const *jpeg, const size_t *n, uint8_t **data, size_t *n_data,
              struct err *e);

#endif
