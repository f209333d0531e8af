/* SPDX-License-Identifier: MIT */
/*
 * Random points that are uniform on the ground: over the land within a border, in discs, in cells.
 * Candidates are drawn on the ellipsoid unrolled without change of area (fetch/ground.h) and kept
 * when the rules allow them.
 *
 *     const struct points_site land = {.name = "sample", .area = border};
 *     TRY(points_new(&rules, &land, 1, &p, e));
 *     TRY(points_draw(p, out, n, &n_out, e));
 *     points_free(p);
 */
#ifndef FETCH_POINTS_H
#define FETCH_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "core/nearest.h"
#include "shapes/border.h"
#include "shapes/crs.h"

/* Degrees are rounded to this, so that what is printed and what is stored are the same. */
#define POINTS_DEGREE_STEP 1e-7

/* Where points may be. All borrowed. */
struct points_rules {
    uint64_t seed;
    const struct border *border;  /* in it */
    const struct border *exclude; /* and not in this; NULL: nothing is excluded */
    double min_distance_m;        /* between two of them; 0: anywhere */
    struct crs *crs;              /* the plane in which it is measured */
    const struct nearest *taken;  /* nor closer to one of these (great circle); NULL: none */
};

/* Where candidates come from: the box of an area, or a disc. */
struct points_site {
    const char *name;          /* of its random numbers: the same name, the same candidates */
    const struct border *area; /* in it; NULL: a disc */
    struct lonlat centre;      /* of the disc */
    double radius_m;           /* great circle */
};

struct points;

/* points_new - rules and sites are borrowed until points_free. */
int points_new(const struct points_rules *rules, const struct points_site *site, size_t n_sites,
               struct points **out, struct err *e);
void points_free(struct points *p);

/*
 * points_next - the next point of a site. *found false when there is no room (left) for one: then,
 * and for ever, the site is closed. That is found out by trying, so some room may be missed: less
 * than a thousandth of the ground with the distance (a hundredth, in a cell or disc), and of the box
 * less than a millionth without (a cell: 1e-5, a disc: 4e-4).
 *
 * Returns 0, or -1 with *e: ERR_INPUT when a point has no image in the plane, ERR_INTERRUPTED.
 * Repeat:  a pure function of rules, sites and the calls before, whatever the machine.
 */
int points_next(struct points *p, size_t site, struct lonlat *at, bool *found, struct err *e);

/* points_draw - up to n points, one of each site in turn; fewer when all sites are closed. So the
 * first k points are the same for every n >= k. */
int points_draw(struct points *p, struct lonlat *out, size_t n, size_t *n_out, struct err *e);

bool points_closed(const struct points *p, size_t site);
size_t points_given(const struct points *p, size_t site); /* how many so far */

#endif
