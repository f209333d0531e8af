/* SPDX-License-Identifier: MIT */
/*
 * Cells: the ground cut by one of several methods, each a small table of functions in a file of its
 * own. Cells are half-open, so that a point belongs to exactly one of them. They lie in the
 * method's plane: metres of the projection, or degrees of longitude and latitude.
 */
#ifndef PREP_GRID_CELLS_H
#define PREP_GRID_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "prep/grid.h"
#include "shapes/border.h"
#include "shapes/crs.h"
#include "shapes/region.h"

#define GRID_NO_CELL UINT32_MAX

/* Which cells are kept, besides the train locations they must have. */
enum grid_keep {
    GRID_KEEP_INTERSECTS, /* a point in common with the land, if only on an edge */
    GRID_KEEP_CENTRE,     /* the centre is on land */
    GRID_KEEP_WITHIN,     /* all of it is land */
    GRID_KEEP_SHARE       /* that share of its area is land, at least */
};

struct grid_rule {
    enum grid_keep keep;
    double share;
};

/* grid_rule_parse - "centre" or "share=0.1". ERR_USAGE. */
int grid_rule_parse(const char *text, struct grid_rule *rule, struct err *e);

/*
 * grid_origin_parse - "500000,5000000", "16,45": where a corner of the squares is, in their plane;
 * "border": the south-west corner of box; NULL: 0, 0. ERR_USAGE.
 */
int grid_origin_parse(const char *text, struct bbox box, struct xy *origin, struct err *e);

/* What is cut. */
struct grid_ground {
    const struct border *border;
    struct crs *crs;
    struct region *metres;  /* the border, projected */
    struct region *degrees; /* the border as it is; NULL unless the method's plane is degrees */
    struct grid_rule rule;
    const struct xy *train; /* [n_train] in the method's plane: what a quadtree looks at */
    size_t n_train;
};

struct grid_cell {
    int64_t column, row;
    int level; /* of a quadtree: its side is that of level 0, halved so many times */
    bool land; /* the rule keeps it */
};

struct grid_method;
struct grid_layer;

struct grid_cells {
    const struct grid_method *method;
    double side;      /* in the plane's unit; 0: polygons */
    struct xy origin; /* a corner of squares; 0, 0 otherwise */
    struct grid_cell
        *v; /* owned; [n_made] and those behind them each ascending by level, row, column */
    size_t n, cap;
    size_t n_made; /* by the method; behind them those that only places outside have */
    int max_level;
    struct grid_layer *layer; /* owned; of grid_polygons only */
};

/* A block of cells: columns and rows from .. to-1. */
struct grid_block {
    int64_t column, row, to_column, to_row;
};

struct grid_method {
    const char *name; /* grid.method in the catalog */
    bool geographic;  /* its plane is degrees */

    /* make - the cells that the rule keeps, and what else find needs; cells has method and side */
    int (*make)(struct grid_cells *cells, struct grid_ground *g, const struct grid_prefs *prefs,
                struct err *e);

    /* name - of a cell, unique in the grid */
    void (*name_of)(const struct grid_cells *cells, size_t i, char *text, size_t size);

    /* Of cells in columns and rows (NULL in grid_polygons): the cell that holds p, corners
     * counterclockwise from the south-west one (returns how many), the box around a block. */
    struct grid_cell (*at)(const struct grid_cells *cells, struct xy p);
    size_t (*corners)(const struct grid_cells *cells, const struct grid_cell *cell,
                      struct xy corner[REGION_MAX_CORNERS]);
    struct bbox (*box)(const struct grid_cells *cells, const struct grid_block *b);
};

extern const struct grid_method grid_square;
extern const struct grid_method grid_degrees;
extern const struct grid_method grid_hex;
extern const struct grid_method grid_quadtree;
extern const struct grid_method grid_polygons;

/* grid_cells_make - all that the method cuts. ERR_USAGE when there would be too many. */
int grid_cells_make(struct grid_cells *cells, struct grid_ground *g, const struct grid_prefs *prefs,
                    struct err *e);
void grid_cells_release(struct grid_cells *cells);

/* grid_cells_cover - add, as not land, the cells of the points whose cell[i] is GRID_NO_CELL, and
 * set it. Polygons have no cells outside. */
int grid_cells_cover(struct grid_cells *cells, const struct xy *p, uint32_t *cell, size_t n,
                     struct err *e);

/* grid_cells_find - index of the cell that holds a place, or GRID_NO_CELL. p: in the plane. */
uint32_t grid_cells_find(const struct grid_cells *cells, struct lonlat at, struct xy p);

/* grid_cells_snap - index of the nearest cell that is land, when it is within snap_m of the place. */
uint32_t grid_cells_snap(const struct grid_cells *cells, struct lonlat at, struct xy p,
                         double snap_m);

/* grid_clamp_lat - of a cell in degrees that reaches beyond a pole, the pole. */
double grid_clamp_lat(double lat);

/* grid_cells_points - the cell's centre and the land nearest to it; clipped may be NULL, but not of
 * polygons. */
int grid_cells_points(const struct grid_cells *cells, struct grid_ground *g, size_t i,
                      struct lonlat *centre, struct lonlat *clipped, struct err *e);

/* For methods ------------------------------------------------------------------------------------- */

/* grid_cells_descend - add all cells of columns and rows that the rule keeps, sorted. */
int grid_cells_descend(struct grid_cells *cells, struct region *land, struct grid_ground *g,
                       struct err *e);
int grid_cells_add(struct grid_cells *cells, struct grid_cell cell, struct err *e);
void grid_cells_sort(struct grid_cells *cells); /* when all are added */
ptrdiff_t grid_cells_index(const struct grid_cells *cells, const struct grid_cell *key);

/* grid_rule_keeps - whether the rule keeps the cell with these corners. */
int grid_rule_keeps(struct region *land, const struct grid_rule *rule, const struct xy *corner,
                    size_t n, enum region_relation relation, bool *keep, struct err *e);

struct xy grid_centre(const struct xy *corner, size_t n);

/* grid_index - i with origin + i * side <= x < origin + (i + 1) * side. */
int64_t grid_index(double x, double origin, double side);

/* Squares of any method whose cells are squares. */
size_t grid_square_corners(const struct grid_cells *cells, const struct grid_cell *cell,
                           struct xy corner[REGION_MAX_CORNERS]);
struct grid_cell grid_square_at(const struct grid_cells *cells, struct xy p);
struct bbox grid_square_box(const struct grid_cells *cells, const struct grid_block *b);

#endif
