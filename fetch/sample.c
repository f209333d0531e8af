/* SPDX-License-Identifier: MIT */
/* A sequence of points is named by a digest of all that makes it; its stage record's row count says
 * how many of its points are in the queue. */
#include "fetch/sample.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/file.h"
#include "core/log.h"
#include "core/rng.h"
#include "fetch/points.h"
#include "fetch/sample_area.h"
#include "fetch/sample_cells.h"
#include "fetch/sample_near.h"
#include "fetch/sample_queue.h"
#include "sql/catalog.h"

#define NAME_SIZE 32

/* --- where ------------------------------------------------------------------------------------------ */

/* The border as a whole, or a disc around each place of a table. */
struct sites {
    struct points_site *v;
    size_t n;
    char (*name)[NAME_SIZE]; /* [n] */
    struct lonlat *place;    /* [n]; NULL: the border */
};

static void sites_release(struct sites *s)
{
    free(s->v);
    free(s->name);
    free(s->place);
    *s = (struct sites){0};
}

/* The places take turns in an order that has nothing to do with that of the table's rows, so that
 * fewer points than places are a fair choice of them. */
static int shuffled(const struct sample_prefs *p, size_t n, uint32_t **order, struct err *e)
{
    *order = malloc(n * sizeof **order);
    if (!*order) {
        return err_nomem(e, "places");
    }
    for (size_t i = 0; i < n; i++) {
        (*order)[i] = (uint32_t)i;
    }
    rng_shuffle((uint64_t)p->seed, rng_stream("sample.near"), *order, n);
    return 0;
}

static int open_sites(const struct sample_prefs *p, const struct sample_area *a, struct sites *s,
                      struct err *e)
{
    int rc = -1;
    uint32_t *order = NULL;
    s->n = 1;
    if (p->near) {
        TRY(sample_near_read(p->near, &s->place, &s->n, e));
        TRY(shuffled(p, s->n, &order, e));
    }
    s->v = calloc(s->n, sizeof *s->v);
    s->name = calloc(s->n, sizeof *s->name);
    if (!s->v || !s->name) {
        rc = err_nomem(e, "places");
        goto out;
    }
    for (size_t i = 0; p->near && i < s->n; i++) {
        (void)snprintf(s->name[i], NAME_SIZE, "sample.near.%" PRIu32, order[i]);
        s->v[i] = (struct points_site){
            .name = s->name[i], .centre = s->place[order[i]], .radius_m = p->within_m};
    }
    if (!p->near) {
        s->v[0] = (struct points_site){.name = "sample", .area = a->border};
    }
    rc = 0;
out:
    free(order);
    return rc;
}

static int sequence_name(const struct sample_prefs *p, const struct sample_area *a,
                         const struct sites *s, char name[SAMPLE_NAME_SIZE], struct err *e)
{
    char text[64];
    struct sha256 *digest = NULL;
    if (sha256_new(&digest, e) != 0) {
        return -1;
    }
    sample_area_digest(p, a, digest);
    if (s->place) {
        (void)snprintf(text, sizeof text, "near %.17g", p->within_m);
        sha256_add_str(digest, text);
        sha256_add(digest, s->place, s->n * sizeof *s->place);
    }
    sample_queue_name(digest, name);
    sha256_free(digest);
    return 0;
}

/* --- how many --------------------------------------------------------------------------------------- */

static int draw(const struct sample_prefs *p, const struct sample_area *a, const struct sites *s,
                struct lonlat *out, size_t *n, struct err *e)
{
    int rc = -1;
    size_t n_empty = 0;
    struct points *points = NULL;
    const struct points_rules rules = sample_area_rules(p, a);
    TRY(points_new(&rules, s->v, s->n, &points, e));
    TRY(points_draw(points, out, (size_t)p->count, n, e));
    for (size_t i = 0; i < s->n; i++) {
        n_empty += points_closed(points, i) && points_given(points, i) == 0;
    }
    if (*n == 0) {
        rc = err_set(e, ERR_INPUT, "no point falls inside the border '%s'%s%s%s%s%s%s", p->border,
                     p->near ? ", near a place of '" : "", p->near ? p->near : "",
                     p->near ? "'" : "", p->exclude ? ", outside of '" : "",
                     p->exclude ? p->exclude : "", p->exclude ? "'" : "");
        goto out;
    }
    if (n_empty > 0) {
        log_warn("'%s': no point falls within %g m of %zu of its %zu places", p->near, p->within_m,
                 n_empty, s->n);
    }
out:
    points_free(points);
    return rc;
}

/* Nothing to draw: the queue has had them all. */
static int up_to_date(const struct cli *cli, const struct sample_prefs *p, const char *name,
                      bool *yes, struct err *e)
{
    int rc = 0;
    int64_t given = 0;
    struct db *db = NULL;
    *yes = false;
    if (p->print || !file_exists(cli->catalog)) {
        return 0;
    }
    TRY(catalog_open(cli->catalog, CATALOG_WRITE, &db, e));
    TRY(sample_queue_given(db, name, &given, e));
    *yes = given >= p->count;
out:
    catalog_close(db);
    return rc;
}

/* What the queue lacks of the sequence's first n points. */
static int queue(const struct cli *cli, const char *name, const struct lonlat *p, size_t n,
                 struct err *e)
{
    int rc = -1;
    int64_t given = 0;
    struct db *db = NULL;
    TRY(catalog_open(cli->catalog, CATALOG_CREATE, &db, e));
    TRY(sample_queue_given(db, name, &given, e));
    if ((int64_t)n > given) {
        TRY(sample_queue_add(db, cli, name, given, p + given, n - (size_t)given, e));
        log_info("%zu points queued", n - (size_t)given);
    } else {
        log_info("up to date: the queue has had %" PRId64 " points of this sequence", given);
    }
out:
    catalog_close(db);
    return rc;
}

static int run_sequence(const struct cli *cli, const struct sample_prefs *p,
                        const struct sample_area *a, struct err *e)
{
    int rc = -1;
    bool done = false;
    size_t n = 0;
    char name[SAMPLE_NAME_SIZE];
    char apart[48] = "";
    struct sites sites = {0};
    struct lonlat *points = NULL;
    TRY(open_sites(p, a, &sites, e));
    TRY(sequence_name(p, a, &sites, name, e));
    TRY(up_to_date(cli, p, name, &done, e));
    if (done) {
        log_info("up to date: the queue has had %" PRId64 " points of this sequence", p->count);
        goto out;
    }
    points = malloc((size_t)p->count * sizeof *points);
    if (!points) {
        rc = err_nomem(e, "the points");
        goto out;
    }
    TRY(draw(p, a, &sites, points, &n, e));
    TRY(queue(cli, name, points, n, e));
    if (p->print) {
        sample_queue_print(points, n);
    }
    if ((int64_t)n < p->count) {
        if (p->min_distance_m > 0) {
            (void)snprintf(apart, sizeof apart, " %g m apart", p->min_distance_m);
        }
        rc =
            err_set(e, ERR_INCOMPLETE, "there is no room for more than %zu of %" PRId64 " points%s",
                    n, p->count, apart);
    }
out:
    free(points);
    sites_release(&sites);
    return rc;
}

static int check(const struct sample_prefs *p, struct err *e)
{
    if (p->near && p->cells) {
        return err_set(e, ERR_USAGE, "--near and --cells exclude each other");
    }
    if (p->within_given && !p->near) {
        return err_set(e, ERR_USAGE, "--within is the distance from the places of --near");
    }
    if ((p->cells != NULL) != (p->per_cell > 0)) {
        return err_set(e, ERR_USAGE, "--cells and --per-cell go together");
    }
    if (p->cells && p->count_given) {
        return err_set(e, ERR_USAGE, "with --cells, --per-cell says how many: leave out --count");
    }
    return 0;
}

int sample_run(const struct cli *cli, const struct sample_prefs *p, struct err *e)
{
    int rc = -1;
    struct sample_area area = {0};
    TRY(check(p, e));
    TRY(sample_area_open(p, &area, e));
    rc = p->cells ? sample_cells_run(cli, p, &area, e) : run_sequence(cli, p, &area, e);
out:
    sample_area_release(&area);
    return rc;
}
