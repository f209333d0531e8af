/* SPDX-License-Identifier: MIT */
/* Paths and the lock of a run: see run_dir.h. */
#include "train/run_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/file.h"
#include "sql/catalog.h"

#define BEST "best.safetensors"
#define LAST "last.safetensors"

static int no_memory(struct run_dir *r, struct err *e)
{
    run_dir_release(r);
    return err_nomem(e, "a path");
}

int run_dir_name(struct run_dir *r, const struct db *db, const char *parent, const char *name,
                 struct err *e)
{
    char *absolute = NULL;
    *r = (struct run_dir){.lock_fd = -1};
    if (parent && (dir_make(parent, e) != 0 || !(absolute = path_absolute(parent, e)))) {
        return -1;
    }
    char *stored = path_join(absolute ? absolute : "run", name);
    free(absolute);
    if (!stored) {
        return no_memory(r, e);
    }
    r->best_stored = path_join(stored, BEST);
    r->last_stored = path_join(stored, LAST);
    r->dir = catalog_path(db, stored);
    free(stored);
    if (!r->dir || !r->best_stored || !r->last_stored) {
        return no_memory(r, e);
    }
    r->best = path_join(r->dir, BEST);
    r->last = path_join(r->dir, LAST);
    return r->best && r->last ? 0 : no_memory(r, e);
}

int run_dir_lock(struct run_dir *r, const char *name, struct err *e)
{
    if (dir_make(r->dir, e) != 0) {
        return -1;
    }
    char *path = path_join(r->dir, "lock");
    if (!path) {
        return err_nomem(e, "a path");
    }
    r->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int rc = 0;
    if (r->lock_fd < 0) {
        rc = err_sys(e, errno, "cannot create '%s'", path);
    } else if (lockf(r->lock_fd, F_TLOCK, 0) != 0) {
        rc = errno == EACCES || errno == EAGAIN
                 ? err_set(e, ERR_SYSTEM, "another process is training run '%s'", name)
                 : err_sys(e, errno, "cannot lock '%s'", path);
    }
    free(path);
    return rc;
}

static int remove_file(const char *path, struct err *e)
{
    return unlink(path) == 0 || errno == ENOENT ? 0 : err_sys(e, errno, "cannot remove '%s'", path);
}

int run_dir_clear(const struct run_dir *r, struct err *e)
{
    return remove_file(r->last, e) != 0 ? -1 : remove_file(r->best, e);
}

void run_dir_release(struct run_dir *r)
{
    if (r->lock_fd >= 0) {
        (void)close(r->lock_fd);
    }
    free(r->dir);
    free(r->best);
    free(r->last);
    free(r->best_stored);
    free(r->last_stored);
    *r = (struct run_dir){.lock_fd = -1};
}
