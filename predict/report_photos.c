/* SPDX-License-Identifier: MIT */
/* The best and the worst predictions with their photos, small, inside the page. */
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/hash.h"
#include "core/image.h"
#include "core/log.h"
#include "predict/markup.h"
#include "predict/photos.h"
#include "predict/report_data.h"
#include "sql/catalog.h"

#define THUMB_PX      200
#define THUMB_QUALITY 78

static const char *const directions[PHOTO_VIEWS] = {"north", "east", "south", "west"};

/* An <img> with the picture in it, or a box that says there is none. */
static int thumbnail(struct db *db, const char *stored, const char *direction, FILE *f,
                     struct err *e)
{
    int rc = -1;
    const struct image_form form = {.size_px = THUMB_PX, .fast = true};
    struct err why = {0};
    struct image img = {0};
    uint8_t *jpeg = NULL;
    char *text = NULL;
    size_t n = 0;
    char *path = stored ? catalog_path(db, stored) : NULL;
    TRY(image_new(&img, THUMB_PX, THUMB_PX, e));
    if (!path || image_load_fit(path, &form, img.rgb, &why) != 0) {
        if (path) {
            log_warn("a photo is not shown: %s", why.msg);
        }
        (void)fprintf(f, "<div class=\"missing\">no photo<br>%s</div>", direction);
        rc = 0;
        goto out;
    }
    TRY(image_encode(&img, THUMB_QUALITY, &jpeg, &n, e));
    text = malloc(4 * ((n + 2) / 3) + 1);
    if (!text) {
        rc = err_nomem(e, "a picture");
        goto out;
    }
    base64url_encode(jpeg, n, text);
    for (char *p = text; *p; p++) { /* data URIs want the standard alphabet */
        *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
    }
    (void)fprintf(f,
                  "<figure><img loading=\"lazy\" width=\"%d\" height=\"%d\" alt=\"view %s\" "
                  "src=\"data:image/jpeg;base64,%s\"><figcaption>%s</figcaption></figure>",
                  THUMB_PX, THUMB_PX, direction, text, direction);
    rc = 0;
out:
    free(text);
    free(jpeg);
    free(path);
    image_release(&img);
    return rc;
}

/* "2023-05, somebody, CC0": what is known of it; views are read behind this row. */
static int credit_text(struct stmt *st, struct buf *b, struct err *e)
{
    if (buf_add_str(b, "", e) != 0) {
        return -1;
    }
    for (int i = 0; i < 3; i++) {
        const char *text = col_text(st, 1 + i);
        if (text && text[0] && buf_printf(b, e, "%s%s", b->n ? ", " : "", text) != 0) {
            return -1;
        }
    }
    return 0;
}

/* uuid and copyright of a location, and its four pictures. */
static int card(const struct report *r, struct db *db, size_t i, FILE *f, struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    char km[32];
    struct buf credit;
    char *path[PHOTO_VIEWS] = {NULL};
    buf_init(&credit, 1u << 16);
    const struct lonlat t = r->part->truth[i];
    const struct lonlat p = r->chosen->at[i];
    report_km(km, sizeof km, r->chosen->km[i]);
    TRY(db_prepare(
        db, &st,
        "SELECT l.uuid, l.captured, l.copyright, l.licence, i.view, i.path FROM location l"
        " LEFT JOIN image i ON i.location_id = l.id AND i.state = 'ok'"
        " WHERE l.id = ? ORDER BY i.view",
        e));
    stmt_i64(st, 1, r->part->location[i]);
    TRY(stmt_step(st, &row, e));
    if (!row) {
        goto out;
    }
    (void)fprintf(f, "<article class=\"card\" id=\"location-%lld\"><header><b>%s km</b> <code>",
                  (long long)r->part->location[i], km);
    html_text(f, col_text(st, 0));
    (void)fprintf(f,
                  "</code><p>true %.4f, %.4f &rarr; predicted %.4f, %.4f</p></header>"
                  "<div class=\"views\">",
                  t.lat, t.lon, p.lat, p.lon);
    TRY(credit_text(st, &credit, e));
    while (row) {
        const int64_t view = col_i64(st, 4);
        if (!col_null(st, 5) && view >= 0 && view < PHOTO_VIEWS && !path[view] &&
            !(path[view] = strdup(col_text(st, 5)))) {
            rc = err_nomem(e, "a path");
            goto out;
        }
        TRY(stmt_step(st, &row, e));
    }
    for (int v = 0; v < PHOTO_VIEWS; v++) {
        TRY(thumbnail(db, path[v], directions[v], f, e));
    }
    (void)fputs("</div><footer>", f);
    html_text(f, credit.p);
    (void)fputs("</footer></article>\n", f);
    rc = 0;
out:
    for (int v = 0; v < PHOTO_VIEWS; v++) {
        free(path[v]);
    }
    buf_release(&credit);
    stmt_free(st);
    return rc;
}

int report_photos(const struct report *r, struct db *db, FILE *f, struct err *e)
{
    const size_t n = r->part->n;
    const size_t asked = (size_t)r->prefs->n_photos;
    const size_t k = asked < n / 2 ? asked : (n + 1) / 2; /* nobody is best and worst */
    (void)fputs("<h3>Best</h3><div class=\"cards\">\n", f);
    for (size_t i = 0; i < k; i++) {
        if (card(r, db, r->by_error[i], f, e) != 0) {
            return -1;
        }
    }
    (void)fputs("</div><h3>Worst</h3><div class=\"cards\">\n", f);
    for (size_t i = 0; i < k && i < n - k; i++) {
        if (card(r, db, r->by_error[n - 1 - i], f, e) != 0) {
            return -1;
        }
    }
    (void)fputs("</div>\n", f);
    return 0;
}
