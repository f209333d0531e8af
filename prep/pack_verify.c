/* SPDX-License-Identifier: MIT */
/* gdje-pack --verify: all records are looked at, however many are damaged. */
#include <stdatomic.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/pack.h"
#include "core/pool.h"
#include "core/progress.h"
#include "prep/pack.h"

struct check {
    const struct pack *pack;
    bool *bad; /* [records] a byte each, so that threads may write neighbours */
    atomic_size_t n_bad;
    struct progress progress;
};

/* A record that cannot be had for other reasons than damage ends the whole. */
static int check_record(void *ctx, size_t i, int worker, struct err *e)
{
    struct check *c = ctx;
    (void)worker;
    if (pack_check(c->pack, i, e) != 0) {
        if (e->kind != ERR_INPUT) {
            return -1;
        }
        c->bad[i] = true;
        c->n_bad++;
    }
    progress_add(&c->progress, 1);
    return 0;
}

/* In the order of the file, whichever thread found it. */
static void name_damage(const struct check *c)
{
    for (size_t i = 0; i < pack_count(c->pack); i++) {
        struct err why = {0};
        if (c->bad[i] && pack_check(c->pack, i, &why) != 0) {
            log_warn("%s", why.msg);
        }
    }
}

int pack_verify(const struct cli *cli, const struct pack_prefs *prefs, struct err *e)
{
    int rc = -1;
    char form[IMAGE_FORM_TEXT];
    struct pack *p = NULL;
    struct check c = {.n_bad = 0};
    TRY(pack_open(prefs->out, &p, e));
    c.pack = p;
    c.bad = calloc(pack_count(p) + 1, sizeof *c.bad);
    if (!c.bad) {
        rc = err_nomem(e, "records");
        goto out;
    }
    progress_init(&c.progress, cli->progress, "location", pack_count(p));
    rc = pool_for(pool_threads((int)prefs->threads), pack_count(p), check_record, &c, e);
    progress_end(&c.progress);
    TRY(rc);
    if (c.n_bad > 0) {
        name_damage(&c);
        rc = err_set(e, ERR_INPUT,
                     "%zu of %zu records of pack '%s' are damaged: remove it and pack again",
                     (size_t)c.n_bad, pack_count(p), prefs->out);
        goto out;
    }
    log_info("pack '%s' is whole: %zu locations, %d views, %s", prefs->out, pack_count(p),
             pack_n_views(p), image_form_text(pack_form(p), form));
out:
    free(c.bad);
    pack_close(p);
    return rc;
}
