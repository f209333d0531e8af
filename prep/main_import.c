/* SPDX-License-Identifier: MIT */
#include "core/tool.h"
#include "prep/import.h"

static struct import_prefs prefs = IMPORT_PREFS_DEFAULT;
static const char *const groups[] = {"auto", "id", "folder", "near", NULL};

static const struct opt options[] = {
    {OPT_GROUP, .help = "What is read"},
    {OPT_STR, "csv", 0, "FILE", &prefs.csv,
     .help = "a table of places: comma, semicolon or tab, with a header row"},
    {OPT_STR, "images", 0, "DIR", &prefs.images,
     .help = "where the places' folders <id>/{0,90,180,270}.jpg are, or their photos"},
    {OPT_STR, "columns", 0, "KEY=NAME,...", &prefs.columns,
     .help = "columns of the table: id, lat, lon, and optionally file, heading, captured, group; "
             "by default id=uuid,lat=latitude,lon=longitude"},
    {OPT_FLAG, "to-predict", 0, NULL, &prefs.to_predict,
     .help = "positions are not known: take the images alone"},
    {OPT_STR, "border", 0, "FILE", &prefs.border,
     .help = "reject positions outside of this country (a vector file), and say which of them are "
             "inside with latitude and longitude exchanged"},
    {OPT_FLAG, "strict", 0, NULL, &prefs.strict,
     .help = "refuse a border that would be repaired, or whose reference system would be assumed"},
    {OPT_LENGTH, "snap", 0, "LENGTH", &prefs.snap_m, .min = 0, .max = 5e4,
     .help = "how far from the border, in metres or with km, still counts as inside"},
    {OPT_GROUP, .help = "How it is kept"},
    {OPT_STR, "name", 0, "NAME", &prefs.name,
     .help = "of the data set; by default that of the folder or file"},
    {OPT_CHOICE, "group", 0, "HOW", &prefs.group, .choices = groups,
     .help = "what a split keeps together: id (nothing), folder, near (photos near each other); "
             "auto is near for photos with EXIF, id for tables"},
    {OPT_LENGTH, "near", 0, "LENGTH", &prefs.near_m, .min = 0, .max = 1e5,
     .help = "distance, in metres or with km, at which photos are near"},
    {OPT_COUNT, "threads", 'j', "N", &prefs.threads, .min = 0, .max = 256,
     .help = "threads that look at the images; 0: one per core"},
    {OPT_END},
};

static int run(const struct cli *cli, struct err *e)
{
    return import_run(cli, &prefs, e);
}

int main(int argc, char **argv)
{
    static const struct tool tool = {
        .name = "gdje-import",
        .purpose = "Take a data set on disk into the catalog",
        .synopsis = "[PHOTO|DIR...]",
        .details =
            "With --csv and --images, a table of ids and positions and a folder of one to four\n"
            "views per id. With --csv and --columns file=NAME, a table of photo files and\n"
            "positions. With photos or folders of them as arguments, single photos whose EXIF has\n"
            "the position. Nothing is copied: the catalog remembers the paths.\n"
            "\n"
            "Prints what was not accepted as TSV (row, reason, detail); the counts go to standard\n"
            "error and add up. Running again with nothing new changes nothing; rows that differ\n"
            "from what the same data set had before are brought up to date.\n",
        .examples = "  gdje-import --csv places.csv --images places/\n"
                    "  gdje-import --csv a.csv --images a/ --border shapes/croatia.shp\n"
                    "  gdje-import --csv p.csv --columns id=name,lat=y,lon=x --images p/\n"
                    "  gdje-import --name holidays ~/Pictures/2023\n"
                    "  gdje-import --images unknown/ --to-predict\n",
        .options = options,
        .max_args = -1,
        .run = run,
    };
    return tool_main(&tool, argc, argv);
}
