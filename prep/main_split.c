/* SPDX-License-Identifier: MIT */
#include "core/tool.h"
#include "prep/split.h"

static struct split_prefs prefs = SPLIT_PREFS_DEFAULT;

static const struct opt options[] = {
    {OPT_GROUP, .help = "Parts"},
    {OPT_STR, "name", 0, "NAME", &prefs.name, .help = "name of the split"},
    {OPT_STR, "ratios", 0, "A/B/C", &prefs.ratios,
     .help = "shares of train, val and test: three positive numbers"},
    {OPT_COUNT, "seed", 0, "N", &prefs.seed, .min = 0, .max = 9e18,
     .help = "another seed is another split"},
    {OPT_GROUP, .help = "Space"},
    {OPT_F64, "block-km", 0, "KM", &prefs.block_km, .min = 0, .max = 5000,
     .help = "keep squares of this side together, so that parts are apart on the ground; 0: no"},
    {OPT_F64, "buffer-km", 0, "KM", &prefs.buffer_km, .min = 0, .max = 5000,
     .help = "put train locations nearer than this to val or test into the part 'buffer'; 0: no"},
    {OPT_END},
};

static int run(const struct cli *cli, struct err *e)
{
    return split_run(cli, &prefs, e);
}

int main(int argc, char **argv)
{
    static const struct tool tool = {
        .name = "gdje-split",
        .purpose = "Split the catalog's locations into train, val and test",
        .synopsis = "",
        .details =
            "A location's part depends on the seed and on its group (panorama, sequence,\n"
            "duplicates found by gdje-hash) alone: adding locations never moves another one, and a\n"
            "group is never torn apart. Locations without coordinates are left out.\n"
            "\n"
            "Prints, as TSV, the size of each part and how far its locations are from the nearest\n"
            "train location: quantiles in km, and shares within 50 m, 1 km and 5 km. Where most are\n"
            "near, a score on that part says how well a network remembers, not how well it finds.\n",
        .examples = "  gdje-split\n"
                    "  gdje-split --ratios 90/5/5 --seed 7 --name other\n"
                    "  gdje-split --name blocks --block-km 25 --buffer-km 2\n",
        .options = options,
        .run = run,
    };
    return tool_main(&tool, argc, argv);
}
