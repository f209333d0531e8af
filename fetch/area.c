/* SPDX-License-Identifier: MIT */
/* Longitudes are continuous, beyond 180 where the area goes across the antimeridian, until a box is
 * given away. */
#include "fetch/area.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/parse.h"
#include "core/sig.h"
#include "core/vec.h"
#include "shapes/border.h"
#include "shapes/region.h"

/* What is thinner than this (a centimetre) is there by rounding: 509 * 0.09 is less than 45.81. A box
 * without an extent, as one of fewer digits than URLs have is, is refused by the services. */
#define SLIVER_DEG 1e-7

struct area {
    struct border *border; /* NULL: the rectangle itself */
    struct region *region;
    struct bbox box;
    char name[SHA256_HEX_SIZE + 16];
};

/* --- what was given ------------------------------------------------------------------------------- */

/* The part before the next comma as a number, in place. */
static int next_number(char **text, double max, double *out, struct err *e)
{
    char *comma = strchr(*text, ',');
    if (comma) {
        *comma = '\0';
    }
    if (parse_f64(*text, -max, max, out, e) != 0) {
        return err_ctx(e, "--area");
    }
    *text = comma ? comma + 1 : *text + strlen(*text);
    return 0;
}

/* Whether the text is meant to be a rectangle: four parts of digits. */
static bool is_rectangle(const char *text)
{
    size_t n_commas = 0;
    for (const char *p = text; *p; p++) {
        n_commas += *p == ',';
    }
    return n_commas == 3 && strspn(text, "0123456789.,-+eE ") == strlen(text);
}

static int read_rectangle(const char *text, struct area *a, struct err *e)
{
    char copy[128];
    char *p = copy;
    struct bbox *b = &a->box;
    if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy) {
        return err_set(e, ERR_USAGE, "--area: '%.40s...' is too long", text);
    }
    if (next_number(&p, 180, &b->min_x, e) != 0 || next_number(&p, 90, &b->min_y, e) != 0 ||
        next_number(&p, 180, &b->max_x, e) != 0 || next_number(&p, 90, &b->max_y, e) != 0) {
        e->kind = ERR_USAGE;
        return -1;
    }
    (void)snprintf(a->name, sizeof a->name, "%.10g,%.10g,%.10g,%.10g", b->min_x, b->min_y, b->max_x,
                   b->max_y);
    if (b->min_x > b->max_x) {
        b->max_x += 360;
    }
    return b->min_x < b->max_x && b->min_y < b->max_y
               ? 0
               : err_set(e, ERR_USAGE, "--area: '%s' is not west,south,east,north", text);
}

static int read_border(const char *path, struct area *a, struct err *e)
{
    if (border_open(path, &a->border, e) != 0 || region_new(a->border, NULL, &a->region, e) != 0) {
        return err_ctx(e, "--area");
    }
    a->box = border_bbox(a->border);
    (void)snprintf(a->name, sizeof a->name, "border %s", border_sha256(a->border));
    return 0;
}

int area_open(const char *text, struct area **out, struct err *e)
{
    struct area *a = calloc(1, sizeof *a);
    if (!a) {
        return err_nomem(e, "an area");
    }
    if ((is_rectangle(text) ? read_rectangle(text, a, e) : read_border(text, a, e)) != 0) {
        area_free(a);
        return -1;
    }
    *out = a;
    return 0;
}

void area_free(struct area *a)
{
    if (a) {
        region_free(a->region);
        border_free(a->border);
        free(a);
    }
}

const char *area_name(const struct area *a)
{
    return a->name;
}

bool area_contains(const struct area *a, struct lonlat p)
{
    if (a->border) {
        return border_contains(a->border, p);
    }
    double lon = p.lon < a->box.min_x ? p.lon + 360 : p.lon;
    return lon >= a->box.min_x && lon <= a->box.max_x && p.lat >= a->box.min_y &&
           p.lat <= a->box.max_y;
}

/* --- boxes ---------------------------------------------------------------------------------------- */

struct boxes {
    struct bbox *v;
    size_t n, cap;
};

static int add_box(struct boxes *l, struct bbox b, struct err *e)
{
    if (l->n == AREA_MAX_BOXES) {
        return err_set(e, ERR_USAGE, "--area: more than %d boxes would have to be asked for",
                       AREA_MAX_BOXES);
    }
    if (vec_room(&l->v, l->n, &l->cap, sizeof *l->v, "the boxes of an area", e) != 0) {
        return -1;
    }
    if (b.min_x >= 180) {
        b.min_x -= 360;
        b.max_x -= 360;
    } else if (b.max_x <= -180) {
        b.min_x += 360;
        b.max_x += 360;
    }
    l->v[l->n++] = b;
    return 0;
}

static int add_cell(const struct area *a, struct bbox cell, struct boxes *l, struct err *e)
{
    enum region_relation relation = REGION_CROSSES;
    const struct bbox b = {fmax(cell.min_x, a->box.min_x), fmax(cell.min_y, a->box.min_y),
                           fmin(cell.max_x, a->box.max_x), fmin(cell.max_y, a->box.max_y)};
    if (b.max_x - b.min_x < SLIVER_DEG || b.max_y - b.min_y < SLIVER_DEG) {
        return 0;
    }
    if (a->region && region_relate(a->region, b, &relation, e) != 0) {
        return -1;
    }
    return relation == REGION_OUTSIDE ? 0 : add_box(l, b, e);
}

int area_boxes(const struct area *a, double side_deg, struct bbox **box, size_t *n, struct err *e)
{
    int rc = -1;
    struct boxes l = {0};
    long first_col = (long)floor(a->box.min_x / side_deg);
    long last_col = (long)ceil(a->box.max_x / side_deg);
    long last_row = (long)ceil(a->box.max_y / side_deg);
    for (long row = (long)floor(a->box.min_y / side_deg); row < last_row; row++) {
        TRY(sig_check(e));
        for (long col = first_col; col < last_col; col++) {
            double x = (double)col;
            double y = (double)row;
            const struct bbox cell = {x * side_deg, y * side_deg, (x + 1) * side_deg,
                                      (y + 1) * side_deg};
            TRY(add_cell(a, cell, &l, e));
        }
    }
    *box = l.v;
    *n = l.n;
    l.v = NULL;
    rc = 0;
out:
    free(l.v);
    return rc;
}
