/* SPDX-License-Identifier: MIT */
/* The request queue in SQL. Points are read ahead in small batches, so that a queue of millions
 * costs no memory and no reader stays open while outcomes are committed. */
#include "fetch/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/file.h"
#include "core/progress.h"
#include "sql/catalog.h"

#define READ_AHEAD 256

static const char *const state_names[REQUEST_STATE_COUNT] = {
    [REQUEST_QUEUED] = "queued",       [REQUEST_PROBED] = "probed",
    [REQUEST_DONE] = "done",           [REQUEST_NO_IMAGERY] = "no_imagery",
    [REQUEST_DUPLICATE] = "duplicate", [REQUEST_FAILED] = "failed",
};

/* One statement for each use, prepared once. */
enum use {
    NEXT,
    KNOWS,
    NEAR,
    SAME_VIEWS,
    SAME_UUID,
    LOCATE,
    ADD_LOCATION,
    ADD_IMAGE,
    UPDATE,
    RANK,
    BEGIN_RUN,
    NOTE_RUN,
    USE_COUNT
};

static const char *const sql[USE_COUNT] = {
    /* two ordered walks of the index, merged: neither a scan nor a sort, however long the queue */
    [NEXT] = "SELECT id, lat_deg, lon_deg, item FROM request WHERE state = 'queued' AND id > ?1"
             " AND (?3 IS NULL OR queued >= ?3) AND (item IS NULL OR provider = ?4)"
             " UNION ALL"
             " SELECT id, lat_deg, lon_deg, item FROM request WHERE state = 'probed' AND id > ?1"
             " AND (?3 IS NULL OR queued >= ?3) AND (item IS NULL OR provider = ?4)"
             " ORDER BY id LIMIT ?2",
    [KNOWS] = "SELECT 1 FROM location WHERE provider = ? AND pano_id = ?",
    [NEAR] = "SELECT l.id, l.lat_deg, l.lon_deg, coalesce((SELECT q.id FROM request q"
             " WHERE q.location_id = l.id AND q.state = 'done'), 0) > ?5 FROM rtree_location_geom r"
             " JOIN location l ON l.id = r.id"
             " WHERE r.maxx >= ?1 AND r.minx <= ?2 AND r.maxy >= ?3 AND r.miny <= ?4",
    [SAME_VIEWS] = "SELECT id FROM location WHERE views_sha256 = ?",
    [SAME_UUID] = "SELECT id FROM location WHERE uuid = ?",
    [LOCATE] = "SELECT id FROM location WHERE provider = ? AND pano_id = ?",
    [ADD_LOCATION] = "INSERT INTO location (geom, uuid, lat_deg, lon_deg, provider, pano_id,"
                     " captured, copyright, licence, group_key, added, views_sha256)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?5 || ':' || coalesce(?10, ?6),"
                     " ?11, ?12)",
    [ADD_IMAGE] = "INSERT INTO image (location_id, view, heading_deg, path, width, height, n_bytes,"
                  " state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'ok')",
    [UPDATE] = "UPDATE request SET state = ?2, attempts = attempts + 1, last_error = ?3,"
               " provider = ?4, pano_id = ?5, location_id = ?6, updated = ?7 WHERE id = ?1",
    [BEGIN_RUN] = "INSERT INTO fetch_run (provider, started, seconds, n_locations)"
                  " VALUES (?, ?, 0, 0)",
    [NOTE_RUN] = "UPDATE fetch_run SET seconds = ?2, n_locations = ?3 WHERE id = ?1",
    [RANK] = "UPDATE request SET state ="
             " iif(id = (SELECT min(id) FROM request WHERE location_id = ?1 AND pano_id = ?2),"
             " 'done', 'duplicate')"
             " WHERE location_id = ?1 AND pano_id = ?2 AND state IN ('done', 'duplicate')",
};

struct queue {
    struct db *db;        /* borrowed */
    const char *provider; /* borrowed */
    int lock_fd;
    struct stmt *st[USE_COUNT];
    struct request ahead[READ_AHEAD];
    size_t n_ahead, next;
    int64_t last_id;
    const char *since; /* borrowed; NULL: all */
    int64_t run_id;    /* 0: nothing committed yet */
    double opened_s;
    char opened[21];
    int64_t n_committed;
};

const char *request_state_name(enum request_state state)
{
    return state_names[state];
}

static int lock_file(struct queue *q, const char *catalog, struct err *e)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s.fetch.lock", catalog) >= (int)sizeof path) {
        return err_set(e, ERR_INPUT, "the path '%s' is too long", catalog);
    }
    q->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (q->lock_fd < 0) {
        return err_sys(e, errno, "cannot create '%s'", path);
    }
    if (flock(q->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK
                   ? err_set(e, ERR_SYSTEM, "another gdje-fetch is filling catalog '%s'", catalog)
                   : err_sys(e, errno, "cannot lock '%s'", path);
    }
    return 0;
}

/* Links resolved: two names of one catalog have one lock. */
static int lock(struct queue *q, const char *catalog, struct err *e)
{
    char *real = path_absolute(catalog, e);
    int rc = real ? lock_file(q, real, e) : -1;
    free(real);
    return rc;
}

int queue_open(struct db *db, const char *catalog_path, const char *provider, const char *since,
               struct queue **out, struct err *e)
{
    int rc = -1;
    struct queue *q = calloc(1, sizeof *q);
    if (!q) {
        return err_nomem(e, "the queue");
    }
    q->db = db;
    q->provider = provider;
    q->since = since;
    q->opened_s = time_monotonic_s();
    time_utc(q->opened);
    q->lock_fd = -1;
    TRY(lock(q, catalog_path, e));
    for (int i = 0; i < USE_COUNT; i++) {
        TRY(db_prepare(db, &q->st[i], sql[i], e));
    }
    *out = q;
    q = NULL;
out:
    queue_close(q);
    return rc;
}

void queue_close(struct queue *q)
{
    if (!q) {
        return;
    }
    for (int i = 0; i < USE_COUNT; i++) {
        stmt_free(q->st[i]);
    }
    if (q->lock_fd >= 0) {
        (void)close(q->lock_fd); /* ends the lock; the empty file stays, for the next to lock */
    }
    free(q);
}

int queue_count(struct db *db, const char *provider, const char *since, int64_t most, int64_t *n,
                struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    TRY(db_prepare(db, &st,
                   since
                       ? "SELECT count(*) FROM (SELECT 1 FROM request"
                         " WHERE state IN ('queued', 'probed') AND (item IS NULL OR provider = ?2)"
                         " AND queued >= ?3 LIMIT ?1)"
                       : "SELECT count(*) FROM (SELECT 1 FROM request"
                         " WHERE state IN ('queued', 'probed') AND (item IS NULL OR provider = ?2)"
                         " LIMIT ?1)",
                   e));
    stmt_i64(st, 1, most);
    stmt_text(st, 2, provider);
    if (since) {
        stmt_text(st, 3, since);
    }
    TRY(stmt_step(st, &row, e));
    *n = col_i64(st, 0);
out:
    stmt_free(st);
    return rc;
}

static int read_ahead(struct queue *q, struct err *e)
{
    int rc = -1;
    bool row = false;
    struct stmt *st = q->st[NEXT];
    q->n_ahead = q->next = 0;
    stmt_i64(st, 1, q->last_id);
    stmt_i64(st, 2, READ_AHEAD);
    stmt_text(st, 3, q->since);
    stmt_text(st, 4, q->provider);
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        struct request *r = &q->ahead[q->n_ahead++];
        const char *item = col_text(st, 3);
        *r = (struct request){col_i64(st, 0), {.lat = col_f64(st, 1), .lon = col_f64(st, 2)}, ""};
        (void)snprintf(r->item, sizeof r->item, "%s", item ? item : "");
    }
    if (q->n_ahead > 0) {
        q->last_id = q->ahead[q->n_ahead - 1].id;
    }
    return rc;
}

int queue_next(struct queue *q, struct request *r, bool *found, struct err *e)
{
    if (q->next == q->n_ahead && read_ahead(q, e) != 0) {
        return -1;
    }
    *found = q->next < q->n_ahead;
    if (*found) {
        *r = q->ahead[q->next++];
    }
    return 0;
}

int queue_knows(struct queue *q, const char *pano_id, bool *known, struct err *e)
{
    struct stmt *st = q->st[KNOWS];
    stmt_text(st, 1, q->provider);
    stmt_text(st, 2, pano_id);
    int rc = stmt_step(st, known, e);
    stmt_reset(st);
    return rc;
}

bool neighbour_before(const struct neighbour *a, const struct neighbour *b)
{
    return b->id == 0 || (a->later != b->later ? b->later : a->distance_m < b->distance_m);
}

int queue_near(struct queue *q, const struct request *r, struct lonlat at, double distance_m,
               struct neighbour *found, struct err *e)
{
    struct stmt *st = q->st[NEAR];
    struct bbox b = geo_box(at, distance_m);
    if (b.min_x < -180 || b.max_x > 180) { /* the antimeridian or a pole: any longitude */
        b.min_x = -180;
        b.max_x = 180;
    }
    bool row = false;
    int rc = -1;
    struct neighbour best = {0};
    stmt_f64(st, 1, b.min_x);
    stmt_f64(st, 2, b.max_x);
    stmt_f64(st, 3, b.min_y);
    stmt_f64(st, 4, b.max_y);
    stmt_i64(st, 5, r->id);
    while ((rc = stmt_step(st, &row, e)) == 0 && row) {
        struct lonlat other = {.lat = col_f64(st, 1), .lon = col_f64(st, 2)};
        struct neighbour n = {.id = col_i64(st, 0),
                              .later = col_i64(st, 3) != 0,
                              .distance_m = geo_distance_km(at, other) * 1000};
        if (n.distance_m < distance_m && neighbour_before(&n, &best)) {
            best = n;
        }
    }
    stmt_reset(st);
    if (rc == 0) {
        *found = best;
    }
    return rc;
}

static int find_location(struct stmt *st, const char *text, int64_t *id, struct err *e)
{
    bool row = false;
    stmt_text(st, 1, text);
    if (stmt_step(st, &row, e) != 0) {
        return -1;
    }
    *id = row ? col_i64(st, 0) : 0;
    stmt_reset(st);
    return 0;
}

int queue_same_views(struct queue *q, const char *views_sha256, int64_t *id, struct err *e)
{
    return find_location(q->st[SAME_VIEWS], views_sha256, id, e);
}

int queue_same_uuid(struct queue *q, const char *uuid, int64_t *id, struct err *e)
{
    return find_location(q->st[SAME_UUID], uuid, id, e);
}

static const char *or_null(const char *text)
{
    return text[0] ? text : NULL;
}

static int add_location(struct queue *q, const struct outcome *o, const char *now, int64_t *id,
                        struct err *e)
{
    uint8_t point[GPKG_POINT_SIZE];
    struct stmt *st = q->st[ADD_LOCATION];
    gpkg_point(o->pano->at, point);
    stmt_blob(st, 1, point, sizeof point);
    stmt_text(st, 2, o->uuid);
    stmt_f64(st, 3, o->pano->at.lat);
    stmt_f64(st, 4, o->pano->at.lon);
    stmt_text(st, 5, q->provider);
    stmt_text(st, 6, o->pano->id);
    stmt_text(st, 7, or_null(o->pano->captured));
    stmt_text(st, 8, or_null(o->pano->copyright));
    stmt_text(st, 9, or_null(o->pano->licence));
    stmt_text(st, 10, or_null(o->pano->group));
    stmt_text(st, 11, now);
    stmt_text(st, 12, o->views_sha256);
    if (stmt_run(st, e) != 0) {
        return -1;
    }
    *id = db_last_id(q->db);
    st = q->st[ADD_IMAGE];
    for (int i = 0; i < o->n_pictures; i++) {
        const struct outcome_picture *p = &o->picture[i];
        stmt_i64(st, 1, *id);
        stmt_i64(st, 2, p->view);
        stmt_f64(st, 3, p->heading_deg);
        stmt_text(st, 4, p->path);
        stmt_i64(st, 5, p->width);
        stmt_i64(st, 6, p->height);
        stmt_i64(st, 7, (int64_t)p->n_bytes);
        if (stmt_run(st, e) != 0) {
            return -1;
        }
    }
    return 0;
}

static int locate(struct queue *q, const char *pano_id, int64_t *id, struct err *e)
{
    struct stmt *st = q->st[LOCATE];
    bool row = false;
    stmt_text(st, 1, q->provider);
    stmt_text(st, 2, pano_id);
    if (stmt_step(st, &row, e) != 0) {
        return -1;
    }
    if (!row) {
        return err_set(e, ERR_SYSTEM, "the location of panorama '%s' left the catalog", pano_id);
    }
    *id = col_i64(st, 0);
    stmt_reset(st);
    return 0;
}

static int commit_one(struct queue *q, const struct outcome *o, const char *now, struct err *e)
{
    int rc = -1;
    int64_t location_id = 0;
    bool has_location = o->state == REQUEST_DONE || o->state == REQUEST_DUPLICATE;
    if (o->state == REQUEST_DONE) {
        TRY(add_location(q, o, now, &location_id, e));
    } else if (o->state == REQUEST_DUPLICATE && o->twin_id != 0) {
        location_id = o->twin_id;
    } else if (o->state == REQUEST_DUPLICATE) {
        TRY(locate(q, o->twin_pano ? o->twin_pano : o->pano->id, &location_id, e));
    }
    struct stmt *st = q->st[UPDATE];
    stmt_i64(st, 1, o->request_id);
    stmt_text(st, 2, state_names[o->state]);
    stmt_text(st, 3, o->why);
    stmt_text(st, 4, q->provider);
    stmt_text(st, 5, o->pano ? o->pano->id : NULL);
    if (has_location) {
        stmt_i64(st, 6, location_id);
    } else {
        stmt_null(st, 6);
    }
    stmt_text(st, 7, now);
    TRY(stmt_run(st, e));
    if (o->state == REQUEST_DUPLICATE && o->twin_id == 0 && !o->twin_pano) {
        stmt_i64(q->st[RANK], 1, location_id);
        stmt_text(q->st[RANK], 2, o->pano->id);
        TRY(stmt_run(q->st[RANK], e));
    }
    rc = 0;
out:
    return rc;
}

/* The record of the run: how far it has come in how long. */
static int note_run(struct queue *q, size_t n, struct err *e)
{
    int64_t id = q->run_id;
    if (id == 0) {
        stmt_text(q->st[BEGIN_RUN], 1, q->provider);
        stmt_text(q->st[BEGIN_RUN], 2, q->opened);
        if (stmt_run(q->st[BEGIN_RUN], e) != 0) {
            return -1;
        }
        id = db_last_id(q->db);
    }
    stmt_i64(q->st[NOTE_RUN], 1, id);
    stmt_f64(q->st[NOTE_RUN], 2, time_monotonic_s() - q->opened_s);
    stmt_i64(q->st[NOTE_RUN], 3, q->n_committed + (int64_t)n);
    if (stmt_run(q->st[NOTE_RUN], e) != 0) {
        return -1;
    }
    q->run_id = id;
    return 0;
}

int queue_commit(struct queue *q, const struct outcome *outcome, size_t n, struct err *e)
{
    int rc = -1;
    char now[21];
    if (n == 0) {
        return 0;
    }
    time_utc(now);
    TRY(db_begin(q->db, e));
    for (size_t i = 0; i < n; i++) {
        TRY(commit_one(q, &outcome[i], now, e));
    }
    TRY(note_run(q, n, e));
    TRY(db_commit(q->db, e));
    q->n_committed += (int64_t)n;
out:
    db_rollback(q->db);
    return rc;
}
