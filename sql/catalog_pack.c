/* SPDX-License-Identifier: MIT */
/* What a pack is made from, so that its maker and its readers mean the same. */
#include <stdio.h>
#include <string.h>

#include "core/pack.h"
#include "sql/catalog.h"

#define DIGESTS                                                            \
    "SELECT i.location_id, i.view, h.sha256 FROM image i JOIN image_hash"  \
    " h ON h.image_id = i.id WHERE h.state = 'ok' ORDER BY i.location_id," \
    " i.view"

int catalog_pack_digest(struct db *db, const struct image_form *form, int n_views,
                        uint8_t out[SHA256_SIZE], struct err *e)
{
    int rc = -1;
    struct sha256 *s = NULL;
    char how[IMAGE_FORM_TEXT];
    char text[IMAGE_FORM_TEXT + 32];
    (void)snprintf(text, sizeof text, "fit %s, %d views", image_form_text(form, how), n_views);
    TRY(sha256_new(&s, e));
    sha256_add_str(s, text);
    TRY(db_digest(db, s, DIGESTS, e));
    sha256_end(s, out);
out:
    sha256_free(s);
    return rc;
}

int catalog_check_pack(struct db *db, const struct pack *p, const char *path, struct err *e)
{
    uint8_t now[SHA256_SIZE];
    if (catalog_pack_digest(db, pack_form(p), pack_n_views(p), now, e) != 0) {
        return -1;
    }
    if (memcmp(now, pack_inputs(p), SHA256_SIZE) != 0) {
        return err_set(e, ERR_INPUT,
                       "pack '%s' is not of the pictures that the catalog has now: run gdje-pack "
                       "again",
                       path);
    }
    return 0;
}
