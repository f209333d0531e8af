/* SPDX-License-Identifier: MIT */
#include "core/tool.h"
#include "prep/pack.h"

static struct pack_prefs prefs = PACK_PREFS_DEFAULT;

static const struct opt options[] = {
    {OPT_GROUP, .help = "The pack"},
    {OPT_STR, "output", 'o', "FILE", &prefs.out, .help = "where the pack is written; required"},
    {OPT_COUNT, "size", 0, "PX", &prefs.size_px, .min = 1, .max = 4096, .given = &prefs.size_given,
     .help = "side of the pictures in it; with --jpeg 256 unless given"},
    {OPT_FLAG, "jpeg", 0, NULL, &prefs.jpeg,
     .help = "store them as JPEGs of quality 90: a twelfth of the size"},
    {OPT_FLAG, "fast", 0, NULL, &prefs.fast,
     .help = "decode at a half, a quarter or an eighth of the size, as far as --size allows"},
    {OPT_FLAG, "force", 0, NULL, &prefs.force, .help = "replace a file that holds something else"},
    {OPT_FLAG, "verify", 0, NULL, &prefs.verify,
     .help = "write nothing: check every record of the file that is there"},
    {OPT_GROUP, .help = "Work"},
    {OPT_COUNT, "threads", 'j', "N", &prefs.threads, .min = 0, .max = 256,
     .help = "threads that decode; 0: one per core"},
    {OPT_END},
};

static int run(const struct cli *cli, struct err *e)
{
    return pack_run(cli, &prefs, e);
}

int main(int argc, char **argv)
{
    static const struct tool tool = {
        .name = "gdje-pack",
        .purpose = "Decode and reduce all pictures once, into one file for training",
        .synopsis = "",
        .details =
            "Every usable picture (gdje-hash says which) is cut to its largest centred square and\n"
            "reduced with antialiasing. The file appears whole or not at all, and carries a digest\n"
            "of what went into it: packing the same pictures again does nothing. When pictures were\n"
            "added or changed since, records of all others are copied from the pack that is there,\n"
            "or from what a killed run left beside it. Its size in either form is told before\n"
            "anything is written, and what the disk has no room for is refused.\n"
            "\n"
            "With --fast, photos of 640 px are a grey level off in the mean at 64 px, half a level\n"
            "at 224, and single values by up to 30; with --jpeg two levels. Which it was is in the\n"
            "file and in checkpoints trained from it, and gdje-predict makes photos into the same.\n",
        .examples = "  gdje-pack --size 64 -o work/pack-64.gdje\n"
                    "  gdje-pack --size 64 -o work/pack-64.gdje --verify\n"
                    "  gdje-pack --jpeg -o work/pack-256.gdje\n",
        .options = options,
        .run = run,
    };
    return tool_main(&tool, argc, argv);
}
