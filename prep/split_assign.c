/* SPDX-License-Identifier: MIT */
#include "prep/split_assign.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/sig.h"

#define SIG_EVERY 4096

static const char *const names[SPLIT_COUNT] = {"train", "val", "test", "buffer"};

const char *split_part_name(enum split_part part)
{
    return names[part];
}

enum split_part split_part_of(const char *name)
{
    for (int i = 0; name && i < SPLIT_COUNT; i++) {
        if (strcmp(name, names[i]) == 0) {
            return (enum split_part)i;
        }
    }
    return SPLIT_COUNT;
}

uint8_t split_hash_part(const uint8_t *digest, const struct split_parts *parts)
{
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) {
        bits = bits << 8 | digest[i];
    }
    return split_parts_at(parts, (double)(bits >> 11) * 0x1p-53);
}

static void put_u64(uint8_t out[8], uint64_t v)
{
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)(v >> (8 * i));
    }
}

void split_key(struct sha256 *s, uint64_t seed, const char *group, uint8_t key[SPLIT_KEY_SIZE])
{
    uint8_t digest[SHA256_SIZE];
    uint8_t text[8];
    put_u64(text, seed);
    sha256_restart(s);
    sha256_add(s, text, sizeof text);
    sha256_add(s, group, strlen(group));
    sha256_end(s, digest);
    memcpy(key, digest, SPLIT_KEY_SIZE);
}

void split_by_hash(struct split_item *item, size_t n, const struct split_parts *parts)
{
    for (size_t i = 0; i < n; i++) {
        item[i].part = split_hash_part(item[i].key, parts);
    }
}

static int block_part(struct lonlat p, uint64_t seed, double block_km,
                      const struct split_parts *parts, uint8_t *part, struct err *e)
{
    uint8_t digest[SHA256_SIZE];
    uint8_t text[24];
    double height_deg = block_km / GEO_EARTH_R_KM * 180 / GEO_PI;
    double row = floor((p.lat + 90) / height_deg);
    double middle_deg = fmin((row + 0.5) * height_deg - 90, 90);
    double around_km = 2 * GEO_PI * GEO_EARTH_R_KM * cos(middle_deg * GEO_PI / 180);
    double n_columns = fmax(round(around_km / block_km), 1);
    double column = floor((geo_wrap_lon(p.lon) + 180) / 360 * n_columns);
    put_u64(text, seed);
    put_u64(text + 8, (uint64_t)row);
    put_u64(text + 16, (uint64_t)column);
    if (sha256_of(text, sizeof text, digest, e) != 0) {
        return -1;
    }
    *part = split_hash_part(digest, parts);
    return 0;
}

static int by_key_then_id(const void *a, const void *b)
{
    const struct split_item *const *p = a;
    const struct split_item *const *q = b;
    int order = memcmp((*p)->key, (*q)->key, SPLIT_KEY_SIZE);
    return order != 0 ? order : ((*p)->id > (*q)->id) - ((*p)->id < (*q)->id);
}

int split_by_block(struct split_item *item, size_t n, const struct split_parts *parts,
                   uint64_t seed, double block_km, struct err *e)
{
    struct split_item **sorted = malloc((n + 1) * sizeof(struct split_item *));
    int rc = 0;
    if (!sorted) {
        return err_nomem(e, "blocks");
    }
    for (size_t i = 0; i < n; i++) {
        sorted[i] = &item[i];
    }
    qsort(sorted, n, sizeof(struct split_item *), by_key_then_id);
    for (size_t i = 0; i < n && rc == 0; i++) {
        if (i > 0 && memcmp(sorted[i]->key, sorted[i - 1]->key, SPLIT_KEY_SIZE) == 0) {
            sorted[i]->part = sorted[i - 1]->part;
        } else {
            rc = block_part(sorted[i]->at, seed, block_km, parts, &sorted[i]->part, e);
        }
    }
    free(sorted);
    return rc;
}

int split_tree(const struct split_item *item, size_t n, int train, int except, struct nearest **t,
               struct err *e)
{
    size_t n_places = 0;
    struct lonlat *place = malloc((n + 1) * sizeof *place);
    if (!place) {
        return err_nomem(e, "places");
    }
    for (size_t i = 0; i < n; i++) {
        int part = item[i].part;
        if (train >= 0 ? part == train : part != except && part != SPLIT_IN_BUFFER) {
            place[n_places++] = item[i].at;
        }
    }
    int rc = n_places == 0 ? 0 : nearest_new(place, n_places, t, e);
    free(place);
    return rc;
}

int split_buffer(struct split_item *item, size_t n, int train, double buffer_km, struct err *e)
{
    int rc = -1;
    struct nearest *held_out = NULL;
    TRY(split_tree(item, n, -1, train, &held_out, e));
    for (size_t i = 0; held_out && i < n; i++) {
        double km = 0;
        if (i % SIG_EVERY == 0) {
            TRY(sig_check(e));
        }
        if (item[i].part == train) {
            (void)nearest_find(held_out, item[i].at, &km);
            item[i].part = km < buffer_km ? SPLIT_IN_BUFFER : item[i].part;
        }
    }
    rc = 0;
out:
    nearest_free(held_out);
    return rc;
}

int split_count_torn(const struct split_item *item, size_t n, size_t *n_torn, struct err *e)
{
    size_t n_found = 0;
    const struct split_item **sorted = malloc((n + 1) * sizeof(struct split_item *));
    if (!sorted) {
        return err_nomem(e, "groups");
    }
    for (size_t i = 0; i < n; i++) {
        if (item[i].part != SPLIT_IN_BUFFER) {
            sorted[n_found++] = &item[i];
        }
    }
    qsort(sorted, n_found, sizeof(struct split_item *), by_key_then_id);
    *n_torn = 0;
    for (size_t first = 0, end = 0; first < n_found; first = end) {
        bool torn = false;
        for (; end < n_found && memcmp(sorted[end]->key, sorted[first]->key, SPLIT_KEY_SIZE) == 0;
             end++) {
            torn = torn || sorted[end]->part != sorted[first]->part;
        }
        *n_torn += torn;
    }
    free(sorted);
    return 0;
}
