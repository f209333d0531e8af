/* SPDX-License-Identifier: MIT */
/*
 * Writing a pack: layout in pack.h. Records of pixels are written where they belong, so that threads
 * need no order; records of JPEGs one behind the other. The index on disk follows each record, so
 * that what is done can be found again when the writer is killed.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/crc32c.h"
#include "core/file.h"
#include "core/pack_layout.h"

struct pack_writer {
    struct out out;
    bool has_mutex;
    pthread_mutex_t mutex; /* guards end */
    uint64_t end;          /* of what is written or reserved */
    uint8_t *head;         /* [PACK_HEADER + n * PACK_ENTRY] */
    size_t n_head, n, picture_bytes;
    uint64_t stride; /* 0: JPEGs */
    uint32_t all_views;
    atomic_uchar *written; /* [n] */
};

int pack_digest(const uint8_t *head, size_t n_bytes, uint8_t *out, struct err *e)
{
    struct sha256 *s = NULL;
    if (sha256_new(&s, e) != 0) {
        return -1;
    }
    sha256_add(s, head, PACK_DIGEST);
    sha256_add(s, head + PACK_HEADER, n_bytes - PACK_HEADER);
    sha256_end(s, out);
    sha256_free(s);
    return 0;
}

uint64_t pack_bytes_for(int size_px, int n_views, size_t n_records)
{
    return pack_data(n_records) + n_records * pack_stride((uint64_t)size_px, (uint64_t)n_views);
}

static int write_at(const struct pack_writer *w, const uint8_t *data, size_t n, uint64_t offset,
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
        offset += (uint64_t)done;
    }
    return 0;
}

static void fill_head(struct pack_writer *w, const struct image_form *form, int n_views,
                      const int64_t *location_id, const uint8_t inputs[SHA256_SIZE])
{
    memcpy(w->head, PACK_MAGIC, 8);
    put_le(w->head + 8, PACK_VERSION, 4);
    put_le(w->head + 12, (uint64_t)form->size_px, 4);
    put_le(w->head + 16, (uint64_t)n_views, 4);
    put_le(w->head + 20, form->fast ? PACK_FLAG_FAST : 0, 4);
    put_le(w->head + 24, (uint64_t)form->quality, 4);
    put_le(w->head + 32, w->n, 8);
    put_le(w->head + 40, w->stride, 8);
    put_le(w->head + 48, pack_data(w->n), 8);
    memcpy(w->head + PACK_INPUTS, inputs, SHA256_SIZE);
    for (size_t i = 0; i < w->n; i++) {
        put_le(w->head + PACK_HEADER + i * PACK_ENTRY, (uint64_t)location_id[i], 8);
    }
}

int pack_create(const char *path, const struct image_form *form, int n_views,
                const int64_t *location_id, size_t n, const uint8_t inputs[SHA256_SIZE],
                struct pack_writer **out, struct err *e)
{
    int rc = -1;
    struct pack_writer *w = NULL;
    if (form->size_px < 1 || form->size_px > PACK_MAX_SIZE_PX || n_views < 1 ||
        n_views > PACK_MAX_VIEWS || n > PACK_MAX_RECORDS) {
        return err_set(e, ERR_INPUT, "cannot pack %zu records of %d pictures of %d px", n, n_views,
                       form->size_px);
    }
    w = calloc(1, sizeof *w);
    if (!w) {
        return err_nomem(e, "a pack");
    }
    w->has_mutex = pthread_mutex_init(&w->mutex, NULL) == 0;
    w->n = n;
    w->n_head = PACK_HEADER + n * PACK_ENTRY;
    w->all_views = PACK_ALL_VIEWS((unsigned)n_views);
    w->picture_bytes = (size_t)pack_pixels((uint64_t)form->size_px, (uint64_t)n_views);
    w->stride = form->quality ? 0 : pack_stride((uint64_t)form->size_px, (uint64_t)n_views);
    w->end = pack_data(n) + n * w->stride;
    w->head = calloc(w->n_head, 1);
    w->written = calloc(n + 1, sizeof *w->written);
    if (!w->has_mutex || !w->head || !w->written) {
        rc = err_nomem(e, "a pack's index");
        goto out;
    }
    fill_head(w, form, n_views, location_id, inputs);
    TRY(out_open(&w->out, path, e));
    if (ftruncate(fileno(w->out.f), (off_t)w->end) != 0) {
        rc = err_sys(e, errno, "cannot write '%s'", path);
        goto out;
    }
    TRY(write_at(w, w->head, w->n_head, 0, e)); /* so that what is done can be found again */
    *out = w;
    w = NULL;
    rc = 0;
out:
    pack_abandon(w);
    return rc;
}

/* Where record i of n bytes goes. */
static uint64_t reserve(struct pack_writer *w, size_t i, size_t n)
{
    if (w->stride > 0) {
        return pack_data(w->n) + i * w->stride;
    }
    (void)pthread_mutex_lock(&w->mutex);
    uint64_t offset = w->end;
    w->end += n;
    (void)pthread_mutex_unlock(&w->mutex);
    return offset;
}

int pack_put(struct pack_writer *w, size_t i, const uint8_t *data, size_t n, uint32_t mask,
             uint64_t source, struct err *e)
{
    size_t at = PACK_HEADER + i * PACK_ENTRY;
    uint8_t *entry = w->head + at;
    if (w->stride > 0 && n != w->picture_bytes) {
        return err_set(e, ERR_INPUT, "cannot write '%s': record %zu has %zu bytes, not %zu",
                       w->out.path, i, n, w->picture_bytes);
    }
    uint64_t offset = reserve(w, i, n);
    put_le(entry + 8, crc32c(data, n), 4);
    put_le(entry + 12, mask & w->all_views, 4);
    put_le(entry + 16, source, 8);
    put_le(entry + 24, offset, 8);
    put_le(entry + 32, n, 8);
    if (write_at(w, data, n, offset, e) != 0 || write_at(w, entry, PACK_ENTRY, at, e) != 0) {
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
    put_le(w->head + 56, w->end, 8);
    TRY(pack_digest(w->head, w->n_head, w->head + PACK_DIGEST, e));
    TRY(write_at(w, w->head, w->n_head, 0, e));
    TRY(out_commit(&w->out, e));
out:
    return rc;
}

void pack_abandon(struct pack_writer *w)
{
    if (w) {
        out_release(&w->out);
        if (w->has_mutex) {
            (void)pthread_mutex_destroy(&w->mutex);
        }
        free(w->head);
        free(w->written);
        free(w);
    }
}

int pack_join(int n_views, uint8_t *const *jpeg, const size_t *n, uint8_t **data, size_t *n_data,
              struct err *e)
{
    size_t at = 4 * (size_t)n_views;
    size_t total = at;
    for (int v = 0; v < n_views; v++) {
        total += jpeg[v] ? n[v] : 0;
    }
    uint8_t *bytes = malloc(total);
    if (!bytes) {
        return err_nomem(e, "a record");
    }
    for (int v = 0; v < n_views; v++) {
        size_t length = jpeg[v] ? n[v] : 0;
        put_le(bytes + 4 * (size_t)v, length, 4);
        if (length > 0) {
            memcpy(bytes + at, jpeg[v], length);
        }
        at += length;
    }
    *data = bytes;
    *n_data = total;
    return 0;
}
