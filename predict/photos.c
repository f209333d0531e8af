/* SPDX-License-Identifier: MIT */
/* Finding photos and bringing them to a network's size. */
#include "predict/photos.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "core/image.h"
#include "core/listing.h"
#include "core/sig.h"
#include "core/vec.h"
#include "sql/catalog.h"
#include "train/nn/place.h"

#define MAX_DEPTH 32 /* of folders */

static const char *const view_names[PHOTO_VIEWS] = {"0.jpg", "90.jpg", "180.jpg", "270.jpg"};

void photos_release(struct photos *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->loc[i].uuid);
        free(p->loc[i].part);
        for (int v = 0; v < PHOTO_VIEWS; v++) {
            free(p->loc[i].view[v]);
        }
    }
    free(p->loc);
    *p = (struct photos){0};
}

static int add_location(struct photos *p, const char *uuid, struct photo_location **loc,
                        struct err *e)
{
    if (vec_room(&p->loc, p->n, &p->cap, sizeof *p->loc, "locations", e) != 0) {
        return -1;
    }
    *loc = &p->loc[p->n];
    **loc = (struct photo_location){.truth = {(double)NAN, (double)NAN}};
    (*loc)->uuid = strdup(uuid);
    if (!(*loc)->uuid) {
        return err_nomem(e, "locations");
    }
    p->n++;
    return 0;
}

/* Files and folders ----------------------------------------------------------------------------- */

/* The views in a folder as a location, when there are any; *found says so. */
static int add_views(struct photos *p, const char *dir, const char *uuid, bool *found,
                     struct err *e)
{
    int rc = -1;
    char *path[PHOTO_VIEWS] = {NULL};
    struct photo_location *loc = NULL;
    *found = false;
    for (int v = 0; v < PHOTO_VIEWS; v++) {
        path[v] = path_join(dir, view_names[v]);
        if (!path[v]) {
            rc = err_nomem(e, "a path");
            goto out;
        }
        if (file_exists(path[v])) {
            *found = true;
        } else {
            free(path[v]);
            path[v] = NULL;
        }
    }
    if (*found) {
        TRY(add_location(p, uuid, &loc, e));
        memcpy(loc->view, path, sizeof path);
        memset(path, 0, sizeof path);
    }
    rc = 0;
out:
    for (int v = 0; v < PHOTO_VIEWS; v++) {
        free(path[v]);
    }
    return rc;
}

static int add_photo(struct photos *p, const char *path, struct err *e)
{
    struct photo_location *loc = NULL;
    if (add_location(p, path, &loc, e) != 0) {
        return -1;
    }
    loc->view[0] = strdup(path);
    return loc->view[0] ? 0 : err_nomem(e, "a path");
}

static int add_folder(struct photos *p, const char *dir, const char *uuid, int depth,
                      struct err *e);

/* What a folder of photos or of locations holds. Links are followed to locations, but not to
 * folders of other things: they may go in circles. */
static int add_entry(struct photos *p, const char *path, int depth, struct err *e)
{
    struct stat st;
    bool found = false;
    if (sig_check(e) != 0) {
        return -1;
    }
    if (lstat(path, &st) != 0) {
        return err_sys(e, errno, "cannot look at '%s'", path);
    }
    if (S_ISDIR(st.st_mode)) {
        return depth < MAX_DEPTH ? add_folder(p, path, path_base(path), depth + 1, e) : 0;
    }
    if (S_ISLNK(st.st_mode) && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        return add_views(p, path, path_base(path), &found, e);
    }
    return name_is_jpeg(path_base(path)) ? add_photo(p, path, e) : 0;
}

/* A folder with views is a location; of any other all photos and folders are looked at. */
static int add_folder(struct photos *p, const char *dir, const char *uuid, int depth, struct err *e)
{
    bool found = false;
    struct listing l = {0};
    int rc = add_views(p, dir, uuid, &found, e);
    if (rc != 0 || found) {
        return rc;
    }
    rc = listing_read(dir, &l, e);
    for (size_t i = 0; rc == 0 && i < l.n; i++) {
        char *path = path_join(dir, l.name[i]);
        rc = path ? add_entry(p, path, depth, e) : err_nomem(e, "a path");
        free(path);
    }
    listing_release(&l);
    return rc;
}

static int add_name(struct photos *p, const char *name, struct err *e)
{
    struct stat st;
    const size_t before = p->n;
    if (stat(name, &st) != 0) {
        return err_sys(e, errno, "cannot open '%s'", name);
    }
    if (!S_ISDIR(st.st_mode)) {
        return add_photo(p, name, e);
    }
    char *dir = strdup(name);
    if (!dir) {
        return err_nomem(e, "a path");
    }
    for (size_t n = strlen(dir); n > 1 && dir[n - 1] == '/'; n--) {
        dir[n - 1] = '\0';
    }
    int rc = add_folder(p, dir, path_base(dir), 0, e);
    free(dir);
    if (rc == 0 && p->n == before) {
        rc = err_set(e, ERR_INPUT, "no photos in '%s': neither *.jpg nor folders of them", name);
    }
    return rc;
}

static int add_lines(struct photos *p, FILE *in, struct err *e)
{
    int rc = 0;
    char *line = NULL;
    size_t cap = 0;
    ssize_t n = 0;
    while (rc == 0 && (n = getline(&line, &cap, in)) >= 0) {
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r')) {
            line[--n] = '\0';
        }
        if (n > 0) {
            rc = add_name(p, line, e);
        }
    }
    if (rc == 0 && ferror(in)) {
        rc = err_sys(e, errno, "cannot read standard input");
    }
    free(line);
    return rc;
}

int photos_from_names(struct photos *p, const char *const *name, int n, FILE *in, struct err *e)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(name[i], "-") == 0 ? add_lines(p, in, e) : add_name(p, name[i], e)) {
            return -1;
        }
    }
    return p->n > 0 ? 0 : err_set(e, ERR_INPUT, "no photos were named");
}

/* Catalog ----------------------------------------------------------------------------------------- */

enum { ID, UUID, LON, LAT, PART, VIEW, PATH };

/* Whether a row belongs to one of the parts asked for; counts it there. */
static bool wanted(struct stmt *st, const struct opt_list *part, size_t *n_found)
{
    const char *its = col_text(st, PART);
    bool any = false;
    for (int i = 0; i < part->n; i++) {
        bool in = strcmp(part->v[i], "all") == 0 || (its && strcmp(part->v[i], its) == 0) ||
                  (strcmp(part->v[i], "unknown") == 0 && col_null(st, LAT));
        n_found[i] += in;
        any = any || in;
    }
    return any;
}

static int add_row(struct photos *p, struct db *db, struct stmt *st, struct err *e)
{
    struct photo_location *loc = p->n ? &p->loc[p->n - 1] : NULL;
    if (!loc || loc->id != col_i64(st, ID)) {
        if (add_location(p, col_text(st, UUID), &loc, e) != 0) {
            return -1;
        }
        loc->id = col_i64(st, ID);
        loc->truth = (struct lonlat){col_f64(st, LON), col_f64(st, LAT)};
        if (col_text(st, PART) && !(loc->part = strdup(col_text(st, PART)))) {
            return err_nomem(e, "locations");
        }
    }
    const int64_t view = col_i64(st, VIEW);
    if (!col_null(st, PATH) && view >= 0 && view < PHOTO_VIEWS && !loc->view[view]) {
        loc->view[view] = catalog_path(db, col_text(st, PATH));
        return loc->view[view] ? 0 : err_nomem(e, "a path");
    }
    return 0;
}

int photos_from_catalog(struct photos *p, struct db *db, int64_t run_id,
                        const struct opt_list *part, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    size_t n_found[OPT_LIST_MAX] = {0};
    TRY(db_prepare(db, &st,
                   "SELECT l.id, l.uuid, l.lon_deg, l.lat_deg, s.part, i.view, i.path"
                   " FROM location l LEFT JOIN run r ON r.id = ?"
                   " LEFT JOIN split s ON s.scheme_id = r.scheme_id AND s.location_id = l.id"
                   " LEFT JOIN image i ON i.location_id = l.id AND i.state = 'ok'"
                   " ORDER BY l.uuid, i.view",
                   e));
    stmt_i64(st, 1, run_id);
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        if (wanted(st, part, n_found)) {
            TRY(add_row(p, db, st, e));
        }
    }
    for (int i = 0; rc == 0 && i < part->n; i++) {
        if (n_found[i] == 0) {
            rc = err_set(e, ERR_INPUT, "there is no location in part '%s'", part->v[i]);
        }
    }
out:
    stmt_free(st);
    return rc;
}

/* Pixels ------------------------------------------------------------------------------------------ */

static int load_packed(const struct pack *pack, size_t i, int n_views, uint8_t *record,
                       size_t view_bytes, struct err *e)
{
    const uint32_t mask = pack_mask(pack, i);
    if ((mask & PACK_ALL_VIEWS(n_views)) == 0) {
        return err_set(e, ERR_INPUT, "the pack has none of its views");
    }
    if (pack_read(pack, i, record, e) != 0) {
        return -1;
    }
    place_fill_views(record, mask, n_views, view_bytes);
    return 0;
}

int photos_load(const struct photo_location *loc, const struct pack *pack, int n_views,
                const struct image_form *form, uint8_t *record, struct err *e)
{
    const size_t view_bytes = (size_t)form->size_px * (size_t)form->size_px * 3;
    uint32_t mask = 0;
    const ptrdiff_t packed = pack && loc->id > 0 ? pack_find(pack, loc->id) : -1;
    if (packed >= 0) {
        return load_packed(pack, (size_t)packed, n_views, record, view_bytes, e);
    }
    for (int v = 0; v < n_views && v < PHOTO_VIEWS; v++) {
        if (loc->view[v]) {
            if (image_load_fit(loc->view[v], form, record + (size_t)v * view_bytes, e) != 0) {
                return -1;
            }
            mask |= 1u << v;
        }
    }
    if (mask == 0) {
        return err_set(e, ERR_INPUT, "it has no usable photo");
    }
    place_fill_views(record, mask, n_views, view_bytes);
    return 0;
}
