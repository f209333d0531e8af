/* SPDX-License-Identifier: MIT */
#include "core/tool.h"
#include "fetch/sample.h"
#include "shapes/crs.h"

static struct sample_prefs prefs = SAMPLE_PREFS_DEFAULT;

static const struct opt options[] = {
    {OPT_GROUP, .help = "Points"},
    {OPT_COUNT, "count", 0, "N", &prefs.count, 1, 1e8,
     .help = "how many, those queued before included"},
    {OPT_LENGTH, "min-distance", 0, "LENGTH", &prefs.min_distance_m, 0, 1e6,
     .help = "no two points closer than this (m, km); 0: anywhere"},
    {OPT_COUNT, "seed", 0, "N", &prefs.seed, .max = 9.3e18, .help = "another seed, other points"},
    {OPT_GROUP, .help = "Area"},
    {OPT_STR, "border", 0, "FILE", &prefs.border, .help = "polygons to stay inside of"},
    {OPT_STR, "crs", 0, "CRS", &prefs.crs,
     .help = "projected reference system in metres to draw in"},
    {OPT_GROUP, .help = "Output"},
    {OPT_FLAG, "print", 0, NULL, &prefs.print,
     .help = "print the points, too: n, lat_deg, lon_deg"},
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
            "Points are uniform on the ground and a pure function of seed, border, reference\n"
            "system and distance: the same arguments add nothing to the queue, a higher\n"
            "--count adds the rest.\n",
        .examples = "  gdje-sample --count 2000\n"
                    "  gdje-sample --count 500 --min-distance 5km --seed 7\n"
                    "  gdje-sample --border lund.geojson --crs EPSG:3006 --count 100 --print\n",
        .options = options,
        .libraries = crs_version(),
        .run = run,
    };
    return tool_main(&tool, argc, argv);
}
