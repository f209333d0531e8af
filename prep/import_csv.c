/* SPDX-License-Identifier: MIT */
/* Items from a CSV: ids with folders of views, or photo files; and folders that no row names. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/csv.h"
#include "core/file.h"
#include "core/listing.h"
#include "core/log.h"
#include "core/parse.h"
#include "core/sig.h"
#include "prep/import_items.h"

enum key { KEY_ID, KEY_LAT, KEY_LON, KEY_FILE, KEY_HEADING, KEY_CAPTURED, KEY_GROUP, KEY_COUNT };

static const char *const key_name[KEY_COUNT] = {"id",      "lat",      "lon",  "file",
                                                "heading", "captured", "group"};

/* Which column of the CSV means what. */
struct columns {
    char text[1024];             /* --columns, cut up */
    const char *name[KEY_COUNT]; /* NULL: not asked for */
    int index[KEY_COUNT];        /* -1: not there */
};

static int parse_columns(const char *text, struct columns *c, struct err *e)
{
    *c = (struct columns){
        .name = {[KEY_ID] = "uuid", [KEY_LAT] = "latitude", [KEY_LON] = "longitude"}};
    if (snprintf(c->text, sizeof c->text, "%s", text ? text : "") >= (int)sizeof c->text) {
        return err_set(e, ERR_USAGE, "--columns: too long");
    }
    unsigned given = 0; /* bit k: key k */
    for (char *p = c->text; *p;) {
        char *end = p + strcspn(p, ",");
        char *next = *end ? end + 1 : end;
        *end = '\0';
        char *name = strchr(p, '=');
        int k = 0;
        if (!name || name[1] == '\0') {
            return err_set(e, ERR_USAGE, "--columns: '%s' is not key=NAME", p);
        }
        *name++ = '\0';
        while (k < KEY_COUNT && strcmp(key_name[k], p) != 0) {
            k++;
        }
        if (k < KEY_COUNT && (given & 1u << k)) {
            return err_set(e, ERR_USAGE, "--columns: '%s' is given twice", key_name[k]);
        }
        if (k == KEY_COUNT) {
            return err_set(
                e, ERR_USAGE,
                "--columns: '%s' is none of id, lat, lon, file, heading, captured, group", p);
        }
        c->name[k] = name;
        given |= 1u << k;
        p = next;
    }
    if (c->name[KEY_FILE] && !(given & 1u << KEY_ID)) {
        c->name[KEY_ID] = NULL; /* photos are told apart by their names */
    }
    return 0;
}

/* Whether another column has this one's name. */
static bool is_twice(const struct csv *csv, int column)
{
    int n = 0;
    for (int i = 0; i < csv->n_columns; i++) {
        n += strcmp(csv->column[i], csv->column[column]) == 0;
    }
    return n > 1;
}

static int find_columns(const struct csv *csv, bool to_predict, struct columns *c, struct err *e)
{
    for (int k = 0; k < KEY_COUNT; k++) {
        bool position = k == KEY_LAT || k == KEY_LON;
        c->index[k] = c->name[k] ? csv_column(csv, c->name[k]) : -1;
        if (c->name[k] && c->index[k] < 0 && !(position && to_predict)) {
            char list[256] = "";
            size_t at = 0;
            for (int i = 0; i < csv->n_columns && at < sizeof list; i++) {
                at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "",
                                       csv->column[i]);
            }
            log_hint("its columns are %s; name yours with --columns %s=NAME", list, key_name[k]);
            return err_set(e, ERR_INPUT, "'%s' has no column '%s'", csv->name, c->name[k]);
        }
        if (c->index[k] >= 0 && is_twice(csv, c->index[k])) {
            return err_set(e, ERR_INPUT, "'%s' has two columns '%s'", csv->name, c->name[k]);
        }
    }
    return 0;
}

/* One coordinate. Decimal commas are told apart from other nonsense, not repaired: "45,8" may as
 * well be two fields that lost their quotes. */
static int parse_degrees(struct import_item *it, const char *what, const char *text, double limit,
                         double *out, struct err *e)
{
    struct err why = {0};
    char copy[64];
    double v = 0;
    if (text[0] == '\0') {
        return import_reject(it, IMPORT_NO_POSITION, e, "the %s is empty", what);
    }
    if (parse_f64(text, -1e12, 1e12, &v, &why) != 0) {
        (void)snprintf(copy, sizeof copy, "%s", text);
        char *comma = strchr(copy, ',');
        if (comma) {
            *comma = '.';
        }
        bool decimal = comma && parse_f64(copy, -1e12, 1e12, &v, &why) == 0;
        return import_reject(it, decimal ? IMPORT_DECIMAL_COMMA : IMPORT_NOT_A_NUMBER, e,
                             "%s '%.40s'", what, text);
    }
    *out = v;
    if (v < -limit || v > limit) {
        return import_reject(it, IMPORT_OUT_OF_RANGE, e, "%s %s", what, text);
    }
    return 0;
}

static int read_position(const struct csv *csv, const struct columns *c, struct import_item *it,
                         struct err *e)
{
    struct lonlat at = it->at;
    if (parse_degrees(it, "latitude", csv_field(csv, c->index[KEY_LAT]), 90, &at.lat, e) != 0 ||
        parse_degrees(it, "longitude", csv_field(csv, c->index[KEY_LON]), 180, &at.lon, e) != 0) {
        return -1;
    }
    if (it->reason == IMPORT_OUT_OF_RANGE) {
        it->at = at; /* for import_check_border: it may be exchanged */
    }
    if (it->reason != IMPORT_ACCEPTED) {
        return 0;
    }
    if (fpclassify(at.lat) == FP_ZERO && fpclassify(at.lon) == FP_ZERO) {
        return import_reject(it, IMPORT_ZERO, e, "0, 0 is where positions are that nobody knows");
    }
    it->at = at;
    return 0;
}

/* "2021-06", also as the beginning of a date. */
static bool read_captured(const char *text, char out[8])
{
    static const char form[] = "dddd-dd";
    for (int i = 0; i < 7; i++) {
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i]) {
            return false;
        }
    }
    int month = 10 * (text[5] - '0') + text[6] - '0';
    if (month < 1 || month > 12) {
        return false;
    }
    (void)snprintf(out, 8, "%.7s", text);
    return true;
}

/* What a row can do without: it is taken, without that. */
static void tell_unreadable(const struct csv *csv, const char *what, const char *text)
{
    log_warn("'%s', line %zu: %s left empty: '%s'", csv->name, csv->line, what, text);
}

static int read_extras(const struct csv *csv, const struct columns *c, struct import_item *it,
                       struct err *e)
{
    struct err ignored = {0};
    const char *heading = csv_field(csv, c->index[KEY_HEADING]);
    const char *group = csv_field(csv, c->index[KEY_GROUP]);
    const char *captured = csv_field(csv, c->index[KEY_CAPTURED]);
    double deg = 0;
    if (heading[0] && parse_f64(heading, -360, 360, &deg, &ignored) != 0) {
        tell_unreadable(csv, "heading (degrees) is", heading);
    } else if (heading[0]) {
        it->heading_deg = fmod(deg + 360, 360);
    }
    if (captured[0] && !read_captured(captured, it->captured)) {
        tell_unreadable(csv, "captured (YYYY-MM) is", captured);
    }
    if (group[0] && !(it->group = strdup(group))) {
        return err_nomem(e, "a group");
    }
    return 0;
}

/* More fields than columns, as "a,45,81,15,98" has: what belongs to which column cannot be known. */
static int check_width(const struct csv *csv, struct import_item *it, struct err *e)
{
    int n = csv->n_fields;
    while (n > csv->n_columns && csv->field[n - 1][0] == '\0') {
        n--; /* empty ones at the end are harmless, and some spreadsheets write them */
    }
    if (n <= csv->n_columns) {
        return 0;
    }
    return import_reject(it, csv->separator == ',' ? IMPORT_DECIMAL_COMMA : IMPORT_MALFORMED, e,
                         "%d fields under %d column names%s", n, csv->n_columns,
                         csv->separator == ',' ? ": are the decimals behind commas?" : "");
}

/* The row's id and path. base: what file names and folders are relative to. */
static int read_row(const struct csv *csv, const struct columns *c, const char *base,
                    bool to_predict, struct import_items *items, struct err *e)
{
    int rc = -1;
    const char *file = csv_field(csv, c->index[KEY_FILE]);
    const char *id = c->name[KEY_ID] ? csv_field(csv, c->index[KEY_ID]) : file;
    bool is_folder = !c->name[KEY_FILE];
    struct import_item *it = NULL;
    char *path = path_join(base, is_folder ? id : file);
    if (!path) {
        return err_nomem(e, "a path");
    }
    TRY(import_add(items, id, path, &it, e));
    it->line = csv->line;
    it->is_folder = is_folder;
    if (csv->problem) {
        TRY(import_reject(it, IMPORT_MALFORMED, e, "%s", csv->problem));
    } else if (id[0] == '\0') {
        TRY(import_reject(it, IMPORT_NO_ID, e, "the %s is empty", is_folder ? "id" : "file name"));
    } else if (import_has_control(id) || import_has_control(path)) {
        TRY(import_reject(it, IMPORT_BAD_ID, e, "control characters in the name"));
    } else if (is_folder && (strchr(id, '/') || strcmp(id, ".") == 0 || strcmp(id, "..") == 0)) {
        TRY(import_reject(it, IMPORT_BAD_ID, e, "'%.100s' cannot be a folder's name", id));
    } else {
        TRY(check_width(csv, it, e));
    }
    if (!to_predict && it->reason == IMPORT_ACCEPTED) {
        TRY(read_position(csv, c, it, e));
    }
    TRY(read_extras(csv, c, it, e));
    rc = 0;
out:
    free(path);
    return rc;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the folders in dir, in order. */
static int list_folders(const char *dir, struct listing *l, struct err *e)
{
    size_t n = 0;
    if (listing_read(dir, l, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < l->n; i++) {
        struct stat st;
        char *path = path_join(dir, l->name[i]);
        if (path && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
            l->name[n++] = l->name[i];
        } else {
            free(l->name[i]);
        }
        free(path);
    }
    l->n = n;
    return 0;
}

/* Folders without a row become rejected items. */
static int add_strays(const char *base, struct import_items *items, struct err *e)
{
    int rc = -1;
    struct listing folders = {0};
    size_t n_rows = items->n;
    size_t k = 0;
    const char **id = malloc((n_rows + 1) * sizeof *id);
    if (!id) {
        return err_nomem(e, "ids");
    }
    for (size_t i = 0; i < n_rows; i++) {
        id[i] = items->v[i].id;
    }
    qsort(id, n_rows, sizeof *id, by_text);
    TRY(list_folders(base, &folders, e));
    for (size_t i = 0; i < folders.n; i++) {
        while (k < n_rows && strcmp(id[k], folders.name[i]) < 0) {
            k++;
        }
        if (k == n_rows || strcmp(id[k], folders.name[i]) != 0) {
            struct import_item *it = NULL;
            TRY(import_add(items, folders.name[i], folders.name[i], &it, e));
            it->is_folder = true;
            TRY(import_reject(it, IMPORT_NO_ROW, e, "no row has this folder's name as its id"));
        }
    }
    rc = 0;
out:
    listing_release(&folders);
    free(id);
    return rc;
}

/* The absolute path of the images' folder, or of the folder the CSV is in; owned. */
static char *find_base(const struct import_prefs *prefs, struct err *e)
{
    if (prefs->images) {
        return path_absolute(prefs->images, e);
    }
    char *dir = path_dir(prefs->csv);
    char *base = dir ? path_absolute(dir, e) : NULL;
    free(dir);
    return base;
}

int import_read_csv(const struct import_prefs *prefs, struct import_items *items, struct err *e)
{
    int rc = -1;
    struct columns columns;
    struct csv csv;
    uint8_t *text = NULL;
    size_t n = 0;
    bool row = false;
    char *base = NULL;
    TRY(parse_columns(prefs->columns, &columns, e));
    if (!columns.name[KEY_FILE] && !prefs->images) {
        rc = err_set(e, ERR_USAGE,
                     "--csv needs --images DIR with a folder of views per row, or --columns "
                     "file=NAME");
        goto out;
    }
    TRY(file_read(prefs->csv, CSV_MAX_BYTES, &text, &n, e));
    TRY(csv_init(&csv, prefs->csv, (char *)text, n, e));
    TRY(find_columns(&csv, prefs->to_predict, &columns, e));
    base = find_base(prefs, e);
    if (!base) {
        rc = -1;
        goto out;
    }
    while ((rc = csv_next(&csv, &row, e)) == 0 && row) {
        TRY(sig_check(e));
        TRY(read_row(&csv, &columns, base, prefs->to_predict, items, e));
    }
    TRY(rc);
    if (!columns.name[KEY_FILE]) {
        TRY(add_strays(base, items, e));
    }
out:
    free(base);
    free(text);
    return rc;
}

int import_read_folders(const struct import_prefs *prefs, struct import_items *items, struct err *e)
{
    int rc = -1;
    struct listing folders = {0};
    char *base = path_absolute(prefs->images, e);
    if (!base) {
        return -1;
    }
    TRY(list_folders(base, &folders, e));
    for (size_t i = 0; i < folders.n; i++) {
        struct import_item *it = NULL;
        char *path = path_join(base, folders.name[i]);
        rc = path ? import_add(items, folders.name[i], path, &it, e) : err_nomem(e, "a path");
        free(path);
        TRY(rc);
        it->is_folder = true;
        if (import_has_control(folders.name[i])) {
            TRY(import_reject(it, IMPORT_BAD_ID, e, "control characters in the name"));
        }
    }
    rc = 0;
out:
    listing_release(&folders);
    free(base);
    return rc;
}
