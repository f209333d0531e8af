/* SPDX-License-Identifier: MIT */
/* Options that depend on each other: see prefs.h. */
#include "train/prefs.h"

#include <stddef.h>
#include <string.h>

#define NAME_MAX_BYTES   100 /* it becomes a folder, and goes into the checkpoint */
#define HEAD_ONLY_EPOCHS 2   /* before a pretrained backbone is unfrozen */

const char *const prefs_tasks[] = {"classification", "regression", NULL};
const char *const prefs_precisions[] = {"f32", "bf16", NULL};
const char *const prefs_optimisers[] = {"adam", "adamw", "sgd", NULL};
const char *const prefs_schedulers[] = {"none", "plateau", "cosine", NULL};

static int check_name(const char *name, struct err *e)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const size_t n = strlen(name);
    if (n == 0 || n > NAME_MAX_BYTES || name[0] == '.' || strspn(name, allowed) != n) {
        return err_set(
            e, ERR_USAGE,
            "--name '%s': use at most %d letters, digits, '-', '_' and '.', and no '.' first", name,
            NAME_MAX_BYTES);
    }
    return 0;
}

int prefs_complete(struct train_prefs *p, struct err *e)
{
    if (!p->pack || !p->name) {
        return err_set(e, ERR_USAGE, "--%s is required", p->pack ? "name" : "pack");
    }
    if (check_name(p->name, e) != 0) {
        return -1;
    }
    if (!p->unfreeze_given) {
        p->unfreeze_epoch = p->weights ? HEAD_ONLY_EPOCHS : 0;
    }
    if (!p->lr_backbone_given) {
        p->lr_backbone = p->weights ? p->lr_head / 10 : p->lr_head;
    }
    if (p->unfreeze_epoch > 0 && !p->weights && p->unfreeze_epoch >= p->epochs) {
        return err_set(e, ERR_USAGE,
                       "a backbone without --weights would stay random: --unfreeze-epoch"
                       " must be below --epochs");
    }
    return 0;
}
