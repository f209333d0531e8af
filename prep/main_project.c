/* SPDX-License-Identifier: MIT */
#include "core/tool.h"
#include "prep/project.h"
#include "shapes/crs.h"

static struct project_prefs prefs = PROJECT_PREFS_DEFAULT;

static const struct opt options[] = {
    {OPT_GROUP, .help = "Projection"},
    {OPT_STR, "crs", 0, "CRS", &prefs.crs,
     .help = "projected reference system in metres, as PROJ knows it"},
    {OPT_STR, "split", 0, "NAME", &prefs.split,
     .help = "split whose train part gives minimum and maximum"},
    {OPT_STR, "name", 0, "NAME", &prefs.name, .help = "name of the projection"},
    {OPT_END},
};

static int run(const struct cli *cli, struct err *e)
{
    return project_run(cli, &prefs, e);
}

int main(int argc, char **argv)
{
    const struct tool tool = {
        .name = "gdje-project",
        .purpose = "Project the catalog's locations to metres",
        .synopsis = "",
        .details =
            "Every location with coordinates gets its easting and northing. Minimum and maximum,\n"
            "which regression scales by, are those of the split's train part alone.\n"
            "\n"
            "EPSG:3765 is Croatia's transverse Mercator (HTRS96/TM). Elsewhere use the country's\n"
            "own, or a UTM zone such as EPSG:32633.\n",
        .examples = "  gdje-project\n"
                    "  gdje-project --crs EPSG:3006 --name sweden\n"
                    "  gdje-project --crs '+proj=utm +zone=33' --split blocks\n",
        .options = options,
        .libraries = crs_version(),
        .run = run,
    };
    return tool_main(&tool, argc, argv);
}
