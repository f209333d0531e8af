/* SPDX-License-Identifier: MIT */
/*
 * Files that appear whole or not at all, whole-file reading with a ceiling, and directories.
 *
 *     struct out o = {0};
 *     TRY(out_open(&o, "report.html", e));   (writes report.html.tmp.PID beside it)
 *     fprintf(o.f, ...);
 *     TRY(out_commit(&o, e));                (flush, fsync, rename, fsync of the directory)
 * out:
 *     out_release(&o);                       (removes what was not committed)
 */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/err.h"

struct out {
    FILE *f;
    char *path; /* owned */
    char *tmp;  /* owned; NULL once committed */
};

int out_open(struct out *o, const char *path, struct err *e);
int out_commit(struct out *o, struct err *e);
void out_release(struct out *o);

/* out_find_stale - a temporary file for path whose process is gone (kill -9, power loss). *stale is
 * owned (free), NULL when there is none. */
int out_find_stale(const char *path, char **stale, struct err *e);

/* file_write - n bytes as a whole file, by the same protocol. */
int file_write(const char *path, const void *data, size_t n, struct err *e);

/* file_read - the whole file; ERR_INPUT when longer than max. *data is owned (free) and has a NUL
 * behind its n bytes. */
int file_read(const char *path, size_t max, uint8_t **data, size_t *n, struct err *e);

/* file_read_secret - a key file's first line without its newline, 1 to 4096 characters. ERR_USAGE
 * when others may read the file. *text is owned: secret_free wipes it. */
int file_read_secret(const char *path, char **text, struct err *e);
void secret_free(char *text);

/* A read-only memory map. */
struct map {
    const uint8_t *p; /* NULL for an empty file */
    size_t n;
    void *base; /* private: what munmap wants */
};
int map_open(struct map *m, const char *path, struct err *e);
void map_close(struct map *m);

int dir_make(const char *path, struct err *e); /* with its parents; existing ones are fine */
int dir_sync(const char *path, struct err *e); /* fsync the directory itself */
bool file_exists(const char *path);

/* Owned results (free), NULL only when out of memory. */
char *path_join(const char *dir, const char *name);   /* name when it is absolute */
char *path_dir(const char *path);                     /* "." when there is none */
char *path_absolute(const char *path, struct err *e); /* of an existing file, links resolved */
const char *path_base(const char *path);              /* view: behind the last slash */

/* stdout_finish - flush, check and close stdout: "cannot write standard output: No space left".
 * main does it; a server does it earlier, for its reader's sake, and the second call is nothing.
 * Where the reader has gone, as head does, the process ends silently by SIGPIPE, as others do. */
int stdout_finish(struct err *e);

#endif
