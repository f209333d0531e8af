/* SPDX-License-Identifier: MIT */
#include "core/tool.h"
#include "prep/split.h"
#include "prep/split_parts.h"

static struct split_prefs prefs = SPLIT_PREFS_DEFAULT;

static const struct opt options[] = {
    {OPT_GROUP, .help = "Parts"},
    {OPT_STR, "name", 0, "NAME", &prefs.name, .help = "name of the split"},
    {OPT_STR, "ratios", 0, "A/B/C", &prefs.ratios, .given = &prefs.ratios_given,
     .help = "shares of train, val and test: three positive numbers"},
    {OPT_STR, "parts", 0, "NAME=SHARE,...", &prefs.parts,
     .help = "any parts instead of those three; one is 'train'"},
    {OPT_COUNT, "folds", 0, "K", &prefs.folds, .min = 0, .max = SPLIT_MAX_PARTS,
     .help = "equal parts fold0, fold1, ... instead; 0: no"},
    {OPT_STR, "from", 0, "FILE", &prefs.from,
     .help = "take the split from a table with the columns uuid and part"},
    {OPT_FLAG, "exact", 0, NULL, &prefs.exact,
     .help = "sizes exact to one location; then new locations may move others"},
    {OPT_STR, "grid", 0, "NAME", &prefs.grid,
     .help = "sizes exact to one location in every class of this grid, too; implies --exact"},
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
            "group is never torn apart. Sizes are then near their shares, not equal to them. With\n"
            "--exact or --grid they are equal to one location, as far as groups allow, and adding\n"
            "locations may move others. Locations without coordinates are left out.\n"
            "\n"
            "Prints, as TSV, the size of each part and how far its locations are from the nearest\n"
            "train location (of folds: from the nearest of all other folds): quantiles in km, and\n"
            "shares within 50 m, 1 km and 5 km. Where most are near, a score on that part says how\n"
            "well a network remembers, not how well it finds.\n",
        .examples = "  gdje-split\n"
                    "  gdje-split --ratios 90/5/5 --seed 7 --name other\n"
                    "  gdje-split --name blocks --block-km 25 --buffer-km 2\n"
                    "  gdje-split --name cv --folds 5 --grid default\n"
                    "  gdje-split --name given --from split.csv\n",
        .options = options,
        .run = run,
    };
    return tool_main(&tool, argc, argv);
}
