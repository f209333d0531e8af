/* SPDX-License-Identifier: MIT */
/* gdje-eval: options. */
#include "core/tool.h"
#include "predict/eval.h"

static struct eval_prefs prefs = EVAL_PREFS_DEFAULT;

static const struct opt options[] = {
    {OPT_GROUP, .help = "What is scored"},
    {OPT_STR, "run", 0, "NAME", &prefs.run,
     .help = "a run of the catalog; not needed for the only one"},
    {OPT_STR, "predictions", 0, "FILE", &prefs.predictions,
     .help = "CSV with uuid, latitude, longitude instead; needs no catalog"},
    {OPT_STR, "truth", 0, "FILE", &prefs.truth, .help = "CSV with the true places"},
    {OPT_STR, "train", 0, "FILE", &prefs.train,
     .help = "CSV with the places of the training, for the baselines"},
    {OPT_GROUP, .help = "Intervals"},
    {OPT_COUNT, "resamples", 0, "N", &prefs.n_resamples, .max = 100000,
     .help = "bootstrap resamples of the locations; 0: no intervals"},
    {OPT_COUNT, "seed", 0, "N", &prefs.seed, .max = 9007199254740992.0, .help = "of the resamples"},
    {OPT_COUNT, "threads", 'j', "N", &prefs.n_threads, .max = 1024,
     .help = "threads; 0: one per core; never changes the result"},
    {OPT_END},
};

static int run(const struct cli *cli, struct err *e)
{
    return eval_run(cli, &prefs, e);
}

int main(int argc, char **argv)
{
    static const struct tool tool = {
        .name = "gdje-eval",
        .purpose = "Score the predictions of a run, or of a file",
        .synopsis = "",
        .details =
            "Prints TSV: part, decode, metric, value, and the low and high end of the 95 % bootstrap\n"
            "interval. decode is a decoder (mean, mode, median, regression), `classifier`, or what a\n"
            "prediction has to beat: constant (the mean of all train locations as the answer to\n"
            "everything), constant_median (their geometric median), nearest_train (an oracle that\n"
            "names the nearest train location), floor (an oracle that knows the class).\n"
            "\n"
            "Errors are great-circle distances on a sphere of radius 6371.0088 km, over locations.\n"
            "Percentiles interpolate linearly between ranks. rmse_m is the root of the mean squared\n"
            "error in metres. share_25km is the share of locations within 25 km. score_world is the\n"
            "mean of 5000 exp(-d / 1492.7 km), score_country of 5000 exp(-10 d / D), D the diagonal\n"
            "of the bounding box of all known locations. macro_f1 is the mean over the classes that\n"
            "are a label or a guess. ece is the calibration error in 10 bins of confidence.\n"
            "Slices of the chosen decoder: near_5_25 (km to the nearest train location), class_N,\n"
            "region_NAME; bin_N is a bin of confidence.\n"
            "A run's scores also go to the catalog's table score.\n",
        .examples = "  gdje-eval --run default\n"
                    "  gdje-eval --predictions answer.csv --truth test.csv --train train.csv\n"
                    "  gdje-eval | awk -F'\\t' '$1 == \"test\" && $3 == \"mean_km\"'\n",
        .options = options,
        .run = run,
    };
    return tool_main(&tool, argc, argv);
}
