/* SPDX-License-Identifier: MIT */
/* Surveys in SQL. A picture is a request once, by provider and id, whichever boxes it was in. */
#include "fetch/survey.h"

#include <stdlib.h>

#include "core/log.h"
#include "core/progress.h"

enum use { NEXT, UPDATE, ADD_BOX, ADD_ITEM, USE_COUNT };

static const char *const sql[USE_COUNT] = {
    [NEXT] = "SELECT id, west_deg, south_deg, east_deg, north_deg FROM survey_box"
             " WHERE survey_id = ?1 AND state = 'queued' AND id > ?2 ORDER BY id LIMIT 1",
    [UPDATE] = "UPDATE survey_box SET state = ?2, n_found = ?3, last_error = ?4,"
               " attempts = attempts + 1, updated = ?5 WHERE id = ?1",
    [ADD_BOX] = "INSERT INTO survey_box (survey_id, west_deg, south_deg, east_deg, north_deg)"
                " VALUES (?, ?, ?, ?, ?)",
    [ADD_ITEM] = "INSERT OR IGNORE INTO request (lat_deg, lon_deg, provider, item, queued)"
                 " VALUES (?, ?, ?, ?, ?)",
};

static const char *const state_names[BOX_STATE_COUNT] = {
    [BOX_QUEUED] = "queued",
    [BOX_DONE] = "done",
    [BOX_SPLIT] = "split",
    [BOX_FAILED] = "failed",
};

struct survey {
    struct db *db;           /* borrowed */
    const char *provider;    /* borrowed */
    const struct area *area; /* borrowed */
    struct stmt *st[USE_COUNT];
    int64_t id, last_id;
};

/* --- beginning ------------------------------------------------------------------------------------ */

/* The id of the survey of this area, or 0. */
static int find_survey(struct db *db, const char *provider, const struct area *area, int64_t *id,
                       struct err *e)
{
    int rc = -1;
    struct stmt *st = NULL;
    bool row = false;
    TRY(db_prepare(db, &st, "SELECT id FROM survey WHERE provider = ? AND area = ?", e));
    stmt_text(st, 1, provider);
    stmt_text(st, 2, area_name(area));
    TRY(stmt_step(st, &row, e));
    *id = row ? col_i64(st, 0) : 0;
out:
    stmt_free(st);
    return rc;
}

static int add_box(struct survey *s, const struct bbox *b, struct err *e)
{
    struct stmt *st = s->st[ADD_BOX];
    stmt_i64(st, 1, s->id);
    stmt_f64(st, 2, b->min_x);
    stmt_f64(st, 3, b->min_y);
    stmt_f64(st, 4, b->max_x);
    stmt_f64(st, 5, b->max_y);
    return stmt_run(st, e);
}

static int begin(struct survey *s, double box_deg, struct err *e)
{
    int rc = -1;
    char now[21];
    size_t n = 0;
    struct bbox *box = NULL;
    time_utc(now);
    TRY(area_boxes(s->area, box_deg, &box, &n, e));
    TRY(db_begin(s->db, e));
    TRY(db_run(s->db, e, "INSERT INTO survey (provider, area, begun) VALUES (?, ?, ?)",
               DB_TEXT(s->provider), DB_TEXT(area_name(s->area)), DB_TEXT(now)));
    s->id = db_last_id(s->db);
    for (size_t i = 0; i < n; i++) {
        TRY(add_box(s, &box[i], e));
    }
    TRY(db_commit(s->db, e));
    log_info("survey: %zu boxes to ask for", n);
out:
    db_rollback(s->db);
    free(box);
    return rc;
}

int survey_open(struct db *db, const char *provider, const struct area *area, double box_deg,
                struct survey **out, struct err *e)
{
    int rc = -1;
    struct survey *s = calloc(1, sizeof *s);
    if (!s) {
        return err_nomem(e, "a survey");
    }
    *s = (struct survey){.db = db, .provider = provider, .area = area};
    for (int i = 0; i < USE_COUNT; i++) {
        TRY(db_prepare(db, &s->st[i], sql[i], e));
    }
    TRY(find_survey(db, provider, area, &s->id, e));
    if (s->id == 0) {
        TRY(begin(s, box_deg, e));
    }
    *out = s;
    s = NULL;
out:
    survey_close(s);
    return rc;
}

void survey_close(struct survey *s)
{
    for (int i = 0; s && i < USE_COUNT; i++) {
        stmt_free(s->st[i]);
    }
    free(s);
}

int survey_estimate(struct db *db, const char *provider, const struct area *area, double box_deg,
                    int64_t *n, struct err *e)
{
    int rc = -1;
    int64_t id = 0;
    size_t n_boxes = 0;
    struct bbox *box = NULL;
    struct stmt *st = NULL;
    bool row = false;
    TRY(find_survey(db, provider, area, &id, e));
    if (id == 0) {
        TRY(area_boxes(area, box_deg, &box, &n_boxes, e));
        *n = (int64_t)n_boxes;
        goto out;
    }
    TRY(db_prepare(db, &st,
                   "SELECT count(*) FROM survey_box WHERE survey_id = ? AND state = 'queued'", e));
    stmt_i64(st, 1, id);
    TRY(stmt_step(st, &row, e));
    *n = col_i64(st, 0);
out:
    stmt_free(st);
    free(box);
    return rc;
}

/* --- boxes ---------------------------------------------------------------------------------------- */

int survey_next(struct survey *s, struct survey_box *b, bool *found, struct err *e)
{
    struct stmt *st = s->st[NEXT];
    bool row = false;
    stmt_i64(st, 1, s->id);
    stmt_i64(st, 2, s->last_id);
    if (stmt_step(st, &row, e) != 0) {
        return -1;
    }
    *found = row;
    if (row) {
        *b = (struct survey_box){col_i64(st, 0),
                                 {col_f64(st, 1), col_f64(st, 2), col_f64(st, 3), col_f64(st, 4)}};
        s->last_id = b->id;
    }
    stmt_reset(st);
    return 0;
}

bool survey_can_split(const struct survey_box *b)
{
    double width = b->box.max_x - b->box.min_x;
    double height = b->box.max_y - b->box.min_y;
    return (width > height ? width : height) >= 2 * SURVEY_LEAST_DEG;
}

/* Into quarters; of a strip that is as thin as a box may be, into halves. */
static int split(struct survey *s, const struct bbox *b, struct err *e)
{
    double width = b->max_x - b->min_x;
    double height = b->max_y - b->min_y;
    int n_cols = width >= 2 * SURVEY_LEAST_DEG ? 2 : 1;
    int n_rows = height >= 2 * SURVEY_LEAST_DEG ? 2 : 1;
    for (int i = 0; i < n_cols * n_rows; i++) {
        int col = i % n_cols;
        int row = i / n_cols;
        const struct bbox part = {b->min_x + width * col / n_cols, b->min_y + height * row / n_rows,
                                  col + 1 == n_cols ? b->max_x : b->min_x + width / 2,
                                  row + 1 == n_rows ? b->max_y : b->min_y + height / 2};
        if (add_box(s, &part, e) != 0) {
            return -1;
        }
    }
    return 0;
}

/* The items that are inside the area, if there is one, as requests. */
static int add_items(struct survey *s, const struct provider_items *items, const char *now,
                     int64_t *n_new, struct err *e)
{
    struct stmt *st = s->st[ADD_ITEM];
    for (size_t i = 0; i < items->n; i++) {
        const struct provider_item *item = &items->v[i];
        if (s->area && !area_contains(s->area, item->at)) {
            continue;
        }
        stmt_f64(st, 1, item->at.lat);
        stmt_f64(st, 2, item->at.lon);
        stmt_text(st, 3, s->provider);
        stmt_text(st, 4, item->id);
        stmt_text(st, 5, now);
        if (stmt_run(st, e) != 0) {
            return -1;
        }
        *n_new += db_changes(s->db);
    }
    return 0;
}

int survey_list(struct db *db, const char *provider, const struct provider_items *items,
                int64_t *n_new, struct err *e)
{
    int rc = -1;
    char now[21];
    struct survey s = {.provider = provider, .db = db};
    time_utc(now);
    TRY(db_begin(db, e));
    TRY(db_prepare(db, &s.st[ADD_ITEM], sql[ADD_ITEM], e));
    TRY(add_items(&s, items, now, n_new, e));
    TRY(db_commit(db, e));
out:
    stmt_free(s.st[ADD_ITEM]);
    db_rollback(db);
    return rc;
}

static int commit_one(struct survey *s, const struct box_outcome *o, const char *now,
                      int64_t *n_new, struct err *e)
{
    struct stmt *st = s->st[UPDATE];
    stmt_i64(st, 1, o->box.id);
    stmt_text(st, 2, state_names[o->state]);
    if (o->items) {
        stmt_i64(st, 3, (int64_t)o->items->n);
    } else {
        stmt_null(st, 3);
    }
    stmt_text(st, 4, o->why);
    stmt_text(st, 5, now);
    if (stmt_run(st, e) != 0 || (o->items && add_items(s, o->items, now, n_new, e) != 0)) {
        return -1;
    }
    return o->state == BOX_SPLIT ? split(s, &o->box.box, e) : 0;
}

int survey_commit(struct survey *s, const struct box_outcome *o, size_t n, int64_t *n_new,
                  struct err *e)
{
    int rc = -1;
    char now[21];
    int64_t n_added = 0;
    if (n == 0) {
        return 0;
    }
    time_utc(now);
    TRY(db_begin(s->db, e));
    for (size_t i = 0; i < n; i++) {
        TRY(commit_one(s, &o[i], now, &n_added, e));
    }
    TRY(db_commit(s->db, e));
    *n_new += n_added;
out:
    db_rollback(s->db);
    return rc;
}
