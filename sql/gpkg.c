/* SPDX-License-Identifier: MIT */
/*
 * GeoPackage binary geometry and its R-tree extension. We write points (no envelope) and polygons
 * (xy envelope); what we read back for the R-tree is either of the two, so the envelope comes from
 * the header or, for a point, from its only coordinate.
 *
 *     0  'G' 'P'   2  version 0   3  flags: bit 0 little-endian, bits 1-3 envelope, bit 4 empty
 *     4  srs_id i32   8  envelope: min x, max x, min y, max y (f64), if any   then WKB
 */
#include "sql/gpkg.h"

#include <stdio.h>
#include <string.h>

#include "sql/catalog.h"
#include "sql/db_internal.h"

#define SRS_ID        4326
#define HEADER_SIZE   8
#define ENVELOPE_XY   1u
#define FLAG_LITTLE   1u
#define WKB_POINT     1u
#define EXTENSION_URL "http://www.geopackage.org/spec120/#extension_rtree"

static void put_header(uint8_t *out, unsigned envelope)
{
    uint32_t srs = SRS_ID;
    out[0] = 'G';
    out[1] = 'P';
    out[2] = 0;
    out[3] = (uint8_t)(FLAG_LITTLE | envelope << 1);
    for (int i = 0; i < 4; i++) {
        out[4 + i] = (uint8_t)(srs >> (8 * i));
    }
}

static void put_f64(uint8_t *out, double v)
{
    uint64_t bits = 0;
    memcpy(&bits, &v, sizeof bits);
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)(bits >> (8 * i));
    }
}

static double get_f64(const uint8_t *p)
{
    uint64_t bits = 0;
    double v = 0;
    for (int i = 7; i >= 0; i--) {
        bits = bits << 8 | p[i];
    }
    memcpy(&v, &bits, sizeof v);
    return v;
}

void gpkg_point(struct lonlat p, uint8_t out[GPKG_POINT_SIZE])
{
    uint8_t *wkb = out + HEADER_SIZE;
    put_header(out, 0);
    wkb[0] = 1; /* little-endian */
    wkb[1] = WKB_POINT;
    wkb[2] = wkb[3] = wkb[4] = 0;
    put_f64(wkb + 5, p.lon);
    put_f64(wkb + 13, p.lat);
}

int gpkg_polygon(const uint8_t *wkb, size_t n, struct bbox envelope, struct buf *out, struct err *e)
{
    uint8_t head[HEADER_SIZE + 32];
    put_header(head, ENVELOPE_XY);
    put_f64(head + 8, envelope.min_x);
    put_f64(head + 16, envelope.max_x);
    put_f64(head + 24, envelope.min_y);
    put_f64(head + 32, envelope.max_y);
    if (buf_add(out, head, sizeof head, e) != 0) {
        return -1;
    }
    return buf_add(out, wkb, n, e);
}

const uint8_t *gpkg_wkb(const uint8_t *blob, size_t n, size_t *n_wkb)
{
    static const size_t envelope_size[8] = {0, 32, 48, 48, 64, 0, 0, 0};
    if (!blob || n < HEADER_SIZE || blob[0] != 'G' || blob[1] != 'P') {
        return NULL;
    }
    size_t skip = HEADER_SIZE + envelope_size[blob[3] >> 1 & 7u];
    if (n < skip) {
        return NULL;
    }
    *n_wkb = n - skip;
    return blob + skip;
}

/* The envelope of one of our blobs as min x, max x, min y, max y; false for anything else. */
static bool read_envelope(const uint8_t *p, int n, double box[4])
{
    if (!p || n < HEADER_SIZE || p[0] != 'G' || p[1] != 'P' || !(p[3] & FLAG_LITTLE)) {
        return false;
    }
    unsigned kind = p[3] >> 1 & 7u;
    if (kind == ENVELOPE_XY && n >= HEADER_SIZE + 32) {
        for (int i = 0; i < 4; i++) {
            box[i] = get_f64(p + HEADER_SIZE + 8 * (size_t)i);
        }
        return true;
    }
    if (kind == 0 && n == GPKG_POINT_SIZE && p[HEADER_SIZE + 1] == WKB_POINT) {
        box[0] = box[1] = get_f64(p + HEADER_SIZE + 5);
        box[2] = box[3] = get_f64(p + HEADER_SIZE + 13);
        return true;
    }
    return false;
}

/* ST_MinX and its three sisters: user data is the index into the envelope. */
static void fn_bound(sqlite3_context *ctx, int n_args, sqlite3_value **arg)
{
    double box[4];
    const int *which = sqlite3_user_data(ctx);
    (void)n_args;
    if (read_envelope(sqlite3_value_blob(arg[0]), sqlite3_value_bytes(arg[0]), box)) {
        sqlite3_result_double(ctx, box[*which]);
    }
}

static void fn_is_empty(sqlite3_context *ctx, int n_args, sqlite3_value **arg)
{
    double box[4];
    (void)n_args;
    sqlite3_result_int(
        ctx, !read_envelope(sqlite3_value_blob(arg[0]), sqlite3_value_bytes(arg[0]), box));
}

int gpkg_add_functions(struct db *db, struct err *e)
{
    static const char *const name[4] = {"ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"};
    static int index[4] = {0, 1, 2, 3};
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    for (int i = 0; i < 4; i++) {
        if (sqlite3_create_function_v2(db->h, name[i], 1, flags, &index[i], fn_bound, NULL, NULL,
                                       NULL) != SQLITE_OK) {
            return db_err(db, e, "cannot add a function");
        }
    }
    if (sqlite3_create_function_v2(db->h, "ST_IsEmpty", 1, flags, NULL, fn_is_empty, NULL, NULL,
                                   NULL) != SQLITE_OK) {
        return db_err(db, e, "cannot add a function");
    }
    return 0;
}

int gpkg_add_rtree(struct db *db, const char *t, struct err *e)
{
#define HAS_NEW "NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom)"
#define NO_NEW  "NEW.geom ISNULL OR ST_IsEmpty(NEW.geom)"
#define INSERT_NEW                                                                                \
    "INSERT OR REPLACE INTO rtree_%s_geom VALUES (NEW.id, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), " \
    "ST_MinY(NEW.geom), ST_MaxY(NEW.geom)); END"
    static const struct {
        const char *suffix, *when, *body;
    } trigger[] = {
        {"insert", "AFTER INSERT ON %s WHEN (" HAS_NEW ")", INSERT_NEW},
        {"update1", "AFTER UPDATE OF geom ON %s WHEN OLD.id = NEW.id AND (" HAS_NEW ")",
         INSERT_NEW},
        {"update2", "AFTER UPDATE OF geom ON %s WHEN OLD.id = NEW.id AND (" NO_NEW ")",
         "DELETE FROM rtree_%s_geom WHERE id = OLD.id; END"},
        {"update3", "AFTER UPDATE ON %s WHEN OLD.id != NEW.id AND (" HAS_NEW ")",
         "DELETE FROM rtree_%s_geom WHERE id = OLD.id; " INSERT_NEW},
        {"update4", "AFTER UPDATE ON %s WHEN OLD.id != NEW.id AND (" NO_NEW ")",
         "DELETE FROM rtree_%s_geom WHERE id IN (OLD.id, NEW.id); END"},
        {"delete", "AFTER DELETE ON %s WHEN OLD.geom NOT NULL",
         "DELETE FROM rtree_%s_geom WHERE id = OLD.id; END"},
    };
    char sql[1024];
    (void)snprintf(sql, sizeof sql,
                   "CREATE VIRTUAL TABLE rtree_%s_geom USING rtree(id, minx, maxx, miny, maxy);"
                   "INSERT INTO gpkg_extensions VALUES ('%s', 'geom', 'gpkg_rtree_index', '%s',"
                   " 'write-only')",
                   t, t, EXTENSION_URL);
    if (db_exec(db, sql, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < sizeof trigger / sizeof trigger[0]; i++) {
        char when[256];
        char body[512];
        /* the formats are the literals above */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(when, sizeof when, trigger[i].when, t);
        (void)snprintf(body, sizeof body, trigger[i].body, t, t);
#pragma GCC diagnostic pop
        (void)snprintf(sql, sizeof sql, "CREATE TRIGGER rtree_%s_geom_%s %s BEGIN %s", t,
                       trigger[i].suffix, when, body);
        if (db_exec(db, sql, e) != 0) {
            return -1;
        }
    }
    return 0;
}
