/* SPDX-License-Identifier: MIT */
/*
 * The pack file: layout in pack.h. The reader believes nothing: every size is recomputed from the
 * header and compared with the file before a pointer is made from it. The writer reserves the
 * whole file first and writes records where they belong, so that threads need no order.
 */
#include "core/pack.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"

#define HEADER_SIZE   112
#define DIGEST_OFFSET 80
#define INPUTS_OFFSET 48
#define INDEX_ENTRY   24
#define DATA_ALIGN    4096
#define RECORD_ALIGN  64
#define VERSION       2
#define MAX_SIZE_PX   16384
#define MAX_VIEWS     16
#define MAX_RECORDS   (UINT64_C(1) << 40)

static const uint8_t magic[8] = {'G', 'D', 'J', 'E', 'P', 'A', 'C', 'K'};

struct pack {
    struct map map;
    char *path;
    int size_px, n_views;
    size_t n, stride, picture_bytes;
    const uint8_t *index; /* [n, INDEX_ENTRY] view of map */
    const uint8_t *data;  /* [n, stride] view of map */
};

struct pack_writer {
    struct out out;
    uint8_t *head; /* [HEADER_SIZE + n * INDEX_ENTRY] */
    size_t head_bytes, n, stride, picture_bytes, data_offset;
    uint32_t all_views;
    atomic_uchar *written; /* [n] */
};

/* Bytes ------------------------------------------------------------------------------------------- */

static void put_le(uint8_t *p, uint64_t v, int n_bytes)
{
    for (int i = 0; i < n_bytes; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

static uint64_t get_le(const uint8_t *p, int n_bytes)
{
    uint64_t v = 0;
    for (int i = n_bytes - 1; i >= 0; i--) {
        v = v << 8 | p[i];
    }
    return v;
}

static uint64_t round_up(uint64_t v, uint64_t to)
{
    return (v + to - 1) / to * to;
}

/* CRC-32 of ISO 3309 (reflected polynomial edb88320), eight bytes at a step: crc_table[k][b] is the
 * effect of byte b with k zero bytes behind it. Source: Kounavis and Berry 2008 (slicing-by-8). */
static uint32_t crc_table[8][256];
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;

static void crc_init(void)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t c = b;
        for (int bit = 0; bit < 8; bit++) {
            c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
        }
        crc_table[0][b] = c;
    }
    for (int k = 1; k < 8; k++) {
        for (uint32_t b = 0; b < 256; b++) {
            uint32_t c = crc_table[k - 1][b];
            crc_table[k][b] = c >> 8 ^ crc_table[0][c & 255];
        }
    }
}

static uint32_t crc32_of(const uint8_t *p, size_t n)
{
    uint32_t c = 0xffffffffu;
    (void)pthread_once(&crc_once, crc_init);
    for (; n >= 8; n -= 8, p += 8) {
        uint32_t lo = c ^ (uint32_t)get_le(p, 4);
        c = crc_table[7][lo & 255] ^ crc_table[6][lo >> 8 & 255] ^ crc_table[5][lo >> 16 & 255] ^
            crc_table[4][lo >> 24] ^ crc_table[3][p[4]] ^ crc_table[2][p[5]] ^ crc_table[1][p[6]] ^
            crc_table[0][p[7]];
    }
    for (; n > 0; n--, p++) {
        c = c >> 8 ^ crc_table[0][(c ^ *p) & 255];
    }
    return ~c;
}

/* Digest of header and index, [SHA256_SIZE]; head holds both, one behind the other. */
static int head_digest(const uint8_t *head, size_t head_bytes, uint8_t *out, struct err *e)
{
    struct sha256 *s = NULL;
    if (sha256_new(&s, e) != 0) {
        return -1;
    }
    sha256_add(s, head, DIGEST_OFFSET);
    sha256_add(s, head + HEADER_SIZE, head_bytes - HEADER_SIZE);
    sha256_end(s, out);
    sha256_free(s);
    return 0;
}

/* Reading ------------------------------------------------------------------------------------------ */

/* The header's numbers, each against what the others and the file's size allow. */
static int check_header(struct pack *p, struct err *e)
{
    const uint8_t *h = p->map.p;
    if (p->map.n < HEADER_SIZE || memcmp(h, magic, sizeof magic) != 0) {
        return err_set(e, ERR_INPUT, "'%s' is not a pack", p->path);
    }
    uint64_t version = get_le(h + 8, 4);
    if (version != VERSION) {
        return err_set(e, ERR_INPUT, "pack '%s' has version %" PRIu64 ", this gdje knows %d",
                       p->path, version, VERSION);
    }
    uint64_t size_px = get_le(h + 12, 4);
    uint64_t n_views = get_le(h + 16, 4);
    uint64_t n = get_le(h + 24, 8);
    uint64_t stride = get_le(h + 32, 8);
    uint64_t data = get_le(h + 40, 8);
    uint64_t picture_bytes = n_views * size_px * size_px * 3;
    if (size_px < 1 || size_px > MAX_SIZE_PX || n_views < 1 || n_views > MAX_VIEWS ||
        get_le(h + 20, 4) != 0 || stride != round_up(picture_bytes, RECORD_ALIGN) ||
        n > MAX_RECORDS || data != round_up(HEADER_SIZE + n * INDEX_ENTRY, DATA_ALIGN)) {
        return err_set(e, ERR_INPUT, "pack '%s' is damaged: its header makes no sense", p->path);
    }
    if (data > p->map.n || (p->map.n - data) / stride != n || (p->map.n - data) % stride != 0) {
        return err_set(e, ERR_INPUT,
                       "pack '%s' is damaged: %zu bytes long, its header says %" PRIu64
                       " records of %" PRIu64 " bytes",
                       p->path, p->map.n, n, stride);
    }
    p->size_px = (int)size_px;
    p->n_views = (int)n_views;
    p->n = (size_t)n;
    p->stride = (size_t)stride;
    p->picture_bytes = (size_t)picture_bytes;
    p->index = h + HEADER_SIZE;
    p->data = h + data;
    return 0;
}

/* The digest of an unfinished pack is not there yet. */
static int check_index(const struct pack *p, bool finished, struct err *e)
{
    uint8_t digest[SHA256_SIZE];
    if (head_digest(p->map.p, HEADER_SIZE + p->n * INDEX_ENTRY, digest, e) != 0) {
        return -1;
    }
    if (finished && memcmp(digest, p->map.p + DIGEST_OFFSET, SHA256_SIZE) != 0) {
        return err_set(e, ERR_INPUT, "pack '%s' is damaged: the checksum of its index is wrong",
                       p->path);
    }
    for (size_t i = 0; i < p->n; i++) {
        if ((i > 0 && pack_location(p, i) <= pack_location(p, i - 1)) ||
            pack_mask(p, i) > PACK_ALL_VIEWS((unsigned)p->n_views)) {
            return err_set(e, ERR_INPUT, "pack '%s' is damaged: index entry %zu makes no sense",
                           p->path, i);
        }
    }
    return 0;
}

static int open_any(const char *path, bool finished, struct pack **out, struct err *e)
{
    int rc = -1;
    struct pack *p = calloc(1, sizeof *p);
    if (!p || !(p->path = strdup(path))) {
        rc = err_nomem(e, "a pack");
        goto out;
    }
    TRY(map_open(&p->map, path, e));
    TRY(check_header(p, e));
    TRY(check_index(p, finished, e));
    *out = p;
    p = NULL;
out:
    pack_close(p);
    return rc;
}

int pack_open(const char *path, struct pack **out, struct err *e)
{
    return open_any(path, true, out, e);
}

int pack_open_unfinished(const char *path, struct pack **out, struct err *e)
{
    return open_any(path, false, out, e);
}

void pack_close(struct pack *p)
{
    if (p) {
        map_close(&p->map);
        free(p->path);
        free(p);
    }
}

int pack_size_px(const struct pack *p)
{
    return p->size_px;
}

int pack_n_views(const struct pack *p)
{
    return p->n_views;
}

size_t pack_count(const struct pack *p)
{
    return p->n;
}

const uint8_t *pack_inputs(const struct pack *p)
{
    return p->map.p + INPUTS_OFFSET;
}

int64_t pack_location(const struct pack *p, size_t i)
{
    return (int64_t)get_le(p->index + i * INDEX_ENTRY, 8);
}

uint32_t pack_mask(const struct pack *p, size_t i)
{
    return (uint32_t)get_le(p->index + i * INDEX_ENTRY + 12, 4);
}

uint64_t pack_source(const struct pack *p, size_t i)
{
    return get_le(p->index + i * INDEX_ENTRY + 16, 8);
}

const uint8_t *pack_record(const struct pack *p, size_t i)
{
    return p->data + i * p->stride;
}

ptrdiff_t pack_find(const struct pack *p, int64_t location_id)
{
    size_t lo = 0;
    size_t hi = p->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int64_t id = pack_location(p, mid);
        if (id == location_id) {
            return (ptrdiff_t)mid;
        }
        if (id < location_id) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return -1;
}

int pack_check(const struct pack *p, size_t i, struct err *e)
{
    uint32_t said = (uint32_t)get_le(p->index + i * INDEX_ENTRY + 8, 4);
    uint32_t is = crc32_of(pack_record(p, i), p->picture_bytes);
    if (is != said) {
        return err_set(e, ERR_INPUT,
                       "pack '%s' is damaged: record %zu (location %" PRId64
                       ") has crc32 %08" PRIx32 ", should be %08" PRIx32,
                       p->path, i, pack_location(p, i), is, said);
    }
    return 0;
}

/* Writing ------------------------------------------------------------------------------------------ */

static int write_at(const struct pack_writer *w, const uint8_t *data, size_t n, size_t offset,
                    struct err *e)
{
    while (n > 0) {
        ssize_t done = pwrite(fileno(w->out.f), data, n, (off_t)offset);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return err_sys(e, errno, "cannot write '%s'", w->out.path);
        }
        data += done;
        n -= (size_t)done;
        offset += (size_t)done;
    }
    return 0;
}

int pack_create(const char *path, int size_px, int n_views, const int64_t *location_id, size_t n,
                const uint8_t inputs[SHA256_SIZE], struct pack_writer **out, struct err *e)
{
    int rc = -1;
    struct pack_writer *w = NULL;
    if (size_px < 1 || size_px > MAX_SIZE_PX || n_views < 1 || n_views > MAX_VIEWS ||
        n > MAX_RECORDS) {
        return err_set(e, ERR_INPUT, "cannot pack %zu records of %d pictures of %d px", n, n_views,
                       size_px);
    }
    w = calloc(1, sizeof *w);
    if (!w) {
        return err_nomem(e, "a pack");
    }
    w->n = n;
    w->head_bytes = HEADER_SIZE + n * INDEX_ENTRY;
    w->all_views = PACK_ALL_VIEWS((unsigned)n_views);
    w->picture_bytes = (size_t)n_views * (size_t)size_px * (size_t)size_px * 3;
    w->stride = round_up(w->picture_bytes, RECORD_ALIGN);
    w->data_offset = round_up(w->head_bytes, DATA_ALIGN);
    w->head = calloc(w->head_bytes, 1);
    w->written = calloc(n + 1, sizeof *w->written);
    if (!w->head || !w->written) {
        rc = err_nomem(e, "a pack's index");
        goto out;
    }
    memcpy(w->head, magic, sizeof magic);
    put_le(w->head + 8, VERSION, 4);
    put_le(w->head + 12, (uint64_t)size_px, 4);
    put_le(w->head + 16, (uint64_t)n_views, 4);
    put_le(w->head + 24, n, 8);
    put_le(w->head + 32, w->stride, 8);
    put_le(w->head + 40, w->data_offset, 8);
    memcpy(w->head + INPUTS_OFFSET, inputs, SHA256_SIZE);
    for (size_t i = 0; i < n; i++) {
        put_le(w->head + HEADER_SIZE + i * INDEX_ENTRY, (uint64_t)location_id[i], 8);
    }
    TRY(out_open(&w->out, path, e));
    if (ftruncate(fileno(w->out.f), (off_t)(w->data_offset + n * w->stride)) != 0) {
        rc = err_sys(e, errno, "cannot write '%s'", path);
        goto out;
    }
    TRY(write_at(w, w->head, w->head_bytes, 0, e)); /* so that what is done can be found again */
    *out = w;
    w = NULL;
    rc = 0;
out:
    pack_abandon(w);
    return rc;
}

int pack_put(struct pack_writer *w, size_t i, const uint8_t *rgb, uint32_t mask, uint64_t source,
             struct err *e)
{
    size_t entry_offset = HEADER_SIZE + i * INDEX_ENTRY;
    uint8_t *entry = w->head + entry_offset;
    put_le(entry + 8, crc32_of(rgb, w->picture_bytes), 4);
    put_le(entry + 12, mask & w->all_views, 4);
    put_le(entry + 16, source, 8);
    if (write_at(w, rgb, w->picture_bytes, w->data_offset + i * w->stride, e) != 0 ||
        write_at(w, entry, INDEX_ENTRY, entry_offset, e) != 0) {
        return -1;
    }
    atomic_store(&w->written[i], 1);
    return 0;
}

int pack_commit(struct pack_writer *w, struct err *e)
{
    int rc = -1;
    for (size_t i = 0; i < w->n; i++) {
        if (!atomic_load(&w->written[i])) {
            return err_set(e, ERR_SYSTEM, "cannot finish '%s': record %zu was never written",
                           w->out.path, i);
        }
    }
    TRY(head_digest(w->head, w->head_bytes, w->head + DIGEST_OFFSET, e));
    TRY(write_at(w, w->head, w->head_bytes, 0, e));
    TRY(out_commit(&w->out, e));
out:
    return rc;
}

void pack_abandon(struct pack_writer *w)
{
    if (w) {
        out_release(&w->out);
        free(w->head);
        free(w->written);
        free(w);
    }
}
