/* SPDX-License-Identifier: MIT */
/*
 * A first look at every picture: that it is there and that its headers are those of a JPEG we can
 * decode. Whether its data are whole is gdje-hash's to find out. Photos give their EXIF as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/image.h"
#include "core/pool.h"
#include "prep/exif.h"
#include "prep/import_items.h"

/* Enough for the headers of most files; the others are read whole. */
#define HEAD_BYTES 65536

struct check {
    struct import_items *items;
    struct progress *progress;
    uint8_t *scratch; /* [n_threads, HEAD_BYTES] */
};

static int set_detail(struct import_view *view, enum import_state state, const char *text,
                      struct err *e)
{
    view->state = state;
    view->detail = strdup(text);
    return view->detail ? 0 : err_nomem(e, "a reason");
}

/* Up to HEAD_BYTES of a regular file into head. Returns how many, or -1 with why in *e. */
static ssize_t read_head(const char *path, uint8_t *head, int64_t *n_bytes, struct err *e)
{
    struct stat st;
    size_t n = 0;
    /* a named pipe would wait for its writer */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return err_sys(e, errno, "cannot open");
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)close(fd);
        return err_set(e, ERR_INPUT, "not a regular file");
    }
    *n_bytes = st.st_size;
    while (n < HEAD_BYTES) {
        ssize_t got = read(fd, head + n, HEAD_BYTES - n);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            (void)err_sys(e, errno, "cannot read");
            (void)close(fd);
            return -1;
        }
        if (got == 0) {
            break;
        }
        n += (size_t)got;
    }
    (void)close(fd);
    return (ssize_t)n;
}

/* One picture's headers into view; exif may be NULL. -1 only when memory is out. */
static int check_file(const char *path, uint8_t *head, struct import_view *view,
                      struct exif_photo *exif, struct err *e)
{
    struct err why = {0};
    struct image_info info;
    uint8_t *whole = NULL;
    size_t n_whole = 0;
    ssize_t n = read_head(path, head, &view->n_bytes, &why);
    if (n < 0) {
        enum import_state state = file_exists(path) ? IMPORT_CORRUPT : IMPORT_MISSING;
        return set_detail(view, state, state == IMPORT_MISSING ? "no such file" : why.msg, e);
    }
    const uint8_t *data = head;
    size_t n_data = (size_t)n;
    int bad = image_read_info(data, n_data, &info, &why);
    if (bad && view->n_bytes > n && file_read(path, IMAGE_MAX_BYTES, &whole, &n_whole, &why) == 0) {
        data = whole;
        n_data = n_whole;
        bad = image_read_info(data, n_data, &info, &why);
    }
    int rc = 0;
    if (bad) {
        rc = set_detail(view, IMPORT_CORRUPT, why.msg, e);
    } else {
        view->state = IMPORT_OK;
        view->width = info.width;
        view->height = info.height;
        if (exif) {
            exif_read(data, n_data, exif);
        }
    }
    free(whole);
    return rc;
}

static int check_folder(struct import_item *it, uint8_t *head, struct err *e)
{
    for (int v = 0; v < IMPORT_VIEWS; v++) {
        char *path = path_join(it->path, import_view_file(v));
        if (!path) {
            return err_nomem(e, "a path");
        }
        int rc = check_file(path, head, &it->view[v], NULL, e);
        free(path);
        if (rc != 0) {
            return -1;
        }
    }
    return 0;
}

static int take_position(struct import_item *it, const struct exif_photo *exif, struct err *e)
{
    switch (exif->position) {
    case EXIF_POSITION_NONE:
        return import_reject(it, IMPORT_NO_POSITION, e, "%s", exif->why);
    case EXIF_POSITION_BAD:
        return import_reject(it, IMPORT_BAD_POSITION, e, "%s", exif->why);
    case EXIF_POSITION_OUT_OF_RANGE:
        return import_reject(it, IMPORT_OUT_OF_RANGE, e, "%s", exif->why);
    case EXIF_POSITION_OK:
        break;
    }
    if (fpclassify(exif->at.lat) == FP_ZERO && fpclassify(exif->at.lon) == FP_ZERO) {
        return import_reject(it, IMPORT_ZERO, e, "0, 0: the camera had no fix");
    }
    it->at = exif->at;
    return 0;
}

/* The picture is judged before the position: a file that shows nothing is of no use anywhere. */
static int check_photo(struct import_item *it, bool exif_position, uint8_t *head, struct err *e)
{
    struct exif_photo exif = {0};
    struct import_view *view = &it->view[0];
    if (check_file(it->path, head, view, &exif, e) != 0) {
        return -1;
    }
    if (view->state != IMPORT_OK) {
        return 0;
    }
    if (exif_position && take_position(it, &exif, e) != 0) {
        return -1;
    }
    if (isnan(it->heading_deg)) {
        it->heading_deg = exif.heading_deg;
    }
    if (it->captured[0] == '\0') {
        memcpy(it->captured, exif.captured, sizeof it->captured);
    }
    if (exif.copyright[0] && !(it->copyright = strdup(exif.copyright))) {
        return err_nomem(e, "a copyright");
    }
    return 0;
}

static int check_item(void *ctx, size_t i, int worker, struct err *e)
{
    struct check *c = ctx;
    struct import_item *it = &c->items->v[i];
    uint8_t *head = c->scratch + (size_t)worker * HEAD_BYTES;
    progress_add(c->progress, 1);
    if (it->reason != IMPORT_ACCEPTED) {
        return 0;
    }
    return it->is_folder ? check_folder(it, head, e)
                         : check_photo(it, c->items->exif_position, head, e);
}

/* Views that no folder of the data set has are not missing: it has fewer than four per place. */
static void forget_unused_views(struct import_items *items)
{
    bool used[IMPORT_VIEWS] = {false};
    for (size_t i = 0; i < items->n; i++) {
        for (int v = 0; v < IMPORT_VIEWS; v++) {
            enum import_state s = items->v[i].view[v].state;
            used[v] = used[v] || s == IMPORT_OK || s == IMPORT_CORRUPT;
        }
    }
    for (size_t i = 0; i < items->n; i++) {
        for (int v = 0; v < IMPORT_VIEWS; v++) {
            struct import_view *view = &items->v[i].view[v];
            if (!used[v] && view->state == IMPORT_MISSING && items->v[i].is_folder) {
                free(view->detail);
                *view = (struct import_view){0};
            }
        }
    }
}

static int reject_without_images(struct import_item *it, struct err *e)
{
    const struct import_view *corrupt = NULL;
    for (int v = 0; v < IMPORT_VIEWS; v++) {
        if (it->view[v].state == IMPORT_OK) {
            return 0;
        }
        if (!corrupt && it->view[v].state == IMPORT_CORRUPT) {
            corrupt = &it->view[v];
        }
    }
    if (corrupt) {
        return import_reject(it, IMPORT_BAD_IMAGE, e, "%s", corrupt->detail);
    }
    return import_reject(it, IMPORT_NO_IMAGES, e,
                         !it->is_folder ? "there is no such file"
                         : file_exists(it->path)
                             ? "the folder has no 0.jpg, 90.jpg, 180.jpg or 270.jpg"
                             : "there is no such folder");
}

int import_check(const struct cli *cli, const struct import_prefs *prefs,
                 struct import_items *items, struct err *e)
{
    int rc = -1;
    struct progress progress;
    int n_threads = pool_threads((int)prefs->threads);
    struct check c = {.items = items, .progress = &progress};
    c.scratch = malloc((size_t)n_threads * HEAD_BYTES);
    if (!c.scratch) {
        return err_nomem(e, "file heads");
    }
    progress_init(&progress, cli->progress, "location", items->n);
    rc = pool_for(n_threads, items->n, check_item, &c, e);
    progress_end(&progress);
    free(c.scratch);
    if (rc != 0) {
        return -1;
    }
    forget_unused_views(items);
    for (size_t i = 0; i < items->n; i++) {
        if (items->v[i].reason == IMPORT_ACCEPTED && reject_without_images(&items->v[i], e) != 0) {
            return -1;
        }
    }
    return 0;
}
