/* SPDX-License-Identifier: MIT */
/* One image file: digest, full decode, difference hash. */
#include "prep/hash_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/file.h"
#include "prep/hash.h"

#define WIDTH 9
#define ROWS  8
#define NOISE (2 * 1000) /* grey levels times the sum of the weights below */

/* Luma of ITU-R BT.601, times 1000. */
static int grey(const uint8_t *rgb)
{
    return 299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2];
}

int hash_dhash(const struct image *img, uint64_t *dhash, struct err *e)
{
    uint8_t small[ROWS * WIDTH * 3];
    uint64_t bits = 0;
    if (image_resize(img, WIDTH, ROWS, small, e) != 0) {
        return -1;
    }
    for (int y = 0; y < ROWS; y++) {
        for (int x = 0; x < WIDTH - 1; x++) {
            const uint8_t *p = small + (size_t)3 * (size_t)(y * WIDTH + x);
            bits |= (uint64_t)(grey(p) - grey(p + 3) > NOISE) << (8 * y + x);
        }
    }
    *dhash = bits;
    return 0;
}

static int count_ones(uint64_t v)
{
    int n = 0;
    for (; v; v &= v - 1) {
        n++;
    }
    return n;
}

bool hash_is_flat(uint64_t dhash)
{
    int n = count_ones(dhash);
    return n < HASH_MIN_ONES || n > HASH_MAX_ONES;
}

int hash_distance(uint64_t a, uint64_t b)
{
    return count_ones(a ^ b);
}

void hash_stat(const char *path, struct hash_result *r)
{
    struct stat st;
    *r = (struct hash_result){.state = HASH_MISSING};
    if (stat(path, &st) == 0) {
        r->state = HASH_OK;
        if (!S_ISREG(st.st_mode)) { /* a named pipe would wait for its writer */
            r->state = HASH_CORRUPT;
            (void)snprintf(r->detail, sizeof r->detail, "not a regular file");
        }
        r->n_bytes = st.st_size;
        r->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    } else {
        (void)snprintf(r->detail, sizeof r->detail, "no such file");
    }
}

static void condemn(struct hash_result *r, const struct err *why)
{
    r->state = HASH_CORRUPT;
    (void)snprintf(r->detail, sizeof r->detail, "%.250s", why->msg);
}

int hash_file(const char *path, struct hash_result *r, struct err *e)
{
    int rc = -1;
    struct err why = {0};
    uint8_t *data = NULL;
    size_t n = 0;
    struct image img = {0};
    hash_stat(path, r);
    if (r->state != HASH_OK) {
        return 0;
    }
    if (file_read(path, IMAGE_MAX_BYTES, &data, &n, &why) != 0) {
        condemn(r, &why);
        return 0;
    }
    TRY(sha256_hex_of(data, n, r->sha256, e));
    if (image_decode(data, n, 0, &img, &why) != 0) {
        if (why.kind == ERR_SYSTEM) {
            *e = why;
            rc = err_ctx(e, "'%s'", path);
            goto out;
        }
        condemn(r, &why);
        goto out;
    }
    r->width = img.width;
    r->height = img.height;
    TRY(hash_dhash(&img, &r->dhash, e));
out:
    image_release(&img);
    free(data);
    return rc;
}
