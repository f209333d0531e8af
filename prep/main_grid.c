/* SPDX-License-Identifier: MIT */
#include "core/tool.h"
#include "prep/grid.h"
#include "shapes/crs.h"

static struct grid_prefs prefs = GRID_PREFS_DEFAULT;

static const struct opt options[] = {
    {OPT_GROUP, .help = "Cells"},
    {OPT_LENGTH, "spacing", 0, "LENGTH", &prefs.spacing_m, .min = 10, .max = 5e6,
     .help = "side of the square cells, like 50km; corners lie on multiples of it"},
    {OPT_STR, "crs", 0, "CRS", &prefs.crs,
     .help = "projected reference system in metres, as PROJ knows it"},
    {OPT_STR, "border", 0, "FILE", &prefs.border,
     .help = "the country: shapefile, GeoJSON or GeoPackage"},
    {OPT_GROUP, .help = "Locations"},
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
        .purpose = "Make classes from square cells of the ground, and label the locations",
        .synopsis = "",
        .details =
            "Cells that have a point in common with the country become classes when a train location\n"
            "lies in them. Each class has three points: the cell's centre, the land nearest to it, and\n"
            "the mean of its train locations. A location on an edge belongs to the cell to its east or\n"
            "north. Locations in no class are counted.\n"
            "\n"
            "Prints, as TSV, the counts and the floor: the mean error in km over val and test of a\n"
            "classifier that is always right, for each kind of point; a location in no class counts\n"
            "with the nearest class.\n",
        .examples = "  gdje-grid\n"
                    "  gdje-grid --spacing 10km --name fine\n"
                    "  gdje-grid --border sweden.geojson --crs EPSG:3006 --spacing 100km\n",
        .options = options,
        .libraries = crs_version(),
        .run = run,
    };
    return tool_main(&tool, argc, argv);
}
