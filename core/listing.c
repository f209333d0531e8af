/* SPDX-License-Identifier: MIT */
/* Names in folders: see listing.h. */
#include "core/listing.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/vec.h"

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(DIR *d, const char *dir, struct listing *l, struct err *e)
{
    size_t cap = 0;
    const struct dirent *f = NULL;
    while (errno = 0, (f = readdir(d)) != NULL) { /* NOLINT(concurrency-mt-unsafe): ours alone */
        if (f->d_name[0] == '.') {
            continue;
        }
        if (vec_room(&l->name, l->n, &cap, sizeof *l->name, "file names", e) != 0) {
            return -1;
        }
        l->name[l->n] = strdup(f->d_name);
        if (!l->name[l->n++]) {
            return err_nomem(e, "a file name");
        }
    }
    return errno == 0 ? 0 : err_sys(e, errno, "cannot read directory '%s'", dir);
}

int listing_read(const char *dir, struct listing *l, struct err *e)
{
    *l = (struct listing){0};
    DIR *d = opendir(dir);
    if (!d) {
        return err_sys(e, errno, "cannot open directory '%s'", dir);
    }
    const int rc = read_names(d, dir, l, e);
    (void)closedir(d);
    if (rc != 0) {
        listing_release(l);
    } else if (l->n > 0) {
        qsort(l->name, l->n, sizeof *l->name, by_bytes);
    }
    return rc;
}

void listing_release(struct listing *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->name[i]);
    }
    free(l->name);
    *l = (struct listing){0};
}

bool name_is_jpeg(const char *name)
{
    static const char *const ends[] = {".jpg", ".jpeg", ".jpe"};
    const size_t n = strlen(name);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const size_t m = strlen(ends[i]);
        if (n > m && strcasecmp(name + n - m, ends[i]) == 0) {
            return true;
        }
    }
    return false;
}
