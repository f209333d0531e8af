/* SPDX-License-Identifier: MIT */
#include "core/tool.h"
#include "prep/stats.h"

static struct stats_prefs prefs = STATS_PREFS_DEFAULT;

static const struct opt options[] = {
    {OPT_GROUP, .help = "What"},
    {OPT_STR, "split", 0, "NAME", &prefs.split, .help = "whose train part is looked at"},
    {OPT_COUNT, "size", 0, "PX", &prefs.size_px, .min = 1, .max = 4096,
     .help = "side of the pictures as the network sees them"},
    {OPT_GROUP, .help = "Work"},
    {OPT_COUNT, "threads", 'j', "N", &prefs.threads, .min = 0, .max = 256,
     .help = "threads that decode; the result does not depend on it; 0: one per core"},
    {OPT_END},
};

static int run(const struct cli *cli, struct err *e)
{
    return stats_run(cli, &prefs, e);
}

int main(int argc, char **argv)
{
    static const struct tool tool = {
        .name = "gdje-stats",
        .purpose = "Channel statistics of the train part's pictures",
        .synopsis = "",
        .details =
            "Mean, standard deviation, smallest and largest value of red, green and blue, as\n"
            "value / 255, over all usable pictures of the train part, cut to their largest centred\n"
            "square and reduced to the size. Sums are exact. Computed once for the same pictures\n"
            "and size; prints the table as TSV.\n",
        .examples = "  gdje-stats --size 64\n"
                    "  gdje-stats --split blocks --size 224\n",
        .options = options,
        .run = run,
    };
    return tool_main(&tool, argc, argv);
}
