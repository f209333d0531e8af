/* SPDX-License-Identifier: MIT */
/* Names and positions are read at once, the rest of a place when it is asked for. */
#include "fetch/folder.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/csv.h"
#include "core/file.h"
#include "core/log.h"
#include "core/nearest.h"
#include "core/parse.h"
#include "core/vec.h"
#include "fetch/store.h"
#include "sql/catalog.h"

/* An id is the place's name if that is a UUID, which means the same everywhere; else FOLDER/name. */
struct place {
    char *id; /* owned */
    struct lonlat at;
};

struct folder {
    char *dir;     /* owned */
    char *real;    /* the same without links; owned */
    struct db *db; /* NULL: a table */
    struct place *place;
    size_t n, cap;
    struct nearest *tree;
};

/* --- places --------------------------------------------------------------------------------------- */

static int add_place(struct folder *f, const char *id, struct lonlat at, struct err *e)
{
    if (vec_room(&f->place, f->n, &f->cap, sizeof *f->place, "places", e) != 0) {
        return -1;
    }
    char *full = store_is_uuid(id) ? strdup(id) : path_join(path_base(f->real), id);
    if (!full) {
        return err_nomem(e, "places");
    }
    f->place[f->n++] = (struct place){full, at};
    return 0;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->id, ((const struct place *)b)->id);
}

/* In order, each id once, with what finds the nearest. */
static int index_places(struct folder *f, struct err *e)
{
    size_t n = 0;
    if (f->n == 0) {
        return err_set(e, ERR_INPUT, "'%s' names no place with a position", f->dir);
    }
    qsort(f->place, f->n, sizeof *f->place, by_id);
    for (size_t i = 0; i < f->n; i++) {
        if (n > 0 && strcmp(f->place[n - 1].id, f->place[i].id) == 0) {
            log_warn("'%s': id '%s' is there more than once: only one of its rows is used", f->dir,
                     f->place[i].id);
            free(f->place[i].id);
        } else {
            f->place[n++] = f->place[i];
        }
    }
    f->n = n;
    struct lonlat *at = malloc(n * sizeof *at);
    if (!at) {
        return err_nomem(e, "places");
    }
    for (size_t i = 0; i < n; i++) {
        at[i] = f->place[i].at;
    }
    int rc = nearest_new(at, n, &f->tree, e);
    free(at);
    return rc;
}

/* --- a table -------------------------------------------------------------------------------------- */

/* Why an id cannot name a folder beside the table, or NULL. */
static const char *bad_id(const struct folder *f, const char *id)
{
    if (!id[0]) {
        return "no id";
    }
    if (strlen(path_base(f->real)) + 1 + strlen(id) >= sizeof((struct provider_item *)0)->id) {
        return "an id that is too long";
    }
    return id[0] == '.' || strchr(id, '/') ? "an id that is no name of a folder" : NULL;
}

static int add_row(struct folder *f, const struct csv *c, const int column[3], struct err *e)
{
    struct err why = {0};
    struct lonlat at = {0};
    const char *id = csv_field(c, column[0]);
    const char *problem = c->problem ? c->problem : bad_id(f, id);
    if (!problem && (parse_f64(csv_field(c, column[1]), -90, 90, &at.lat, &why) != 0 ||
                     parse_f64(csv_field(c, column[2]), -180, 180, &at.lon, &why) != 0)) {
        problem = why.msg;
    }
    if (problem) {
        log_warn("'%s', line %zu is left out: %s", c->name, c->line, problem);
        return 0;
    }
    return add_place(f, id, at, e);
}

static int read_table(struct folder *f, const char *path, struct err *e)
{
    int rc = -1;
    static const char *const names[] = {"uuid", "latitude", "longitude"};
    int column[3];
    uint8_t *data = NULL;
    size_t n = 0;
    struct csv c;
    bool row = false;
    TRY(file_read(path, CSV_MAX_BYTES, &data, &n, e));
    TRY(csv_init(&c, path, (char *)data, n, e));
    for (int i = 0; i < 3; i++) {
        column[i] = csv_column(&c, names[i]);
        if (column[i] < 0) {
            rc = err_set(e, ERR_INPUT, "'%s' has no column '%s'", path, names[i]);
            goto out;
        }
    }
    while ((rc = csv_next(&c, &row, e)) == 0 && row) {
        TRY(add_row(f, &c, column, e));
    }
out:
    free(data);
    return rc;
}

/* The views that are in the folder of an id. */
static int table_place(const struct folder *f, const struct place *p, struct folder_place *out,
                       struct err *e)
{
    for (int v = 0; v < PROVIDER_VIEWS; v++) {
        char name[128];
        (void)snprintf(name, sizeof name, "%s/%d.jpg", path_base(p->id), provider_heading_deg(v));
        char *path = path_join(f->dir, name);
        if (!path) {
            return err_nomem(e, "a path");
        }
        if (file_exists(path)) {
            out->picture[out->n_pictures++] =
                (struct folder_picture){v, provider_heading_deg(v), path};
        } else {
            free(path);
        }
    }
    return out->n_pictures > 0
               ? 0
               : err_set(e, ERR_INPUT, "'%s/%s' has none of 0.jpg, 90.jpg, 180.jpg, 270.jpg",
                         f->dir, path_base(p->id));
}

/* --- a catalog ------------------------------------------------------------------------------------ */

static int read_catalog(struct folder *f, const char *path, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    TRY(catalog_open(path, CATALOG_READ, &f->db, e));
    TRY(db_prepare(f->db, &st,
                   "SELECT uuid, lat_deg, lon_deg FROM location WHERE lat_deg IS NOT NULL", e));
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        const char *id = col_text(st, 0);
        if (!bad_id(f, id)) {
            TRY(add_place(f, id, (struct lonlat){.lat = col_f64(st, 1), .lon = col_f64(st, 2)}, e));
        }
    }
out:
    stmt_free(st);
    return rc;
}

static void take_text(struct stmt *st, int i, char *out, size_t size)
{
    const char *text = col_text(st, i);
    (void)snprintf(out, size, "%s", text ? text : "");
}

static int catalog_pictures(const struct folder *f, int64_t id, struct folder_place *out,
                            struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    TRY(db_prepare(f->db, &st,
                   "SELECT view, heading_deg, path FROM image WHERE location_id = ?"
                   " AND state = 'ok' ORDER BY view",
                   e));
    stmt_i64(st, 1, id);
    while ((rc = stmt_step(st, &row, e)) == 0 && row && out->n_pictures < PROVIDER_VIEWS) {
        struct folder_picture *p = &out->picture[out->n_pictures];
        p->view = (int)col_i64(st, 0);
        p->heading_deg = col_f64(st, 1);
        p->path = catalog_path(f->db, col_text(st, 2));
        if (!p->path) {
            rc = err_nomem(e, "a path");
            goto out;
        }
        out->n_pictures++;
    }
out:
    stmt_free(st);
    return rc;
}

static int catalog_place(const struct folder *f, const struct place *p, struct folder_place *out,
                         struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    int64_t id = 0;
    TRY(db_prepare(f->db, &st,
                   "SELECT id, captured, copyright, licence, group_key FROM location"
                   " WHERE uuid = ?",
                   e));
    stmt_text(st, 1, path_base(p->id));
    TRY(stmt_step(st, &row, e));
    if (!row) {
        rc = err_set(e, ERR_INPUT, "location '%s' has left the catalog in '%s'", p->id, f->dir);
        goto out;
    }
    id = col_i64(st, 0);
    take_text(st, 1, out->pano.captured, sizeof out->pano.captured);
    take_text(st, 2, out->pano.copyright, sizeof out->pano.copyright);
    take_text(st, 3, out->pano.licence, sizeof out->pano.licence);
    take_text(st, 4, out->pano.group, sizeof out->pano.group);
    TRY(catalog_pictures(f, id, out, e));
    if (out->n_pictures == 0) {
        rc = err_set(e, ERR_INPUT, "location '%s' has no pictures in the catalog in '%s'", p->id,
                     f->dir);
    }
out:
    stmt_free(st);
    return rc;
}

/* --- the folder ----------------------------------------------------------------------------------- */

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name);
    size_t k = strlen(end);
    return n > k && strcasecmp(name + n - k, end) == 0;
}

/* The only table or catalog in the folder; a catalog first. */
static int find_index(const char *dir, char **path, bool *is_catalog, struct err *e)
{
    char name[2][256];
    int n[2] = {0};
    static const char *const ends[2] = {".gpkg", ".csv"};
    DIR *d = opendir(dir);
    if (!d) {
        return err_sys(e, errno, "cannot open folder '%s'", dir);
    }
    const struct dirent *f = NULL;
    while ((f = readdir(d)) != NULL) { /* NOLINT(concurrency-mt-unsafe): a stream of its own */
        for (int k = 0; k < 2; k++) {
            if (f->d_name[0] != '.' && ends_with(f->d_name, ends[k])) {
                (void)snprintf(name[k], sizeof name[k], "%s", f->d_name);
                n[k]++;
            }
        }
    }
    (void)closedir(d);
    int k = n[0] > 0 ? 0 : 1;
    if (n[k] == 0) {
        return err_set(e, ERR_INPUT,
                       "'%s' has neither a .csv with uuid, latitude, longitude nor a catalog", dir);
    }
    if (n[k] > 1) {
        return err_set(e, ERR_INPUT, "'%s' has %d %s files: which of them names the places?", dir,
                       n[k], ends[k]);
    }
    *is_catalog = k == 0;
    *path = path_join(dir, name[k]);
    return *path ? 0 : err_nomem(e, "a path");
}

int folder_open(const char *dir, struct folder **out, struct err *e)
{
    int rc = -1;
    char *path = NULL;
    bool is_catalog = false;
    struct folder *f = calloc(1, sizeof *f);
    if (!f) {
        return err_nomem(e, "a data set");
    }
    f->dir = strdup(strncmp(dir, "file://", 7) == 0 ? dir + 7 : dir);
    if (!f->dir) {
        rc = err_nomem(e, "a data set");
        goto out;
    }
    f->real = path_absolute(f->dir, e);
    if (!f->real) {
        goto out;
    }
    TRY(find_index(f->dir, &path, &is_catalog, e));
    TRY(is_catalog ? read_catalog(f, path, e) : read_table(f, path, e));
    TRY(index_places(f, e));
    *out = f;
    f = NULL;
out:
    free(path);
    folder_close(f);
    return rc;
}

void folder_close(struct folder *f)
{
    if (!f) {
        return;
    }
    for (size_t i = 0; i < f->n; i++) {
        free(f->place[i].id);
    }
    free(f->place);
    nearest_free(f->tree);
    catalog_close(f->db);
    free(f->dir);
    free(f->real);
    free(f);
}

size_t folder_n(const struct folder *f)
{
    return f->n;
}

const char *folder_id(const struct folder *f, size_t i)
{
    return f->place[i].id;
}

struct lonlat folder_at(const struct folder *f, size_t i)
{
    return f->place[i].at;
}

static int compare_id(const void *id, const void *place)
{
    return strcmp(id, ((const struct place *)place)->id);
}

bool folder_find(const struct folder *f, const char *id, size_t *i)
{
    const struct place *p = bsearch(id, f->place, f->n, sizeof *f->place, compare_id);
    if (p) {
        *i = (size_t)(p - f->place);
    }
    return p != NULL;
}

bool folder_near(const struct folder *f, struct lonlat at, double radius_m, size_t *i)
{
    double km = 0;
    *i = nearest_find(f->tree, at, &km);
    return km * 1000 <= radius_m;
}

int folder_place(struct folder *f, size_t i, struct folder_place *out, struct err *e)
{
    const struct place *p = &f->place[i];
    *out = (struct folder_place){.pano = {.at = p->at, .heading_deg = (double)NAN}};
    (void)snprintf(out->pano.id, sizeof out->pano.id, "%s", p->id);
    if ((f->db ? catalog_place(f, p, out, e) : table_place(f, p, out, e)) != 0) {
        folder_place_release(out);
        return -1;
    }
    return 0;
}

void folder_place_release(struct folder_place *p)
{
    for (int i = 0; i < PROVIDER_VIEWS; i++) {
        free(p->picture[i].path);
        p->picture[i].path = NULL;
    }
    p->n_pictures = 0;
}
