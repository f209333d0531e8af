/* SPDX-License-Identifier: MIT */
/* gdje-train: the option table. What it does is train/trainer.h. */
#include "core/tool.h"
#include "train/prefs.h"
#include "train/trainer.h"

static struct train_prefs prefs = TRAIN_PREFS_DEFAULT;

static const struct opt options[] = {
    {OPT_GROUP, .help = "Run"},
    {OPT_STR, "pack", 0, "FILE", &prefs.pack, .help = "pictures, made by gdje-pack; required"},
    {OPT_STR, "name", 0, "RUN", &prefs.name, .help = "name of the run and of its folder; required"},
    {OPT_STR, "run-dir", 0, "DIR", &prefs.run_dir,
     .help = "folder of the runs (without it: run/ beside the catalog)"},
    {OPT_FLAG, "resume", .to = &prefs.resume,
     .help = "go on with a run that was stopped; --no-resume begins it anew"},
    {OPT_FLAG, "restart", .to = &prefs.restart,
     .help = "begin anew when the run exists with another configuration or other data"},
    {OPT_SECONDS, "save-every", 0, "TIME", &prefs.save_every_s, 0, 1e6,
     .help = "least time between two checkpoints to resume from; 0: after every epoch"},
    {OPT_COUNT, "seed", 0, "N", &prefs.seed, 0, 9e18,
     .help = "of initial weights, order and augmentation"},

    {OPT_GROUP, .help = "Task and data"},
    {OPT_CHOICE, "task", 0, "TASK", &prefs.task, .choices = prefs_tasks,
     .help = "the cell of a grid, or coordinates"},
    {OPT_STR, "split", 0, "NAME", &prefs.split, .help = "split, made by gdje-split"},
    {OPT_STR, "grid", 0, "NAME", &prefs.grid, .help = "grid of the classes, made by gdje-grid"},
    {OPT_STR, "projection", 0, "NAME", &prefs.projection,
     .help = "projection of the coordinates (regression), made by gdje-project"},

    {OPT_GROUP, .help = "Network"},
    {OPT_STR, "arch", 0, "NAME", &prefs.arch, .help = "resnet18 or resnext50_32x4d"},
    {OPT_STR, "weights", 0, "FILE", &prefs.weights,
     .help = "pretrained weights, .safetensors with torchvision's names; the head starts fresh"},
    {OPT_STR, "backend", 0, "NAME", &prefs.backend,
     .help = "auto, cuda, cpu or ref (slow, for tests)"},
    {OPT_CHOICE, "precision", 0, "P", &prefs.precision, .choices = prefs_precisions,
     .help = "of activations; weights stay f32"},
    {OPT_COUNT, "threads", 'j', "N", &prefs.threads, 0, 1024, .help = "threads; 0: one per core"},

    {OPT_GROUP, .help = "Learning"},
    {OPT_COUNT, "epochs", 0, "N", &prefs.epochs, 1, 100000, .help = "epochs in all"},
    {OPT_COUNT, "batch", 0, "N", &prefs.batch, 1, 4096, .help = "locations per step at most"},
    {OPT_COUNT, "unfreeze-epoch", 0, "N", &prefs.unfreeze_epoch, 0, 100000,
     .given = &prefs.unfreeze_given,
     .help = "only the head learns in the first N epochs (without --weights: 0, with: 2)"},
    {OPT_F64, "lr-head", 0, "RATE", &prefs.lr_head, 1e-9, 10, .help = "learning rate of the head"},
    {OPT_F64, "lr-backbone", 0, "RATE", &prefs.lr_backbone, 1e-9, 10,
     .given = &prefs.lr_backbone_given,
     .help = "learning rate of the rest (without --weights: the head's, with: a tenth)"},
    {OPT_CHOICE, "optimiser", 0, "NAME", &prefs.optimiser, .choices = prefs_optimisers,
     .help = "sgd has a momentum of 0.9"},
    {OPT_F64, "weight-decay", 0, "X", &prefs.weight_decay, 0, 1,
     .help = "L2 (adam, sgd) or decoupled (adamw)"},
    {OPT_CHOICE, "scheduler", 0, "NAME", &prefs.scheduler, .choices = prefs_schedulers,
     .help = "plateau follows the val error in km, cosine goes over all epochs"},
    {OPT_COUNT, "patience", 0, "N", &prefs.patience, 0, 100000,
     .help = "plateau: epochs without progress"},
    {OPT_F64, "factor", 0, "X", &prefs.factor, 1e-6, 0.999,
     .help = "plateau: what the rates are multiplied with"},
    {OPT_F64, "min-lr", 0, "RATE", &prefs.min_lr, 0, 1, .help = "plateau: the lowest rate"},
    {OPT_F64, "warmup-epochs", 0, "X", &prefs.warmup_epochs, 0, 1000,
     .help = "cosine: linear start"},
    {OPT_F64, "smooth-km", 0, "KM", &prefs.smooth_km, 0, 10000,
     .help = "targets exp(-(d - d_min) / KM) of the distances to the classes; 0: one class"},
    {OPT_F64, "label-smoothing", 0, "X", &prefs.label_smoothing, 0, 0.999,
     .help = "share of the target spread over all classes"},

    {OPT_GROUP, .help = "Augmentation, train part only (there is no flip: a view has a heading)"},
    {OPT_FLAG, "augment", .to = &prefs.augment, .help = "change pictures in every epoch"},
    {OPT_F64, "crop", 0, "X", &prefs.how.crop_min_area, 0.05, 1,
     .help = "least share of the area a crop keeps"},
    {OPT_F64, "brightness", 0, "X", &prefs.how.brightness, 0, 0.95, .help = "factor in 1 +- X"},
    {OPT_F64, "contrast", 0, "X", &prefs.how.contrast, 0, 0.95, .help = "factor in 1 +- X"},
    {OPT_F64, "colour", 0, "X", &prefs.how.colour, 0, 0.95,
     .help = "factor of the saturation in 1 +- X"},
    {OPT_F64, "erase", 0, "P", &prefs.how.erase, 0, 1,
     .help = "probability of blanking a rectangle"},
    {OPT_END},
};

static int run(const struct cli *cli, struct err *e)
{
    return train_run(cli, &prefs, e);
}

int main(int argc, char **argv)
{
    static const struct tool tool = {
        .name = "gdje-train",
        .purpose = "Train a network on the train part of a split",
        .synopsis = "",
        .details =
            "Trains on the train part, measures the val part in kilometres after every epoch, and\n"
            "scores the test part once, at the end, with the best epoch's weights. Prints a TSV line\n"
            "per epoch. Checkpoints are in DIR/RUN: best.safetensors and last.safetensors; the\n"
            "run's rows are in the catalog's tables run, epoch and checkpoint.\n"
            "\n"
            "The same command again goes on where the run was stopped, bit for bit on the same\n"
            "machine with the same number of threads; a finished run is left as it is.\n",
        .examples =
            "  gdje-train --pack work/pack-64.gdje --name demo --epochs 20\n"
            "  gdje-train --pack work/pack-64.gdje --name rx --arch resnext50_32x4d\n"
            "  gdje-train --pack work/pack-64.gdje --name xy --task regression --scheduler cosine\n",
        .options = options,
        .run = run,
    };
    return tool_main(&tool, argc, argv);
}
