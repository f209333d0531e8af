/* SPDX-License-Identifier: MIT */
/*
 * Exact duplicates by sorting digests. Near ones by bands: a dhash is cut into four bands of 16
 * bits; two that differ in at most 3 bits agree in one band at least. For each view and band,
 * locations are sorted by that band and then by all of their dhashes, so that the likely pairs lie
 * side by side, and each is compared with the next WINDOW of the same band: exhaustive where few
 * share a band, and still linear where thousands do.
 */
#include "prep/hash_match.h"

#include <stdlib.h>
#include <string.h>

#include "prep/hash_read.h"

#define BANDS  4
#define WINDOW 64

static void mark(struct hash_image *image, const struct hash_image *of, int exact)
{
    if (image->of == 0 || (exact && !image->exact) ||
        (exact == image->exact && of->id < image->of)) {
        image->of = of->id;
        image->distance = hash_distance(image->dhash, of->dhash);
        image->exact = exact;
    }
}

static int by_digest(const void *a, const void *b)
{
    const struct hash_image *x = *(const struct hash_image *const *)a;
    const struct hash_image *y = *(const struct hash_image *const *)b;
    int c = memcmp(x->sha256, y->sha256, SHA256_SIZE);
    return c != 0 ? c : (x->id > y->id) - (x->id < y->id);
}

static int match_exact(struct hash_image *image, size_t n, struct groups *g, struct err *e)
{
    struct hash_image **sorted = malloc((n + 1) * sizeof(void *));
    if (!sorted) {
        return err_nomem(e, "image digests");
    }
    for (size_t i = 0; i < n; i++) {
        sorted[i] = &image[i];
    }
    qsort(sorted, n, sizeof(void *), by_digest);
    for (size_t first = 0, i = 1; i < n; i++) {
        if (memcmp(sorted[first]->sha256, sorted[i]->sha256, SHA256_SIZE) != 0) {
            first = i;
            continue;
        }
        mark(sorted[i], sorted[first], 1);
        if (!hash_is_flat(sorted[i]->dhash)) {
            groups_join(g, sorted[first]->location, sorted[i]->location);
        }
    }
    free(sorted);
    return 0;
}

/* One location in the order of a view and band. */
struct entry {
    const struct hash_location *location;
    size_t index;
    unsigned band;
    int view;
};

/* The dhash that sorting compares k-th: the entry's own view first. */
static uint64_t dhash_of(const struct entry *x, int k)
{
    const struct hash_image *image = x->location->image[(x->view + k) % HASH_VIEWS];
    return image ? image->dhash : 0;
}

static int by_band(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    if (x->band != y->band) {
        return x->band < y->band ? -1 : 1;
    }
    for (int k = 0; k < HASH_VIEWS; k++) {
        uint64_t u = dhash_of(x, k);
        uint64_t v = dhash_of(y, k);
        if (u != v) {
            return u < v ? -1 : 1;
        }
    }
    return (x->index > y->index) - (x->index < y->index);
}

static bool are_near(const struct hash_location *a, const struct hash_location *b, int near_bits,
                     double near_km)
{
    int n_telling = 0;
    for (int v = 0; v < HASH_VIEWS; v++) {
        const struct hash_image *p = a->image[v];
        const struct hash_image *q = b->image[v];
        if (!p || !q) {
            continue;
        }
        if (hash_distance(p->dhash, q->dhash) > near_bits) {
            return false;
        }
        n_telling += !hash_is_flat(p->dhash) && !hash_is_flat(q->dhash);
    }
    if (n_telling >= 2) {
        return true;
    }
    return n_telling == 1 && geo_valid(a->at) && geo_valid(b->at) &&
           geo_distance_km(a->at, b->at) <= near_km;
}

static void mark_views(const struct hash_location *a, const struct hash_location *b)
{
    for (int v = 0; v < HASH_VIEWS; v++) {
        struct hash_image *p = a->image[v];
        struct hash_image *q = b->image[v];
        if (p && q) {
            mark(p->id < q->id ? q : p, p->id < q->id ? p : q,
                 memcmp(p->sha256, q->sha256, SHA256_SIZE) == 0);
        }
    }
}

/* entry: room for n. */
static void match_band(struct hash_location *location, size_t n, int view, int band, int near_bits,
                       double near_km, struct entry *entry, struct groups *g)
{
    size_t n_entries = 0;
    for (size_t i = 0; i < n; i++) {
        const struct hash_image *image = location[i].image[view];
        if (image && !hash_is_flat(image->dhash)) {
            unsigned key = (unsigned)(image->dhash >> (16 * band)) & 0xffffu;
            entry[n_entries++] = (struct entry){&location[i], i, key, view};
        }
    }
    qsort(entry, n_entries, sizeof *entry, by_band);
    for (size_t i = 0; i < n_entries; i++) {
        size_t last = i + WINDOW < n_entries ? i + WINDOW : n_entries - 1;
        for (size_t j = i + 1; j <= last && entry[j].band == entry[i].band; j++) {
            if (are_near(entry[i].location, entry[j].location, near_bits, near_km)) {
                mark_views(entry[i].location, entry[j].location);
                groups_join(g, entry[i].index, entry[j].index);
            }
        }
    }
}

int hash_match(struct hash_location *location, size_t n_locations, struct hash_image *image,
               size_t n_images, int near_bits, double near_km, struct groups *g, struct err *e)
{
    struct entry *entry = malloc((n_locations + 1) * sizeof *entry);
    if (!entry) {
        return err_nomem(e, "locations");
    }
    int rc = match_exact(image, n_images, g, e);
    for (int view = 0; rc == 0 && view < HASH_VIEWS; view++) {
        for (int band = 0; band < BANDS; band++) {
            match_band(location, n_locations, view, band, near_bits, near_km, entry, g);
        }
    }
    free(entry);
    return rc;
}
