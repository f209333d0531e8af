/* SPDX-License-Identifier: MIT */
/* gdje-report: options. */
#include "core/tool.h"
#include "predict/report.h"

static struct report_prefs prefs = REPORT_PREFS_DEFAULT;

static const struct opt options[] = {
    {OPT_GROUP, .help = "What is shown"},
    {OPT_STR, "run", 0, "NAME", &prefs.run,
     .help = "a run of the catalog; not needed for the only one"},
    {OPT_STR, "border", 0, "FILE", &prefs.border, .help = "drawn on the map; none for no border"},
    {OPT_COUNT, "lines", 0, "N", &prefs.n_lines, .max = 20000,
     .help = "most predictions on the map; of more, as many are chosen at random"},
    {OPT_COUNT, "photos", 0, "N", &prefs.n_photos, .max = 100,
     .help = "locations with photos, of the best and of the worst"},
    {OPT_GROUP, .help = "Output"},
    {OPT_STR, "output", 'o', "FILE", &prefs.output, .help = "the page; required"},
    {OPT_FLAG, "force", 0, NULL, &prefs.force, .help = "replace it when it exists"},
    {OPT_END},
};

static int run(const struct cli *cli, struct err *e)
{
    return report_run(cli, &prefs, e);
}

int main(int argc, char **argv)
{
    static const struct tool tool = {
        .name = "gdje-report",
        .purpose = "Make one HTML file of a run: map, scores, curves, photos",
        .synopsis = "",
        .details =
            "The file holds everything it needs and opens from disk without a network: a map with\n"
            "the median error of every cell and lines from true to predicted places, the\n"
            "distribution of errors, the scores of gdje-eval with their intervals, the training\n"
            "curves, the photos of the best and the worst predictions, and what is known about\n"
            "the run. It shows the test part, by the decoder that was chosen on the val part.\n"
            "\n"
            "Run gdje-predict and gdje-eval first.\n",
        .examples =
            "  gdje-report --run default -o report.html\n"
            "  gdje-report --border shapes/croatia.shp --photos 12 --force -o report.html\n",
        .options = options,
        .run = run,
    };
    return tool_main(&tool, argc, argv);
}
