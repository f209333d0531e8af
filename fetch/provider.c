/* SPDX-License-Identifier: MIT */
/* The table of providers, and what they share. */
#include "fetch/provider.h"

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

enum verdict provider_status(int status)
{
    if (status == 401 || status == 403) {
        return VERDICT_STOP;
    }
    return retry_status(status) ? VERDICT_RETRY : VERDICT_FAILED;
}
