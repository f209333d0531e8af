/* SPDX-License-Identifier: MIT */
#include "prep/split_assign.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/nearest.h"
#include "core/parse.h"
#include "core/sig.h"

#define MAX_GROUP_BYTES 65536
#define SIG_EVERY       4096

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

int split_ratios_parse(const char *text, struct split_ratios *r, struct err *e)
{
    double share[3] = {0};
    double sum = 0;
    char field[64];
    const char *at = text;
    for (int i = 0; i < 3; i++) {
        size_t n = strcspn(at, "/");
        bool last = at[n] == '\0';
        if (n >= sizeof field || last != (i == 2)) {
            return err_set(e, ERR_USAGE, "--ratios '%s': three numbers are needed, like 80/10/10",
                           text);
        }
        (void)snprintf(field, sizeof field, "%.*s", (int)n, at);
        if (parse_f64(field, 0, 1e12, &share[i], e) != 0 || share[i] <= 0) {
            return err_set(e, ERR_USAGE, "--ratios '%s': '%s' is not a positive number", text,
                           field);
        }
        sum += share[i];
        at += n + 1;
    }
    *r = (struct split_ratios){{share[0] / sum, (share[0] + share[1]) / sum, 1}};
    return 0;
}

/* A digest's first 53 bits as a number in [0, 1), into a part. */
static uint8_t part_of(const uint8_t *digest, const struct split_ratios *r)
{
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) {
        bits = bits << 8 | digest[i];
    }
    double u = (double)(bits >> 11) * 0x1p-53;
    return u < r->end[0] ? SPLIT_TRAIN : u < r->end[1] ? SPLIT_VAL : SPLIT_TEST;
}

static void put_u64(uint8_t out[8], uint64_t v)
{
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)(v >> (8 * i));
    }
}

int split_key(uint64_t seed, const char *group, uint8_t key[SPLIT_KEY_SIZE], struct err *e)
{
    uint8_t digest[SHA256_SIZE];
    uint8_t text[8 + MAX_GROUP_BYTES];
    size_t n = strlen(group);
    if (n > MAX_GROUP_BYTES) {
        return err_set(e, ERR_INPUT, "a group key of %zu bytes is too long", n);
    }
    put_u64(text, seed);
    memcpy(text + 8, group, n);
    if (sha256_of(text, 8 + n, digest, e) != 0) {
        return -1;
    }
    memcpy(key, digest, SPLIT_KEY_SIZE);
    return 0;
}

void split_by_hash(struct split_item *item, size_t n, const struct split_ratios *r)
{
    for (size_t i = 0; i < n; i++) {
        item[i].part = part_of(item[i].key, r);
    }
}

static int block_part(struct lonlat p, uint64_t seed, double block_km, const struct split_ratios *r,
                      uint8_t *part, struct err *e)
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
    *part = part_of(digest, r);
    return 0;
}

static int by_key_then_id(const void *a, const void *b)
{
    const struct split_item *const *p = a;
    const struct split_item *const *q = b;
    int order = memcmp((*p)->key, (*q)->key, SPLIT_KEY_SIZE);
    return order != 0 ? order : ((*p)->id > (*q)->id) - ((*p)->id < (*q)->id);
}

int split_by_block(struct split_item *item, size_t n, const struct split_ratios *r, uint64_t seed,
                   double block_km, struct err *e)
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
            rc = block_part(sorted[i]->at, seed, block_km, r, &sorted[i]->part, e);
        }
    }
    free(sorted);
    return rc;
}

/* The items of the parts in mask (1u << part) as a search tree; *t stays NULL when there are none. */
static int tree_of(const struct split_item *item, size_t n, unsigned mask, struct nearest **t,
                   struct err *e)
{
    size_t n_places = 0;
    struct lonlat *place = malloc((n + 1) * sizeof *place);
    if (!place) {
        return err_nomem(e, "places");
    }
    for (size_t i = 0; i < n; i++) {
        if (1u << item[i].part & mask) {
            place[n_places++] = item[i].at;
        }
    }
    int rc = n_places == 0 ? 0 : nearest_new(place, n_places, t, e);
    free(place);
    return rc;
}

int split_buffer(struct split_item *item, size_t n, double buffer_km, struct err *e)
{
    int rc = -1;
    struct nearest *held_out = NULL;
    TRY(tree_of(item, n, 1u << SPLIT_VAL | 1u << SPLIT_TEST, &held_out, e));
    for (size_t i = 0; held_out && i < n; i++) {
        double km = 0;
        if (i % SIG_EVERY == 0) {
            TRY(sig_check(e));
        }
        if (item[i].part == SPLIT_TRAIN) {
            (void)nearest_find(held_out, item[i].at, &km);
            item[i].part = km < buffer_km ? SPLIT_BUFFER : SPLIT_TRAIN;
        }
    }
    rc = 0;
out:
    nearest_free(held_out);
    return rc;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Linear between order statistics, as NumPy's default. v sorted, n >= 1. */
static double quantile(const double *v, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t i = (size_t)at;
    return i + 1 < n ? v[i] + (at - (double)i) * (v[i + 1] - v[i]) : v[n - 1];
}

static double share_within(const double *v, size_t n, double km)
{
    size_t k = 0;
    while (k < n && v[k] <= km) {
        k++;
    }
    return (double)k / (double)n;
}

static void summarise(double *km, size_t n, struct split_distance *d)
{
    qsort(km, n, sizeof *km, by_value);
    *d = (struct split_distance){.n = n,
                                 .p10_km = quantile(km, n, 0.1),
                                 .p50_km = quantile(km, n, 0.5),
                                 .p90_km = quantile(km, n, 0.9),
                                 .share_50m = share_within(km, n, 0.05),
                                 .share_1km = share_within(km, n, 1),
                                 .share_5km = share_within(km, n, 5)};
}

/* km[n] OUT: from each item of the part to the nearest train location; *n_km of them. */
static int distances_of(const struct split_item *item, size_t n, int part,
                        const struct nearest *train, double *km, size_t *n_km, struct err *e)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (i % SIG_EVERY == 0 && sig_check(e) != 0) {
            return -1;
        }
        if (item[i].part == part) {
            (void)nearest_find(train, item[i].at, &km[k++]);
        }
    }
    *n_km = k;
    return 0;
}

int split_distances(const struct split_item *item, size_t n, struct split_distance *out,
                    struct err *e)
{
    int rc = -1;
    struct nearest *train = NULL;
    double *km = malloc((n + 1) * sizeof *km);
    for (int part = 0; part < SPLIT_COUNT; part++) {
        out[part] = (struct split_distance){0, NAN, NAN, NAN, NAN, NAN, NAN};
    }
    if (!km) {
        rc = err_nomem(e, "distances");
        goto out;
    }
    TRY(tree_of(item, n, 1u << SPLIT_TRAIN, &train, e));
    for (int part = SPLIT_VAL; train && part <= SPLIT_TEST; part++) {
        size_t n_km = 0;
        TRY(distances_of(item, n, part, train, km, &n_km, e));
        if (n_km > 0) {
            summarise(km, n_km, &out[part]);
        }
    }
    rc = 0;
out:
    nearest_free(train);
    free(km);
    return rc;
}
