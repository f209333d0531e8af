/* SPDX-License-Identifier: MIT */
/* gdje-predict: options. */
#include "core/tool.h"
#include "predict/predict.h"

static struct predict_prefs prefs = PREDICT_PREFS_DEFAULT;

static const char *const decoders[] = {"auto", "mean", "mode", "median", NULL};
static const char *const formats[] = {"csv", "jsonl", NULL};
static const char *const precisions[] = {"f32", "bf16", NULL};

static const struct opt options[] = {
    {OPT_GROUP, .help = "Network"},
    {OPT_STR, "checkpoint", 0, "FILE", &prefs.checkpoint,
     .help = "what gdje-train wrote; carries classes, projection and preprocessing"},
    {OPT_STR, "backend", 0, "NAME", &prefs.backend, .help = "auto, cpu, cuda or ref"},
    {OPT_CHOICE, "precision", 0, "P", &prefs.precision, .choices = precisions,
     .help = "of activations"},
    {OPT_COUNT, "batch", 0, "N", &prefs.batch, .min = 1, .max = 4096, .help = "locations at once"},
    {OPT_COUNT, "threads", 'j', "N", &prefs.n_threads, .max = 1024,
     .help = "threads; 0: one per core; may change the last bits of a place"},
    {OPT_GROUP, .help = "Locations of the catalog"},
    {OPT_LIST, "part", 0, "PART", &prefs.part,
     .help = "train, val, test, unknown (places without coordinates) or all; may be given several "
             "times (default: val and test)"},
    {OPT_STR, "pack", 0, "FILE", &prefs.pack,
     .help = "read pictures from what gdje-pack wrote; what it lacks, from the photos"},
    {OPT_GROUP, .help = "Places"},
    {OPT_CHOICE, "decode", 0, "HOW", &prefs.decode, .choices = decoders,
     .help =
         "probabilities to a place, for what is printed; auto is the one chosen on the val part, "
         "mean where none was"},
    {OPT_COUNT, "top-classes", 0, "N", &prefs.top_classes, .max = 1000000,
     .help = "decode with the N most probable classes only; 0: all"},
    {OPT_FLAG, "land", 0, NULL, &prefs.land, .help = "move places to the nearest land"},
    {OPT_STR, "border", 0, "FILE", &prefs.border, .help = "what is land"},
    {OPT_GROUP, .help = "Output"},
    {OPT_STR, "output", 'o', "FILE", &prefs.output,
     .help = "write there; - is standard output, which is the default for photos"},
    {OPT_FLAG, "force", 0, NULL, &prefs.force, .help = "replace it when it exists"},
    {OPT_CHOICE, "format", 0, "F", &prefs.format, .choices = formats, .help = "of the output"},
    {OPT_COUNT, "top", 0, "K", &prefs.top, .max = 1000,
     .help = "add the K most probable classes with their probability"},
    {OPT_END},
};

static int run(const struct cli *cli, struct err *e)
{
    return predict_run(cli, &prefs, e);
}

int main(int argc, char **argv)
{
    static const struct tool tool = {
        .name = "gdje-predict",
        .purpose = "Predict where photos were taken",
        .synopsis = "[PHOTO|DIR|-]...",
        .details =
            "Without arguments: predicts the locations of the catalog's val and test part for the\n"
            "run that the checkpoint belongs to, by every decoder, into the table prediction, and\n"
            "chooses the decoder with the least mean error on the val part. In a catalog that does\n"
            "not know that run, all locations are predicted and printed, and nothing is stored.\n"
            "\n"
            "With arguments: predicts photos and writes uuid,latitude,longitude; nothing is written\n"
            "to a catalog, and none is needed. An argument is a photo (one location, its name is the\n"
            "uuid), a folder with views 0.jpg, 90.jpg, 180.jpg and 270.jpg (one location, named like\n"
            "the folder), any other folder (its photos, each a location, and the folders in it), or\n"
            "- for names on standard input, one a line.\n"
            "\n"
            "A missing view is filled with the next given one clockwise: a single photo is shown to\n"
            "the network in all directions. A location with a photo that cannot be used is left out\n"
            "with a warning, and the exit code is 1.\n"
            "\n"
            "With --top K, CSV has the further columns class_1,probability_1 and so on, JSON Lines\n"
            "the field \"top\": [[class, probability], ...]. Places have 7 decimals, about 1 cm.\n",
        .examples = "  gdje-predict --checkpoint work/run/default/best.safetensors -o answers.csv\n"
                    "  gdje-predict --checkpoint best.safetensors --top 3 holiday.jpg\n"
                    "  find photos -name '*.jpg' | gdje-predict --checkpoint best.safetensors -\n",
        .options = options,
        .max_args = -1,
        .run = run,
    };
    return tool_main(&tool, argc, argv);
}
