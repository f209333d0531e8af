/* SPDX-License-Identifier: MIT */
/*
 * The architectures: one function each, that builds its network with train/nn/build.h. A family
 * lives in one file; graph.c holds the table of names.
 */
#ifndef TRAIN_NN_ARCH_ARCH_H
#define TRAIN_NN_ARCH_ARCH_H

#include "train/nn/build.h"

void arch_resnet18(struct builder *b);
void arch_resnext50_32x4d(struct builder *b);

#endif
