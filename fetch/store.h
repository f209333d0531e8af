/* SPDX-License-Identifier: MIT */
/*
 * The image files of a location, named by their headings: DIR/<uuid>/0.jpg, 90.jpg, ...
 *
 *     TRY(store_put(dir, uuid, file, n, e));  (worker thread: files and their folder on disk)
 *     TRY(dir_sync(dir, e));                  (once per batch, before its rows are committed)
 */
#ifndef FETCH_STORE_H
#define FETCH_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "fetch/provider.h"

#define STORE_UUID_SIZE 37

/* store_uuid - the location's name, a pure function of provider and panorama: the first 128 bits
 * of their SHA-256 as a UUID of version 8 (RFC 9562, section 5.8), so that a rerun after any
 * interruption writes the same files. */
int store_uuid(const char *provider, const char *pano_id, char uuid[STORE_UUID_SIZE],
               struct err *e);

/* store_is_uuid - whether an id has a UUID's form. */
bool store_is_uuid(const char *id);

#define STORE_NAME_SIZE 16

/* store_name - "137.jpg" for a picture that looks there; "unknown.jpg" for NAN. */
void store_name(double heading_deg, char name[STORE_NAME_SIZE]);

struct store_file {
    const char *name;
    const char *p; /* n bytes of JPEG */
    size_t n;
    const char *source; /* a file of these bytes, of which it becomes a hard link where the file
                           systems allow; NULL: there is none */
};

#define STORE_MAX_FILES 4

/*
 * store_put - all files of a location, STORE_MAX_FILES at most: into the folder <uuid>.tmp, fsync of
 * each and of the folder, which then is renamed. What a killed run left under either name is
 * replaced. That the new name lasts is for dir_sync to see to.
 * Returns 0, or -1 with *e (ERR_SYSTEM) and no temporary folder left. Threads: safe for different
 * locations.
 */
int store_put(const char *dir, const char *uuid, const struct store_file *file, int n_files,
              struct err *e);

/* store_remove - what a killed run may have left of a location that will not be completed. */
void store_remove(const char *dir, const char *uuid);

/* store_ready - make the folder and write a file in it, so that an unwritable one is known before
 * the first request is sent. */
int store_ready(const char *dir, struct err *e);

#endif
