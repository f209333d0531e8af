/* SPDX-License-Identifier: MIT */
#include "fetch/sample_near.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/csv.h"
#include "core/file.h"
#include "core/parse.h"
#include "core/vec.h"

struct coordinate {
    const char *what, *names; /* for messages */
    const char *name[5];
};

static const struct coordinate latitude = {
    "latitudes", "lat, latitude or lat_deg", {"lat", "latitude", "lat_deg", NULL}};
static const struct coordinate longitude = {
    "longitudes", "lon, lng, longitude or lon_deg", {"lon", "lng", "longitude", "lon_deg", NULL}};

static int find_column(const struct csv *c, const struct coordinate *k, int *column, struct err *e)
{
    for (int i = 0; k->name[i]; i++) {
        *column = csv_column(c, k->name[i]);
        if (*column >= 0) {
            return 0;
        }
    }
    return err_set(e, ERR_INPUT, "'%s' has no column of %s: %s", c->name, k->what, k->names);
}

static int read_degrees(const struct csv *c, int column, double limit, double *out, struct err *e)
{
    if (c->problem) {
        return err_set(e, ERR_INPUT, "'%s' line %zu: %s", c->name, c->line, c->problem);
    }
    if (parse_f64(csv_field(c, column), -limit, limit, out, e) != 0) {
        return err_ctx(e, "'%s' line %zu, column '%s'", c->name, c->line, c->column[column]);
    }
    return 0;
}

static int read_rows(struct csv *c, struct lonlat **out, size_t *n, struct err *e)
{
    int rc = -1;
    int lat = -1;
    int lon = -1;
    bool row = false;
    size_t cap = 0;
    TRY(find_column(c, &latitude, &lat, e));
    TRY(find_column(c, &longitude, &lon, e));
    while ((rc = csv_next(c, &row, e)) == 0 && row) {
        TRY(vec_room(out, *n, &cap, sizeof **out, "places", e));
        TRY(read_degrees(c, lat, 90, &(*out)[*n].lat, e));
        TRY(read_degrees(c, lon, 180, &(*out)[*n].lon, e));
        (*n)++;
    }
    TRY(rc);
    if (*n == 0) {
        rc = err_set(e, ERR_INPUT, "'%s' has no rows", c->name);
    }
out:
    return rc;
}

int sample_near_read(const char *path, struct lonlat **out, size_t *n, struct err *e)
{
    int rc = -1;
    struct csv c;
    uint8_t *data = NULL;
    size_t n_bytes = 0;
    struct lonlat *places = NULL;
    size_t n_places = 0;
    TRY(file_read(path, CSV_MAX_BYTES, &data, &n_bytes, e));
    TRY(csv_init(&c, path, (char *)data, n_bytes, e));
    TRY(read_rows(&c, &places, &n_places, e));
    *out = places;
    *n = n_places;
    places = NULL;
out:
    free(places);
    free(data);
    return rc == 0 ? 0 : err_ctx(e, "near");
}
