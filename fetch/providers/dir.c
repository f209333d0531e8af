/* SPDX-License-Identifier: MIT */
/* A data set on this machine. It is asked by engine_folder.c, not over a network. */
#include "fetch/provider.h"

const struct provider provider_dir = {
    .name = "dir",
    .local = true,
    .connections = 8,
    .max_radius_m = 50000,
    .n_views = PROVIDER_VIEWS, /* at most */
};
