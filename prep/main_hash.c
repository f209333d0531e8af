/* SPDX-License-Identifier: MIT */
#include "core/tool.h"
#include "prep/hash.h"

static struct hash_prefs prefs = HASH_PREFS_DEFAULT;

static const struct opt options[] = {
    {OPT_GROUP, .help = "Duplicates"},
    {OPT_COUNT, "near-bits", 0, "N", &prefs.near_bits, .min = 0, .max = 3,
     .help = "bits of 64 in which the hashes of near duplicates may differ"},
    {OPT_LENGTH, "near", 0, "LENGTH", &prefs.near_m, .min = 0, .max = 1e6,
     .help = "distance, in metres or with km, up to which a single view is enough to tell"},
    {OPT_GROUP, .help = "Work"},
    {OPT_COUNT, "threads", 'j', "N", &prefs.threads, .min = 0, .max = 256,
     .help = "threads that read images; 0: one per core"},
    {OPT_END},
};

static int run(const struct cli *cli, struct err *e)
{
    return hash_run(cli, &prefs, e);
}

int main(int argc, char **argv)
{
    static const struct tool tool = {
        .name = "gdje-hash",
        .purpose = "Read every image once: digests, damage, duplicates",
        .synopsis = "",
        .details =
            "Decodes all images of the catalog in full and remembers their SHA-256 and a 64-bit\n"
            "difference hash. Files whose length and time have not changed are not read again; a\n"
            "run that was stopped goes on where it was.\n"
            "\n"
            "Locations whose pictures are the same, or nearly the same in all views, become one\n"
            "group, which gdje-split does not tear apart. Flat pictures prove nothing and join\n"
            "nothing. Prints the images that cannot be used as TSV (path, state, detail); the\n"
            "stages that follow leave them out.\n",
        .examples = "  gdje-hash\n"
                    "  gdje-hash --catalog other.gpkg --near-bits 0\n",
        .options = options,
        .run = run,
    };
    return tool_main(&tool, argc, argv);
}
