/* SPDX-License-Identifier: MIT */
/*
 * Reading a pack: layout in pack.h. Nothing is believed: every size is recomputed from the header
 * and compared with the file before anything is read by it. Header and index are kept in memory;
 * records are read when they are asked for, from the system's cache of the file if they are in it.
 */
#include "core/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/crc32c.h"
#include "core/pack_layout.h"

struct pack {
    int fd;
    uint64_t n_file; /* bytes */
    char *path;
    struct image_form form;
    int n_views;
    size_t n, picture_bytes;
    uint8_t *head;         /* [PACK_HEADER + n * PACK_ENTRY] owned */
    const uint8_t *index;  /* view of head */
    atomic_uchar *checked; /* [n] the checksum was right */
};

/* Opening ------------------------------------------------------------------------------------------ */

/* Exactly n bytes from offset on. */
static int read_at(const struct pack *p, uint8_t *dst, size_t n, uint64_t offset, struct err *e)
{
    while (n > 0) {
        ssize_t got = pread(p->fd, dst, n, (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return err_sys(e, errno, "cannot read pack '%s'", p->path);
        }
        if (got == 0) {
            return err_set(e, ERR_INPUT,
                           "pack '%s' was cut short while it was in use: it ends at byte %" PRIu64,
                           p->path, offset);
        }
        dst += got;
        n -= (size_t)got;
        offset += (uint64_t)got;
    }
    return 0;
}

static int open_file(struct pack *p, struct err *e)
{
    struct stat st;
    p->fd = open(p->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (p->fd < 0) {
        return err_sys(e, errno, "cannot open '%s'", p->path);
    }
    if (fstat(p->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return err_set(e, ERR_INPUT, "cannot open pack '%s': not a regular file", p->path);
    }
    p->n_file = (uint64_t)st.st_size;
    return 0;
}

/* Each number of the header against what the others allow. */
static bool makes_sense(const struct pack_head *h)
{
    return h->size_px >= 1 && h->size_px <= PACK_MAX_SIZE_PX && h->n_views >= 1 &&
           h->n_views <= PACK_MAX_VIEWS && h->flags <= PACK_FLAG_FAST && h->quality <= 100 &&
           h->n <= PACK_MAX_RECORDS &&
           h->stride == (h->quality ? 0 : pack_stride(h->size_px, h->n_views)) &&
           h->data == pack_data(h->n);
}

static int check_header(struct pack *p, const uint8_t *bytes, bool finished, struct err *e)
{
    uint64_t version = get_le(bytes + 8, 4);
    if (memcmp(bytes, PACK_MAGIC, 8) != 0) {
        return err_set(e, ERR_INPUT, "'%s' is not a pack", p->path);
    }
    if (version != PACK_VERSION) {
        return err_set(e, ERR_INPUT,
                       "pack '%s' has version %" PRIu64 ", this gdje knows %d: pack again", p->path,
                       version, PACK_VERSION);
    }
    struct pack_head h = {
        .size_px = get_le(bytes + 12, 4),
        .n_views = get_le(bytes + 16, 4),
        .flags = get_le(bytes + 20, 4),
        .quality = get_le(bytes + 24, 4),
        .n = get_le(bytes + 32, 8),
        .stride = get_le(bytes + 40, 8),
        .data = get_le(bytes + 48, 8),
        .end = get_le(bytes + 56, 8),
    };
    if (!makes_sense(&h) || get_le(bytes + 28, 4) != 0) {
        return err_set(e, ERR_INPUT, "pack '%s' is damaged: its header makes no sense", p->path);
    }
    uint64_t least = h.data + h.n * h.stride;
    if (h.stride > 0 && h.n > (UINT64_MAX - h.data) / h.stride) {
        least = UINT64_MAX;
    }
    if (finished && (h.end != p->n_file || h.end < least || (h.stride > 0 && h.end != least))) {
        return err_set(e, ERR_INPUT,
                       "pack '%s' is damaged: %" PRIu64 " bytes long, its header says %" PRIu64,
                       p->path, p->n_file, h.end);
    }
    if (p->n_file < PACK_HEADER + h.n * PACK_ENTRY) {
        return err_set(e, ERR_INPUT, "pack '%s' is damaged: it ends within its index", p->path);
    }
    p->form = (struct image_form){.size_px = (int)h.size_px,
                                  .fast = (h.flags & PACK_FLAG_FAST) != 0,
                                  .quality = (int)h.quality};
    p->n_views = (int)h.n_views;
    p->n = (size_t)h.n;
    p->picture_bytes = (size_t)pack_pixels(h.size_px, h.n_views);
    return 0;
}

static uint64_t entry_offset(const struct pack *p, size_t i)
{
    return get_le(p->index + i * PACK_ENTRY + 24, 8);
}

static uint64_t entry_bytes(const struct pack *p, size_t i)
{
    return get_le(p->index + i * PACK_ENTRY + 32, 8);
}

/* A JPEG is not much larger than its pixels, whatever they are. */
static bool entry_makes_sense(const struct pack *p, size_t i, bool finished)
{
    uint64_t offset = entry_offset(p, i);
    uint64_t n = entry_bytes(p, i);
    uint64_t data = pack_data(p->n);
    uint32_t mask = pack_mask(p, i);
    if ((i > 0 && pack_location(p, i) <= pack_location(p, i - 1)) ||
        mask > PACK_ALL_VIEWS((unsigned)p->n_views)) {
        return false;
    }
    if (!finished && mask == 0) {
        return true; /* not written */
    }
    if (p->form.quality == 0) {
        return n == p->picture_bytes &&
               offset == data + i * pack_stride((uint64_t)p->form.size_px, (uint64_t)p->n_views);
    }
    if (n > 2 * p->picture_bytes + PACK_MAX_VIEWS * UINT64_C(4096) || offset < data) {
        return false;
    }
    /* an unfinished one may end before what its index says: that record cannot be read */
    return !finished || (n <= p->n_file && offset <= p->n_file - n);
}

/* The digest of an unfinished pack is not there yet. */
static int check_index(const struct pack *p, bool finished, struct err *e)
{
    uint8_t digest[SHA256_SIZE];
    if (pack_digest(p->head, PACK_HEADER + p->n * PACK_ENTRY, digest, e) != 0) {
        return -1;
    }
    if (finished && memcmp(digest, p->head + PACK_DIGEST, SHA256_SIZE) != 0) {
        return err_set(e, ERR_INPUT, "pack '%s' is damaged: the checksum of its index is wrong",
                       p->path);
    }
    for (size_t i = 0; i < p->n; i++) {
        if (!entry_makes_sense(p, i, finished)) {
            return err_set(e, ERR_INPUT, "pack '%s' is damaged: index entry %zu makes no sense",
                           p->path, i);
        }
    }
    return 0;
}

static int open_any(const char *path, bool finished, struct pack **out, struct err *e)
{
    int rc = -1;
    uint8_t header[PACK_HEADER] = {0};
    struct pack *p = calloc(1, sizeof *p);
    if (!p) {
        return err_nomem(e, "a pack");
    }
    p->fd = -1;
    p->path = strdup(path);
    if (!p->path) {
        rc = err_nomem(e, "a pack");
        goto out;
    }
    TRY(open_file(p, e));
    TRY(read_at(p, header, p->n_file < PACK_HEADER ? (size_t)p->n_file : PACK_HEADER, 0, e));
    TRY(check_header(p, header, finished, e));
    size_t n_head = PACK_HEADER + p->n * PACK_ENTRY;
    p->head = malloc(n_head);
    p->checked = calloc(p->n + 1, sizeof *p->checked);
    if (!p->head || !p->checked) {
        rc = err_nomem(e, "a pack's index");
        goto out;
    }
    TRY(read_at(p, p->head, n_head, 0, e));
    p->index = p->head + PACK_HEADER;
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
        if (p->fd >= 0) {
            (void)close(p->fd);
        }
        free(p->path);
        free(p->head);
        free(p->checked);
        free(p);
    }
}

/* What is in it ------------------------------------------------------------------------------------ */

const struct image_form *pack_form(const struct pack *p)
{
    return &p->form;
}

int pack_size_px(const struct pack *p)
{
    return p->form.size_px;
}

int pack_n_views(const struct pack *p)
{
    return p->n_views;
}

size_t pack_count(const struct pack *p)
{
    return p->n;
}

uint64_t pack_bytes(const struct pack *p)
{
    return p->n_file;
}

const uint8_t *pack_inputs(const struct pack *p)
{
    return p->head + PACK_INPUTS;
}

int64_t pack_location(const struct pack *p, size_t i)
{
    return (int64_t)get_le(p->index + i * PACK_ENTRY, 8);
}

uint32_t pack_mask(const struct pack *p, size_t i)
{
    return (uint32_t)get_le(p->index + i * PACK_ENTRY + 12, 4);
}

uint64_t pack_source(const struct pack *p, size_t i)
{
    return get_le(p->index + i * PACK_ENTRY + 16, 8);
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

/* Records ------------------------------------------------------------------------------------------ */

/* The record's bytes into data; the checksum is looked at always, or once only. */
static int read_record(const struct pack *p, size_t i, bool always, uint8_t *data, struct err *e)
{
    size_t n = (size_t)entry_bytes(p, i);
    uint32_t said = (uint32_t)get_le(p->index + i * PACK_ENTRY + 8, 4);
    if (read_at(p, data, n, entry_offset(p, i), e) != 0) {
        return -1;
    }
    if (!always && atomic_load(&p->checked[i])) {
        return 0;
    }
    uint32_t is = crc32c(data, n);
    if (is != said) {
        return err_set(e, ERR_INPUT,
                       "pack '%s' is damaged: record %zu (location %" PRId64
                       ") has crc32c %08" PRIx32 ", should be %08" PRIx32,
                       p->path, i, pack_location(p, i), is, said);
    }
    atomic_store(&p->checked[i], 1);
    return 0;
}

int pack_stored(const struct pack *p, size_t i, uint8_t **data, size_t *n, struct err *e)
{
    size_t n_bytes = (size_t)entry_bytes(p, i);
    uint8_t *bytes = malloc(n_bytes + 1);
    if (!bytes) {
        return err_nomem(e, "a record");
    }
    if (read_record(p, i, true, bytes, e) != 0) {
        free(bytes);
        return -1;
    }
    *data = bytes;
    *n = n_bytes;
    return 0;
}

static int decode_view(const struct pack *p, const uint8_t *jpeg, size_t n, uint8_t *rgb,
                       struct err *e)
{
    struct image img;
    if (image_decode(jpeg, n, 0, &img, e) != 0) {
        return -1;
    }
    bool right = img.width == p->form.size_px && img.height == p->form.size_px;
    if (right) {
        memcpy(rgb, img.rgb, p->picture_bytes / (size_t)p->n_views);
    }
    image_release(&img);
    return right ? 0 : err_set(e, ERR_INPUT, "it is not %d px wide and high", p->form.size_px);
}

/* A record of JPEGs to pixels. */
static int decode_record(const struct pack *p, size_t i, const uint8_t *data, size_t n,
                         uint8_t *rgb, struct err *e)
{
    size_t n_views = (size_t)p->n_views;
    size_t view_bytes = p->picture_bytes / n_views;
    size_t at = 4 * n_views;
    for (size_t v = 0; v < n_views; v++) {
        size_t length = at <= n ? (size_t)get_le(data + 4 * v, 4) : 0;
        bool present = (pack_mask(p, i) >> v & 1) != 0;
        if (at > n || length > n - at || (length > 0) != present) {
            return err_set(e, ERR_INPUT,
                           "pack '%s' is damaged: record %zu (location %" PRId64
                           ") has lengths that make no sense",
                           p->path, i, pack_location(p, i));
        }
        if (!present) {
            memset(rgb + v * view_bytes, 0, view_bytes);
        } else if (decode_view(p, data + at, length, rgb + v * view_bytes, e) != 0) {
            return err_ctx(e, "pack '%s' is damaged: record %zu (location %" PRId64 "), view %zu",
                           p->path, i, pack_location(p, i), v);
        }
        at += length;
    }
    return 0;
}

static int read_jpegs(const struct pack *p, size_t i, bool always, uint8_t *rgb, struct err *e)
{
    size_t n = (size_t)entry_bytes(p, i);
    uint8_t *data = malloc(n + 1);
    if (!data) {
        return err_nomem(e, "a record");
    }
    int rc = read_record(p, i, always, data, e);
    if (rc == 0) {
        rc = decode_record(p, i, data, n, rgb, e);
    }
    free(data);
    return rc;
}

int pack_read(const struct pack *p, size_t i, uint8_t *rgb, struct err *e)
{
    return p->form.quality > 0 ? read_jpegs(p, i, false, rgb, e) : read_record(p, i, false, rgb, e);
}

int pack_check(const struct pack *p, size_t i, struct err *e)
{
    uint8_t *rgb = malloc(p->picture_bytes);
    if (!rgb) {
        return err_nomem(e, "a record");
    }
    int rc = p->form.quality > 0 ? read_jpegs(p, i, true, rgb, e) : read_record(p, i, true, rgb, e);
    free(rgb);
    return rc;
}
