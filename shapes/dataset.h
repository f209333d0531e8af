/* SPDX-License-Identifier: MIT */
/* Inside shapes/ only: opening a vector file and choosing its layer. */
#ifndef SHAPES_DATASET_H
#define SHAPES_DATASET_H

#include <stdbool.h>
#include <stddef.h>

#include <gdal.h>
#include <ogr_api.h>

#include "core/err.h"

struct dataset {
    GDALDatasetH ds;
    OGRLayerH layer; /* view */
    char dir[64];    /* in memory, with what was rebuilt; "" */
};

/*
 * dataset_open - path as in shapes/vector.h. A shapefile without its index (.shx) gets one in memory,
 * with a warning; strict: ERR_INPUT. GDAL is quiet until dataset_close, which must follow in any case.
 */
int dataset_open(const char *path, bool strict, struct dataset *d, struct err *e);
void dataset_close(struct dataset *d);

/* dataset_is - of a format, by GDAL's short name. */
bool dataset_is(const struct dataset *d, const char *format);

/* gdal_err - ERR_INPUT "<what> '<path>': <GDAL's words>". Always -1. */
int gdal_err(struct err *e, const char *what, const char *path);

/* gdal_reset - forget what GDAL has said: before every call that may fail. */
void gdal_reset(void);

/* gdal_words - the first failure that GDAL told of since, on one line: control characters may come from the file. */
void gdal_words(char *text, size_t size);

#endif
