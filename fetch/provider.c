/* SPDX-License-Identifier: MIT */
/* The table of providers, and what they share. */
#include "fetch/provider.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fetch/retry.h"

static const struct provider *const table[] = {&provider_demo, &provider_google};

const char *const provider_names[] = {"demo", "google", NULL};

const struct provider *provider_at(int index)
{
    return table[index];
}

int provider_heading_deg(int view)
{
    return view * 90;
}

int provider_view(double heading_deg)
{
    return isfinite(heading_deg) ? (int)lround(heading_deg / 90) % PROVIDER_VIEWS : 0;
}

enum verdict provider_status(int status)
{
    if (status == 401 || status == 403) {
        return VERDICT_STOP;
    }
    return retry_status(status) ? VERDICT_RETRY : VERDICT_FAILED;
}

enum verdict provider_judge_jpeg(const struct answer *a, char why[256])
{
    static const char jpeg[] = "image/jpeg";
    if (a->status != 200) {
        (void)snprintf(why, 256, "HTTP status %d", a->status);
        return provider_status(a->status);
    }
    /* A text with 200 is how the service, or something between, says that it cannot now. */
    size_t n = sizeof jpeg - 1;
    if (strncasecmp(a->content_type, jpeg, n) != 0 || !strchr("; \t", a->content_type[n])) {
        (void)snprintf(why, 256, "content type '%.60s' instead of '%s'", a->content_type, jpeg);
        return VERDICT_RETRY;
    }
    return VERDICT_GOOD;
}

void provider_items_release(struct provider_items *items)
{
    free(items->v);
    *items = (struct provider_items){0};
}
