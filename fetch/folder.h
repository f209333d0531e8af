/* SPDX-License-Identifier: MIT */
/*
 * A data set on disk as provider `dir` sees it. Two layouts are read: a table of ids and positions
 * with a folder of views for each (DIR/anything.csv with uuid, latitude, longitude;
 * DIR/<uuid>/{0,90,180,270}.jpg, one of them at least), and a catalog of gdje with the pictures
 * that it names (DIR/catalog.gpkg).
 *
 *     TRY(folder_open("/data/croatia", &f, e));
 *     if (folder_near(f, point, 50, &i)) ...
 *     TRY(folder_place(f, i, &place, e));
 *     folder_close(f);
 *
 * Only ids and positions are in memory. One thread at a time.
 */
#ifndef FETCH_FOLDER_H
#define FETCH_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/geo.h"
#include "fetch/provider.h"

struct folder;

/* folder_open - dir: a path, or file:// and a path. ERR_INPUT says what is missing; rows that cannot
 * be used are warnings. */
int folder_open(const char *dir, struct folder **out, struct err *e);
void folder_close(struct folder *f); /* NULL ok */

/* Places by ascending id. */
size_t folder_n(const struct folder *f);
const char *folder_id(const struct folder *f, size_t i);
struct lonlat folder_at(const struct folder *f, size_t i);

/* folder_find - by id; folder_near - the nearest within the radius. False when there is none. */
bool folder_find(const struct folder *f, const char *id, size_t *i);
bool folder_near(const struct folder *f, struct lonlat at, double radius_m, size_t *i);

struct folder_picture {
    int view;
    double heading_deg; /* NAN: not known */
    char *path;         /* owned */
};

struct folder_place {
    struct pano pano;
    struct folder_picture picture[PROVIDER_VIEWS];
    int n_pictures;
};

/* folder_place - all of a place; what of it is there. ERR_INPUT when there is no picture. */
int folder_place(struct folder *f, size_t i, struct folder_place *out, struct err *e);
void folder_place_release(struct folder_place *p);

#endif
