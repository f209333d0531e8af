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
#include "core/sig.h"
#include "prep/import_items.h"

#define MAX_DEPTH 32

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

static int walk(const char *dir, size_t root, int depth, struct import_items *items, struct err *e);

static int visit(const char *path, size_t root, int depth, struct import_items *items,
                 struct err *e)
{
    struct stat st;
    if (sig_check(e) != 0) {
        return -1;
    }
    if (lstat(path, &st) != 0) {
        return err_sys(e, errno, "cannot look at '%s'", path);
    }
    if (S_ISDIR(st.st_mode)) { /* links to folders are not followed: they may go in circles */
        return depth < MAX_DEPTH ? walk(path, root, depth + 1, items, e) : 0;
    }
    return name_is_jpeg(path_base(path)) ? add_photo(path, root, items, e) : 0;
}

static int walk(const char *dir, size_t root, int depth, struct import_items *items, struct err *e)
{
    int rc = 0;
    struct listing l = {0};
    if (listing_read(dir, &l, e) != 0) {
        return -1;
    }
    for (size_t i = 0; rc == 0 && i < l.n; i++) {
        char *path = path_join(dir, l.name[i]);
        rc = path ? visit(path, root, depth, items, e) : err_nomem(e, "a path");
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
    items->exif_position = !prefs->to_predict;
    for (int i = 0; i < n_args; i++) {
        struct stat st;
        char *path = path_absolute(args[i], e);
        if (!path) {
            return -1;
        }
        bool is_dir = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
        int rc = is_dir ? walk(path, tail_start(path, 1), 0, items, e)
                        : add_photo(path, tail_start(path, 2), items, e);
        free(path);
        if (rc != 0) {
            return -1;
        }
    }
    return 0;
}
