/* SPDX-License-Identifier: MIT */
/*
 * Atomic output, whole-file input, directories. A product is written beside its final name and
 * renamed, so a reader sees the old file, the new one, or none. Signals: a killed process leaves
 * at most a `.tmp.PID` file behind, which the next writer of that product removes, never a half
 * product under the real name.
 */
#include "core/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sig.h"

#define SECRET_MAX 4096

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *path_join(const char *dir, const char *name)
{
    if (name[0] == '/' || strcmp(dir, ".") == 0) {
        return strdup(name);
    }
    size_t n = strlen(dir) + strlen(name) + 2;
    char *p = malloc(n);
    if (p) {
        (void)snprintf(p, n, "%s/%s", dir, name);
    }
    return p;
}

char *path_dir(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) {
        return strdup(".");
    }
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

char *path_absolute(const char *path, struct err *e)
{
    char *p = realpath(path, NULL);
    if (!p) {
        (void)err_sys(e, errno, "cannot find '%s'", path);
    }
    return p;
}

int dir_make(const char *path, struct err *e)
{
    int rc = -1;
    char *p = strdup(path);
    if (!p) {
        return err_nomem(e, "a path");
    }
    for (char *s = p + 1;; s++) {
        if (*s != '/' && *s != '\0') {
            continue;
        }
        char c = *s;
        *s = '\0';
        if (mkdir(p, 0777) != 0 && errno != EEXIST) {
            rc = err_sys(e, errno, "cannot create directory '%s'", p);
            goto out;
        }
        *s = c;
        if (c == '\0') {
            break;
        }
    }
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        rc = err_set(e, ERR_SYSTEM, "cannot create directory '%s': something else has that name",
                     path);
        goto out;
    }
    rc = 0;
out:
    free(p);
    return rc;
}

int dir_sync(const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, errno, "cannot open directory '%s'", path);
    }
    /* Some file systems cannot sync a directory and say EINVAL: nothing more can be done there. */
    int rc = fsync(fd) != 0 && errno != EINVAL
                 ? err_sys(e, errno, "cannot sync directory '%s'", path)
                 : 0;
    (void)close(fd);
    return rc;
}

/* What killed processes were writing at this path; that it cannot be removed is no reason to stop. */
static void remove_stale(const char *path)
{
    struct err ignored = {0};
    char *stale = NULL;
    bool removed = true;
    while (removed && out_find_stale(path, &stale, &ignored) == 0 && stale) {
        removed = unlink(stale) == 0;
        free(stale);
    }
}

int out_open(struct out *o, const char *path, struct err *e)
{
    size_t n = strlen(path) + 32;
    *o = (struct out){0};
    o->path = strdup(path);
    o->tmp = malloc(n);
    if (!o->path || !o->tmp) {
        out_release(o);
        return err_nomem(e, "a path");
    }
    remove_stale(path);
    (void)snprintf(o->tmp, n, "%s.tmp.%ld", path, (long)getpid());
    o->f = fopen(o->tmp, "wbe");
    if (!o->f) {
        int errnum = errno;
        free(o->tmp);
        o->tmp = NULL;
        out_release(o);
        return err_sys(e, errnum, "cannot create '%s'", path);
    }
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    (void)fcntl(fileno(o->f), F_SETLK, &all); /* tells out_find_stale that somebody writes */
    return 0;
}

int out_commit(struct out *o, struct err *e)
{
    int rc = -1;
    char *dir = NULL;
    FILE *f = o->f;
    if (fflush(f) != 0 || ferror(f) || fsync(fileno(f)) != 0) {
        return err_sys(e, errno, "cannot write '%s'", o->path);
    }
    o->f = NULL;
    if (fclose(f) != 0) {
        return err_sys(e, errno, "cannot write '%s'", o->path);
    }
    if (rename(o->tmp, o->path) != 0) {
        return err_sys(e, errno, "cannot rename to '%s'", o->path);
    }
    free(o->tmp);
    o->tmp = NULL;
    dir = path_dir(o->path);
    if (!dir) {
        return err_nomem(e, "a path");
    }
    rc = dir_sync(dir, e);
    free(dir);
    return rc;
}

void out_release(struct out *o)
{
    if (o->f) {
        (void)fclose(o->f);
    }
    if (o->tmp) {
        (void)unlink(o->tmp);
    }
    free(o->tmp);
    free(o->path);
    *o = (struct out){0};
}

/* Whether name is `<base>.tmp.<pid>`. */
static bool is_temporary(const char *name, const char *base)
{
    size_t n = strlen(base);
    const char *pid = name + n + 5;
    return strncmp(name, base, n) == 0 && strncmp(name + n, ".tmp.", 5) == 0 && *pid != '\0' &&
           pid[strspn(pid, "0123456789")] == '\0';
}

/* Nobody holds the lock that a writer keeps until it ends, however it ends. */
static bool is_abandoned(const char *path)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool alone = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
    if (fd >= 0) {
        (void)close(fd);
    }
    return alone;
}

int out_find_stale(const char *path, char **stale, struct err *e)
{
    int rc = 0;
    char *folder = path_dir(path);
    DIR *d = folder ? opendir(folder) : NULL;
    struct dirent *en = NULL;
    *stale = NULL;
    if (!folder) {
        return err_nomem(e, "a path");
    }
    /* a folder that cannot be read is the writer's to complain of */
    while (d && !*stale && rc == 0 && (en = readdir(d))) { /* NOLINT(concurrency-mt-unsafe) */
        if (!is_temporary(en->d_name, path_base(path))) {
            continue;
        }
        char *found = path_join(folder, en->d_name);
        if (!found) {
            rc = err_nomem(e, "a path");
        } else if (is_abandoned(found)) {
            *stale = found;
        } else {
            free(found);
        }
    }
    if (d) {
        (void)closedir(d);
    }
    free(folder);
    return rc;
}

int file_write(const char *path, const void *data, size_t n, struct err *e)
{
    int rc = -1;
    struct out o;
    TRY(out_open(&o, path, e));
    if (fwrite(data, 1, n, o.f) != n) {
        rc = err_sys(e, errno, "cannot write '%s'", path);
        goto out;
    }
    TRY(out_commit(&o, e));
out:
    out_release(&o);
    return rc;
}

int file_read(const char *path, size_t max, uint8_t **data, size_t *n, struct err *e)
{
    int rc = -1;
    uint8_t *p = NULL;
    struct stat st;
    size_t len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, errno, "cannot open '%s'", path);
    }
    if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        rc = err_sys(e, S_ISDIR(st.st_mode) ? EISDIR : errno, "cannot read '%s'", path);
        goto out;
    }
    if (st.st_size > 0 && (uint64_t)st.st_size > max) {
        rc = err_set(e, ERR_INPUT, "cannot read '%s': more than %zu bytes", path, max);
        goto out;
    }
    /* Pipes say size 0: start small and grow; one byte more than the size finds the end at once. */
    size_t cap = st.st_size > 0 ? (size_t)st.st_size + 1 : 65536;
    p = malloc(cap + 1);
    if (!p) {
        rc = err_nomem(e, path);
        goto out;
    }
    for (;;) {
        if (len > max) {
            rc = err_set(e, ERR_INPUT, "cannot read '%s': more than %zu bytes", path, max);
            goto out;
        }
        if (len == cap) {
            cap *= 2;
            uint8_t *q = realloc(p, cap + 1);
            if (!q) {
                rc = err_nomem(e, path);
                goto out;
            }
            p = q;
        }
        ssize_t got = read(fd, p + len, cap - len);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            rc = err_sys(e, errno, "cannot read '%s'", path);
            goto out;
        }
        if (got == 0) {
            break;
        }
        len += (size_t)got;
    }
    p[len] = '\0';
    *data = p;
    *n = len;
    p = NULL;
    rc = 0;
out:
    free(p);
    (void)close(fd);
    return rc;
}

int file_read_secret(const char *path, char **text, struct err *e)
{
    struct stat st;
    uint8_t *data = NULL;
    size_t n = 0;
    if (stat(path, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return err_set(e, ERR_USAGE, "key file '%s' may be read by others: chmod 600 it", path);
    }
    if (file_read(path, SECRET_MAX, &data, &n, e) != 0) {
        return -1;
    }
    char *s = (char *)data;
    s[strcspn(s, "\r\n")] = '\0';
    if (s[0] == '\0') {
        free(data);
        return err_set(e, ERR_INPUT, "key file '%s' is empty", path);
    }
    *text = s;
    return 0;
}

void secret_free(char *text)
{
    if (text) {
        volatile char *p = text;
        while (*p) {
            *p++ = '\0';
        }
        free(text);
    }
}

int map_open(struct map *m, const char *path, struct err *e)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, errno, "cannot open '%s'", path);
    }
    *m = (struct map){0};
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        int rc = err_set(e, ERR_INPUT, "cannot map '%s': not a regular file", path);
        (void)close(fd);
        return rc;
    }
    if (st.st_size > 0) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED) {
            int rc = err_sys(e, errno, "cannot map '%s'", path);
            (void)close(fd);
            return rc;
        }
        m->base = p;
        m->p = p;
        m->n = (size_t)st.st_size;
    }
    (void)close(fd);
    return 0;
}

void map_close(struct map *m)
{
    if (m->p) {
        (void)munmap(m->base, m->n);
    }
    *m = (struct map){0};
}

static bool reader_is_gone(void)
{
    struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}

int stdout_finish(struct err *e)
{
    static bool finished;
    if (finished) {
        return 0;
    }
    finished = true;
    if (fflush(stdout) != 0 || ferror(stdout) || fclose(stdout) != 0) {
        const int errnum = errno ? errno : EIO;
        if (reader_is_gone()) {
            sig_reraise(SIGPIPE);
        }
        return err_sys(e, errnum, "cannot write standard output");
    }
    return 0;
}
