/* SPDX-License-Identifier: MIT */
/*
 * Points where a grid's cells have few locations: each cell is filled up to a number, counting the
 * locations that are in it and the requests that may still become one (queued or probed; what was
 * asked in vain does not count, so a rerun after gdje-fetch fills up the rest).
 */
#ifndef FETCH_SAMPLE_CELLS_H
#define FETCH_SAMPLE_CELLS_H

#include "core/err.h"
#include "core/tool.h"
#include "fetch/sample.h"
#include "fetch/sample_area.h"

/*
 * sample_cells_run - all cells of the grid but those that are outside of the border by its rule.
 * Points are uniform in what the cell and the border share; the cells that have least come first.
 * Points asked before, whoever asked, are not asked again, and min_distance_m is kept to all
 * locations and requests of the catalog, too.
 *
 * ERR_INPUT: no catalog, no such grid. ERR_INCOMPLETE: some cells have no room for that many.
 */
int sample_cells_run(const struct cli *cli, const struct sample_prefs *p,
                     const struct sample_area *area, struct err *e);

#endif
