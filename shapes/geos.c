/* SPDX-License-Identifier: MIT */
#include "shapes/geos.h"

#include <stdio.h>
#include <string.h>

static void on_error(const char *text, void *ctx)
{
    struct geos *g = ctx;
    (void)snprintf(g->msg, sizeof g->msg, "%s", text);
    g->msg[strcspn(g->msg, "\r\n")] = '\0'; /* some end in a newline */
}

static void on_notice(const char *text, void *ctx)
{
    (void)text;
    (void)ctx;
}

int geos_init(struct geos *g, struct err *e)
{
    *g = (struct geos){0};
    g->h = GEOS_init_r();
    if (!g->h) {
        return err_nomem(e, "a GEOS context");
    }
    (void)GEOSContext_setErrorMessageHandler_r(g->h, on_error, g);
    (void)GEOSContext_setNoticeMessageHandler_r(g->h, on_notice, g);
    return 0;
}

void geos_release(struct geos *g)
{
    if (g->h) {
        GEOS_finish_r(g->h);
    }
    *g = (struct geos){0};
}

int geos_err(const struct geos *g, struct err *e, const char *what)
{
    return err_set(e, ERR_SYSTEM, "%s: %s", what, g->msg[0] ? g->msg : "GEOS failed");
}
