/* SPDX-License-Identifier: MIT */
/* Items from photo files and folders of them. A photo's id is its path from the folder that was
 * named (or that it lies in), without extension: the same however often it is imported. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "core/file.h"
#include "core/sig.h"
#include "prep/import_items.h"

#define MAX_DEPTH 32

static bool is_jpeg_name(const char *name)
{
    static const char *const ends[] = {".jpg", ".jpeg", ".jpe"};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t m = strlen(ends[i]);
        if (n > m && strcasecmp(name + n - m, ends[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* root: how much of the absolute path is not part of the id. */
static int add_photo(const char *path, size_t root, struct import_items *items, struct err *e)
{
    struct import_item *it = NULL;
    char *id = strdup(path + root);
    if (!id) {
        return err_nomem(e, "an id");
    }
    if (is_jpeg_name(path_base(id))) {
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
    return is_jpeg_name(path_base(path)) ? add_photo(path, root, items, e) : 0;
}

static int not_hidden(const struct dirent *en)
{
    return en->d_name[0] != '.';
}

/* alphasort by bytes: no result may depend on the locale. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int walk(const char *dir, size_t root, int depth, struct import_items *items, struct err *e)
{
    int rc = 0;
    struct dirent **entry = NULL;
    int n = scandir(dir, &entry, not_hidden, by_bytes);
    if (n < 0) {
        return err_sys(e, errno, "cannot open directory '%s'", dir);
    }
    for (int i = 0; i < n; i++) {
        char *path = rc == 0 ? path_join(dir, entry[i]->d_name) : NULL;
        if (rc == 0) {
            rc = path ? visit(path, root, depth, items, e) : err_nomem(e, "a path");
        }
        free(path);
        free(entry[i]);
    }
    free(entry);
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
