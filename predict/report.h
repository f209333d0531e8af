/* SPDX-License-Identifier: MIT */
/* gdje-report: a run as one HTML file that needs nothing but a browser. */
#ifndef PREDICT_REPORT_H
#define PREDICT_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/tool.h"

struct report_prefs {
    const char *run;    /* NULL: the only one */
    const char *output; /* required */
    const char *border; /* NULL: without one */
    int64_t n_lines;    /* most predictions drawn on the map */
    int64_t n_photos;   /* locations shown of the best and of the worst */
    bool force;
};

#define REPORT_PREFS_DEFAULT                                           \
    {                                                                  \
        .border = "shapes/croatia.shp", .n_lines = 1500, .n_photos = 6 \
    }

/* report_run - the tool. ERR_INPUT names the tool that has to run first. */
int report_run(const struct cli *cli, const struct report_prefs *asked, struct err *e);

#endif
