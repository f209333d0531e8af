/* SPDX-License-Identifier: MIT */
#include "core/tool.h"
#include "prep/grid.h"
#include "shapes/crs.h"

static struct grid_prefs prefs = GRID_PREFS_DEFAULT;

static const struct opt options[] = {
    {OPT_GROUP, .help = "Cells"},
    {OPT_LENGTH, "spacing", 0, "LENGTH", &prefs.spacing_m, .min = GRID_MIN_SPACING_M,
     .max = GRID_MAX_SPACING_M, .given = &prefs.spacing_given,
     .help = "side of the square cells, like 50km; corners lie on multiples of it from --origin"},
    {OPT_COUNT, "classes", 0, "N", &prefs.n_classes, .min = 0, .max = 1e6,
     .help = "find the spacing with which the number of classes comes nearest to N; 0: no"},
    {OPT_F64, "degrees", 0, "D", &prefs.degrees, .min = 0, .max = 90,
     .help = "squares of D degrees instead, corners at multiples of D from --origin; 0: no"},
    {OPT_STR, "origin", 0, "X,Y", &prefs.origin,
     .help =
         "a corner of the squares instead of 0,0, in metres of the CRS or, with --degrees, "
         "longitude and latitude; `border`: the south-west corner of the border's bounding box"},
    {OPT_LENGTH, "hex", 0, "LENGTH", &prefs.hex_m, .min = 0, .max = GRID_MAX_SPACING_M,
     .help = "hexagons instead, so far from side to side; 0: no"},
    {OPT_FLAG, "quadtree", 0, NULL, &prefs.quadtree,
     .help = "quarter squares of --spacing again and again where many train locations are"},
    {OPT_COUNT, "max-per-cell", 0, "N", &prefs.max_per_cell, .min = 1, .max = 1e9,
     .help = "with --quadtree: quarter cells with more train locations"},
    {OPT_COUNT, "min-per-cell", 0, "N", &prefs.min_per_cell, .min = 1, .max = 1e9,
     .help = "with --quadtree: unless a quarter that has some would have fewer"},
    {OPT_STR, "polygons", 0, "FILE", &prefs.polygons,
     .help = "one class per name of a layer instead: counties, countries"},
    {OPT_STR, "name-field", 0, "NAME", &prefs.name_field,
     .help = "with --polygons: the field that holds the name"},
    {OPT_STR, "crs", 0, "CRS", &prefs.crs,
     .help = "projected reference system in metres, as PROJ knows it"},
    {OPT_STR, "border", 0, "FILE", &prefs.border,
     .help = "the country: shapefile, GeoJSON or GeoPackage; FILE|layername=NAME for one layer of "
             "several"},
    {OPT_FLAG, "strict", 0, NULL, &prefs.strict,
     .help = "refuse a border or polygons that would be repaired, or whose reference system would "
             "be assumed"},
    {OPT_GROUP, .help = "Which cells"},
    {OPT_STR, "keep", 0, "RULE", &prefs.keep,
     .help = "cells that touch the land (intersects), have their centre on it (centre), are all "
             "land (within), or to that share of their area (share=0.1)"},
    {OPT_COUNT, "min-train", 0, "N", &prefs.min_train, .min = 1, .max = 1e9,
     .help = "train locations that make a cell a class"},
    {OPT_FLAG, "merge", 0, NULL, &prefs.merge,
     .help = "cells with fewer belong to the class with the nearest centre, instead of to none"},
    {OPT_GROUP, .help = "Locations"},
    {OPT_LENGTH, "snap", 0, "LENGTH", &prefs.snap_m, .min = 0, .max = 100000,
     .help = "a location outside of all cells belongs to the nearest one within this distance"},
    {OPT_STR, "split", 0, "NAME", &prefs.split, .help = "split whose train part makes the classes"},
    {OPT_STR, "name", 0, "NAME", &prefs.name, .help = "name of the grid"},
    {OPT_END},
};

static int run(const struct cli *cli, struct err *e)
{
    return grid_run(cli, &prefs, e);
}

int main(int argc, char **argv)
{
    const struct tool tool = {
        .name = "gdje-grid",
        .purpose = "Make classes from cells of the ground, and label the locations",
        .synopsis = "",
        .details =
            "Cells of the country become classes when enough train locations lie in them. Each class\n"
            "has four points: the cell's centre, the land nearest to it, and the mean and the\n"
            "geometric median of its train locations. A location on an edge belongs to the cell to\n"
            "its east or north; one on a common edge of polygons to the first of their names.\n"
            "Locations in no class are counted.\n"
            "\n"
            "Squares in degrees are what the published system used, to compare with it: in Croatia\n"
            "they are 1.4 times as high as wide on the ground.\n"
            "\n"
            "Prints, as TSV, the counts and the floor: the mean error in km over val and test of a\n"
            "classifier that is always right, for each kind of point; a location in no class counts\n"
            "with the nearest class.\n",
        .examples =
            "  gdje-grid\n"
            "  gdje-grid --spacing 10km --keep share=0.1 --min-train 20 --merge --name fine\n"
            "  gdje-grid --classes 100\n"
            "  gdje-grid --quadtree --spacing 100km --max-per-cell 500\n"
            "  gdje-grid --polygons counties.geojson --name-field NAME --name counties\n"
            "  gdje-grid --border sweden.geojson --crs EPSG:3006 --spacing 100km\n",
        .options = options,
        .libraries = crs_version(),
        .run = run,
    };
    return tool_main(&tool, argc, argv);
}
