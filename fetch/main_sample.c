/* SPDX-License-Identifier: MIT */
#include "core/tool.h"
#include "fetch/sample.h"
#include "shapes/crs.h"

static struct sample_prefs prefs = SAMPLE_PREFS_DEFAULT;

static const struct opt options[] = {
    {OPT_GROUP, .help = "Points"},
    {OPT_COUNT, "count", 0, "N", &prefs.count, 1, 1e8, .given = &prefs.count_given,
     .help = "how many, those queued before included"},
    {OPT_LENGTH, "min-distance", 0, "LENGTH", &prefs.min_distance_m, 0, 1e6,
     .help = "no two points closer than this (m, km); 0: anywhere"},
    {OPT_COUNT, "seed", 0, "N", &prefs.seed, .max = 9.3e18, .help = "another seed, other points"},
    {OPT_GROUP, .help = "Area"},
    {OPT_STR, "border", 0, "FILE", &prefs.border, .help = "polygons to stay inside of"},
    {OPT_STR, "exclude", 0, "FILE", &prefs.exclude,
     .help = "polygons to stay out of: lakes, parks, military areas"},
    {OPT_STR, "crs", 0, "CRS", &prefs.crs,
     .help = "projected reference system whose metres --min-distance is in"},
    {OPT_GROUP, .help = "Around given places"},
    {OPT_STR, "near", 0, "FILE", &prefs.near,
     .help = "table (CSV, TSV) with columns lat and lon: the points are drawn around these places,"
             " as many around each"},
    {OPT_LENGTH, "within", 0, "LENGTH", &prefs.within_m, 1, 1e6, .given = &prefs.within_given,
     .help = "no farther from the place than this (m, km)"},
    {OPT_GROUP, .help = "Where locations are few"},
    {OPT_STR, "cells", 0, "GRID", &prefs.cells,
     .help = "fill up the cells of this grid of gdje-grid, those that have least first"},
    {OPT_COUNT, "per-cell", 0, "N", &prefs.per_cell, 1, 1e6,
     .help = "to so many locations and open requests each"},
    {OPT_GROUP, .help = "Output"},
    {OPT_FLAG, "print", 0, NULL, &prefs.print,
     .help = "print the points, too: n, lat_deg, lon_deg; with --cells those that are new"},
    {.type = OPT_END},
};

static int run(const struct cli *cli, struct err *e)
{
    return sample_run(cli, &prefs, e);
}

int main(int argc, char **argv)
{
    const struct tool tool = {
        .name = "gdje-sample",
        .purpose = "Put random points inside a border into the request queue of gdje-fetch",
        .synopsis = "",
        .details =
            "Points are uniform on the ground and a pure function of seed, area and distance: the\n"
            "same arguments add nothing to the queue, a higher --count or --per-cell adds the\n"
            "rest. Requests that ended without a location are no part of what a cell has.\n",
        .examples = "  gdje-sample --count 2000\n"
                    "  gdje-sample --count 500 --min-distance 5km --exclude parks.geojson\n"
                    "  gdje-sample --border fiji.geojson --crs EPSG:3460 --count 100 --print\n"
                    "  gdje-sample --near towns.csv --within 2km --count 3000\n"
                    "  gdje-sample --cells default --per-cell 50\n",
        .options = options,
        .libraries = crs_version(),
        .run = run,
    };
    return tool_main(&tool, argc, argv);
}
