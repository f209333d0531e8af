/* SPDX-License-Identifier: MIT */
/* Loads all hashes, matches them, writes duplicate and grouping. */
#include "prep/hash_group.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/sig.h"
#include "prep/hash_match.h"

#define LOCATIONS "SELECT id, lon_deg, lat_deg, group_key FROM location ORDER BY id"
#define HASHES                                                                             \
    "SELECT i.id, i.location_id, i.view, h.sha256, h.dhash FROM image i JOIN image_hash h" \
    " ON h.image_id = i.id WHERE h.state = 'ok' ORDER BY i.id"

struct world {
    struct hash_location *location; /* [n_locations], owned */
    char **group_key;               /* [n_locations], owned */
    size_t n_locations;
    struct hash_image *image; /* [n_images], owned */
    size_t n_images;
};

static void world_release(struct world *w)
{
    for (size_t i = 0; i < w->n_locations; i++) {
        free(w->group_key[i]);
    }
    free(w->group_key);
    free(w->location);
    free(w->image);
}

static int load_locations(struct db *db, struct world *w, struct err *e)
{
    int rc = -1;
    int64_t n = 0;
    bool found = false;
    bool row = false;
    struct stmt *st = NULL;
    TRY(db_get_i64(db, "SELECT count(*) FROM location", &n, &found, e));
    w->location = calloc((size_t)n + 1, sizeof *w->location);
    w->group_key = calloc((size_t)n + 1, sizeof *w->group_key);
    if (!w->location || !w->group_key) {
        rc = err_nomem(e, "locations");
        goto out;
    }
    TRY(db_prepare(db, &st, LOCATIONS, e));
    while ((rc = stmt_step(st, &row, e)) == 0 && row && w->n_locations < (size_t)n) {
        w->location[w->n_locations] =
            (struct hash_location){.id = col_i64(st, 0), .at = {col_f64(st, 1), col_f64(st, 2)}};
        w->group_key[w->n_locations] = strdup(col_text(st, 3));
        if (!w->group_key[w->n_locations++]) {
            rc = err_nomem(e, "group keys");
            goto out;
        }
    }
out:
    stmt_free(st);
    return rc;
}

static int by_location_id(const void *key, const void *element)
{
    int64_t id = *(const int64_t *)key;
    int64_t other = ((const struct hash_location *)element)->id;
    return (id > other) - (id < other);
}

static bool parse_digest(const char *hex, uint8_t out[SHA256_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < (size_t)2 * SHA256_SIZE; i++) {
        const char *d = hex && hex[i] ? strchr(digits, hex[i]) : NULL;
        if (!d) {
            return false;
        }
        out[i / 2] = (uint8_t)(out[i / 2] << 4 | (d - digits));
    }
    return true;
}

static int load_images(struct db *db, struct world *w, struct err *e)
{
    int rc = -1;
    int64_t n = 0;
    bool found = false;
    bool row = false;
    struct stmt *st = NULL;
    TRY(db_get_i64(db, "SELECT count(*) FROM image_hash WHERE state = 'ok'", &n, &found, e));
    w->image = calloc((size_t)n + 1, sizeof *w->image);
    if (!w->image) {
        rc = err_nomem(e, "image digests");
        goto out;
    }
    TRY(db_prepare(db, &st, HASHES, e));
    while ((rc = stmt_step(st, &row, e)) == 0 && row && w->n_images < (size_t)n) {
        struct hash_image *image = &w->image[w->n_images];
        int64_t location_id = col_i64(st, 1);
        struct hash_location *l =
            bsearch(&location_id, w->location, w->n_locations, sizeof *l, by_location_id);
        *image = (struct hash_image){
            .id = col_i64(st, 0), .view = (int)col_i64(st, 2), .dhash = (uint64_t)col_i64(st, 4)};
        if (l && parse_digest(col_text(st, 3), image->sha256)) {
            image->location = (size_t)(l - w->location);
            l->image[image->view] = image;
            w->n_images++;
        }
        if (w->n_images % 4096 == 0) {
            TRY(sig_check(e));
        }
    }
out:
    stmt_free(st);
    return rc;
}

/* A location's key with its index, for sorting. */
struct keyed {
    const char *key;
    size_t index;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *x = a;
    const struct keyed *y = b;
    int c = strcmp(x->key, y->key);
    return c != 0 ? c : (x->index > y->index) - (x->index < y->index);
}

static int join_by_key(const struct world *w, struct groups *g, struct err *e)
{
    struct keyed *keyed = malloc((w->n_locations + 1) * sizeof *keyed);
    if (!keyed) {
        return err_nomem(e, "group keys");
    }
    for (size_t i = 0; i < w->n_locations; i++) {
        keyed[i] = (struct keyed){w->group_key[i], i};
    }
    qsort(keyed, w->n_locations, sizeof *keyed, by_key);
    for (size_t i = 1; i < w->n_locations; i++) {
        if (strcmp(keyed[i - 1].key, keyed[i].key) == 0) {
            groups_join(g, keyed[i - 1].index, keyed[i].index);
        }
    }
    free(keyed);
    return 0;
}

/* *n_exact, *n_near: images. */
static int store_duplicates(struct db *db, const struct world *w, int64_t *n_exact, int64_t *n_near,
                            struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    TRY(db_exec(db, "DELETE FROM duplicate", e));
    TRY(db_prepare(db, &st,
                   "INSERT INTO duplicate (image_id, of_image_id, kind, distance_bits)"
                   " VALUES (?, ?, ?, ?)",
                   e));
    for (size_t i = 0; i < w->n_images; i++) {
        const struct hash_image *image = &w->image[i];
        if (image->of == 0) {
            continue;
        }
        stmt_i64(st, 1, image->id);
        stmt_i64(st, 2, image->of);
        stmt_text(st, 3, image->exact ? "exact" : "near");
        stmt_i64(st, 4, image->distance);
        TRY(stmt_run(st, e));
        *n_exact += image->exact != 0;
        *n_near += image->exact == 0;
    }
    rc = 0;
out:
    stmt_free(st);
    return rc;
}

/* The key of a group is that of its oldest location: what came later moves to it. Groups whose
 * members have one key already need no rows. */
static int store_groups(struct db *db, const struct world *w, struct groups *g, int64_t *n_joined,
                        struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    TRY(db_exec(db, "DELETE FROM grouping", e));
    TRY(db_prepare(db, &st, "INSERT INTO grouping (location_id, group_key) VALUES (?, ?)", e));
    for (size_t i = 0; i < w->n_locations; i++) {
        const char *key = w->group_key[groups_find(g, i)];
        if (strcmp(key, w->group_key[i]) != 0) {
            stmt_i64(st, 1, w->location[i].id);
            stmt_text(st, 2, key);
            TRY(stmt_run(st, e));
            (*n_joined)++;
        }
    }
    rc = 0;
out:
    stmt_free(st);
    return rc;
}

static int digest_inputs(struct db *db, const struct hash_prefs *prefs, struct sha256 *digest,
                         struct err *e)
{
    sha256_add(digest, &prefs->near_bits, sizeof prefs->near_bits);
    sha256_add(digest, &prefs->near_m, sizeof prefs->near_m);
    if (db_digest(db, digest, LOCATIONS, e) != 0) {
        return -1;
    }
    return db_digest(db, digest, HASHES, e);
}

int hash_group(struct db *db, const struct cli *cli, const struct hash_prefs *prefs, struct err *e)
{
    int rc = -1;
    struct world w = {0};
    struct groups g = {0};
    struct sha256 *digest = NULL;
    struct stage stage;
    int64_t n_exact = 0;
    int64_t n_near = 0;
    int64_t n_joined = 0;
    TRY(sha256_new(&digest, e));
    TRY(digest_inputs(db, prefs, digest, e));
    TRY(stage_begin(db, "hash", cli, digest, &stage, e));
    if (stage.current) {
        log_info("duplicates are up to date");
        goto out;
    }
    TRY(load_locations(db, &w, e));
    TRY(load_images(db, &w, e));
    TRY(groups_init(&g, w.n_locations, e));
    TRY(join_by_key(&w, &g, e));
    TRY(hash_match(w.location, w.n_locations, w.image, w.n_images, (int)prefs->near_bits,
                   prefs->near_m / 1000, &g, e));
    TRY(store_duplicates(db, &w, &n_exact, &n_near, e));
    TRY(store_groups(db, &w, &g, &n_joined, e));
    TRY(stage_commit(db, &stage, (int64_t)w.n_images, e));
    log_info("duplicates: %" PRId64 " images exact, %" PRId64 " near; %" PRId64
             " locations joined to the group of another",
             n_exact, n_near, n_joined);
out:
    db_rollback(db);
    sha256_free(digest);
    groups_release(&g);
    world_release(&w);
    return rc;
}
