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

int catalog_pack_digest(struct db *db, int size_px, int n_views, uint8_t out[SHA256_SIZE],
                        struct err *e)
{
    int rc = -1;
    struct sha256 *s = NULL;
    char form[64];
    (void)snprintf(form, sizeof form, "fit %d px, %d views", size_px, n_views);
    TRY(sha256_new(&s, e));
    sha256_add_str(s, form);
    TRY(db_digest(db, s, DIGESTS, e));
    sha256_end(s, out);
out:
    sha256_free(s);
    return rc;
}

int catalog_check_pack(struct db *db, const struct pack *p, const char *path, struct err *e)
{
    uint8_t now[SHA256_SIZE];
    if (catalog_pack_digest(db, pack_size_px(p), pack_n_views(p), now, e) != 0) {
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
