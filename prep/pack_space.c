/* SPDX-License-Identifier: MIT */
/* The size of a pack before it is made. JPEGs are estimated from some, evenly from all locations. */
#include "prep/pack_space.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "core/file.h"
#include "core/log.h"
#include "core/pack.h"
#include "prep/pack.h"

#define N_SAMPLES 8
#define MARGIN    1.1 /* of an estimate */

#define COUNT                                                                   \
    "SELECT count(*) FROM image i JOIN image_hash h ON h.image_id = i.id WHERE" \
    " h.state = 'ok'"

#define BYTES_TEXT 24

static const char *bytes_text(uint64_t n, char text[BYTES_TEXT])
{
    static const char *const unit[] = {"kB", "MB", "GB", "TB"};
    double v = (double)n / 1e3;
    int i = 0;
    for (; v >= 999.5 && i < 3; i++) {
        v /= 1e3;
    }
    (void)snprintf(text, BYTES_TEXT, v < 10 ? "%.1f %s" : "%.0f %s", v, unit[i]);
    return text;
}

/* Bytes of a location's first picture as a JPEG. */
static int measure(const struct place *place, const struct image_form *form, uint8_t *rgb,
                   uint64_t *n_bytes, struct err *e)
{
    const struct image_form plain = {.size_px = form->size_px, .fast = form->fast};
    struct image img = {rgb, form->size_px, form->size_px};
    uint8_t *jpeg = NULL;
    size_t n = 0;
    int v = 0;
    while (v < PICTURE_VIEWS - 1 && !place->view[v].path) {
        v++;
    }
    if (picture_load(&place->view[v], &plain, rgb, e) != 0 ||
        image_encode(&img, PACK_JPEG_QUALITY, &jpeg, &n, e) != 0) {
        return -1;
    }
    free(jpeg);
    *n_bytes += n;
    return 0;
}

/* All of the pack as JPEGs, from the mean of some. */
static int estimate(const struct image_form *form, int n_views, struct pictures *p,
                    uint64_t *n_bytes, struct err *e)
{
    int rc = -1;
    bool found = false;
    int64_t n_images = 0;
    uint64_t sum = 0;
    size_t n = p->n < N_SAMPLES ? p->n : N_SAMPLES;
    uint8_t *rgb = malloc((size_t)form->size_px * (size_t)form->size_px * 3);
    if (!rgb) {
        return err_nomem(e, "a picture");
    }
    TRY(db_get_i64(p->db, COUNT, &n_images, &found, e));
    for (size_t i = 0; i < n; i++) {
        pictures_seek(p, i * p->n / n);
        TRY(pictures_next(p, 1, e));
        TRY(measure(&p->batch[0], form, rgb, &sum, e));
    }
    *n_bytes = pack_bytes_for(0, 0, p->n) + p->n * 4 * (uint64_t)n_views +
               (uint64_t)((double)sum / (double)n * (double)n_images);
out:
    pictures_seek(p, 0);
    free(rgb);
    return rc;
}

/* Bytes that this user may still write where path is. */
static int find_room(const char *path, uint64_t *n_bytes, struct err *e)
{
    struct statvfs fs;
    char *dir = path_dir(path);
    if (!dir) {
        return err_nomem(e, "a path");
    }
    int rc = statvfs(dir, &fs) == 0 ? 0 : err_sys(e, errno, "cannot create '%s'", path);
    free(dir);
    *n_bytes = rc == 0 ? (uint64_t)fs.f_bavail * fs.f_frsize : 0;
    return rc;
}

int pack_check_space(const char *path, const struct image_form *form, int n_views,
                     struct pictures *p, struct err *e)
{
    char text[3][BYTES_TEXT];
    uint64_t pixels = pack_bytes_for(form->size_px, n_views, p->n);
    uint64_t jpegs = 0;
    uint64_t room = 0;
    if (estimate(form, n_views, p, &jpegs, e) != 0 || find_room(path, &room, e) != 0) {
        return -1;
    }
    uint64_t careful = (uint64_t)((double)jpegs * MARGIN);
    const char *as_pixels = bytes_text(pixels, text[0]);
    const char *as_jpegs = bytes_text(jpegs, text[1]);
    const char *there = bytes_text(room, text[2]);
    log_info("%zu locations of up to %d views at %d px: %s as pixels, about %s as JPEGs%s", p->n,
             n_views, form->size_px, as_pixels, as_jpegs, form->quality ? "" : " (--jpeg)");
    if ((form->quality ? careful : pixels) <= room) {
        return 0;
    }
    if (form->quality) {
        return err_set(e, ERR_SYSTEM, "'%s' would take about %s, its disk has room for %s", path,
                       as_jpegs, there);
    }
    return err_set(e, ERR_SYSTEM, "'%s' would take %s, its disk has room for %s%s%s%s", path,
                   as_pixels, there, careful <= room ? ": as JPEGs it would be about " : "",
                   careful <= room ? as_jpegs : "", careful <= room ? " (--jpeg)" : "");
}
