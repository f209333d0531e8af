/* SPDX-License-Identifier: MIT */
/* The made-up country of tests/unit/predict/fixture.h for command line tests. */
#include "core/tool.h"
#include "tests/unit/predict/fixture.h"

static struct fixture_spec spec;
static int64_t n = 400;
static int64_t px;

static const struct opt options[] = {
    {OPT_STR, "border", 0, "FILE", &spec.border, .help = "locations lie inside"},
    {OPT_COUNT, "count", 0, "N", &n, .max = 1000000, .help = "locations"},
    {OPT_COUNT, "checkpoint", 0, "PX", &px, .max = 512, .help = "write a network of this size"},
    {OPT_FLAG, "photos", 0, NULL, &spec.photos, .help = "write photos"},
    {OPT_FLAG, "predictions", 0, NULL, &spec.predictions, .help = "write predictions"},
    {OPT_FLAG, "unknown", 0, NULL, &spec.unknown, .help = "some locations without coordinates"},
    {OPT_FLAG, "hostile", 0, NULL, &spec.hostile, .help = "names that try to break out"},
    {OPT_FLAG, "demo", 0, NULL, &spec.demo, .help = "as if from the demo provider"},
    {OPT_FLAG, "regression", 0, NULL, &spec.regression, .help = "a regression run"},
    {OPT_END},
};

static int run(const struct cli *cli, struct err *e)
{
    spec.dir = cli->args[0];
    spec.n_locations = (int)n;
    spec.checkpoint_px = (int)px;
    return fixture_make(&spec, e);
}

int main(int argc, char **argv)
{
    static const struct tool tool = {
        .name = "predict_fixture",
        .purpose = "Make a catalog as if everything up to training had run",
        .synopsis = "DIR",
        .examples = "  predict_fixture --border shapes/croatia.shp --predictions work\n",
        .options = options,
        .min_args = 1,
        .max_args = 1,
        .no_catalog = true,
        .run = run,
    };
    return tool_main(&tool, argc, argv);
}
