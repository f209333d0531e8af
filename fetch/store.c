/* SPDX-License-Identifier: MIT */
/* Image files by write, fsync, rename. A location's files are written together, when all its views
 * have been verified: a folder without a row is only ever left by a kill, and then refilled. */
#include "fetch/store.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
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

static int path_of(char path[PATH_SIZE], const char *dir, const char *uuid, const char *name,
                   const char *tail, struct err *e)
{
    int n = snprintf(path, PATH_SIZE, "%s/%s/%s%s", dir, uuid, name, tail);
    return n < PATH_SIZE ? 0 : err_set(e, ERR_INPUT, "the path of '%s' is too long", dir);
}

/* The bytes, whole and on disk, or an error. */
static int write_synced(const char *path, const char *data, size_t n, struct err *e)
{
    int rc = -1;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        return err_sys(e, errno, "cannot create '%s'", path);
    }
    while (n > 0) {
        ssize_t k = write(fd, data, n);
        if (k < 0 && errno == EINTR) {
            continue;
        }
        if (k < 0) {
            rc = err_sys(e, errno, "cannot write '%s'", path);
            goto out;
        }
        data += k;
        n -= (size_t)k;
    }
    rc = fsync(fd) == 0 ? 0 : err_sys(e, errno, "cannot write '%s' to disk", path);
out:
    if (close(fd) != 0 && rc == 0) {
        rc = err_sys(e, errno, "cannot close '%s'", path);
    }
    return rc;
}

/* Another name of a file, whose bytes are on disk then. False where that cannot be: on another file
 * system, or on one without links. */
static bool link_synced(const char *source, const char *path)
{
    int fd = open(source, O_RDONLY | O_CLOEXEC);
    bool linked = false;
    if (fd >= 0) {
        (void)unlink(path);
        linked = fsync(fd) == 0 && link(source, path) == 0;
        (void)close(fd);
    }
    return linked;
}

static int put_one(const char *dir, const char *uuid, const struct store_file *f, struct err *e)
{
    char path[PATH_SIZE];
    char tmp[PATH_SIZE];
    if (path_of(path, dir, uuid, f->name, "", e) != 0 ||
        path_of(tmp, dir, uuid, f->name, ".tmp", e) != 0) {
        return -1;
    }
    bool linked = f->source && link_synced(f->source, tmp);
    if (!linked && write_synced(tmp, f->p, f->n, e) != 0) {
        (void)unlink(tmp);
        return -1;
    }
    if (rename(tmp, path) != 0) {
        int saved = errno;
        (void)unlink(tmp);
        return err_sys(e, saved, "cannot rename '%s' to '%s'", tmp, path);
    }
    if (linked) {
        (void)unlink(tmp); /* a rename of one link to another of the same file does nothing */
    }
    return 0;
}

int store_put(const char *dir, const char *uuid, const struct store_file *file, int n_files,
              struct err *e)
{
    char path[PATH_SIZE];
    if (snprintf(path, sizeof path, "%s/%s", dir, uuid) >= PATH_SIZE) {
        return err_set(e, ERR_INPUT, "the path of '%s' is too long", dir);
    }
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        return err_sys(e, errno, "cannot make folder '%s'", path);
    }
    for (int i = 0; i < n_files; i++) {
        if (put_one(dir, uuid, &file[i], e) != 0) {
            store_remove(dir, uuid);
            e->kind = ERR_SYSTEM; /* a folder that vanished is no mistake of the user's */
            return -1;
        }
    }
    return dir_sync(path, e);
}

void store_remove(const char *dir, const char *uuid)
{
    struct err ignored = {0};
    char path[PATH_SIZE];
    if (snprintf(path, sizeof path, "%s/%s", dir, uuid) >= PATH_SIZE) {
        return;
    }
    DIR *folder = opendir(path);
    if (!folder) {
        return;
    }
    const struct dirent *f = NULL;
    while ((f = readdir(folder)) != NULL) { /* NOLINT(concurrency-mt-unsafe): a stream of its own */
        char file[PATH_SIZE];
        if (strstr(f->d_name, ".jpg") && path_of(file, dir, uuid, f->d_name, "", &ignored) == 0) {
            (void)unlink(file);
        }
    }
    (void)closedir(folder);
    (void)rmdir(path);
}

int store_ready(const char *dir, struct err *e)
{
    char path[PATH_SIZE];
    if (snprintf(path, sizeof path, "%s/.probe.tmp", dir) >= PATH_SIZE) {
        return err_set(e, ERR_INPUT, "the path of '%s' is too long", dir);
    }
    if (dir_make(dir, e) != 0 || write_synced(path, "gdje", 4, e) != 0) {
        return -1;
    }
    (void)unlink(path);
    return 0;
}
