/* SPDX-License-Identifier: MIT */
/*
 * A location's files are written together, when all its views have been verified, into a folder
 * <uuid>.tmp that gets its name when it is whole and on disk. So a folder <uuid> always has all its
 * files; one without a row, or one still called .tmp, is only ever left by a kill and then replaced.
 *
 * The disk starts on a file as soon as it is written, and fsync comes when all are: by then little
 * is left to wait for. (Not one syncfs for many locations: it waits for what everybody else has
 * written to the file system, too, and older kernels hide its errors. On a busy disk it was no
 * faster than fsync by several threads.)
 */
#include "fetch/store.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/hash.h"

#define PATH_SIZE 4096

int store_uuid(const char *provider, const char *pano_id, char uuid[STORE_UUID_SIZE], struct err *e)
{
    struct sha256 *s = NULL;
    uint8_t d[SHA256_SIZE];
    char hex[2 * 16 + 1];
    if (sha256_new(&s, e) != 0) {
        return -1;
    }
    sha256_add_str(s, provider);
    sha256_add_str(s, pano_id);
    sha256_end(s, d);
    sha256_free(s);
    d[6] = (uint8_t)((d[6] & 0x0f) | 0x80); /* version 8 */
    d[8] = (uint8_t)((d[8] & 0x3f) | 0x80); /* variant 10 */
    hex_encode(d, 16, hex);
    (void)snprintf(uuid, STORE_UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
                   hex + 16, hex + 20);
    return 0;
}

bool store_is_uuid(const char *id)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    size_t i = 0;
    while (form[i] && (form[i] == 'x' ? isxdigit((unsigned char)id[i]) != 0 : id[i] == form[i])) {
        i++;
    }
    return form[i] == '\0' && id[i] == '\0';
}

void store_name(double heading_deg, char name[STORE_NAME_SIZE])
{
    if (isfinite(heading_deg)) {
        (void)snprintf(name, STORE_NAME_SIZE, "%d.jpg", (int)lround(heading_deg) % 360);
    } else {
        (void)snprintf(name, STORE_NAME_SIZE, "unknown.jpg");
    }
}

/* --- one folder ---------------------------------------------------------------------------------- */

static int folder_of(char path[PATH_SIZE], const char *dir, const char *uuid, const char *tail,
                     struct err *e)
{
    int n = snprintf(path, PATH_SIZE, "%s/%s%s", dir, uuid, tail);
    return n < PATH_SIZE ? 0 : err_set(e, ERR_INPUT, "the path of '%s' is too long", dir);
}

/* With all files in it; whether there is none now. */
static bool remove_folder(const char *path)
{
    const struct dirent *f = NULL;
    DIR *d = opendir(path);
    while (d && (f = readdir(d)) != NULL) { /* NOLINT(concurrency-mt-unsafe): a stream of its own */
        (void)unlinkat(dirfd(d), f->d_name, 0);
    }
    if (d) {
        (void)closedir(d);
    }
    return rmdir(path) == 0 || errno == ENOENT;
}

static int make_folder(const char *path, struct err *e)
{
    int rc = mkdir(path, 0777);
    if (rc != 0 && errno == EEXIST && remove_folder(path)) {
        rc = mkdir(path, 0777);
    }
    return rc == 0 ? 0 : err_sys(e, errno, "cannot make folder '%s'", path);
}

static int rename_folder(const char *from, const char *to, struct err *e)
{
    int rc = rename(from, to);
    if (rc != 0 && (errno == EEXIST || errno == ENOTEMPTY) && remove_folder(to)) {
        rc = rename(from, to);
    }
    return rc == 0 ? 0 : err_sys(e, errno, "cannot rename '%s' to '%s'", from, to);
}

/* --- its files ----------------------------------------------------------------------------------- */

/* The bytes on their way to the disk. */
static int write_file(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t k = write(fd, data, n);
        if (k < 0 && errno == EINTR) {
            continue;
        }
        if (k < 0) {
            return -1;
        }
        data += k;
        n -= (size_t)k;
    }
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* a hint: fsync says how it went */
    return 0;
}

/* Another name of a file, if that can be: not on another file system, nor on one without links. */
static bool link_file(int folder, const struct store_file *f, int *fd)
{
    *fd = open(f->source, O_RDONLY | O_CLOEXEC);
    if (*fd >= 0 && linkat(AT_FDCWD, f->source, folder, f->name, 0) != 0) {
        (void)close(*fd);
        *fd = -1;
    }
    return *fd >= 0;
}

/* *fd: to be synced and closed, -1 if there is no file. */
static int add_file(int folder, const struct store_file *f, int *fd)
{
    if (f->source && link_file(folder, f, fd)) {
        return 0;
    }
    *fd = openat(folder, f->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return *fd >= 0 && write_file(*fd, f->p, f->n) == 0 ? 0 : -1;
}

/* All files, and their names, on disk. */
static int fill_folder(const char *path, const struct store_file *file, int n_files, struct err *e)
{
    int rc = 0;
    int fd[STORE_MAX_FILES];
    int n_open = 0;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return err_sys(e, errno, "cannot open folder '%s'", path);
    }
    for (int i = 0; rc == 0 && i < n_files; i++) {
        if (add_file(folder, &file[i], &fd[i]) != 0) {
            rc = err_sys(e, errno, "cannot write '%s/%s'", path, file[i].name);
        }
        n_open += fd[i] >= 0;
    }
    for (int i = 0; i < n_open; i++) {
        int errnum = rc == 0 && fsync(fd[i]) != 0 ? errno : 0;
        if (close(fd[i]) != 0 && errnum == 0) {
            errnum = errno;
        }
        if (errnum != 0 && rc == 0) {
            rc = err_sys(e, errnum, "cannot write '%s/%s' to disk", path, file[i].name);
        }
    }
    if (rc == 0 && fsync(folder) != 0) {
        rc = err_sys(e, errno, "cannot write folder '%s' to disk", path);
    }
    (void)close(folder);
    return rc;
}

int store_put(const char *dir, const char *uuid, const struct store_file *file, int n_files,
              struct err *e)
{
    int rc = -1;
    char path[PATH_SIZE];
    char tmp[PATH_SIZE];
    if (folder_of(path, dir, uuid, "", e) != 0 || folder_of(tmp, dir, uuid, ".tmp", e) != 0) {
        return -1;
    }
    TRY(make_folder(tmp, e));
    TRY(fill_folder(tmp, file, n_files, e));
    TRY(rename_folder(tmp, path, e));
out:
    if (rc != 0) {
        (void)remove_folder(tmp);
        e->kind = ERR_SYSTEM; /* a folder that vanished is no mistake of the user's */
    }
    return rc;
}

void store_remove(const char *dir, const char *uuid)
{
    struct err ignored = {0};
    char path[PATH_SIZE];
    if (folder_of(path, dir, uuid, "", &ignored) == 0) {
        (void)remove_folder(path);
    }
    if (folder_of(path, dir, uuid, ".tmp", &ignored) == 0) {
        (void)remove_folder(path);
    }
}

int store_ready(const char *dir, struct err *e)
{
    char path[PATH_SIZE];
    if (folder_of(path, dir, ".probe.tmp", "", e) != 0 || dir_make(dir, e) != 0) {
        return -1;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        return err_sys(e, errno, "cannot create '%s'", path);
    }
    int rc = write_file(fd, "gdje", 4) == 0 ? 0 : err_sys(e, errno, "cannot write '%s'", path);
    (void)close(fd);
    (void)unlink(path);
    return rc;
}
