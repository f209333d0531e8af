/* SPDX-License-Identifier: MIT */
/* Items from photo files and folders of them. A photo's id is its path from the folder that was
 * named (or that it lies in), without extension: the same however often it is imported. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "core/listing.h"
#include "core/log.h"
#include "core/sig.h"
#include "prep/import_items.h"

#define MAX_DEPTH 32

/* A walk through folders, and what it passed by. */
struct walk {
    struct import_items *items;
    size_t root;     /* how much of an absolute path is not part of the id */
    size_t n_others; /* files that are no JPEG by their names */
    size_t n_closed; /* folders not gone into */
};

/* root: how much of the absolute path is not part of the id. */
static int add_photo(const char *path, size_t root, struct import_items *items, struct err *e)
{
    struct import_item *it = NULL;
    char *id = strdup(path + root);
    if (!id) {
        return err_nomem(e, "an id");
    }
    if (name_is_jpeg(path_base(id))) {
        *strrchr(id, '.') = '\0';
    }
    int rc = import_add(items, id, path, &it, e);
    free(id);
    if (rc == 0 && import_has_control(path)) {
        rc = import_reject(it, IMPORT_BAD_ID, e, "control characters in the name");
    }
    return rc;
}

static int walk_folder(struct walk *w, const char *dir, int depth, struct err *e);

/* Folders that are links may go in circles. */
static int visit(struct walk *w, const char *path, int depth, struct err *e)
{
    struct stat st;
    struct stat behind;
    if (sig_check(e) != 0) {
        return -1;
    }
    if (lstat(path, &st) != 0) {
        return err_sys(e, errno, "cannot look at '%s'", path);
    }
    bool linked = S_ISLNK(st.st_mode) && stat(path, &behind) == 0 && S_ISDIR(behind.st_mode);
    if (linked || (S_ISDIR(st.st_mode) && depth == MAX_DEPTH)) {
        log_note("left out: folder '%s'", path);
        w->n_closed++;
        return 0;
    }
    if (S_ISDIR(st.st_mode)) {
        return walk_folder(w, path, depth + 1, e);
    }
    if (name_is_jpeg(path_base(path))) {
        return add_photo(path, w->root, w->items, e);
    }
    log_note("left out: file '%s'", path);
    w->n_others++;
    return 0;
}

static int walk_folder(struct walk *w, const char *dir, int depth, struct err *e)
{
    int rc = 0;
    struct listing l = {0};
    if (listing_read(dir, &l, e) != 0) {
        return -1;
    }
    for (size_t i = 0; rc == 0 && i < l.n; i++) {
        char *path = path_join(dir, l.name[i]);
        rc = path ? visit(w, path, depth, e) : err_nomem(e, "a path");
        free(path);
    }
    listing_release(&l);
    return rc;
}

/* Bytes of an absolute path before its last n components. */
static size_t tail_start(const char *path, int n)
{
    size_t i = strlen(path);
    while (i > 1 && n > 0) {
        i--;
        n -= path[i] == '/';
    }
    return path[i] == '/' ? i + 1 : i;
}

int import_read_photos(const char *const *args, int n_args, const struct import_prefs *prefs,
                       struct import_items *items, struct err *e)
{
    struct walk w = {.items = items};
    items->exif_position = !prefs->to_predict;
    for (int i = 0; i < n_args; i++) {
        struct stat st;
        char *path = path_absolute(args[i], e);
        if (!path) {
            return -1;
        }
        bool is_dir = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
        w.root = tail_start(path, is_dir ? 1 : 2);
        int rc = is_dir ? walk_folder(&w, path, 0, e) : add_photo(path, w.root, items, e);
        free(path);
        if (rc != 0) {
            return -1;
        }
    }
    if (w.n_others > 0) {
        log_info("%zu files that are no JPEGs by their names were left out (-v names them)",
                 w.n_others);
    }
    if (w.n_closed > 0) {
        log_warn("%zu folders were left out: links, or more than %d deep (-v names them)",
                 w.n_closed, MAX_DEPTH);
    }
    return 0;
}
